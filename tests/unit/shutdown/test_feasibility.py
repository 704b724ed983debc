# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said on an ordinary day about the outage that may come."""

from __future__ import annotations

from typing import Any

from tests.unit.shutdown.describe import node, outage, planned, policy, reading, stage, ups

THIRTY_SIXTY = policy(stage("office", 1800), stage("critical", 3600))
ONLINE = reading(status="online", load_percent=60)


def today(nodes: list[dict[str, Any]], **others: Any) -> dict[str, Any]:
    return planned(nodes, **{"rules": THIRTY_SIXTY, "readings": [ONLINE], **others})


def test_a_seventeen_minute_ups_never_reaches_minute_thirty() -> None:
    plan = today([node("pc", 60, 200, stage="office"), node("db", 60, 400)])
    assert plan["feasible"]
    said = [each for each in plan["problems"] if "The stage office is due 1800 s after mains is lost" in each]
    assert len(said) == 1
    assert "db on ups-a would lose power after 1020 s" in said[0]
    assert "shuts everything after about 7" in said[0] or "shuts everything after about 8" in said[0]


def test_what_the_first_stage_sheds_carries_to_the_second() -> None:
    """At 30 % a quarter is left after 30 of 40 min; less what the office takes to go, at 10 %, that is 24 min more."""
    half = [node("pc", 60, 200, stage="office"), node("db", 60, 100)]
    said = today(half, readings=[reading(status="online", load_percent=30)])["problems"]
    assert ["The stage critical is due 3600 s" in each for each in said] == [True]
    assert f"would lose power after {1860 + (0.25 - 60 / 2400) * 6300:.0f} s" in said[0]
    less = policy(stage("office", 1380), stage("critical", 3600))
    assert today(half, readings=[reading(status="online", load_percent=30)], rules=less)["problems"] == []


def test_a_stage_by_runtime_is_always_reached() -> None:
    nodes = [node("pc", 60, 200, stage="office"), node("db", 60, 400)]
    assert today(nodes, rules=policy(stage("office", None, 900), stage("critical")))["problems"] == []


def test_a_shutdown_longer_than_the_battery_is_infeasible_with_its_latest_start() -> None:
    plan = today([node("app", 600, 200), node("db", 600, 400, after=["app"])])
    assert not plan["feasible"]
    said = plan["problems"][0]
    assert "db is off after 1200 s and needs 120 s in reserve; with everything on, ups-a is empty after 1020 s" in said
    assert "The latest start is" in said
    assert "s before that" in said


def test_a_poll_may_pass_before_an_outage_is_seen() -> None:
    """1020 s hold 841 and 120 in reserve, and not 60 more until the first look."""
    plan = today([node("db", 841, 600)])
    assert not plan["feasible"]
    assert "The latest start is 58 s after that" in plan["problems"][0] or "is 59 s after that" in plan["problems"][0]
    assert today([node("db", 839, 600)])["feasible"]


def test_within_an_outage_feasible_is_from_now_on() -> None:
    assert planned([node("db", 841, 600)], readings=[reading(load_percent=60)], record=outage())["feasible"]
    assert not planned([node("db", 901, 600)], readings=[reading(load_percent=60)], record=outage())["feasible"]


def test_two_upses_that_cannot_carry_each_other_are_named() -> None:
    nodes = [node("db", 60, 1200, feeds=["ups-a", "ups-b"])]
    readings = [reading(name, "online", load_percent=60) for name in ("ups-a", "ups-b")]
    said = today(nodes, upses=[ups(), ups("ups-b")], readings=readings)["problems"]
    assert "ups-a would carry 1200 W without the UPS beside it and is made for 1000 W" in said[0]


def test_a_ups_over_its_watts_is_named() -> None:
    said = today([node("db", 60, 1200)])["problems"]
    assert "ups-a carries 1200 W and is made for 1000 W; take load off it." in said
