# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still open: all that is not done, not proven or not known, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import SENT
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Bullets, Paragraph, Section
from ansible_collections.contingency.infra.plugins.plugin_utils.report_approvals import granted_without, opened
from ansible_collections.contingency.infra.plugins.plugin_utils.report_evidence import altered, unproven
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import OK, Line, Run, host_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_told import ASKED

MOST = 30


def section_of(subject: Subject) -> Section:
    voice = subject.voice
    found = list(points(subject))
    more = (voice.say("and_more", count=len(found) - MOST),) if len(found) > MOST else ()
    blocks = (Bullets((*found[:MOST], *more), numbered=True),) if found else (Paragraph(voice.say("nothing_open")),)
    return Section("open", voice.say("open"), blocks)


def points(subject: Subject) -> list[str]:
    """Return the open points, each once."""
    found = (
        *altered(subject),
        *subject.problems,
        *_of_incident(subject),
        *_of_runs(subject),
        *_of_people(subject),
        *_of_approvals(subject),
        *unproven(subject),
        *_of_record(subject),
    )
    return list(dict.fromkeys(found))


def _of_incident(subject: Subject) -> Iterator[str]:
    incident, voice = subject.incident, subject.voice
    if incident is None:
        return
    if incident.recovered_epoch is None:
        yield voice.say("open_not_recovered")
    if incident.severity is None:
        yield voice.say("open_not_graded")
    for number in incident.unreadable:
        yield voice.say("open_unreadable", line=number)


def last_runs(subject: Subject) -> list[Run]:
    """Return the last run of each playbook that did something: an earlier failure that was made good is none.

    What was confirmed for one machine is not made good by a run for another one, nor by one that began before its end.
    """
    last: list[Run] = []
    for run in subject.runs:
        if not run.check:
            last = [each for each in last if not _makes_good(run, each)] + [run]
    return last


def _makes_good(run: Run, before: Run) -> bool:
    target = before.begun.get("confirm")
    ended = before.last_epoch if before.ended_epoch is None else before.ended_epoch
    same = run.playbook == before.playbook and (not target or target == run.begun.get("confirm"))
    return same and ended <= run.begun_epoch


def _of_runs(subject: Subject) -> Iterator[str]:
    voice = subject.voice
    for run in last_runs(subject):
        at = voice.clock(run.begun_epoch, subject.day)
        if run.status is None:
            yield voice.say("open_broken_off", playbook=subject.procedure(run.playbook), at=at)
        elif run.status != OK:
            yield voice.say("open_failed", playbook=subject.procedure(run.playbook), at=at)
        for step in run.steps:
            yield from _of_step(subject, run, step)


def _of_step(subject: Subject, run: Run, step: Line) -> Iterator[str]:
    voice, name = subject.voice, subject.procedure(run.playbook)
    host = f"{host_of(step)}: " if host_of(step) else ""
    if not step.get("ok", True):
        yield voice.say("open_step", playbook=name, text=f"{host}{voice.text(step.get('text', ''))}")
    for each in step.get("unproven") or ():
        yield voice.say("open_unproven", playbook=name, what=f"{host}{voice.text(each)}")
    if step.get("next_action"):
        yield voice.say("open_next", playbook=name, what=voice.text(step["next_action"]))


def _of_people(subject: Subject) -> Iterator[str]:
    incident, voice = subject.incident, subject.voice
    if incident is None:
        return
    for kept in subject.deadlines:
        if kept.state in ("due", "overdue"):
            yield voice.say(
                f"open_{kept.state}", title=subject.voice.text(kept.title), at=voice.clock(kept.due_epoch, subject.day)
            )
    for delivery in incident.deliveries.values():
        if delivery.state != SENT:
            state = "given_up" if delivery.given_up else delivery.state
            state = voice.known("notice", state)
            yield voice.say("open_notice", key=delivery.key, contact=subject.contact(delivery.contact), state=state)
    yield from _of_departments(subject)


def _of_approvals(subject: Subject) -> Iterator[str]:
    voice = subject.voice
    for name in opened(subject):
        yield voice.say("open_credential", what=name)
    for what in granted_without(subject):
        yield voice.say("open_unapproved", what=what)
    for run in subject.runs:
        said = run.begun.get("approvals")
        if isinstance(said, Mapping) and said and not run.check:
            words = " ".join(f"{name}={value}" for name, value in said.items())
            yield voice.say("open_approvals_said", playbook=subject.procedure(run.playbook), words=words)


def _of_departments(subject: Subject) -> Iterator[str]:
    incident, voice = subject.incident, subject.voice
    if incident is None:
        return
    reentered = {event.fields.get("department") for event in incident.events if event.kind == "reentered"}
    for key, state in incident.manual_work.items():
        name = subject.department(key)
        if state.going_on:
            yield voice.say("open_manual", name=name)
        elif key not in reentered:
            yield voice.say("open_reentry", name=name)
        if incident.recovered_epoch is not None and key not in incident.confirmed:
            yield voice.say("open_confirm", name=name)


def _of_record(subject: Subject) -> Iterator[str]:
    incident, voice = subject.incident, subject.voice
    if incident is None:
        return
    missing = [voice.known("detail", name) for name in ASKED if incident.details.get(name) in (None, "")]
    if incident.occurred_epoch is None:
        missing.insert(0, voice.say("occurred"))
    if missing:
        yield voice.say("open_record", names=voice.names(missing))
    if incident.closed_epoch is None:
        yield voice.say("open_not_closed")
