# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement: scores by phase, findings, and the drill before."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.evaluate import (
    comparison_of,
    direction,
    evaluation_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Clock, Facts, Goal, Run
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import PHASES, step
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.drill.examples import FAILOVER, facts, scenario, text

GOOD = (Answer("look", "all", points=(1, 2)), Answer("next", choice="again", seconds=5))
RAN = Run(FAILOVER, "ok", arguments={"failed": "{core}"}, check=True)
DID = Run(FAILOVER, "ok", confirm="{core}")


def finding(found: Facts, key: str) -> str:
    return next(each.text["en"] for each in evaluation_of(found).findings if each.key == key)


def keys(found: Facts) -> set[str]:
    return {each.key for each in evaluation_of(found).findings}


def test_what_was_all_right_has_no_findings_but_what_the_plan_does_not_say() -> None:
    found = evaluation_of(facts(answers=GOOD, runs=(RAN,)))
    assert found.scores == {"discovery": 100.0, "grading": 0.0, "handling": 100.0}
    assert found.score == pytest.approx(200 / 3)
    assert [each.text["en"] for each in found.findings] == ["Your plan does not answer it: How bad is it?"]


def test_phases_are_in_the_order_of_the_plan() -> None:
    scores = list(evaluation_of(facts(answers=GOOD, runs=(RAN,))).scores)
    assert scores == sorted(scores, key=PHASES.index)


def test_nothing_answered_and_nothing_run_is_nothing() -> None:
    found = facts()
    assert set(evaluation_of(found).scores.values()) == {0.0}
    assert finding(found, "question:look") == "Nobody answered: What do you look at?"
    assert finding(found, f"procedure:{FAILOVER}:1") == f"{FAILOVER} failed={{core}} was not run"


def test_findings_say_what_was_wrong() -> None:
    found = facts(answers=(Answer("look", "?", points=(1,)), Answer("next", choice="home")), runs=(RAN,))
    assert finding(found, "question:look") == "Not named (What do you look at?): {core}"
    assert finding(found, "question:next") == "Answered wrongly: What next? It is: Again"
    late = facts(answers=(Answer("next", choice="again", seconds=90),))
    assert finding(late, "question:next") == "Answered after 90 s, within 60 s were given: What next?"


def test_findings_say_in_chinese_what_they_say_in_english() -> None:
    found = facts(answers=(Answer("look", "?", points=(1,)), Answer("next", choice="home")), runs=(RAN,))
    told = {each.key: each.text["zh"] for each in evaluation_of(found).findings}
    assert told["question:look"] == "未答出（What do you look at?（中））：{core}（中）"
    assert told["question:next"] == "答错：What next?（中）正确答案：Again（中）"


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (replace(RAN, status="refused", why="core-b is off"), "would refuse: core-b is off"),
        (replace(RAN, status="unknown", why="it took too long"), "ended is not known: it took too long"),
        (replace(RAN, arguments={"failed": "other"}), "was not run"),
        (DID, "was not run"),
    ],
)
def test_a_procedure_that_did_not_end_well_is_a_finding(run: Run, told: str) -> None:
    assert told in finding(facts(runs=(run,)), f"procedure:{FAILOVER}:1")


def test_the_last_run_counts_but_not_one_that_only_showed_its_plan() -> None:
    plan = Run(FAILOVER, "failed", why="only the plan was shown")
    assert f"procedure:{FAILOVER}:1" not in keys(facts("live", runs=(plan, DID, plan)))
    assert f"procedure:{FAILOVER}:1" in keys(facts("live", runs=(DID, replace(DID, status="failed"))))
    assert f"procedure:{FAILOVER}:1" in keys(facts("live", runs=(replace(DID, confirm="another"),)))


def test_in_a_live_drill_what_nobody_was_asked_is_not_judged() -> None:
    assert not {key for key in keys(facts("live")) if key.startswith("question:")}
    assert "question:look" in keys(facts("live", answers=(Answer("look", "?"),)))


def test_an_event_that_has_to_happen_is_looked_for() -> None:
    found = facts("live", runs=(DID,), events=frozenset(("graded",)))
    assert "event:graded" not in keys(found)
    assert finding(found, "event:confirmed").endswith("departments confirm that they can work")


def test_an_objective_that_nobody_measured_is_not_met() -> None:
    goals = (
        Goal(FAILOVER, "rto", 60.0, 4.0, True),
        Goal(FAILOVER, "rpo", 5.0, None, False),
        Goal("staged_shutdown", "runtime_seconds", 120.0, 90.0, False, at_least=True),
    )
    found = facts("live", runs=(DID,), goals=goals)
    assert f"objective:{FAILOVER}:rto" not in keys(found)
    assert finding(found, f"objective:{FAILOVER}:rpo").endswith("has to be at most 5, and nobody measured it")
    assert "has to be at least 120" in finding(found, "objective:staged_shutdown:runtime_seconds")


@pytest.mark.parametrize(("state", "judged"), [("met", {1.0}), ("missed", {0.0}), ("overdue", {0.0}), ("due", set())])
def test_a_deadline_counts_once_it_has_come(state: str, judged: set[float]) -> None:
    found = evaluation_of(facts("live", clocks=(Clock("word", text("First word"), "report", state),)))
    assert {mark.value for mark in found.marks if mark.key == "deadline:word"} == judged


def test_what_was_not_proven_is_told_with_what_went_wrong() -> None:
    steps = (
        step("handling", text("moved"), procedure=FAILOVER, proven=[text("link"), text("neighbor")]),
        step("handling", text("one is left"), procedure=FAILOVER, ok=False, unproven=[text("reachable")]),
    )
    found = facts("live", runs=(replace(DID, steps=steps),))
    mark = next(each for each in evaluation_of(found).marks if each.key == f"proof:{FAILOVER}")
    assert mark.value == 0.5
    assert finding(found, f"proof:{FAILOVER}") == f"{FAILOVER} did not prove: one is left; reachable"
    again = step("handling", text("moved"), procedure=FAILOVER, host="ward", unproven=[text("neighbor")])
    twice = facts("live", runs=(replace(DID, steps=(again,)), replace(DID, steps=(again,))))
    assert finding(twice, f"proof:{FAILOVER}") == f"{FAILOVER} did not prove: ward: neighbor"


@given(
    covered=st.sets(st.integers(1, 2)),
    seconds=st.floats(0, 300),
    status=st.sampled_from(["ok", "refused", "unknown"]),
)
def test_a_finding_for_each_thing_that_is_not_full_and_scores_in_their_range(
    covered: set[int], seconds: float, status: str
) -> None:
    answers = (Answer("look", "x", points=tuple(covered)), Answer("next", choice="again", seconds=seconds))
    found = evaluation_of(facts(answers=answers, runs=(replace(RAN, status=status, why="w"),)))
    assert len(found.findings) == sum(mark.value < 1 for mark in found.marks)
    assert all(0 <= score <= 100 for score in found.scores.values())
    assert set(found.scores) == {mark.phase for mark in found.marks}


def test_every_sentence_is_there_in_both_languages() -> None:
    found = evaluation_of(facts())
    assert all(set(each.text) == {"en", "zh"} and all(each.text.values()) for each in found.findings)
    assert all("（中）" in each.text["zh"] for each in found.findings if each.key.startswith("question:"))


# -- the drill before ------------------------------------------------------------------------------


def test_findings_are_mended_found_again_or_new() -> None:
    before = json.loads(json.dumps(evaluation_of(facts(answers=(GOOD[1],), runs=(RAN,))).as_fields()))
    now = evaluation_of(facts(answers=(GOOD[0],), runs=(RAN,)))
    found = comparison_of("DRILL-1", before, now)
    assert [each["en"] for each in found.mended] == ["Nobody answered: What do you look at?"]
    assert [each["en"] for each in found.again] == ["Your plan does not answer it: How bad is it?"]
    assert [each["en"] for each in found.new] == ["Nobody answered: What next?"]
    assert found.changes["discovery"] == 100.0
    assert found.score_change is not None


def test_what_was_not_judged_again_is_not_mended() -> None:
    before = evaluation_of(facts(answers=GOOD)).as_fields()
    other = replace(scenario(), parts=scenario().parts[:1])
    now = evaluation_of(Facts(other, "tabletop", {answer.question: answer for answer in GOOD[:1]}))
    assert comparison_of("DRILL-1", before, now).mended == ()


def test_the_same_drill_twice_changes_nothing() -> None:
    now = evaluation_of(facts(answers=GOOD, runs=(RAN,)))
    found = comparison_of("DRILL-1", now.as_fields(), now)
    assert found.score_change == 0
    assert set(found.changes.values()) == {0.0}
    assert found.mended == found.new == ()


@pytest.mark.parametrize(("change", "word"), [(0.4, "same"), (-0.5, "same"), (0.6, "better"), (-20.0, "worse")])
def test_a_change_that_is_not_seen_is_none(change: float, word: str) -> None:
    assert direction(change) == word
