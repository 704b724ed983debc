# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes now, and why: stages, the hard trigger, mains that comes back, what has failed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.shutdown.describe import NOW, node, outage, planned, policy, reading, silent, stage, ups

STAGES = policy(stage("office", 1800, 900), stage("critical", 3600))
SITE = [node("pc", stage="office"), node("app"), node("db", after=["app"])]
TWO = [ups(), ups("ups-b")]


def states(**named: str) -> dict[str, Any]:
    """What became of nodes, since a moment ago; an underscore stands for a hyphen."""
    return {
        name.replace("_", "-"): {
            "state": word,
            "since_epoch": NOW - 10,
            "off_at_epoch": NOW - 5,
            "how": "BMC is silent",
        }
        for name, word in named.items()
    }


def half(charge: float = 100, **others: Any) -> dict[str, Any]:
    """On battery at half load: 21 min for a full charge."""
    return reading(charge_percent=charge, **others)


def test_before_the_first_stage_nothing_goes() -> None:
    plan = planned(SITE, rules=STAGES, record=outage(60))
    assert (plan["due"], plan["stages_due"], plan["hard"]) == ([], [], False)
    assert plan["why"][0].startswith("Nothing is due yet: the outage is 60 s old;")


@pytest.mark.parametrize(
    ("age", "charge", "stages", "due"),
    [
        (1799, 100, [], []),
        (1800, 100, ["office"], ["pc"]),
        (60, 72, [], []),
        (60, 71, ["office"], ["pc"]),
        (3600, 100, ["office", "critical"], ["app", "pc"]),
    ],
)
def test_a_stage_is_due_by_age_or_by_what_remains(age: float, charge: float, stages: list[str], due: list[str]) -> None:
    """71 % of 21 min are less than the stage's 900 s."""
    plan = planned(SITE, rules=STAGES, record=outage(age), readings=[half(charge)])
    assert (plan["stages_due"], plan["due"], plan["hard"]) == (stages, due, False)


def test_a_stage_that_was_due_stays_due_and_takes_those_before_it_along() -> None:
    plan = planned(SITE, rules=STAGES, record=outage(60, due_stages=["critical"]))
    assert plan["stages_due"] == ["office", "critical"]
    assert plan["due"] == ["app", "pc"]


def test_a_planned_outage_makes_all_stages_due_at_once_also_while_mains_is_there() -> None:
    plan = planned(SITE, rules=STAGES, record=outage(0, cause="planned"), readings=[half(status="online")])
    assert plan["due"] == ["app", "pc"]
    assert plan["why"] == [f"The stage {name} is due: the outage is planned." for name in ("office", "critical")]
    assert (plan["slack_seconds"], plan["feasible"]) == (None, True)


def test_what_is_due_and_waits_says_for_what() -> None:
    plan = planned(SITE, rules=STAGES, record=outage(3600, nodes=states(app="shutting")))
    assert plan["due"] == ["pc"]
    assert plan["waiting"] == [{"name": "db", "after": ["app"], "why": "db waits for app (shutting)."}]
    plan = planned(SITE, rules={**STAGES, "concurrency": 1}, record=outage(3600))
    assert [(each["name"], each["after"]) for each in plan["waiting"]] == [("pc", []), ("db", ["app"])]


def test_a_node_of_a_due_stage_waits_for_one_that_is_not_due() -> None:
    nodes = [node("pc", stage="office", after=["app"]), node("app")]
    plan = planned(nodes, rules=STAGES, record=outage(1800))
    assert plan["due"] == []
    assert plan["waiting"][0]["why"] == "pc waits for app (stage critical, not due)."
    assert any("pc is in the stage office and goes after app" in each for each in plan["problems"])


@pytest.mark.parametrize(("charge", "hard"), [(70.4, False), (70.3, True)])
def test_the_hard_trigger_fires_when_one_more_poll_would_cost_the_reserve(charge: float, hard: bool) -> None:
    """200 s to be off, 120 in reserve, 60 until the next look: 380 of the 540 s that a full battery lasts."""
    plan = planned([node("db", 200, 1000)], readings=[half(charge, load_percent=100)], record=outage())
    assert plan["hard"] is hard
    assert plan["due"] == (["db"] if hard else [])
    assert plan["stages_due"] == (["critical"] if hard else [])
    assert plan["slack_seconds"] == pytest.approx(charge * 5.4 - 320, abs=1)


def test_what_is_shed_lengthens_the_rest() -> None:
    """60 s at 100 %, then 300 s at 10 %: with everything on all the time the battery would not last."""
    nodes = [node("big", 60, 900), node("db", 300, 100, after=["big"])]
    plan = planned(nodes, readings=[half(60, load_percent=100)], record=outage())
    assert plan["depletion_seconds"]["first_node"] == pytest.approx(324)
    assert plan["makespan_seconds"] + 120 > 324
    assert plan["feasible"]
    assert not plan["hard"]


def test_a_node_of_an_early_stage_does_not_take_the_slot_that_the_rest_needs() -> None:
    """One slot: 200 s of the printer before the database would cost its reserve; so everything goes, in order."""
    nodes = [node("printer", 200, 1, stage="office"), node("db", 150, 999)]
    rules = {**policy(stage("office", 60), stage("critical", 3600)), "concurrency": 1}
    plan = planned(nodes, rules=rules, readings=[half(80, load_percent=100)], record=outage(60))
    assert plan["hard"]
    assert plan["due"] == ["printer"]
    short = planned([node("printer", 20, 1, stage="office"), nodes[1]], rules=rules, record=outage(60))
    assert not short["hard"]


def test_under_the_hard_trigger_saves_are_dropped_and_not_waited_for() -> None:
    nodes = [node("copy", 600, None, kind="save"), node("db", after=["copy"])]
    soft = planned(nodes, record=outage(3600))
    assert (soft["due"], soft["dropped"]) == (["copy"], [])
    hard = planned(nodes, record=outage(3600, nodes=states(copy="shutting")), readings=[half(10)])
    assert (hard["due"], hard["dropped"], hard["in_flight"]) == (["db"], ["copy"], [])
    after = planned(nodes, record=outage(3600, nodes=states(copy="dropped")))
    assert (after["due"], after["dropped"]) == (["db"], [])


@pytest.mark.parametrize("record", [outage(hard_upses=["ups-a"]), outage(3600, nodes=states(copy="dropped"))])
def test_what_goes_before_a_dropped_save_still_goes_before_what_is_after_it(record: dict[str, Any]) -> None:
    nodes = [node("db"), node("copy", 600, kind="save", after=["db"]), node("storage", after=["copy"])]
    plan = planned(nodes, record=record)
    assert plan["due"] == ["db"]
    assert plan["waiting"][0]["after"] == ["db"]


def test_the_hard_trigger_does_not_go_back() -> None:
    plan = planned(SITE, rules=STAGES, record=outage(60, hard_upses=["ups-a"]))
    assert plan["hard_upses"] == ["ups-a"]
    assert plan["due"] == ["app", "pc"]


def test_low_battery_is_the_hard_trigger() -> None:
    plan = planned(SITE, rules=STAGES, readings=[half(status="low_battery")], record=outage(60))
    assert plan["hard"]
    assert "ups-a says low battery and counts as empty." in plan["problems"]


def test_a_short_battery_takes_only_what_hangs_on_it() -> None:
    nodes = [node("closet", feeds=["ups-a"]), node("room", feeds=["ups-b"])]
    plan = planned(nodes, upses=TWO, readings=[half(5), half(name="ups-b")], record=outage())
    assert (plan["due"], plan["hard_upses"], plan["stages_due"]) == (["closet"], ["ups-a"], [])
    along = [*nodes, node("controller", kind="controller", feeds=["ups-a"])]
    plan = planned(along, upses=TWO, readings=[half(5), half(name="ups-b")], record=outage())
    assert plan["due"] == ["closet", "room"], "without the controller nothing could shut the room"


def test_a_host_is_at_risk_only_if_all_its_feeds_are() -> None:
    nodes = [node("both", feeds=["ups-a", "ups-b"]), node("one", feeds=["ups-a"])]
    plan = planned(nodes, upses=TWO, readings=[half(5), half(name="ups-b", status="online")], record=outage(9999))
    assert plan["due"] == ["one"]
    plan = planned(nodes, upses=TWO, readings=[silent(), half(name="ups-b", status="online")], record=outage(9999))
    assert plan["due"] == ["one"]
    plan = planned(nodes, upses=TWO, readings=[half(5), half(name="ups-b")], record=outage())
    assert plan["hard"], "what both carry is on b alone when a is empty, and one hangs on a"


def test_what_goes_before_a_host_at_risk_goes_with_it() -> None:
    nodes = [node("app", feeds=["ups-b"]), node("storage", feeds=["ups-a"], after=["app"])]
    plan = planned(nodes, upses=TWO, readings=[half(), half(name="ups-b", status="online")], record=outage(9999))
    assert plan["due"] == ["app"]


def test_a_switch_stays_for_the_hosts_that_stay() -> None:
    nodes = [node("core", kind="switch", feeds=["ups-a"]), node("db", feeds=["ups-a", "ups-b"])]
    plan = planned(nodes, upses=TWO, readings=[half(1), half(name="ups-b", status="online")], record=outage(9999))
    assert (plan["due"], plan["waiting"]) == ([], [])


def test_mains_back_on_all_begins_nothing_and_finishes_what_is_in_flight() -> None:
    record = outage(9999, due_stages=["office", "critical"], nodes=states(app="shutting"))
    plan = planned(SITE, rules=STAGES, readings=[half(status="online")], record=record)
    assert plan["mains_back"]
    assert (plan["due"], plan["in_flight"]) == ([], ["app"])
    assert plan["stages_due"] == ["office", "critical"]


@pytest.mark.parametrize("other", [half(name="ups-b"), silent("ups-b"), half(name="ups-b", age_seconds=600)])
def test_mains_is_back_only_if_every_ups_says_so(other: dict[str, Any]) -> None:
    nodes = [node("db", feeds=["ups-b"])]
    plan = planned(nodes, upses=TWO, readings=[half(status="online"), other], record=outage(9999))
    assert not plan["mains_back"]
    assert plan["due"] == ["db"]


def test_while_mains_is_back_the_next_look_is_as_soon_as_the_batteries_are_low() -> None:
    plan = planned([node("db", 200, 1000)], readings=[half(63, load_percent=100, status="online")], record=outage())
    assert plan["mains_back"]
    assert plan["next_look_seconds"] == pytest.approx(0.63 * 540 - 320, abs=1)


def test_a_host_counts_at_full_draw_until_it_is_confirmed_off() -> None:
    nodes = [node("big", 60, 500), node("db", 60, 500)]
    drain = []
    for word in ("pending", "shutting", "failed", "off"):
        record = outage(nodes={"big": {"state": word, "since_epoch": NOW - 999, "off_at_epoch": NOW - 5}})
        plan = planned(nodes, readings=[half(load_percent=50)], record=record)
        drain.append(plan["depletion_seconds"]["first_node"])
    assert drain[:3] == [540.0, 540.0, 540.0]
    assert drain[3] == pytest.approx(21 * 60)


def test_a_failed_node_is_reported_and_tried_again_after_the_others() -> None:
    plan = planned(SITE, rules=STAGES, record=outage(3600, nodes=states(app="failed")))
    assert plan["due"] == ["pc", "app"]
    assert plan["failed"] == ["app"]
    assert "app failed before and is tried again." in plan["why"]
    assert "app was not confirmed off (BMC is silent); look at it, it counts as on." in plan["problems"]
    assert plan["waiting"][0]["why"] == "db waits for app (failed)."


def test_a_save_that_failed_is_not_called_on() -> None:
    nodes = [*SITE, node("copy", kind="save")]
    plan = planned(nodes, rules=STAGES, record=outage(3600, nodes=states(copy="failed")))
    assert "copy was not saved (BMC is silent); see to it, or save it by hand." in plan["problems"]


@pytest.mark.parametrize("word", ["failed", "shutting"])
def test_under_the_hard_trigger_a_host_does_not_wait_for_one_that_failed_or_hangs(word: str) -> None:
    nodes = [*SITE[1:], node("core", 5, kind="switch")]
    hanging = {"app": {"state": word, "since_epoch": NOW - 999}}
    early = planned(nodes, record=outage(3600, nodes=hanging))
    assert "db" not in early["due"]
    hard = planned(nodes, record=outage(3600, nodes=hanging), readings=[half(20)])
    assert hard["hard"]
    assert "db" in hard["due"]
    assert "core" not in hard["due"]


def test_a_switch_goes_in_the_last_moment_although_a_host_behind_it_has_failed() -> None:
    nodes = [node("db"), node("core", 5, kind="switch")]
    plan = planned(nodes, record=outage(3600, nodes=states(db="failed")), readings=[half(15)])
    assert plan["due"] == ["db"]
    plan = planned(nodes, record=outage(3600, nodes=states(db="failed")), readings=[half(14)])
    assert plan["due"] == ["core", "db"], "176 s less 5 are left, 180 are reserve and poll"


def test_an_overdue_node_keeps_its_slot() -> None:
    nodes = [node("slow", 60), node("db", 60)]
    record = outage(3600, nodes={"slow": {"state": "shutting", "since_epoch": NOW - 100}})
    plan = planned(nodes, rules={**policy(), "concurrency": 1}, record=record)
    assert plan["due"] == []
    assert plan["in_flight"] == ["slow"]


def test_mains_lost_without_a_record_counts_from_now() -> None:
    plan = planned(SITE, rules=STAGES)
    assert plan["due"] == []
    assert plan["why"] == ["No outage is on record, but mains is lost: it counts from now on."]
    plan = planned(SITE, rules=STAGES, readings=[half(10)])
    assert plan["due"] == ["app", "pc"]


def test_an_ended_outage_is_none_and_what_was_off_then_is_not_off_now() -> None:
    record = outage(9999, ended_at_epoch=NOW - 60, due_stages=["office"], nodes=states(app="off"))
    plan = planned(SITE, rules=STAGES, readings=[half(10)], record=record)
    assert "The outage on record has ended, but mains is lost again: record a new one." in plan["problems"]
    assert plan["due"] == ["app", "pc"]


def test_an_unknown_ups_alone_begins_no_outage_and_is_named() -> None:
    plan = planned(SITE, rules=STAGES, readings=[silent()])
    assert plan["due"] == []
    assert "ups-a is unknown (its driver is not connected)" in plan["problems"][0]


def test_an_unknown_ups_that_was_last_seen_on_battery_is_an_outage() -> None:
    plan = planned(SITE, rules=STAGES, readings=[half(10, read_at_epoch=NOW - 60), silent()])
    assert plan["hard"]


def test_an_outage_from_the_future_is_older_than_every_stage_and_named() -> None:
    plan = planned(SITE, rules=STAGES, record=outage(-3600))
    assert plan["due"] == ["app", "pc"]
    assert any("The outage begins 3600 s in the future" in each for each in plan["problems"])
    assert planned(SITE, rules=STAGES, record=outage(-1))["due"] == []


def test_a_clock_that_was_set_back_does_not_make_the_outage_younger() -> None:
    record = outage(600, nodes={"app": {"state": "off", "off_at_epoch": NOW + 1300}})
    plan = planned(SITE, rules=STAGES, record=record)
    assert plan["stages_due"] == ["office"]
    assert any("the outage counts as 1900 s old" in each for each in plan["problems"])


def test_an_outage_without_a_beginning_is_older_than_every_stage() -> None:
    assert planned(SITE, rules=STAGES, record=outage(began_at_epoch=None))["stages_due"] == ["office", "critical"]


def test_the_next_look_is_when_something_changes() -> None:
    def look(record: dict[str, Any], **others: Any) -> float:
        found: float = planned(SITE, rules=STAGES, record=record, **others)["next_look_seconds"]
        return found

    assert look(outage(60)) == 60
    assert look(outage(1770)) == 30
    assert look(outage(60), readings=[half(73)]) == pytest.approx(0.73 * 1260 - 900)
    assert look(outage(60, nodes={"app": {"state": "shutting", "since_epoch": NOW - 20}})) == 40
    assert look(outage(1799.8)) == 1


def test_what_is_strange_in_the_record_is_named() -> None:
    record = outage(60, due_stages=["gone"], nodes={"gone": {"state": "off"}, "app": {"state": "asleep"}})
    plan = planned(SITE, rules=STAGES, record=record, readings=[half(), half(name="ups-z")])
    named = " ".join(plan["problems"])
    for each in ("ups-z", "the node gone", "the stage gone", "'asleep'"):
        assert each in named


def test_the_same_gives_the_same() -> None:
    record = outage(3600, nodes=states(app="shutting"))
    assert planned(SITE, rules=STAGES, record=record) == planned(SITE, rules=STAGES, record=record)
    backwards = planned(SITE[::-1], rules=STAGES, record=outage(3600))
    assert backwards["due"] == planned(SITE, rules=STAGES, record=outage(3600))["due"]
