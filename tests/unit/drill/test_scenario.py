# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario files: what is in them, what is refused, and this site's names in them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.module_utils._drill.marks import EVENT_PHASES
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import DrillError
from ansible_collections.contingency.infra.plugins.module_utils._drill.scenario import (
    chosen_targets,
    named,
    scenario_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import WORDS
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import PHASES
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_child import call_limitation
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_scenarios import SCENARIOS

from tests.unit.drill.examples import DOCUMENT, document, scenario

FILES = [*sorted(SCENARIOS.glob("*.yml")), Path(__file__).resolve().parents[3] / "lab/drill_scenario.yml"]
GROUPS = {"core_switches": ["core-a", "core-b"]}


def without(path: str) -> dict[str, Any]:
    """The document without what is at a path such as parts.0.situation.zh."""
    changed = copy.deepcopy(DOCUMENT)
    *way, last = path.split(".")
    inside: Any = changed
    for name in way:
        inside = inside[int(name) if name.isdigit() else name]
    del inside[last]
    return changed


def test_there_are_the_four_that_the_plans_ask_for() -> None:
    assert {path.stem for path in FILES} >= {
        "core_switch_dies",
        "database_primary_power_loss",
        "mains_lost",
        "two_at_once",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_scenario_can_be_read_and_its_procedures_are_there(path: Path) -> None:
    found = scenario_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [call_limitation(call) for call in (*found.procedures, *found.live.roll_back)] == [None] * len(
        (*found.procedures, *found.live.roll_back)
    )
    assert set(found.live.expects) <= set(EVENT_PHASES)


@pytest.mark.parametrize("path", FILES[:4], ids=lambda path: path.stem)
def test_every_scenario_of_the_collection_asks_in_each_phase_and_can_be_held_live(path: Path) -> None:
    found = scenario_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    asked = {question.phase for question in found.questions}
    assert asked >= set(PHASES) - {"handling"}
    assert {question.of for question in found.questions} >= {
        "severity",
        "notices",
        "manual_work",
        "deputies",
        "deadlines",
    }
    assert found.live.prepare
    assert found.live.stop_when
    assert found.live.roll_back
    assert {f"role_{question.to}" for question in found.questions} <= set(WORDS["en"])


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("parts.0.situation.zh", "scenario.parts[0].situation says nothing in zh"),
        ("parts.0.phase", "scenario.parts[0].phase is '' and has to be one of activation"),
        ("parts.0.questions.0.points", "scenario.parts[0].questions[0]: a question of kind points needs points"),
        ("parts.1.questions.0.right", "scenario.parts[1].questions[0]: right is empty"),
        ("parts.0.questions.1.of", "scenario.parts[0].questions[1].of is ''"),
        ("targets.core", "the scenario speaks of core, which scenario.targets does not have"),
        ("key", "scenario.key is ''"),
    ],
)
def test_what_is_missing_is_told_with_its_place(path: str, told: str) -> None:
    with pytest.raises(DrillError) as error:
        scenario_of(without(path))
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"partz": []}, "scenario has partz, which means nothing here"),
        ({"parts": []}, "scenario.parts is empty"),
        ({"parts": "all"}, "scenario.parts is 'all' and has to be a list"),
        ({"minutes": "-3"}, "scenario.minutes is '-3' and has to be a number"),
        ({"minutes": "nan"}, "scenario.minutes is 'nan' and has to be a number"),
        ({"parts": DOCUMENT["parts"][::-1]}, "have to be in the order of their minutes"),
        ({"parts": [DOCUMENT["parts"][0]] * 2}, "has grade, look more than once"),
        ({"title": {"en": "a", "zh": "b", "but slow": None}}, "scenario.title has 'but slow' beside en, zh"),
        ({"title": "Only English"}, "scenario.title is 'Only English' and has to be a sentence in each of en, zh"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(DrillError) as error:
        scenario_of(document(**changes))
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("incident", "network_down", "scenario.incident is 'network_down' and has to be a mapping"),
        (
            "incident.expected_outage_seconds",
            "4h",
            "scenario.incident.expected_outage_seconds is '4h' and has to be a num",
        ),
        ("incident.expected_outage", 7200, "scenario.incident has expected_outage, which means nothing here"),
        ("incident.core_service", "maybe", "scenario.incident.core_service is 'maybe' and has to be true or false"),
        ("incident.classes", "network_down", "scenario.incident.classes is 'network_down' and has to be a list"),
        ("parts.1.procedures.0.arguments", "failed=core-a", "arguments is 'failed=core-a' and has to be a mapping"),
        ("parts.1.questions.0.choices.0.key", "home", "choices has home more than once"),
        ("parts.1.questions.0.choices.0.text", {"en": "{cor}", "zh": "a"}, "the scenario speaks of cor"),
        ("parts.0.questions.1.of", "deputies", "a question of the deputies needs role"),
        ("targets.core.group", "", "scenario.targets.core.group is missing"),
        ("live.expects", ["recoverd"], "scenario.live.expects[0] is 'recoverd' and has to be one of graded"),
    ],
)
def test_a_mistake_is_told_before_anybody_is_asked(path: str, value: Any, told: str) -> None:
    changed = copy.deepcopy(DOCUMENT)
    *way, last = path.split(".")
    inside: Any = changed
    for name in way:
        inside = inside[int(name) if name.isdigit() else name]
    inside[last] = value
    with pytest.raises(DrillError) as error:
        scenario_of(changed)
    assert told in str(error.value)


def test_a_target_is_the_first_of_its_group_or_the_one_that_is_named() -> None:
    assert chosen_targets(scenario(), GROUPS, {}) == {"core": "core-a"}
    assert chosen_targets(scenario(), GROUPS, {"core": "core-b"}) == {"core": "core-b"}


@pytest.mark.parametrize(
    ("groups", "given", "told"),
    [
        ({}, {}, "has no host in core_switches"),
        (GROUPS, {"core": "core-c"}, "core-c is not in core_switches, which has core-a, core-b"),
        (GROUPS, {"cores": "core-a"}, "drill_targets has cores, and the scenario small has core"),
    ],
)
def test_a_target_that_cannot_be_is_refused(groups: dict[str, list[str]], given: dict[str, str], told: str) -> None:
    with pytest.raises(DrillError) as error:
        chosen_targets(scenario(), groups, given)
    assert told in str(error.value)


def test_the_names_of_the_site_are_in_every_sentence_and_command() -> None:
    changed = copy.deepcopy(DOCUMENT)
    changed["parts"][1]["questions"][0]["choices"][0]["text"] = {"en": "Start {core}", "zh": "启动 {core}"}
    found = named(scenario_of(changed), {"core": "core-b"})
    assert found.questions[2].choices[0].text == {"en": "Start core-b", "zh": "启动 core-b"}
    assert found.purpose[0]["en"] == "See that core-b can be left"
    assert found.parts[0].situation["zh"] == "core-b is dark（中）"
    assert found.questions[0].points[1]["en"] == "core-b"
    assert found.procedures[0].arguments == {"failed": "core-b"}
    assert found.procedures[0].confirm == "core-b"
    assert found.live.cause[0]["en"] == "Pull core-b"
    assert "{core}" not in str(found)
