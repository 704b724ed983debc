# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the records of a drill to what it is judged by: answers, runs, objectives, deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ansible_collections.contingency.infra.plugins.module_utils._drill import facts as kinds
from ansible_collections.contingency.infra.plugins.module_utils._drill.evaluate import (
    Comparison,
    Evaluation,
    comparison_of,
    evaluation_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Clock, Facts, Goal
from ansible_collections.contingency.infra.plugins.module_utils._drill.marks import EVENT_PHASES
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import LIVE, Scenario, as_text
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import said
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Held, Record
from ansible_collections.contingency.infra.plugins.plugin_utils.report_objectives import (
    MET,
    MISSED,
    NOT_MEASURED,
    Objective,
    objectives_of,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import (
    FAILED,
    OF_THE_OFFICE,
    OK,
    UNREACHABLE,
    Chain,
    Run,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject

LATER = "aftermath"
"""Where a deadline belongs that no event of a known phase keeps."""


@dataclass(frozen=True)
class Judgement:
    """A drill with all that is told of it. ``before``: the last drill of the same scenario in the same way."""

    scenario: Scenario
    record: Record
    subject: Subject
    facts: Facts
    evaluation: Evaluation
    comparison: Comparison | None = None
    before: Held | None = None


def judged(scenario: Scenario, record: Record, subject: Subject, before: Held | None) -> Judgement:
    """Pure: judge a drill by its records, and hold it against the one before."""
    facts = facts_of(scenario, record, subject)
    evaluation = evaluation_of(facts)
    comparison = None if before is None else comparison_of(before.id, before.evaluation, evaluation)
    return Judgement(scenario, record, subject, facts, evaluation, comparison, before)


def facts_of(scenario: Scenario, record: Record, subject: Subject) -> Facts:
    """Pure: what is known of a drill. At the table runs with --check count, in a live one those that did something."""
    mode = str(record.begun.get("mode"))
    live = mode == LIVE
    incident = subject.incident
    return Facts(
        scenario=scenario,
        mode=mode,
        answers=record.answers,
        runs=tuple(_run(run) for run in subject.runs if _did_something(run)) if live else record.played,
        goals=goals_of(subject.runs, record.measured, subject.policy) if live else (),
        clocks=tuple(_clocks(subject)) if live else (),
        events=frozenset(event.kind for event in incident.events) if incident is not None else frozenset(),
    )


def _did_something(run: Run) -> bool:
    return not run.check and run.playbook not in OF_THE_OFFICE


def _run(run: Run) -> kinds.Run:
    status = {None: kinds.UNKNOWN, OK: kinds.OK}.get(run.status, kinds.FAILED)
    return kinds.Run(
        run.playbook,
        status,
        began_epoch=run.begun_epoch,
        seconds=run.seconds,
        steps=run.steps,
        why=said("no_end") if run.status is None else _why(run),
        confirm=str(run.begun.get("confirm") or ""),
        directory=run.directory,
    )


def _why(run: Run) -> str:
    """Return what failed last, where something did."""
    bad = [each for each in run.actions if each.status in (FAILED, UNREACHABLE)]
    return f"{bad[-1].host}: {bad[-1].message or bad[-1].task}" if bad else ""


# -- objectives ------------------------------------------------------------------------------------


def goals_of(
    runs: Iterable[Run], measured: Mapping[str, Mapping[str, float]], policy: Policy | None
) -> tuple[Goal, ...]:
    """Pure: the objectives of all runs, each once, by the worst that was seen.

    What somebody measured beside a procedure, such as the outage as its users saw it, counts as its figure too.
    """
    told = [_measured(procedure, figures) for procedure, figures in measured.items()]
    plan = dict(policy.objectives) if policy is not None else {}
    by_name: dict[tuple[str, str], list[Objective]] = {}
    for each in objectives_of([*runs, *told], plan):
        by_name.setdefault((each.procedure, each.name), []).append(each)
    return tuple(_goal(same) for same in by_name.values())


def _measured(procedure: str, figures: Mapping[str, float]) -> Run:
    """Return figures as those of a run, of which nothing else is known."""
    step = {"procedure": procedure, "figures": dict(figures)}
    return Run(procedure, "", Chain("", 0, ""), begun={"playbook": procedure}, status=OK, steps=(step,))


def _goal(same: list[Objective]) -> Goal:
    """Return one objective of several runs: what was missed once is missed; a run that did not measure says nothing."""
    order = (MISSED, MET, NOT_MEASURED)
    worst = min(same, key=lambda each: (order.index(each.verdict), _badness(each)))
    return Goal(worst.procedure, worst.name, worst.limit, worst.achieved, worst.verdict == MET, at_least=worst.at_least)


def _badness(objective: Objective) -> float:
    """Return a number that is the smaller the worse the figure is."""
    if objective.achieved is None:
        return 0.0
    return objective.achieved if objective.at_least else -objective.achieved


# -- deadlines -------------------------------------------------------------------------------------


def _clocks(subject: Subject) -> Iterable[Clock]:
    phases = {each.key: _phase(each.done_by) for each in subject.policy.deadlines} if subject.policy else {}
    for each in subject.deadlines:
        yield Clock(each.key, as_text(each.title), phases.get(each.key, LATER), each.state)


def _phase(done_by: Iterable[str]) -> str:
    return next((EVENT_PHASES[kind] for kind in done_by if kind in EVENT_PHASES), LATER)


def with_record(judgement: Judgement, record: Record) -> Judgement:
    """Return a judgement with the record as it is now, which has its own line in it."""
    return replace(judgement, record=record)
