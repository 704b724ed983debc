# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pair of databases, the application, the writer that counts, and what breaks them."""

from __future__ import annotations

import json
import time

import pytest

from lab import Lab, LabError, mariadb, postgresql, standby
from lab.writer import Writer

from .conftest import debian, eventually


def fail_over(lab: Lab) -> None:
    """What a person would type, without guards and without a fence."""
    postgresql.sql(lab, "his-db-2", "SELECT pg_promote()", "postgres")
    standby.take_service(lab, "his-db-2")


def test_the_standby_streams_through_its_slot_and_the_primary_has_the_service(pair: Lab) -> None:
    assert standby.service_at(pair) == ["his-db-1"]
    assert postgresql.streaming(pair, "his-db-1") == {"his-db-2": "async"}
    slots = postgresql.sql(pair, "his-db-1", "SELECT slot_name, active FROM pg_replication_slots")
    assert slots == "his_db_2|t"
    assert postgresql.in_recovery(pair, "his-db-2")


def test_the_application_writes_and_says_that_it_is_healthy(pair: Lab) -> None:
    eventually(lambda: health(pair)["healthy"] is True)
    pair.fault("kill-postgres", "his-db-1")
    eventually(lambda: health(pair)["healthy"] is False)
    assert "refused" in str(health(pair)["trouble"])
    pair.heal("kill-postgres", "his-db-1")
    eventually(lambda: health(pair)["healthy"] is True)


def health(lab: Lab) -> dict[str, str | bool]:
    program = (
        "import urllib.request as u, urllib.error as e\n"
        "try: print(u.urlopen('http://10.9.0.61:8080/health').read().decode())\n"
        "except e.HTTPError as error: print(error.code == 503 and error.read().decode())"
    )
    found: dict[str, str | bool] = json.loads(lab.exec("his-app-1", "python3", "-c", program).stdout)
    return found


def test_with_synchronous_replication_no_acknowledged_row_is_lost(pair: Lab) -> None:
    standby.synchronous(pair)
    with Writer(pair) as writer:
        time.sleep(0.3)
        pair.fault("power-off", "his-db-1")
        lost_power = time.time()
        fail_over(pair)
        accepted = writer.accepted_after(lost_power)
        time.sleep(0.2)
    report = writer.report("his-db-2")
    assert report.missing == ()
    assert report.acknowledged > 30
    assert report.outage_start < lost_power + 0.1
    assert report.outage == pytest.approx(report.outage_end - report.outage_start)
    assert 0 < accepted - lost_power <= report.outage + 0.1


def test_the_rows_that_a_cut_replication_did_not_carry_are_counted_as_missing(pair: Lab) -> None:
    with Writer(pair) as writer:
        time.sleep(0.3)
        begun = time.time()
        pair.fault("cut-replication", "his-db-1")
        cut = time.time()
        time.sleep(0.5)
        assert postgresql.streaming(pair, "his-db-1") == {"his-db-2": "async"}
        pair.fault("power-off", "his-db-1")
        fail_over(pair)
        writer.accepted_after(time.time())
    missing = writer.missing("his-db-2")
    rows = {row.number: row for row in writer.acknowledged()}
    assert len(missing) > 20
    assert begun - 0.1 < min(rows[number].accepted for number in missing) < cut + 0.1


def test_replication_that_was_cut_and_healed_carries_everything(pair: Lab) -> None:
    with Writer(pair) as writer:
        pair.fault("cut-replication", "his-db-2")
        time.sleep(0.3)
        assert writer.missing("his-db-2") != ()
        pair.heal("cut-replication", "his-db-2")
    eventually(lambda: writer.missing("his-db-2") == (), within=20)


def test_the_old_primary_comes_back_as_a_primary_without_the_service_address(pair: Lab) -> None:
    pair.fault("power-off", "his-db-1")
    fail_over(pair)
    pair.heal("power-off", "his-db-1")
    eventually(lambda: postgresql.answers(pair, "his-db-1"))
    assert not postgresql.in_recovery(pair, "his-db-1")
    assert standby.service_at(pair) == ["his-db-2"]


def answers_again(lab: Lab, name: str) -> bool:
    return debian(lab, name).running() and debian(lab, name).not_ready() is None and postgresql.answers(lab, name)


def test_a_lagging_standby_receives_and_does_not_replay(pair: Lab) -> None:
    pair.fault("lag-standby", "his-db-2")
    with Writer(pair) as writer:
        time.sleep(0.2)
    assert postgresql.streaming(pair, "his-db-1") == {"his-db-2": "async"}
    assert len(writer.missing("his-db-2")) > 10
    pair.heal("lag-standby", "his-db-2")
    eventually(lambda: writer.missing("his-db-2") == ())


def test_a_full_disk_stops_the_standby_and_not_the_primary(pair: Lab) -> None:
    pair.fault("disk-full", "his-db-2")
    free = pair.exec("his-db-2", "stat", "--file-system", "--format=%a", postgresql.DATA).stdout.strip()
    assert free == "0"
    with Writer(pair) as writer:
        postgresql.sql(pair, "his-db-1", "SELECT pg_switch_wal()", "postgres")
        eventually(lambda: postgresql.streaming(pair, "his-db-1") == {})
        assert len(writer.acknowledged()) > 5
    pair.heal("disk-full", "his-db-2")
    eventually(lambda: postgresql.streaming(pair, "his-db-1") == {"his-db-2": "async"}, within=20)


def test_renewed_databases_know_nothing_of_what_was_before(pair: Lab) -> None:
    with Writer(pair):
        time.sleep(0.1)
    pair.exec("his-db-1", "touch", "/root/left-over")
    standby.renew(pair)
    assert postgresql.sql(pair, "his-db-1", "SELECT count(*) FROM prescription WHERE source LIKE 'writer-%'") == "0"
    assert pair.exec("his-db-1", "ls", "/root").stdout == ""
    assert postgresql.streaming(pair, "his-db-1") == {"his-db-2": "async"}


def test_a_mariadb_pair_replicates_by_gtid(pair: Lab) -> None:
    mariadb.set_up_pair(pair)
    mariadb.sql(pair, "his-db-1", "INSERT INTO his.prescription (number, source) VALUES (1, 'test')")
    count = "SELECT count(*) FROM his.prescription"
    eventually(lambda: mariadb.sql(pair, "his-db-2", count) == "1")
    assert mariadb.status_of_replica(pair, "his-db-2")["Using_Gtid"] == "Slave_Pos"
    assert mariadb.sql(pair, "his-db-2", "SELECT @@read_only") == "1"
    standby.renew(pair)


def test_a_fault_of_a_machine_without_a_database_is_refused(pair: Lab) -> None:
    with pytest.raises(LabError, match="rack-his is no database server: the lab has his-db-1, his-db-2"):
        pair.fault("disk-full", "rack-his")
