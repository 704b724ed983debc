# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that the site's own plan answers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import OF_PLAN, Question
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import PLAN as OF_PLAN_KIND
from ansible_collections.contingency.infra.plugins.module_utils._drill.scenario import scenario_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import PRESETS, policy_of
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_plan import answered_by_plan, incident_of
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_scenarios import all_scenarios
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import whole_plan

from tests.unit.drill.examples import PLAN, document, scenario, text


def asked(of: str, plan: dict[str, Any] | None = None, role: str = "lead") -> Question:
    """A question of the small scenario, answered by a plan."""
    question = {"key": "grade", "kind": "plan", "of": of, "role": role, "ask": text("?")}
    changed = document()
    changed["parts"][0]["questions"] = [question]
    return answered_by_plan(scenario_of(changed), policy_of(plan or PLAN)).questions[0]


def points(of: str, plan: dict[str, Any] | None = None, role: str = "lead") -> list[str]:
    return [point["en"] for point in asked(of, plan, role).points]


def test_the_grade_is_the_one_that_the_rules_give() -> None:
    question = asked("severity")
    assert question.right == ("major",)
    assert [choice.text["en"] for choice in question.choices] == ["Major", "Minor"]
    plan = {**PLAN, "severity_rules": [{"severity": "minor"}]}
    assert asked("severity", plan).right == ("minor",)


def test_those_are_told_whom_the_plan_names_at_this_grade() -> None:
    assert points("notices") == ["Lead group, within 30 min"]


def test_departments_deadlines_and_deputies_are_those_of_the_plan() -> None:
    assert points("manual_work") == ["Pharmacy, when the outage is expected to last over 30 min"]
    assert points("deadlines") == ["Report: 2 days from the recovery"]
    assert points("deputies") == ["Li (456)"]
    assert asked("deadlines").points[0]["zh"] == "Report（中）：自恢复起 2 天内"


@pytest.mark.parametrize(
    ("within", "english", "chinese"),
    [
        ("end of day", "Report: by the end of the day of the recovery", "Report（中）：恢复当日内"),
        ("end of next day", "Report: by the end of the day after the recovery", "Report（中）：恢复次日内"),
        ("7 working days", "Report: 7 working days from the recovery", "Report（中）：自恢复起 7 个工作日内"),
    ],
)
def test_a_deadline_reads_well_in_both_languages(within: str, english: str, chinese: str) -> None:
    plan = copy.deepcopy(PLAN)
    plan["deadlines"][0]["within"] = within
    (point,) = asked("deadlines", plan).points
    assert (point["en"], point["zh"]) == (english, chinese)


def test_another_plan_gives_other_answers() -> None:
    plan = copy.deepcopy(PLAN)
    plan["notices"][0]["within"] = "10m"
    plan["manual_work"][0]["after"] = "6h"
    assert points("notices", plan) == ["Lead group, within 10 min"]
    assert points("manual_work", plan) == ["Pharmacy, when the outage is expected to last over 6 h"]


@pytest.mark.parametrize("of", [each for each in OF_PLAN if each != "severity"])
def test_what_the_plan_does_not_say_is_left_open(of: str) -> None:
    empty = {"timezone": "UTC", "severities": PLAN["severities"]}
    assert asked(of, empty).kind == OF_PLAN_KIND
    assert asked(of, empty, role="nobody").points == ()


def test_without_a_plan_all_of_them_are_left_open() -> None:
    assert answered_by_plan(scenario(), None) == scenario()


def test_of_the_classes_the_first_one_counts_that_the_plan_knows() -> None:
    told = scenario().incident
    assert incident_of(told, policy_of(PLAN)).details["incident_class"] == "network_fault"
    other = policy_of({**PLAN, "classes": [{"key": "fire", "title": text("Fire")}]})
    assert "incident_class" not in incident_of(told, other).details


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("key", ["core_switch_dies", "database_primary_power_loss", "mains_lost", "two_at_once"])
def test_every_ready_plan_grades_every_scenario_and_says_whom_to_tell(preset: str, key: str) -> None:
    policy = policy_of(whole_plan({"preset": preset, "timezone": "Asia/Shanghai"}))
    found = answered_by_plan(all_scenarios()[key].scenario, policy)
    by_key = {question.key: question for question in found.questions}
    assert by_key["grade"].right
    assert by_key["who_is_told"].points
    assert by_key["reports"].points
    assert all(set(point) == {"en", "zh"} for question in found.questions for point in question.points)
