# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotion of a real standby: it takes writes, once; and each guard refuses with its reason."""

from __future__ import annotations

import signal
import time
from dataclasses import replace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._postgresql import promote, switch
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import FenceProof, PostgresqlError

from tests.lab.postgresql.pair import HOST, LIMITS, Pair, off, until


def test_a_standby_takes_writes_when_promotion_returns_and_a_second_run_changes_nothing(pair: Pair) -> None:
    pair.first.sql("INSERT INTO prescription VALUES (101)")
    until(lambda: pair.second.rows() == 101)
    pair.first.kill()
    began = time.monotonic()
    outcome = promote.transact(HOST, pair.second.cluster, off(), LIMITS)
    took = time.monotonic() - began
    assert outcome.msg is None
    pair.second.sql("INSERT INTO prescription VALUES (102)")
    assert outcome.changed
    assert outcome.facts["timeline"] == 2
    assert outcome.after is not None
    assert outcome.after.is_primary
    assert took < 5
    again = promote.transact(HOST, pair.second.cluster, None, LIMITS)
    assert (again.msg, again.changed, again.steps) == (None, False, [])
    assert pair.second.read().timeline == 2


def test_check_mode_tells_the_step_and_does_nothing(pair: Pair) -> None:
    outcome = promote.transact(HOST, pair.second.cluster, off(), LIMITS, check_mode=True)
    assert outcome.changed
    assert outcome.steps == ["pg_promote() on 15/two"]
    assert pair.second.read().in_recovery


def test_the_killed_primary_takes_its_receiver_with_it_and_the_wal_still_dates_the_last_message(pair: Pair) -> None:
    pair.first.sql("INSERT INTO prescription VALUES (101)")
    until(lambda: pair.second.rows() == 101)
    pair.first.kill()
    until(lambda: pair.second.read().receiver is None)
    state = pair.second.read()
    assert state.message_age is None
    assert state.heard_by in ("wal", "commit")
    assert state.heard_age is not None
    assert state.heard_age < 5


def test_without_a_confirmed_fence_nothing_happens(pair: Pair) -> None:
    unconfirmed = FenceProof("ipmi", "chassis power off sent", time.time(), False)
    for proof, said in ((None, "Nothing proves"), (unconfirmed, "nothing confirmed")):
        outcome = promote.transact(HOST, pair.second.cluster, proof, replace(LIMITS, accept_data_loss=1e9))
        assert said in str(outcome.msg)
    assert pair.second.read().in_recovery


def test_a_primary_that_is_heard_after_it_was_fenced_is_not_off(pair: Pair) -> None:
    pair.first.sql("INSERT INTO prescription VALUES (101)")
    outcome = promote.transact(HOST, pair.second.cluster, off(time.time() - 60), LIMITS)
    assert "it still runs, or the clocks differ" in str(outcome.msg)


def test_silence_before_the_fence_is_a_loss_that_has_to_be_named(pair: Pair) -> None:
    pair.first.senders(signal.SIGSTOP)
    pair.first.sql("INSERT INTO prescription VALUES (101)")
    time.sleep(2.5)
    limits = replace(LIMITS, max_data_loss_seconds=1.0)
    state = pair.second.read()
    assert (state.receiver, state.lag_bytes) == ("streaming", 0)
    refused = promote.transact(HOST, pair.second.cluster, off(), limits)
    assert "The last message of the primary is from" in str(refused.msg)
    too_little = promote.transact(HOST, pair.second.cluster, off(), replace(limits, accept_data_loss=1.5))
    assert too_little.msg is not None
    pair.first.kill()
    accepted = promote.transact(HOST, pair.second.cluster, off(), replace(limits, accept_data_loss=60))
    assert accepted.msg is None
    assert pair.second.rows() == 100


def test_paused_replay_is_told(pair: Pair) -> None:
    pair.second.sql("SELECT pg_wal_replay_pause()")
    outcome = promote.transact(HOST, pair.second.cluster, off(), LIMITS)
    assert "pg_wal_replay_resume()" in str(outcome.msg)


def test_hot_standby_off_is_told(pair: Pair) -> None:
    pair.second.stop()
    with (pair.second.directory / "postgresql.conf").open("a") as file:
        file.write("hot_standby = off\n")
    pair.second.run(
        "pg_ctl", "start", "-s", "-W", "-D", str(pair.second.directory), "-l", f"{pair.second.directory}.log"
    )
    until(lambda: pair.second.read().hot_standby is False)
    outcome = promote.transact(HOST, pair.second.cluster, off(), LIMITS)
    assert "hot_standby" in str(outcome.msg)


def test_a_full_disk_and_an_old_timeline_are_told(pair: Pair) -> None:
    full = promote.transact(HOST, pair.second.cluster, off(), replace(LIMITS, min_free_bytes=1 << 60))
    assert "make room, or lower min_free_bytes" in str(full.msg)
    old = promote.transact(HOST, pair.second.cluster, off(), replace(LIMITS, expected_timeline=7))
    assert "on timeline 1 and the primary was on timeline 7" in str(old.msg)


def test_a_standby_that_is_down_or_hangs_is_told_in_time(pair: Pair) -> None:
    postmaster = int((pair.second.directory / "postmaster.pid").read_text().split()[0])
    import os

    os.kill(postmaster, signal.SIGSTOP)
    try:
        began = time.monotonic()
        hung = promote.transact(HOST, pair.second.cluster, off(), LIMITS)
        assert time.monotonic() - began < 10
        assert "did not end within 5 s" in str(hung.msg)
    finally:
        os.kill(postmaster, signal.SIGCONT)
    pair.second.stop()
    down = promote.transact(HOST, pair.second.cluster, off(), LIMITS)
    assert "does not run on the server that shall be promoted" in str(down.msg)
    assert down.before is not None
    assert down.before.control_state == "shut down in recovery"


def test_a_switchover_proves_that_nothing_is_lost(pair: Pair) -> None:
    pair.first.sql("INSERT INTO prescription SELECT generate_series(101, 5000)")
    assert switch.switchover_limitation(pair.first.read()) is None
    stopped = switch.quiesce(HOST, pair.first.cluster)
    shutdown = stopped.facts["shutdown_lsn"]
    switch.wait_received(HOST, pair.second.cluster, shutdown, 10, stopped.facts["system_identifier"])
    proof = FenceProof("shutdown", "shut down cleanly", time.time(), True, shutdown)
    outcome = promote.transact(HOST, pair.second.cluster, proof, replace(LIMITS, max_data_loss_seconds=0))
    assert outcome.msg is None
    assert outcome.facts["loss_seconds"] == 0
    assert pair.second.rows() == 5000


def test_a_standby_that_missed_the_last_record_is_not_promoted_in_a_switchover(pair: Pair) -> None:
    pair.second.stop()
    pair.first.sql("INSERT INTO prescription SELECT generate_series(101, 500)")
    assert "No standby streams" in str(switch.switchover_limitation(pair.first.read()))
    stopped = switch.quiesce(HOST, pair.first.cluster)
    pair.second.start()
    proof = FenceProof("shutdown", "shut down cleanly", time.time(), True, stopped.facts["shutdown_lsn"])
    outcome = promote.transact(HOST, pair.second.cluster, proof, LIMITS)
    assert "bytes and more are missing" in str(outcome.msg)
    with pytest.raises(PostgresqlError, match="bytes and more are missing"):
        switch.wait_received(HOST, pair.second.cluster, stopped.facts["shutdown_lsn"], 0.2)
