# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading all that a report is made from: the incident's record, the journals of its runs, the plan, the review.

A part that cannot be read is told in the report; it never keeps the rest of it from being made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import DueDeadline
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy, PolicyError
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.state import incident_of
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import whole_plan
from ansible_collections.contingency.infra.plugins.plugin_utils.report_after import FILE, read_answers
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import (
    Chain,
    Line,
    Run,
    RunError,
    read_run,
    runs_of,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_voice import voice_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words import WORDS

Plan = Union[Mapping[str, Any], str, None]
"""The contingency plan as the inventory has it, or a sentence that says why it cannot be read."""
DRILL = f"{store.DRILL}-"


class NothingToReport(Exception):
    """There is no such incident or run; the sentence says which there are and how to name one."""


@dataclass(frozen=True)
class Places:
    """Where the records lie on the controller."""

    evidence: str
    incidents: str
    drills: str

    def of(self, key: str) -> str:
        """Return the directory of an incident or a drill."""
        return os.path.join(self.drills if key.startswith(DRILL) else self.incidents, key)


def places_of(evidence: str, incidents: str | None, drills: str | None) -> Places:
    """Return where the records lie; incidents and drills below the evidence where nobody says otherwise."""
    return Places(
        evidence, incidents or os.path.join(evidence, "incidents"), drills or os.path.join(evidence, "drills")
    )


@dataclass(frozen=True)
class Made:
    """In which language a report is made, when (seconds since the epoch), and by whom (login@host)."""

    language: str
    now: float
    by: str


def of_incident(places: Places, key: str, plan: Plan, made: Made) -> Subject:
    """Return what there is to report of an incident or a drill; NothingToReport where there is no such one."""
    path = places.of(key)
    try:
        loaded = store.load(path)
        reading = chain.read(os.path.join(path, store.EVENTS))
    except store.StoreError as error:
        raise NothingToReport(_sentence(f"{error}; {_known(places)}")) from error
    policy, problems = _policy(plan, made.language)
    directories, missing = runs_of(places.evidence, key, [line for line in loaded.lines if line.get("kind") == "run"])
    runs, unread = _runs(directories)
    answers, lost = _answers(path, made.language)
    incident = incident_of(_with_report(loaded.lines, made))
    return Subject(
        voice=voice_of(made.language, policy.calendar.timezone if policy else None),
        now=made.now,
        runs=runs,
        incident=incident,
        policy=policy,
        deadlines=_deadlines(policy, incident, made.now),
        chains=(Chain.of_events(os.path.join(path, store.EVENTS), reading),),
        missing=tuple(missing),
        unread=unread,
        problems=(*problems, *lost),
        answers=answers,
        made_by=made.by,
    )


def of_run(directory: str, plan: Plan, made: Made) -> Subject:
    """Return what there is to report of one run that belongs to no incident; NothingToReport where it is none."""
    try:
        run = read_run(directory)
    except RunError as error:
        raise NothingToReport(str(error)) from error
    policy, problems = _policy(plan, made.language)
    voice = voice_of(made.language, policy.calendar.timezone if policy else None)
    return Subject(voice=voice, now=made.now, runs=(run,), policy=policy, problems=problems, made_by=made.by)


def the_open_one(places: Places) -> str:
    """Return the only incident that is open, where nobody said which one is meant; NothingToReport else."""
    try:
        found = store.open_ids(places.incidents)
    except store.StoreError as error:
        raise NothingToReport(_sentence(str(error))) from error
    if len(found) != 1:
        raise NothingToReport(_sentence(f"It is not clear what to report on; {_known(places)}"))
    return found[0]


def _known(places: Places) -> str:
    """Return which incidents and drills there are, the newest first."""
    try:
        there = [each.id for root in (places.incidents, places.drills) for each in reversed(store.listed_in(root))]
    except store.StoreError as error:
        return str(error)
    names = ", ".join(there[:10]) or f"none, neither in {places.incidents} nor in {places.drills}"
    return f"name it with -e incident=, one of: {names}; or a run with -e run=DIRECTORY"


def _sentence(said: str) -> str:
    return f"{said.rstrip('.')}."


def _policy(plan: Plan, language: str) -> tuple[Policy | None, tuple[str, ...]]:
    """Return the plan, and why it cannot be used: a report is needed also where somebody broke the inventory."""
    if not plan:
        return None, ()
    try:
        if not isinstance(plan, str):
            return policy_of(whole_plan(plan)), ()
        why = plan
    except PolicyError as error:
        why = str(error)
    return None, (WORDS[language]["problem_plan"].format(why=why.rstrip(".")),)


def _runs(directories: Iterable[str]) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    runs, problems = [], []
    for directory in directories:
        try:
            runs.append(read_run(directory))
        except RunError as error:
            problems.append(str(error))
    return tuple(sorted(runs, key=lambda run: (run.begun_epoch, run.name))), tuple(problems)


def _answers(path: str, language: str) -> tuple[dict[str, str], tuple[str, ...]]:
    try:
        return read_answers(path), ()
    except OSError as error:
        said = WORDS[language]["problem_answers"]
        return {}, (said.format(path=os.path.join(path, FILE), why=error.strerror),)


def _with_report(lines: Sequence[Line], made: Made) -> list[Line]:
    """Return the lines as they will be once the report that is being made is noted: it may be a deadline itself.

    One that was made before the clock of the deadline ran, such as that of a recovery, does not count for it.
    """
    note = {"kind": "report", "n": len(lines) + 1, "epoch": made.now, "path": "-", "sha256": "-", "by": made.by}
    return [*lines, note]


def _deadlines(policy: Policy | None, incident: Incident, now: float) -> tuple[DueDeadline, ...]:
    return () if policy is None else incident_due(policy, incident, now).deadlines
