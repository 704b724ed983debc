# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened, in sentences in the order of time: the incident's events, the runs and their steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import DETAILS, SENT, Event
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Section, Table
from ansible_collections.contingency.infra.plugins.plugin_utils.report_approvals import SIGNED, basis, given, what
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Run, host_of, number
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_work import outcome

MOST = 400
"""Rows of the table; a report is read by people, and the records have the rest. Of runs the later ones are left out."""


@dataclass(frozen=True)
class Told:
    """One thing that happened, who did it or where."""

    epoch: float
    what: str
    who: str = ""
    of_run: bool = False


def section_of(subject: Subject) -> Section:
    """Return all of it as a table."""
    voice = subject.voice
    found = list(all_told(subject))
    shown = sorted(sorted(found, key=lambda each: (each.of_run, each.epoch))[:MOST], key=lambda each: each.epoch)
    rows = tuple((voice.clock(each.epoch, subject.day), each.what, each.who) for each in shown)
    more = ((voice.say("and_more", count=len(found) - MOST), "", ""),) if len(found) > MOST else ()
    heads = (voice.say("head_time"), voice.say("head_what"), voice.say("head_who"))
    caption = voice.say("chronology_caption", day=subject.day, zone=zone_name(subject))
    table = Table(caption, heads, (*rows, *more), ("short", "", "narrow"))
    return Section("chronology", voice.say("chronology"), (table,))


def zone_name(subject: Subject) -> str:
    zone = subject.voice.zone
    return str(getattr(zone, "key", "") or zone)


def all_told(subject: Subject) -> Iterator[Told]:
    """Yield what happened, in no order."""
    incident = subject.incident
    if incident and incident.occurred_epoch is not None:
        yield Told(incident.occurred_epoch, subject.voice.say("event_occurred"))
    for event in incident.events if incident else ():
        what = _EVENTS[event.kind](subject, event) if event.kind in _EVENTS else ""
        if what:
            epoch = incident.discovered_epoch if incident and event.kind == "opened" else event.epoch
            yield Told(epoch, what, event.by)
    yield from _sent(subject)
    for run in subject.runs:
        yield from (replace(each, of_run=True) for each in _of_run(subject, run))


def _of_run(subject: Subject, run: Run) -> Iterator[Told]:
    voice = subject.voice
    name = subject.procedure(run.playbook)
    yield Told(run.begun_epoch, voice.say("run_planned" if run.check else "run_begun", playbook=name), run.person)
    for step in run.steps:
        epoch = number(step.get("ended_epoch")) or number(step.get("epoch")) or run.begun_epoch
        key = "step_done" if step.get("ok", True) else "step_failed"
        yield Told(epoch, voice.say(key, text=voice.text(step.get("text", ""))), host_of(step))
    if run.ended_epoch is not None:
        took = voice.duration(run.seconds)
        status = outcome(subject, run).text
        yield Told(run.ended_epoch, voice.say("run_ended", playbook=name, status=status, took=took))
    else:
        yield Told(run.last_epoch, voice.say("run_broken_off", playbook=name))


def _sent(subject: Subject) -> Iterator[Told]:
    """Yield when each contact was told; what was tried in between has a table of its own."""
    for delivery in subject.incident.deliveries.values() if subject.incident else ():
        if delivery.state == SENT and delivery.sent_epoch is not None:
            said = subject.voice.say("event_sent", contact=subject.contact(delivery.contact), key=delivery.key)
            yield Told(delivery.sent_epoch, said, delivery.channel)


# -- events ----------------------------------------------------------------------------------------


def _opened(subject: Subject, event: Event) -> str:
    return subject.voice.say("event_opened", title=event.fields.get("title", ""))


def _updated(subject: Subject, event: Event) -> str:
    voice = subject.voice
    changed = [
        voice.say("changed", name=voice.known("detail", name), value=detail(subject, name, event.fields[name]))
        for name in DETAILS
        if name in event.fields
    ]
    return voice.say("between").join(changed)


def detail(subject: Subject, name: str, value: object) -> str:
    """Return what is known of an incident, as people read it."""
    voice = subject.voice
    if value is None:
        return voice.say("unknown")
    if name == "incident_class":
        return subject.incident_class(str(value))
    if name == "scope":
        return subject.scope(str(value))
    if name.endswith("_epoch"):
        return voice.moment(number(value))
    if name.endswith("_seconds"):
        return voice.duration(number(value))
    return voice.text(value)


def _graded(subject: Subject, event: Event) -> str:
    why = subject.voice.text(event.fields.get("why", ""))
    return subject.voice.say("event_graded", severity=subject.severity(str(event.fields["severity"])), why=why)


def _acknowledged(subject: Subject, event: Event) -> str:
    return subject.voice.say("event_acknowledged", who=subject.contact(str(event.fields["who"])))


def _manual_work(subject: Subject, event: Event) -> str:
    names = subject.voice.names(subject.department(str(each)) for each in event.fields["departments"])
    return subject.voice.say(f"event_manual_{event.fields['state']}", names=names)


def _confirmed(subject: Subject, event: Event) -> str:
    fields = event.fields
    return subject.voice.say("event_confirmed", name=subject.department(str(fields["department"])), who=fields["who"])


def _reentered(subject: Subject, event: Event) -> str:
    fields = event.fields
    what = subject.voice.text(fields["what"])
    return subject.voice.say("event_reentered", name=subject.department(str(fields["department"])), what=what)


def _note(subject: Subject, event: Event) -> str:
    return subject.voice.text(event.fields["text"])


def _notice(subject: Subject, event: Event) -> str:
    """Only a failure for good is told here."""
    if event.fields["state"] != "failed" or not event.fields.get("final"):
        return ""
    contact = subject.contact(str(event.fields.get("contact", "")))
    return subject.voice.say("event_not_sent", contact=contact, key=event.fields["key"])


def _approval(subject: Subject, event: Event) -> str:
    ground = basis(event.fields)
    who = subject.voice.names(each.get("approver", "") for each in given(event.fields))
    key = "event_approval" if ground == SIGNED else "event_approval_by"
    names = who or subject.voice.known("basis", ground)
    return subject.voice.say(key, who=names, what=what(subject, event.fields))


def _break_glass(subject: Subject, event: Event) -> str:
    state = subject.voice.known("glass", str(event.fields.get("state", "")))
    return subject.voice.say("event_break_glass", what=event.fields.get("name", ""), state=state)


def _said(key: str) -> Callable[[Subject, Event], str]:
    def say(subject: Subject, _event: Event) -> str:
        return subject.voice.say(key)

    return say


_EVENTS: Mapping[str, Callable[[Subject, Event], str]] = {
    "opened": _opened,
    "updated": _updated,
    "graded": _graded,
    "activated": _said("event_activated"),
    "acknowledged": _acknowledged,
    "manual_work": _manual_work,
    "recovered": _said("event_recovered"),
    "relapsed": _said("event_relapsed"),
    "confirmed": _confirmed,
    "reentered": _reentered,
    "note": _note,
    "notice": _notice,
    "approval": _approval,
    "break_glass": _break_glass,
    "closed": _said("event_closed"),
}
"""Runs, notices that went out, deadlines and reports have places of their own."""
