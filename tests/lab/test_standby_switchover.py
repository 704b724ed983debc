# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook standby_switchover against the lab: planned, without losing a row, and back where it does not work."""

from __future__ import annotations

import threading
import time

from lab import postgresql
from tests.lab.pair import HELD_BY_ANOTHER, LEASE, PRIMARY, STANDBY, Pair


def test_a_switchover_loses_no_row_and_proves_it_and_a_second_run_changes_nothing(pair: Pair) -> None:
    before = pair.snapshot()
    for extra, confirm, status in (((), "", 2), (("--check",), PRIMARY, 0)):
        planned = pair.play("switchover", *extra, confirm=confirm)
        assert planned.status == status, planned.output
        assert "nothing was changed" in planned.summary
        assert pair.snapshot() == before
    with pair.writing() as writer:
        run = pair.play("switchover")
        assert run.status == 0, run.output
        writer.accepted_after(time.time())
        pair.is_on_standby_alone()
        report = writer.report(STANDBY)
    print(run.summary, f"outage {report.outage:.2f} s")
    assert report.missing == ()
    assert "no confirmed write is lost" in run.line(STANDBY)
    assert any(
        "last" in str(each["check"]) or "received" in str(each["check"]) for each in run.result(STANDBY)["proven"]
    )
    assert pair.running(PRIMARY)
    assert not postgresql.answers(pair.lab, PRIMARY)
    before = pair.snapshot()
    again = pair.play("switchover")
    print(again.summary)
    assert again.status == 0, again.output
    assert again.changed[STANDBY] == again.changed[PRIMARY] == 0
    assert pair.snapshot() == before


def test_a_standby_that_is_refused_in_the_middle_gives_the_service_back(pair: Pair) -> None:
    """Another controller has begun a takeover since the look at the standby: the primary stopped for nothing."""
    pair.shell(STANDBY, HELD_BY_ANOTHER)
    with pair.writing() as writer:
        run = pair.play("switchover")
        assert run.status != 0
        writer.accepted_after(time.time())
        report = writer.report(PRIMARY)
    pair.shell(STANDBY, f"rm {LEASE}")
    print(run.summary, f"outage {report.outage:.2f} s")
    assert "a takeover is under way" in run.line(STANDBY)
    is_back_on_the_primary(pair)
    assert report.missing == ()


def test_a_standby_that_dies_in_the_middle_gives_the_service_back(pair: Pair) -> None:
    """The standby server is killed at the moment when the primary stops."""
    with pair.writing() as writer:
        killer = threading.Thread(target=kill_standby_when_the_primary_stops, args=(pair,))
        killer.start()
        run = pair.play("switchover")
        killer.join()
        assert run.status != 0, run.output
        print(run.summary)
        writer.accepted_after(time.time())
        report = writer.report(PRIMARY)
    is_back_on_the_primary(pair)
    assert report.missing == ()


def is_back_on_the_primary(pair: Pair) -> None:
    assert pair.primaries() == [PRIMARY]
    assert pair.service_at() == [PRIMARY]


def kill_standby_when_the_primary_stops(pair: Pair) -> None:
    deadline = time.monotonic() + 60
    while postgresql.answers(pair.lab, PRIMARY) and time.monotonic() < deadline:
        time.sleep(0.005)
    pair.lab.fault("kill-postgres", STANDBY)
