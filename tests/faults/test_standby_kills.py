# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook is killed in the middle of a takeover, and power is lost under load, again and again.

CONTINGENCY_KILLS is how many times each.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.lab.pair import PRIMARY, STANDBY, Pair, kill_group

KILLS = int(os.environ.get("CONTINGENCY_KILLS", "2"))
SEED = 20261122
ENDS_WITHIN = 60
ACCEPT = ("-e", "accept_data_loss=300")
SYNCHRONOUS = ("-e", '{"standby_limits": {"min_free_bytes": 104857600, "synchronous": true}}')


@pytest.fixture(scope="module")
def busy(shared_pair: Pair) -> float:
    """Seconds from the first look at the standby to the end of a takeover that nobody disturbs."""
    shared_pair.restore()
    shared_pair.lose_power()
    run = shared_pair.play("failover", "-e", "accept_data_loss=1000000000")
    assert run.status == 0, run.output
    seconds: float = run.result(STANDBY)["seconds"]["total"]
    return seconds


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_takeover_is_finished_by_the_next_run(pair: Pair, busy: float, number: int) -> None:
    """The moments are spread from when the run holds the standby to its end, and random within their part."""
    part = busy / KILLS
    after = part * number + random.Random(SEED + number).uniform(0, part)
    with pair.writing() as writer:
        struck_at = time.time()
        pair.lab.fault("kill-postgres", PRIMARY)
        process = pair.start("failover", *ACCEPT)
        while not pair.lease_is_held() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(after)
        kill_group(process)
        process.communicate(timeout=ENDS_WITHIN)
        left = (pair.running(PRIMARY), pair.service_at(), pair.primaries())
        run = pair.play("failover", *ACCEPT)
        assert run.status == 0, run.output
        writer.accepted_after(time.time())
        pair.is_on_standby_alone()
        assert not pair.running(PRIMARY)
        report = writer.report(STANDBY)
        before = pair.snapshot()
        again = pair.play("failover", *ACCEPT)
    lost = [row for row in writer.acknowledged() if row.number in report.missing]
    assert all(row.accepted > struck_at for row in lost), "only what the dying server had no time to send"
    assert again.status == 0, again.output
    assert again.changed[STANDBY] == 0
    assert pair.snapshot() == before
    print(
        f"\nkilled {after:.2f} s after the first look, of {busy:.2f} s; primary on, address, primaries: {left}; ",
        end="",
    )
    print(f"outage {report.outage:.2f} s with the second run")


@pytest.mark.parametrize("number", range(KILLS))
def test_no_acknowledged_row_is_lost_with_synchronous_replication(pair: Pair, number: int) -> None:
    pair.synchronous()
    with pair.writing() as writer:
        time.sleep(random.Random(SEED + number).uniform(0.2, 1.0))
        pair.lose_power()
        run = pair.play("failover", *SYNCHRONOUS)
        assert run.status == 0, run.output
        writer.accepted_after(time.time())
        pair.is_on_standby_alone()
        report = writer.report(STANDBY)
    assert report.missing == ()
    print(f"\n{report.acknowledged} rows acknowledged, none missing, outage {report.outage:.2f} s; {run.line(STANDBY)}")


@pytest.mark.parametrize("number", range(KILLS))
def test_the_loss_of_asynchronous_replication_is_never_above_the_report(pair: Pair, number: int) -> None:
    with pair.writing() as writer:
        lag = random.Random(SEED + number).uniform(0.0, 2.0)
        pair.lab.fault("cut-replication", STANDBY)
        time.sleep(lag)
        pair.lose_power()
        run = pair.play("failover", *ACCEPT)
        assert run.status == 0, run.output
        pair.lab.heal("cut-replication", STANDBY)
        writer.accepted_after(time.time())
        pair.is_on_standby_alone()
        missing = set(writer.missing(STANDBY))
        rows = writer.acknowledged()
    fenced_at, reported = run.result(PRIMARY)["at_epoch"], run.result(STANDBY)["data_loss_seconds"]
    oldest = max((fenced_at - row.accepted for row in rows if row.number in missing), default=0.0)
    assert oldest <= reported
    print(f"\ncut for {lag:.2f} s: {len(missing)} rows lost, the oldest {oldest:.2f} s before the fence; ", end="")
    print(f"reported {reported:.2f} s")
