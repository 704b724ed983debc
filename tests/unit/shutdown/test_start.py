# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When what was shut may be started again, and in which order."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Problem
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.start import make_start

from tests.unit.shutdown.describe import NOW, node, outage, policy, reading, silent, stage, ups

RULES = policy(stage("office", 1800), stage("critical", 3600))
SITE = [
    node("pc", stage="office"),
    node("app", after=["pc"]),
    node("db", after=["app"]),
    node("files"),
    node("copy", kind="save"),
    node("core", kind="switch"),
    node("controller", kind="controller"),
]
ALL_OFF = outage(nodes={each["name"]: {"state": "off", "off_at_epoch": NOW - 600} for each in SITE})
ONLINE = reading(status="online", load_percent=10)


def start(
    up: Collection[str] = (),
    *,
    readings: list[dict[str, Any]] | None = None,
    record: dict[str, Any] | None = ALL_OFF,
    since: float | None = NOW - 900,
    nodes: list[dict[str, Any]] | None = None,
    rules: dict[str, Any] | None = None,
    upses: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return make_start(nodes or SITE, upses or [ups()], rules or RULES, readings or [ONLINE], record, NOW, since, up)


def test_the_start_is_the_shutdown_reversed() -> None:
    plan = start()
    assert plan["limitation"] is None
    assert plan["waves"] == [["core"], ["db", "files"], ["app"], ["pc"]]
    assert plan["due"] == ["core"]
    assert plan["waiting"][0] == {
        "name": "db",
        "after": ["core"],
        "why": "db waits until core is up and healthy.",
    }


@pytest.mark.parametrize(
    ("up", "due"),
    [
        (["core"], ["db", "files"]),
        (["core", "files"], ["db"]),
        (["core", "db"], ["app", "files"]),
        (["core", "db", "files", "app"], ["pc"]),
        (["core", "db", "files", "app", "pc"], []),
    ],
)
def test_each_is_started_when_what_it_needs_is_up_and_healthy(up: list[str], due: list[str]) -> None:
    assert sorted(start(up)["due"]) == due


def test_what_the_outage_left_on_is_not_started_and_not_waited_for() -> None:
    record = outage(nodes={"app": {"state": "off"}, "db": {"state": "pending"}, "pc": {"state": "failed"}})
    plan = start(record=record)
    assert plan["waves"] == [["app"], ["pc"]]


def test_what_is_up_needs_nothing_more() -> None:
    """Of a before b before c the middle one is up: the one that needs only this may start."""
    nodes = [node("a"), node("b", after=["a"]), node("c", after=["b"])]
    assert start(["b"], nodes=nodes, record=None)["due"] == ["a", "c"]


def test_no_more_at_once_than_the_policy_allows() -> None:
    nodes = [node(f"host-{number}") for number in range(5)]
    assert start(nodes=nodes, record=None, rules={**RULES, "concurrency": 2})["due"] == ["host-0", "host-1"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"readings": [reading()]}, "ups-a is on battery"),
        ({"readings": [silent()]}, "ups-a is unknown (its driver is not connected)"),
        ({"readings": [reading("ups-b", "online")]}, "ups-a is unknown (there is no reading of it)"),
        ({"readings": [{**ONLINE, "age_seconds": 600.0}]}, "its reading is 600 s old"),
        ({"since": None}, "not known since when mains is back"),
        ({"since": NOW - 299}, "Mains has been back for 299 s and has to be for 300 s; wait 1 s."),
        ({"since": NOW + 60}, "the clock was set back"),
        ({"readings": [{**ONLINE, "charge_percent": 49.0}]}, "ups-a is charged to 49% and needs 50 %"),
        ({"readings": [{**ONLINE, "charge_percent": None}]}, "ups-a does not tell its charge"),
        ({"readings": [{**ONLINE, "charge_percent": None, "runtime_seconds": 1800.0}]}, "charged to 29%"),
    ],
)
def test_nothing_is_started_before_mains_is_stable_and_the_batteries_are_charged(
    changed: dict[str, Any], named: str
) -> None:
    plan = start(**changed)
    assert plan["due"] == []
    assert named in plan["limitation"]
    assert plan["waves"], "the order is shown also while it is not allowed"


def test_a_new_shutdown_has_to_be_affordable_with_everything_on() -> None:
    """600 W are 17 min a charge; half of that does not hold 400 s, reserve and poll."""
    nodes = [node("db", 400, 600)]
    record = outage(nodes={"db": {"state": "off", "off_at_epoch": NOW - 600}})
    assert start(nodes=nodes, record=record)["limitation"] is None
    refused = start(nodes=nodes, record=record, readings=[{**ONLINE, "charge_percent": 50.0}])
    assert (
        "The batteries are too small for the shutdown: begun when mains is lost, db is off after 400 s"
        in (refused["limitation"])
    )
    assert "ups-a is empty after 4" in refused["limitation"]


def test_a_ups_that_feeds_nothing_does_not_hold_up_the_start() -> None:
    nodes = [node("db", 400, 600, feeds=["ups-a"])]
    both = [ups(), ups("ups-b")]
    for charge, allowed in ((100.0, True), (50.0, False)):
        readings = [{**ONLINE, "charge_percent": charge}, reading("ups-b")]
        plan = start(nodes=nodes, record=None, upses=both, readings=readings)
        assert (plan["limitation"] is None) is allowed


def test_an_unknown_name_that_is_up_is_refused() -> None:
    with pytest.raises(Problem, match="gone is said to be up"):
        start(["gone"])
