# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same playbooks for a pair of MariaDB servers: readiness, failover after a loss of power, second run, rejoin."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from lab import mariadb, standby
from tests.lab.pair import PRIMARY, STANDBY, Pair
from tests.lab.test_readiness import Site

SITE = {
    "standby_engine": "mariadb",
    "standby_replication": {"user": mariadb.REPLICATOR, "password": mariadb.PASSWORD},
    "standby_limits": {"min_free_bytes": 1 << 20},
    # The lab's application writes to PostgreSQL.
    "standby_services": [],
}
MARIADB = ("-e", json.dumps(SITE))
COUNT = "SELECT count(*) FROM his.prescription"


@pytest.fixture
def maria(pair: Pair) -> Iterator[Pair]:
    mariadb.set_up_pair(pair.lab)
    yield pair
    pair.restore()
    for name in (PRIMARY, STANDBY):
        pair.shell(name, f"systemctl disable --quiet --now {mariadb.UNIT}")


def insert(pair: Pair, machine: str, number: int) -> None:
    mariadb.sql(pair.lab, machine, f"INSERT INTO his.prescription (number, source) VALUES ({number}, 'test')")


def rows_arrive(pair: Pair, machine: str, rows: int) -> None:
    deadline = time.monotonic() + 10
    while mariadb.sql(pair.lab, machine, COUNT) != str(rows):
        assert time.monotonic() < deadline, mariadb.status_of_replica(pair.lab, machine)
        time.sleep(0.1)


def test_readiness_looks_at_a_mariadb_pair(maria: Pair) -> None:
    checked = Site(maria.lab, maria.work).check(*MARIADB)
    found = {(each["subject"], each["check"]): each for each in checked.record["findings"]}
    for server, check in [(PRIMARY, "database"), (STANDBY, "replication"), (STANDBY, "promotion"), (STANDBY, "disk")]:
        assert found[(server, check)]["severity"] == "ok", found[(server, check)]
    mariadb.sql(maria.lab, STANDBY, "STOP SLAVE")
    stopped = Site(maria.lab, maria.work).check(*MARIADB)
    assert stopped.status != 0
    assert stopped.in_the_way[(STANDBY, "replication")] == "critical"


def test_a_mariadb_standby_takes_over_and_the_repaired_primary_follows_it(maria: Pair) -> None:
    insert(maria, PRIMARY, 1)
    rows_arrive(maria, STANDBY, 1)
    planned = maria.play("failover", *MARIADB, confirm="")
    assert "promote mariadb on his-db-2" in planned.line(STANDBY), planned.output
    maria.lose_power()
    run = maria.play("failover", *MARIADB, "-e", "accept_data_loss=120")
    assert run.status == 0, run.output
    assert run.line(STANDBY).startswith("takes writes; has 10.9.0.100/24; "), run.summary
    assert standby.service_at(maria.lab) == [STANDBY]
    insert(maria, STANDBY, 2)
    again = maria.play("failover", *MARIADB)
    assert again.status == 0, again.output
    assert again.changed[STANDBY] == 0

    rejoin = maria.play("rejoin", *MARIADB)
    assert rejoin.status == 0, rejoin.output
    rows_arrive(maria, PRIMARY, 2)
    assert mariadb.replicates(maria.lab, PRIMARY)
    assert mariadb.sql(maria.lab, PRIMARY, "SELECT @@read_only") == "1"
    assert mariadb.sql(maria.lab, STANDBY, "SELECT @@read_only") == "0"
    once_more = maria.play("rejoin", *MARIADB)
    assert once_more.status == 0, once_more.output
    assert once_more.changed[PRIMARY] == 0


def test_a_planned_switchover_of_mariadb_is_refused_in_one_sentence(maria: Pair) -> None:
    before = maria.snapshot()
    run = maria.play("switchover", *MARIADB)
    assert run.status != 0
    assert "a planned switchover of MariaDB is not automated" in run.output
    assert maria.snapshot() == before
