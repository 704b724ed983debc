# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks: each thing that a drill is judged by, with its phase, what it came to, and why it is not full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._drill import facts as kinds
from ansible_collections.contingency.infra.plugins.module_utils._drill.answers import judged, missing_points
from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Clock, Facts, Goal, Run
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import (
    CHOICE,
    LIVE,
    PLAN,
    Answer,
    Call,
    Question,
    Text,
    as_text,
)
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import all_listed, said
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import PHASES

EVENT_PHASES = {
    "graded": "grading",
    "activated": "activation",
    "acknowledged": "report",
    "manual_work": "report",
    "notice": "report",
    "recovered": "verification",
    "confirmed": "verification",
    "reentered": "aftermath",
    "report": "aftermath",
}
"""In which phase of the plan each event of a record belongs."""
KEPT = {"met": 1.0, "missed": 0.0, "overdue": 0.0}


@dataclass(frozen=True)
class Mark:
    """``value`` is from 0 to 1; ``key`` is the same from drill to drill; ``finding`` is there where it is below 1."""

    phase: str
    key: str
    value: float
    text: Text
    finding: Optional[Text] = None


def marks_of(facts: Facts) -> Tuple[Mark, ...]:
    """Return all marks, in the order of the phases."""
    marks = [*question_marks(facts), *procedure_marks(facts), *clock_marks(facts)]
    if facts.mode == LIVE:
        marks += [*proof_marks(facts), *objective_marks(facts), *event_marks(facts)]
    return tuple(sorted(marks, key=lambda mark: PHASES.index(mark.phase)))


# -- questions -------------------------------------------------------------------------------------


def question_marks(facts: Facts) -> Iterator[Mark]:
    for question in facts.scenario.questions:
        answer = facts.answers.get(question.key)
        # In a live drill people act; only what they were asked besides is judged.
        if answer is None and facts.mode == LIVE:
            continue
        value = judged(question, answer)
        finding = None if value == 1 else _answer_finding(question, answer)
        yield Mark(question.phase, f"question:{question.key}", value, question.ask, finding)


def _answer_finding(question: Question, answer: Optional[Answer]) -> Text:
    if question.kind == PLAN:
        return said("plan_silent", ask=question.ask)
    if answer is None or not answer.given:
        return said("not_answered", ask=question.ask)
    if question.kind == CHOICE and answer.choice not in question.right:
        right = all_listed(choice.text for choice in question.choices if choice.key in question.right)
        return said("wrong_choice", ask=question.ask, right=right)
    missing = missing_points(question, answer)
    if missing:
        return said("not_named", ask=question.ask, points=all_listed(missing))
    return said("late", ask=question.ask, seconds=_whole(answer.seconds), limit=_whole(question.within))


def _whole(seconds: Optional[float]) -> str:
    return "?" if seconds is None else f"{seconds:.0f}"


# -- procedures ------------------------------------------------------------------------------------


def procedure_marks(facts: Facts) -> Iterator[Mark]:
    """One for each procedure of the scenario: it was run, with these arguments, and ended well."""
    calls = facts.scenario.procedures
    for place, call in enumerate(calls):
        run = _last(facts, call)
        time = sum(other.playbook == call.playbook for other in calls[: place + 1])
        value = 1.0 if run is not None and run.status == kinds.OK else 0.0
        text = said("procedure", call=_shown(call))
        finding = None if value else _run_finding(call, run)
        yield Mark("handling", f"procedure:{call.playbook}:{time}", value, text, finding)


def _last(facts: Facts, call: Call) -> Optional[Run]:
    """Return the last run of a call. What is not known of a run's arguments fits every call."""
    runs = [run for run in facts.of(call.playbook) if run.check == (facts.mode != LIVE) and _fits(run, call)]
    # A run that only showed its plan counts where there is no other.
    confirmed = [run for run in runs if run.confirm == call.confirm]
    found = confirmed or runs
    return found[-1] if found else None


def _fits(run: Run, call: Call) -> bool:
    same = all(run.arguments.get(name, value) == value for name, value in call.arguments.items())
    return same and not (run.confirm and call.confirm and run.confirm != call.confirm)


def _shown(call: Call) -> str:
    return " ".join([call.playbook, *(f"{name}={value}" for name, value in call.arguments.items())])


def _run_finding(call: Call, run: Optional[Run]) -> Text:
    if run is None:
        return said("not_run", call=_shown(call))
    return said(f"run_{run.status}", call=_shown(call), why=run.why or "?")


def proof_marks(facts: Facts) -> Iterator[Mark]:
    """One for each procedure whose steps told what they proved: the share of it that was proven, and that was well."""
    for procedure in _procedures(facts):
        steps = [step for run in facts.of(procedure) if not run.check for step in run.steps]
        proven = sum(len(step.get("proven") or ()) for step in steps)
        unproven = [(step.get("host"), each) for step in steps for each in step.get("unproven") or ()]
        bad = [step["text"] for step in steps if step.get("ok") is False]
        total = proven + len(unproven) + len(bad)
        if total:
            text = said("proof", procedure=procedure, proven=proven, total=total)
            parts = all_listed([*(as_text(each) for each in bad), *_by_host(unproven)])
            finding = said("unproven", procedure=procedure, what=parts) if bad or unproven else None
            yield Mark("verification", f"proof:{procedure}", proven / total, text, finding)


def _by_host(unproven: Sequence[Tuple[Any, Any]]) -> List[Text]:
    """Return each once, also where several runs lacked it, with the host that it is about."""
    texts = [(str(host or ""), as_text(each)) for host, each in unproven]
    named = [{name: f"{host}: {said}" if host else said for name, said in text.items()} for host, text in texts]
    return [text for place, text in enumerate(named) if text not in named[:place]]


def _procedures(facts: Facts) -> List[str]:
    wanted = [call.playbook for call in facts.scenario.procedures]
    return list(dict.fromkeys([*wanted, *(run.procedure for run in facts.runs)]))


# -- objectives, clocks, events --------------------------------------------------------------------


def objective_marks(facts: Facts) -> Iterator[Mark]:
    """One for each objective of each procedure; what was not measured is not met."""
    for goal in facts.goals:
        text = said("objective", **goal_words(goal))
        finding = None if goal.met else said(_missed(goal), **goal_words(goal))
        yield Mark("handling", f"objective:{goal.procedure}:{goal.name}", 1.0 if goal.met else 0.0, text, finding)


def _missed(goal: Goal) -> str:
    return "not_measured" if goal.achieved is None else "not_met"


def goal_words(goal: Goal) -> Dict[str, object]:
    """Return what a sentence about an objective is filled with."""
    bound = said("at_least" if goal.at_least else "at_most", limit=f"{goal.limit:g}")
    seen = "?" if goal.achieved is None else f"{goal.achieved:g}"
    return {"procedure": goal.procedure, "name": figure_name(goal.name), "bound": bound, "seen": seen}


def figure_name(name: str) -> Text:
    """Return what a figure is called; its own name where nobody gave it words."""
    try:
        return said(f"figure_{name}")
    except KeyError:
        return {"en": name.replace("_", " "), "zh": name}


def clock_marks(facts: Facts) -> Iterator[Mark]:
    """One for each deadline of the plan that has come; one that lies ahead says nothing yet."""
    for clock in facts.clocks:
        if clock.state in KEPT:
            yield _clock(clock, KEPT[clock.state])


def _clock(clock: Clock, value: float) -> Mark:
    finding = None if value else said("clock_missed", title=clock.title)
    return Mark(clock.phase, f"deadline:{clock.key}", value, said("clock", title=clock.title), finding)


def event_marks(facts: Facts) -> Iterator[Mark]:
    """One for each event that a live drill has to bring about, such as somebody grading the fault."""
    for kind in facts.scenario.live.expects:
        there = kind in facts.events
        text = said(f"event_{kind}")
        finding = None if there else said("event_missing", event=text)
        yield Mark(EVENT_PHASES[kind], f"event:{kind}", 1.0 if there else 0.0, text, finding)
