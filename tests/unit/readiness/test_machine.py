# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine by itself: each thing that can be wrong is told, and nothing that is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._readiness.machine import Machine, judge_machine
from ansible_collections.contingency.infra.plugins.module_utils._readiness.model import CRITICAL, OK, UNKNOWN, WARNING

from tests.unit.readiness.pair import DOWN, UNIT, primary, standby, told


def problems(machine: Machine) -> dict[str, str]:
    return {each.check: each.severity for each in judge_machine(machine) if each.severity != OK}


@pytest.mark.parametrize("machine", [primary(), standby()])
def test_what_is_right_is_fine(machine: Machine) -> None:
    assert problems(machine) == {}
    assert {each.check for each in judge_machine(machine)} == {
        *("bmc", "power", "reachable", "clock", "time_sync", "database", "disk", "unit database", "takeover_record")
    }


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("power",), {}, {"bmc": WARNING}),
        (("power",), {"error": "x", "kind": "unreachable"}, {"bmc": CRITICAL}),
        (("power",), {"error": "x", "kind": "login"}, {"bmc": CRITICAL}),
        (("power",), {"protocol": "wake_on_lan", "state": None, "error": None}, {"bmc": WARNING}),
        (("power", "state"), "unknown", {"power": UNKNOWN}),
        (("power", "state"), "off", {"power": CRITICAL}),
        (("clock",), {"seconds": -3.0, "uncertainty": 0.2}, {"clock": CRITICAL}),
        (("clock",), {"seconds": 2.5, "uncertainty": 0.6}, {}),
        (("clock",), None, {"clock": UNKNOWN}),
        (("looked", "time"), {"source": None, "detail": "none runs"}, {"time_sync": WARNING}),
        (("looked", "time"), {"source": None, "container": "lxc"}, {}),
        (("looked", "time", "synchronized"), False, {"time_sync": WARNING}),
        (("looked", "time", "synchronized"), None, {"time_sync": UNKNOWN}),
        (("looked", "database"), DOWN, {"database": CRITICAL, "unit database": WARNING}),
        (("looked", "database", "role"), None, {"database": UNKNOWN}),
        (("looked", "database", "free_bytes"), 1024, {"disk": CRITICAL}),
        (("looked", "database", "wal_free_bytes"), 1024, {"disk": CRITICAL}),
        (("looked", "database", "unit_state"), {**UNIT, "starts": False}, {"unit database": CRITICAL}),
        (("looked", "database", "unit_state"), {**UNIT, "load": "masked"}, {"unit database": CRITICAL}),
        (("looked", "database", "unit_state"), {**UNIT, "load": "not-found"}, {"unit database": CRITICAL}),
        (("looked", "database", "unit_state"), {"name": "x", "error": "?"}, {"unit database": UNKNOWN}),
        (("looked", "record"), {"state": "unreadable", "path": "/x"}, {"takeover_record": UNKNOWN}),
        (("looked", "record"), {"state": "fenced", "failed": "a", "started_at": 1.0}, {"takeover_record": CRITICAL}),
        (("looked", "record"), {"state": "done", "failed": "a", "started_at": 1.0, "done_at": 2.0}, {}),
        (("looked",), None, {"reachable": UNKNOWN}),
    ],
)
def test_each_trouble_is_told_and_nothing_else(path: tuple[str, ...], value: Any, expected: dict[str, str]) -> None:
    assert problems(told(standby(), *path, value=value)) == expected


def test_a_bmc_that_says_off_while_the_host_answers_is_that_of_another_machine() -> None:
    found = {each.check: each for each in judge_machine(told(primary(), "power", "state", value="off"))}
    assert found["power"].seen.key == "power_of_another"


def test_a_host_whose_check_did_not_run_is_unknown() -> None:
    assert problems(Machine("his-db-1", database=True)) == {"reachable": UNKNOWN}


def test_a_cold_standby_is_expected_to_be_off() -> None:
    cold = replace(told(standby(), "looked", value=None), cold=True)
    assert problems(told(cold, "power", "state", value="off")) == {}
    assert problems(cold) == {"power": WARNING, "reachable": UNKNOWN}


SERVICE = {"name": "his", "error": None, "unit": None, "target": "tcp h:1", "looked": True, "passed": True}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"passed": False}, {"service his": CRITICAL}),
        ({"looked": False, "passed": None}, {"service his": WARNING}),
        ({"unit": {**UNIT, "starts": False}}, {"unit his": CRITICAL}),
        ({"error": "it has neither a unit nor a health check"}, {"service his": CRITICAL}),
    ],
)
def test_services(changes: dict[str, Any], expected: dict[str, str]) -> None:
    service = {**SERVICE, "seen": "connects", "expected": "connects", **changes}
    assert problems(told(primary(), "looked", "services", value=[service])) == expected
