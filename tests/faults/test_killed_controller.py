# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook is killed in the middle of a failover: a second run finishes it, every time.

CONTINGENCY_KILLS is how many moments are tried; they are spread over the whole run, and random within their part.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import pytest

from tests.faults.processes import kill_group, kill_workers, output_at_the_end
from tests.lab.hospital import BRIDGES, NEW, OLD, Hospital
from tests.lab.run import Run
from tests.lab.watch import UplinkWatch

KILLS = int(os.environ.get("CONTINGENCY_KILLS", "2"))
SEED = 20261121
ENDS_WITHIN = 60
NOTICES_WITHIN = 20


@pytest.fixture(scope="module")
def duration(shared_hospital: Hospital) -> float:
    """How long a failover takes here that nobody disturbs."""
    shared_hospital.restore()
    shared_hospital.kill("core-a")
    return shared_hospital.play().seconds


def moment(number: int, duration: float) -> float:
    """Seconds after the start, at random within the part of the run that belongs to this number."""
    part = duration / KILLS
    return part * number + random.Random(SEED + number).uniform(0, part)


def finishes(hospital: Hospital) -> Run:
    """A run that nobody disturbs ends with everything on core-b, saved, and says so."""
    run = hospital.play()
    assert run.status == 0, run.output
    assert hospital.uplinks() == hospital.on(NEW)
    assert "6 of 6 access switches and servers are on core-b" in run.summary
    assert all(run.result(switch)["saved"] for switch in hospital.access)
    return run


def changes_nothing(hospital: Hospital) -> None:
    before = hospital.configurations()
    run = hospital.play()
    assert run.status == 0, run.output
    assert {run.changed[switch] for switch in hospital.access} == {0}
    assert hospital.configurations() == before


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_is_finished_by_the_next(
    hospital: Hospital, duration: float, number: int, record_property: Callable[[str, object], None]
) -> None:
    after = moment(number, duration)
    with hospital.lab.probe() as probe, UplinkWatch(hospital.lab, BRIDGES) as watch:
        hospital.kill("core-a")
        process = hospital.start()
        time.sleep(after)
        kill_group(process)
        process.communicate(timeout=ENDS_WITHIN)
        left = {switch: hospital.enabled(switch) for switch in hospital.access}
        finishes(hospital)
        hospital.wait_until_clients_reach_servers()
        longest = max(report.longest_gap_ms for report in probe.stop())
    assert watch.most_at_once == 1, watch.seen
    record_property("longest_gap_ms", longest)
    record_property("killed_after_s", after)
    moved = sum(enabled == (NEW,) for enabled in left.values())
    print(f"\nkilled after {after:.2f} s of {duration:.2f} s, {moved} of {len(left)} were moved; ", end="")
    print(f"longest gap {longest:.0f} ms with the second run")


def test_killed_workers_are_named_and_the_next_run_finishes(hospital: Hospital) -> None:
    with UplinkWatch(hospital.lab, BRIDGES) as watch:
        hospital.kill("core-a")
        process = hospital.start()
        deadline = time.monotonic() + ENDS_WITHIN
        while all(hospital.enabled(switch) == (OLD,) for switch in BRIDGES):
            assert time.monotonic() < deadline
        killed = kill_workers(process)
        output = output_at_the_end(process, NOTICES_WITHIN)
        assert killed, output
        assert process.returncode != 0, output
        assert "dead state" in output or "User interrupted" in output
        finishes(hospital)
    assert watch.most_at_once == 1, watch.seen


@pytest.mark.parametrize("switch", ["access-ward", "access-pharmacy", "access-lab"])
def test_a_session_cut_in_mid_change_is_finished_in_the_same_run(hospital: Hospital, switch: str) -> None:
    hospital.kill("core-a")
    with UplinkWatch(hospital.lab, BRIDGES) as watch:
        process = hospital.start()
        deadline = time.monotonic() + ENDS_WITHIN
        while hospital.enabled(switch) == (OLD,):
            assert time.monotonic() < deadline
        hospital.cut_sessions(switch)
        output, _errors = process.communicate(timeout=ENDS_WITHIN)
    assert process.returncode == 0, output
    assert hospital.uplinks() == hospital.on(NEW)
    assert "Traceback" not in output
    assert watch.most_at_once == 1, watch.seen
    changes_nothing(hospital)
