# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mains that flap, and a clock that is set in the middle of an outage: what is due does not change by either."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.lab.room import ALL, EARLY, KEPT, LATER, LONGEST_RUN, UPSES, Room, policy

TWO_HOURS = 7200
SEED = int(os.environ.get("CONTINGENCY_SEED", "1"))


class Clock:
    """The wall clock of the playbooks' processes; those that count since the boot stay as they are."""

    def __init__(self, room: Room) -> None:
        self._file = room.work / "clock"
        self.set(0)
        room.environment = {
            "PYTHONPATH": str(Path(__file__).parent / "set_clock"),
            "CONTINGENCY_CLOCK": str(self._file),
        }

    def set(self, seconds: int) -> None:
        """So much before or behind the real time, also for processes that run."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds}\n", encoding="ascii")
        new.rename(self._file)


@pytest.fixture
def clock(room: Room) -> Clock:
    return Clock(room)


def wait_for_age(began: float, seconds: float) -> None:
    """Until the outage is so old; the test is slow where it is older already, and would prove nothing."""
    left = began + seconds - time.monotonic()
    assert left > 0, f"the runs before took {-left:.1f} s too long"
    time.sleep(left)


@pytest.mark.parametrize("jump", [TWO_HOURS, -TWO_HOURS])
def test_a_clock_that_is_set_brings_no_stage_forward_and_skips_none(room: Room, clock: Clock, jump: int) -> None:
    by_age = policy(20, 600, 600, stable=120)
    room.mains_off()
    assert "0 of 8 hosts are off" in room.shutdown(*by_age).output
    began = time.monotonic()

    clock.set(jump)
    jumped = room.shutdown(*by_age)
    assert "0 of 8 hosts are off" in jumped.output, jumped.output
    assert "on battery" in jumped.line("ups-a")

    wait_for_age(began, 20)
    process = room.start("staged_shutdown", *by_age)
    while room.on() == ALL:
        assert time.monotonic() < began + 40
        time.sleep(0.05)
    clock.set(0)
    output, _errors = process.communicate(timeout=LONGEST_RUN)
    assert process.returncode == 0, output
    assert room.on() == LATER | KEPT, output

    clock.set(-jump)
    again = room.shutdown(*by_age)
    assert not again.changed, again.output
    assert room.on() == LATER | KEPT, again.output

    last = room.shutdown(*policy(20, 25, 600))
    assert room.on() == KEPT, last.output
    outage = room.report()["outage"]
    assert outage["due_stages"] == ["not_critical", "application"]
    assert outage["hard_upses"] == []

    room.mains_on()
    room.shutdown(*by_age)
    clock.set(jump)
    assert "WAITS: Mains has been back for" in room.play("staged_startup", *by_age).output
    room.start_all(*policy(20, 600, 600))
    assert room.on() == ALL


@pytest.mark.parametrize("jump", [TWO_HOURS, -TWO_HOURS])
def test_a_silent_ups_is_not_drained_or_filled_by_a_clock_that_is_set(room: Room, clock: Clock, jump: int) -> None:
    late = policy(600, 600, 600)
    room.mains_off()
    room.shutdown(*late)
    with ExitStack() as stack:
        for ups in UPSES:
            stack.enter_context(room.fault("ups-driver-killed", ups))
        time.sleep(3)
        clock.set(jump)
        played = room.shutdown(*late)
    seconds = [int(part.split(" s ago", 1)[0]) for part in played.output.split("its reading of ")[1:]]
    assert len(seconds) == 2
    assert all(2 <= each < 30 for each in seconds), played.output
    assert room.on() == ALL, played.output


def looks(room: Room, name: str, *extra: str, seconds: float) -> Iterator[dict[str, Any]]:
    """The outage as it is written down after each run."""
    chance = random.Random(SEED)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        played = room.play(name, *extra)
        assert played.status == 0, played.output
        if (path := room.work / "state/outage/outage.json").exists():
            yield json.loads(path.read_text(encoding="utf-8"))
        # Looks as regular as the flapping could all fall into moments when mains is there.
        time.sleep(chance.uniform(0.0, 3.0))


def began_while_mains_was_there(room: Room) -> list[str]:
    """The hosts whose shutdown was begun after a look that saw mains at every UPS, and before the next look."""
    report = room.report()
    samples = report["samples"]
    began = report["outage"]["began"]["boottime"]
    found = []
    for sample, following in zip(samples, [*samples[1:], {"age": float("inf")}], strict=True):
        if any(reading["status"] != "online" for reading in sample["readings"]):
            continue
        found += [
            name
            for name, node in report["outage"]["nodes"].items()
            if sample["age"] < node["since"]["boottime"] - began < following["age"]
        ]
    return found


def test_mains_that_flap_are_one_outage_and_turn_nothing_back(room: Room) -> None:
    by_age = policy(0, 20, 600, stable=25)
    with ExitStack() as stack:
        for ups in UPSES:
            stack.enter_context(room.fault("mains-flap", ups))
        seen: list[dict[str, Any]] = []
        gone: set[str] = set()
        for outage in looks(room, "staged_shutdown", *by_age, seconds=80):
            seen.append(outage)
            off = ALL - room.on()
            assert gone <= off
            gone = off
            if gone == EARLY | LATER and len(seen) > 6:
                break
    assert gone == EARLY | LATER
    assert {(outage["id"], outage["began"]["boottime"], outage["ended_at_epoch"]) for outage in seen} == {
        (seen[0]["id"], seen[0]["began"]["boottime"], None)
    }
    for before, after in pairwise(seen):
        assert set(before["due_stages"]) <= set(after["due_stages"])
    told = {reading["status"] for sample in room.report()["samples"] for reading in sample["readings"]}
    assert told == {"online", "on_battery"}, "the test saw both"
    assert began_while_mains_was_there(room) == []

    ended = next(outage for outage in looks(room, "staged_shutdown", *by_age, seconds=70) if outage["ended_at_epoch"])
    assert ended["id"] == seen[0]["id"]
    assert room.on() == KEPT
    room.start_all(*policy(0, 20, 600))
    assert room.on() == ALL
    assert [path.name for path in (room.work / "state/outage").glob("outage*.json")] == [f"outage-{ended['id']}.json"]
