# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened as a picture."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import DueDeadline
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Picture, Section
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, PLAIN, UNKNOWN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Line, Run, host_of, number
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_work import outcome
from ansible_collections.contingency.infra.plugins.plugin_utils.svg_timeline import (
    Lane,
    Mark,
    Row,
    Span,
    timeline,
    within,
)

MOST_STEPS, MOST_ROWS = 6, 12
"""Of one run, and of one lane: more would not fit on a sheet; the table has all of them."""
COARSE = 4.0
"""A whole that takes so many times as long as the repair has a picture of the repair before it."""
MOMENTS = ("activated", "recovered", "closed")
KINDS = {"met": GOOD, "missed": BAD, "overdue": BAD, "due": WARN}


def timeline_of(subject: Subject) -> Section:
    """Return the picture of the whole, and before it, where that would be too coarse, one of the repair alone."""
    voice = subject.voice
    incident = Lane(voice.say("lane_incident"), tuple(_incident_rows(subject)))
    work = Lane(voice.say("lane_runs"), _work_rows(subject))
    people = [
        Lane(voice.say("lane_notices"), _limited(subject, tuple(_notice_rows(subject)))),
        Lane(voice.say("lane_deadlines"), _limited(subject, tuple(_deadline_rows(subject)))),
    ]
    window = _repair(subject)
    if window is None:
        pictures = [_picture(subject, "timeline", [incident, work, *people])]
    else:
        runs = Lane(work.title, _limited(subject, tuple(_run_rows(subject, steps=False))))
        close = within([incident, work, people[0]], *window)
        pictures = [_picture(subject, "repair", close), _picture(subject, "timeline", [incident, runs, *people])]
    return Section("timeline", voice.say("timeline"), tuple(pictures))


def _repair(subject: Subject) -> tuple[float, float] | None:
    """Return the time from the fault to the recovery, where the whole took so much longer that it would hardly show."""
    incident = subject.incident
    if incident is None or incident.recovered_epoch is None:
        return None
    seconds = incident.recovered_epoch - incident.began_epoch
    last = max([event.epoch for event in incident.events] + [each.due_epoch for each in subject.deadlines])
    margin = 0.15 * seconds
    coarse = seconds > 0 and last - incident.began_epoch > COARSE * seconds
    return (incident.began_epoch - margin, incident.recovered_epoch + margin) if coarse else None


def _picture(subject: Subject, name: str, lanes: list[Lane]) -> Picture:
    voice = subject.voice
    drawn = timeline(name, voice.say(name), _described(subject, lanes), lanes, voice.zone)
    words = voice.sentences(voice.say(name), voice.say("see_page"))
    return Picture(drawn, voice.sentences(voice.say(name), voice.say("timeline_caption")), words)


def _described(subject: Subject, lanes: list[Lane]) -> str:
    """Return in words what there is to see, for those who cannot see it."""
    parts = [f"{lane.title}: {subject.voice.say('between').join(row.label for row in lane.rows)}" for lane in lanes]
    there = [part for part, lane in zip(parts, lanes) if lane.rows]
    return subject.voice.sentences(*there, subject.voice.say("same_as_table"))


def _limited(subject: Subject, rows: tuple[Row, ...], most: int = MOST_ROWS) -> tuple[Row, ...]:
    if len(rows) <= most:
        return rows
    return (*rows[: most - 1], Row(subject.voice.say("and_more", count=len(rows) - most + 1)))


def _label(subject: Subject, epoch: float, said: str) -> str:
    return f"{subject.voice.clock(epoch, subject.day)}  {said}"


def _incident_rows(subject: Subject) -> Iterator[Row]:
    incident, voice = subject.incident, subject.voice
    if incident is None:
        return
    for start, end in outages(incident):
        kind = BAD if end is not None else UNKNOWN
        shown = None if end is None else max(start, end)
        yield Row(_label(subject, start, voice.say("row_outage")), (Span(start, shown, kind, voice.say("row_outage")),))
    yield _moment(subject, incident.discovered_epoch, "row_discovered", PLAIN)
    for grading in incident.changes:
        said = voice.say("row_graded", severity=subject.severity(grading.severity))
        yield Row(_label(subject, grading.epoch, said), marks=(Mark(grading.epoch, PLAIN),))
    yield from _moments(subject, incident)
    for key, state in incident.manual_work.items():
        if state.started_epoch is not None:
            said = voice.say("row_manual", name=subject.department(key))
            span = Span(state.started_epoch, state.ended_epoch, WARN, said)
            yield Row(_label(subject, state.started_epoch, said), (span,))


def _moments(subject: Subject, incident: Incident) -> Iterator[Row]:
    times = (incident.activated_epoch, incident.recovered_epoch, incident.closed_epoch)
    for name, epoch in zip(MOMENTS, times):
        if epoch is not None:
            yield _moment(subject, epoch, f"row_{name}", GOOD if name == "recovered" else PLAIN)


def _moment(subject: Subject, epoch: float, key: str, kind: str) -> Row:
    return Row(_label(subject, epoch, subject.voice.say(key)), marks=(Mark(epoch, kind),))


def outages(incident: Incident) -> list[tuple[float, float | None]]:
    """Pure: when service was gone: a fault that came back makes another one; the last is open while it goes on.

    A recovery that was told again corrects the time of the last one. An end may lie before its start, where one of the
    two was told wrongly.
    """
    found: list[tuple[float, float | None]] = []
    began: float | None = incident.began_epoch
    for event in incident.events:
        if event.kind == "recovered" and began is not None:
            found.append((began, event.epoch))
            began = None
        elif event.kind == "recovered":
            found[-1] = (found[-1][0], event.epoch)
        elif event.kind == "relapsed" and began is None:
            began = event.epoch
    return found if began is None else [*found, (began, None)]


def _work_rows(subject: Subject) -> tuple[Row, ...]:
    """Return the runs with their steps; without them where not all runs would be seen else."""
    most = 3 * MOST_ROWS
    rows = tuple(_run_rows(subject, steps=True))
    return rows if len(rows) <= most else _limited(subject, tuple(_run_rows(subject, steps=False)), most)


def _run_rows(subject: Subject, *, steps: bool) -> Iterator[Row]:
    for run in subject.runs:
        kind = PLAIN if run.check else outcome(subject, run).kind
        said = subject.voice.say("row_planned" if run.check else "row_run", playbook=subject.procedure(run.playbook))
        end, torn = (run.last_epoch, True) if run.ended_epoch is None else (run.ended_epoch, False)
        yield Row(_label(subject, run.begun_epoch, said), (Span(run.begun_epoch, end, kind, said, torn),))
        shown = run.steps[:MOST_STEPS] if steps and not (run.check or run.only_looked) else ()
        yield from (_step_row(subject, run, step) for step in shown)
        if shown and len(run.steps) > len(shown):
            yield Row(f"    {subject.voice.say('and_more', count=len(run.steps) - len(shown))}")


def _step_row(subject: Subject, run: Run, step: Line) -> Row:
    end = number(step.get("ended_epoch")) or number(step.get("epoch")) or run.last_epoch
    start = number(step.get("began_epoch")) or end
    said = subject.voice.text(step.get("text", ""))
    host = f"{host_of(step)}: " if host_of(step) else ""
    kind = GOOD if step.get("ok", True) else BAD
    return Row(f"    {host}{said}", (Span(min(start, end), end, kind, said),))


def _notice_rows(subject: Subject) -> Iterator[Row]:
    by_key: dict[str, list[Mark]] = {}
    for delivery in subject.incident.deliveries.values() if subject.incident else ():
        sent = delivery.sent_epoch is not None
        epoch = delivery.epoch if delivery.sent_epoch is None else delivery.sent_epoch
        said = subject.contact(delivery.contact)
        by_key.setdefault(delivery.key, []).append(
            Mark(epoch, GOOD if sent else BAD if delivery.given_up else UNKNOWN, said, hollow=not sent)
        )
    for key, marks in by_key.items():
        first = min(mark.epoch for mark in marks)
        yield Row(_label(subject, first, subject.voice.say("row_notice", key=key, count=len(marks))), (), tuple(marks))


def _deadline_rows(subject: Subject) -> Iterator[Row]:
    for kept in sorted(subject.deadlines, key=lambda each: each.due_epoch):
        yield Row(
            _label(subject, kept.due_epoch, subject.voice.text(kept.title)), (), tuple(_deadline_marks(subject, kept))
        )


def _deadline_marks(subject: Subject, kept: DueDeadline) -> Iterator[Mark]:
    yield Mark(kept.due_epoch, KINDS.get(kept.state, UNKNOWN), subject.voice.text(kept.title), hollow=True)
    if kept.met_epoch is not None:
        yield Mark(kept.met_epoch, KINDS.get(kept.state, UNKNOWN), subject.voice.text(kept.title))
