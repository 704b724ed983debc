# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotion of a real MariaDB standby: nothing received is lost, every guard gives its reason, kills are survived."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import (
    FenceProof,
    Limits,
    Outcome,
    Server,
)
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.promote import promote

from tests.lab.mariadb.killed import Killed, KilledHost
from tests.lab.mariadb.pair import Node, Pair, eventually


def promoted(
    node: Node,
    proof: FenceProof | None = None,
    server: Server | None = None,
    limits: dict[str, Any] | None = None,
    check: bool = False,
) -> Outcome:
    proof = proof or FenceProof("test", "his-maria-1 was switched off", time.time(), True)
    path = str(node.data.parent / "journal" / node.data.name)
    wanted = Limits.from_dict({"min_free_bytes": 0, **(limits or {})})
    return promote(node.host, server or node.server, proof, wanted, timeout=3, journal_path=path, check=check)


@pytest.fixture(autouse=True)
def no_record(pair: Pair) -> None:
    for path in (pair.work / "journal").glob("*"):
        path.unlink()


def test_a_power_loss_loses_nothing_that_was_received(pair: Pair) -> None:
    pair.one.write(50)
    pair.in_step()
    pair.one.power_off()
    outcome = promoted(pair.two)
    assert outcome.msg is None
    assert outcome.changed
    assert outcome.steps == ["STOP SLAVE IO_THREAD", "STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = OFF"]
    assert all(check.passed for check in outcome.proven)
    assert len(outcome.proven) == 3
    pair.two.write()
    assert pair.two.rows == 54


def test_a_second_run_changes_nothing(pair: Pair) -> None:
    pair.one.power_off()
    assert promoted(pair.two).changed
    again = promoted(pair.two)
    assert (again.changed, again.steps, again.msg) == (False, [], None)


def test_check_mode_shows_the_same_steps_and_changes_nothing(pair: Pair) -> None:
    pair.one.power_off()
    shown = promoted(pair.two, check=True)
    assert shown.changed
    state = pair.two.state
    assert (state.is_replica, state.read_only) == (True, True)
    assert state.io_running != "No"
    assert not (pair.work / "journal").exists() or not list((pair.work / "journal").iterdir())
    assert promoted(pair.two).steps == shown.steps


def test_what_was_received_is_applied_before_the_first_write(pair: Pair) -> None:
    pair.two.sql("STOP SLAVE SQL_THREAD")
    pair.one.write(20)
    eventually(lambda: pair.two.state.gtid_io_pos == pair.one.sql("SELECT @@gtid_binlog_pos"), "it is received")
    pair.one.power_off()
    outcome = promoted(pair.two)
    assert outcome.msg is None
    assert outcome.steps[:2] == ["START SLAVE SQL_THREAD", "STOP SLAVE IO_THREAD"]
    assert pair.two.rows == 23


def test_a_relay_log_that_mariadb_would_throw_away_is_applied(pair: Pair) -> None:
    """With both threads stopped, START SLAVE deletes what was received; see promote.py."""
    pair.two.sql("STOP SLAVE SQL_THREAD")
    pair.one.write(20)
    eventually(lambda: pair.two.state.gtid_io_pos == pair.one.sql("SELECT @@gtid_binlog_pos"), "it is received")
    pair.two.sql("STOP SLAVE")
    pair.one.power_off()
    outcome = promoted(pair.two)
    assert outcome.msg is None
    assert "RELAY_LOG_FILE" in outcome.steps[0]
    assert pair.two.rows == 23


def test_the_reported_loss_covers_what_was_lost(pair: Pair) -> None:
    """Replication is cut while the primary takes writes; MariaDB goes on saying that both threads run."""
    pair.two.cut()
    cut = time.time()
    for _round in range(5):
        pair.one.write()
        time.sleep(0.4)
    stopped = time.time()
    pair.one.kill()
    state = pair.two.state
    assert (state.io_running, state.seconds_behind) == ("Yes", 0)
    refused = promoted(pair.two, limits={"max_data_loss_seconds": 1})
    assert refused.msg
    assert "what it committed in between is lost" in refused.msg
    assert not refused.changed
    accepted = promoted(pair.two, limits={"max_data_loss_seconds": 1, "accept_data_loss": 5})
    assert accepted.msg is None
    assert accepted.facts["loss_seconds"] >= stopped - cut - 0.1
    assert accepted.facts["heard_by"] == "connection"


def test_after_the_connection_broke_the_relay_log_bounds_the_loss(pair: Pair) -> None:
    written = time.time()
    pair.one.kill()
    eventually(lambda: pair.two.state.io_running == "Connecting", "the connection is seen broken")
    state = pair.two.state
    assert state.heard_by == "relay log"
    assert state.heard_age is not None
    assert state.heard_age >= time.time() - written - 0.5
    assert promoted(pair.two, limits={"max_data_loss_seconds": 30}).msg is None


def test_a_restarted_standby_knows_nothing_of_its_primary(pair: Pair) -> None:
    pair.one.power_off()
    pair.two.kill()
    pair.two.start(read_only=True)
    refused = promoted(pair.two)
    assert refused.msg
    assert "the loss cannot be bounded" in refused.msg
    assert "accept_data_loss: 1e+09" in refused.msg
    assert promoted(pair.two, limits={"accept_data_loss": 1e9}).msg is None


@pytest.mark.parametrize(
    ("prepared", "reason"),
    [
        ("INSERT INTO his.prescription (text) VALUES ('mine')", "made on itself and not on its primary, the last"),
        ("STOP SLAVE; CHANGE MASTER TO MASTER_DELAY=60; START SLAVE", "applies everything 60 s late on purpose"),
        ("STOP SLAVE; CHANGE MASTER TO MASTER_USE_GTID=no; START SLAVE", "by file and position, not by GTID"),
        ("CHANGE MASTER 'other' TO MASTER_HOST='10.88.0.9'", "replicates over 2 connections (the default one, other)"),
        ("STOP SLAVE; RESET SLAVE ALL", "replicates from nowhere"),
    ],
)
def test_a_standby_that_must_not_be_promoted_says_why(pair: Pair, prepared: str, reason: str) -> None:
    pair.two.sql(prepared)
    time.sleep(0.3)
    before = pair.two.state
    outcome = promoted(pair.two)
    assert outcome.msg
    assert reason in outcome.msg
    assert not outcome.changed
    after = pair.two.state
    assert (after.connections, after.read_only) == (before.connections, True)


def test_a_failed_sql_thread_is_named(pair: Pair) -> None:
    pair.two.sql("SET sql_log_bin=0; DELETE FROM his.prescription; SET GLOBAL slave_exec_mode=STRICT")
    pair.one.sql("SET binlog_format=ROW; DELETE FROM his.prescription WHERE id=1")
    eventually(lambda: pair.two.state.sql_running == "No", "the SQL thread stops")
    outcome = promoted(pair.two)
    assert outcome.msg
    assert "The SQL thread has stopped at 0-1-" in outcome.msg
    assert "Can't find record" in outcome.msg


def test_errant_transactions_are_kept_only_by_name(pair: Pair) -> None:
    pair.two.write()
    errant = pair.two.sql("SELECT @@gtid_binlog_pos")
    assert promoted(pair.two, limits={"accept_errant": "0-2-1"}).msg
    assert promoted(pair.two, limits={"accept_errant": errant}).msg is None


def test_no_proof_no_promotion_whatever_is_accepted(pair: Pair) -> None:
    pair.one.power_off()
    unconfirmed = FenceProof("ipmi", "his-maria-1", time.time(), False)
    outcome = promoted(pair.two, unconfirmed, limits={"accept_data_loss": 1e9})
    assert outcome.msg
    assert "that it is stopped was not confirmed" in outcome.msg


def test_a_primary_that_is_heard_after_it_was_stopped_still_runs(pair: Pair) -> None:
    outcome = promoted(pair.two, FenceProof("ipmi", "another machine", time.time() - 10, True))
    assert outcome.msg
    assert "it still runs, or the clocks differ" in outcome.msg


def test_a_full_disk_is_told_before_anything_is_done(pair: Pair) -> None:
    outcome = promoted(pair.two, limits={"min_free_bytes": 1 << 60})
    assert outcome.msg
    assert "make room, or lower min_free_bytes" in outcome.msg


def test_a_server_that_hangs_is_told_in_time(pair: Pair) -> None:
    pair.two.hang()
    began = time.monotonic()
    outcome = promoted(pair.two)
    assert time.monotonic() - began < 6
    assert outcome.msg
    assert "does not run, or gives no usable answer," in outcome.msg
    assert "hangs" in outcome.msg


def test_a_server_that_does_not_run_is_told(pair: Pair) -> None:
    pair.two.kill()
    outcome = promoted(pair.two)
    assert outcome.msg
    assert "does not answer" in outcome.msg
    assert "systemctl start mariadb.service" in outcome.msg


def test_a_wrong_password_is_told(pair: Pair, tmp_path: Path) -> None:
    options = tmp_path / "client.cnf"
    options.write_text("[client]\nuser=weak\npassword=wrong\n", encoding="utf-8")
    server = Server(client=pair.two.server.client, socket=pair.two.server.socket, defaults_file=str(options))
    outcome = promoted(pair.two, server=server)
    assert outcome.msg
    assert "refuses the login" in outcome.msg


def test_an_account_that_may_too_little_is_told(pair: Pair, tmp_path: Path) -> None:
    options = tmp_path / "client.cnf"
    options.write_text("[client]\nuser=weak\npassword=weak\n", encoding="utf-8")
    server = Server(client=pair.two.server.client, socket=pair.two.server.socket, defaults_file=str(options))
    outcome = promoted(pair.two, server=server)
    assert outcome.msg
    assert "grant it that privilege" in outcome.msg


def kill_promotion(pair: Pair, last: int, done: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay log is older than the limit by then, so that only the record lets the next run go on.

    Program 1 reads, 2 asks for the connection's age, 3 makes the journal's place, 4 stops, 5 promotes.
    """
    pair.two.sql("STOP SLAVE SQL_THREAD")
    pair.one.write(20)
    eventually(lambda: pair.two.state.gtid_io_pos == pair.one.sql("SELECT @@gtid_binlog_pos"), "it is received")
    time.sleep(LIMIT["max_data_loss_seconds"] + 0.5)
    pair.one.power_off()
    if (pair.work / "journal").exists():
        (pair.work / "journal").rmdir()
    with monkeypatch.context() as patch:
        patch.setattr(pair.two, "host", KilledHost(pair.two.namespace, last, done))
        with pytest.raises(Killed):
            promoted(pair.two, limits=LIMIT)


def assert_finished(pair: Pair, resumed: bool) -> None:
    outcome = promoted(pair.two, limits=LIMIT)
    assert outcome.msg is None
    assert outcome.facts.get("resumed", resumed) is resumed
    assert pair.two.state.is_primary
    assert pair.two.rows == 23
    assert not promoted(pair.two, limits=LIMIT).changed


LIMIT = {"max_data_loss_seconds": 3.0}


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("last", [2, 3, 4, 5])
def test_a_run_that_was_killed_is_finished_by_the_next(
    pair: Pair, last: int, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_promotion(pair, last, done, monkeypatch)
    assert_finished(pair, resumed=(last, done) >= (4, True))


def test_a_run_that_was_killed_before_writes_were_let_in_is_finished(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_promotion(pair, 5, False, monkeypatch)
    eventually(lambda: pair.two.rows == 23, "everything is applied")
    pair.two.sql("STOP SLAVE; RESET SLAVE ALL")
    assert_finished(pair, resumed=True)


def test_a_killed_run_is_not_finished_over_what_somebody_threw_away(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_promotion(pair, 4, False, monkeypatch)
    pair.two.sql("STOP SLAVE; RESET SLAVE ALL")
    outcome = promoted(pair.two, limits=LIMIT)
    assert outcome.msg
    assert "replicates from nowhere" in outcome.msg
    assert pair.two.state.read_only
