# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back on real servers: the former primary follows the new one, or the reason why it must not."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import (
    FenceProof,
    Limits,
    Outcome,
    Source,
)
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.promote import promote
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.rejoin import rejoin

from tests.lab.mariadb.killed import Killed, KilledHost
from tests.lab.mariadb.pair import PASSWORD, Node, Pair, eventually


def rejoined(node: Node, source: Source, timeout: float = 5.0, check: bool = False) -> Outcome:
    return rejoin(node.host, node.server, source, follow_timeout=10, timeout=timeout, check=check)


def fail_over(pair: Pair) -> None:
    """The first server loses its power, the second is promoted and takes writes, the first boots again."""
    pair.one.power_off()
    proof = FenceProof("test", "his-maria-1 was switched off", time.time(), True)
    path = str(pair.work / f"record-{time.monotonic_ns()}")
    outcome = promote(pair.two.host, pair.two.server, proof, Limits(min_free_bytes=0), journal_path=path)
    assert outcome.msg is None
    pair.two.write(5)
    pair.one.heal()
    pair.one.start()


def test_a_former_primary_follows_the_new_one(pair: Pair) -> None:
    fail_over(pair)
    outcome = rejoined(pair.one, pair.two.source)
    assert outcome.msg is None
    assert outcome.steps[0] == "SET GLOBAL read_only = ON"
    assert all(check.passed for check in outcome.proven)
    assert PASSWORD not in str(outcome.to_dict())
    pair.two.write()
    eventually(lambda: pair.one.rows == 9, "what is written now arrives")
    assert pair.one.state.using_gtid == "Slave_Pos"


def test_it_can_be_made_primary_again(pair: Pair) -> None:
    fail_over(pair)
    assert rejoined(pair.one, pair.two.source).msg is None
    pair.two.power_off()
    proof = FenceProof("test", "his-maria-2 was switched off", time.time(), True)
    path = str(pair.work / f"record-{time.monotonic_ns()}")
    back = promote(pair.one.host, pair.one.server, proof, Limits(min_free_bytes=0), journal_path=path)
    assert back.msg is None
    pair.one.write()
    assert pair.one.rows == 9
    pair.two.heal()
    pair.two.start()
    assert rejoined(pair.two, pair.one.source).msg is None
    assert pair.two.rows == 9


def test_a_second_run_changes_nothing(pair: Pair) -> None:
    fail_over(pair)
    assert rejoined(pair.one, pair.two.source).changed
    again = rejoined(pair.one, pair.two.source)
    assert (again.changed, again.steps, again.msg) == (False, [], None)


def test_check_mode_shows_the_same_steps_and_changes_nothing(pair: Pair) -> None:
    fail_over(pair)
    shown = rejoined(pair.one, pair.two.source, check=True)
    state = pair.one.state
    assert (state.is_replica, state.read_only) == (False, False)
    assert rejoined(pair.one, pair.two.source).steps == shown.steps


def test_diverged_histories_are_refused_with_the_transactions(pair: Pair) -> None:
    held = int(pair.two.sql("SELECT @@gtid_slave_pos").rpartition("-")[2])
    pair.two.cut()
    pair.one.write(2)
    pair.one.power_off()
    pair.two.heal()
    proof = FenceProof("test", "his-maria-1 was switched off", time.time(), True)
    path = str(pair.work / f"record-{time.monotonic_ns()}")
    limits = Limits(min_free_bytes=0, accept_data_loss=1e9)
    assert promote(pair.two.host, pair.two.server, proof, limits, journal_path=path).msg is None
    pair.two.write(5)
    pair.one.heal()
    pair.one.start()
    outcome = rejoined(pair.one, pair.two.source)
    assert outcome.msg
    assert f"has not: 0-1-{held + 1} to 0-1-{held + 2}." in outcome.msg
    assert "mariadb-backup" in outcome.msg
    assert not outcome.changed
    assert not pair.one.state.is_replica


def test_a_wrong_password_is_told_before_anything_is_changed(pair: Pair) -> None:
    fail_over(pair)
    outcome = rejoined(pair.one, replace(pair.two.source, password="wrong-one"))
    assert outcome.msg
    assert "refuses the login" in outcome.msg
    assert "wrong-one" not in str(outcome.to_dict())
    assert pair.one.state.read_only is False


def test_a_standby_is_no_primary_to_follow(pair: Pair) -> None:
    outcome = rejoined(pair.one, pair.two.source)
    assert outcome.msg
    assert "is read-only, so it is no primary" in outcome.msg
    assert pair.one.state.is_primary


def test_a_server_does_not_follow_itself(pair: Pair) -> None:
    outcome = rejoined(pair.one, pair.one.source)
    assert outcome.msg
    assert "both have server_id 1" in outcome.msg


def test_a_new_primary_that_is_not_there_is_told(pair: Pair) -> None:
    fail_over(pair)
    pair.two.power_off()
    outcome = rejoined(pair.one, pair.two.source, timeout=2)
    assert outcome.msg
    assert outcome.msg.startswith("MariaDB at 10.88.0.2:3306")
    assert pair.one.state.read_only is False


def test_threads_that_were_stopped_are_started_again(pair: Pair) -> None:
    pair.two.sql("STOP SLAVE")
    pair.one.write(4)
    outcome = rejoined(pair.two, pair.one.source)
    assert outcome.msg is None
    assert outcome.steps == ["STOP SLAVE", "START SLAVE"]
    assert pair.two.rows == 7


def test_a_standby_of_another_primary_is_pointed_to_this_one(pair: Pair) -> None:
    pair.two.sql("STOP SLAVE; RESET SLAVE ALL; CHANGE MASTER 'old' TO MASTER_HOST='10.88.0.9', MASTER_USER='x'")
    pair.two.sql("START SLAVE 'old'")
    pair.one.write(4)
    outcome = rejoined(pair.two, pair.one.source)
    assert outcome.msg is None
    assert pair.two.state.connections == ("",)
    assert pair.two.rows == 7


def test_a_standby_that_breaks_on_the_way_is_not_called_rejoined(pair: Pair) -> None:
    fail_over(pair)
    pair.one.sql("SET sql_log_bin=0; DROP TABLE his.prescription")
    outcome = rejoined(pair.one, pair.two.source)
    assert outcome.msg
    assert "its SQL thread has stopped" in outcome.msg
    assert "his.prescription" in outcome.msg


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("last", [2, 3, 4, 5, 6])
def test_a_run_that_was_killed_is_finished_by_the_next(
    pair: Pair, last: int, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs 1 and 2 read and ask, 3 sets read-only, 4 asks again, 5 points it to the primary, 6 watches it."""
    fail_over(pair)
    with monkeypatch.context() as patch:
        patch.setattr(pair.one, "host", KilledHost(pair.one.namespace, last, done))
        with pytest.raises(Killed):
            rejoined(pair.one, pair.two.source)
    assert rejoined(pair.one, pair.two.source).msg is None
    assert pair.one.rows == 8
    assert not rejoined(pair.one, pair.two.source).changed
