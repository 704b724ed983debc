# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody who reads nothing else has to know."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Block, Callout, Tile, Tiles
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, PLAIN, UNKNOWN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_evidence import altered, unproven
from ansible_collections.contingency.infra.plugins.plugin_utils.report_objectives import (
    MET,
    MISSED,
    loss_unmeasured,
    worst,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_open import last_runs, points
from ansible_collections.contingency.infra.plugins.plugin_utils.report_picture import outages
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import OK
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_work import outcome

GRAVITY = (BAD, UNKNOWN, WARN, GOOD, PLAIN)


def opening_of(subject: Subject) -> tuple[Block, ...]:
    """Return the headline with what has to be known, and the figures."""
    tiles = tuple(_tiles(subject))
    kind = min((*(tile.kind for tile in tiles), _runs_kind(subject)), key=GRAVITY.index)
    return (Callout(kind, (headline(subject), *_sentences(subject))), Tiles(tiles))


def headline(subject: Subject) -> str:
    incident, voice = subject.incident, subject.voice
    if incident is None:
        return _headline_of_runs(subject)
    seconds = outage_seconds(incident, subject.now)
    if incident.recovered_epoch is None:
        return voice.say("headline_going_on", since=voice.moment(incident.began_epoch))
    if seconds is None:
        return voice.say("headline_recovered_before")
    key = "headline_recovered" if incident.occurred_epoch is not None else "headline_recovered_unseen"
    return voice.say(key, took=voice.duration(seconds))


def outage_seconds(incident: Incident, now: float) -> float | None:
    """Pure: how long service was gone in all, also where the fault came back; None where an end is before its start."""
    lengths = [(max(now, start) if end is None else end) - start for start, end in outages(incident)]
    return None if min(lengths) < 0 else sum(lengths)


def _headline_of_runs(subject: Subject) -> str:
    voice = subject.voice
    run = subject.runs[-1]
    status = voice.say("only_planned") if run.check and run.status == OK else outcome(subject, run).text
    key = "headline_run" if run.seconds is not None else "headline_run_open"
    return voice.say(key, playbook=subject.procedure(run.playbook), status=status, took=voice.duration(run.seconds))


def _sentences(subject: Subject) -> Iterator[str]:
    incident, voice = subject.incident, subject.voice
    if altered(subject):
        yield voice.say("summary_altered")
    if incident is not None:
        severity = subject.severity(incident.severity) if incident.severity else voice.say("not_graded")
        yield voice.say("summary_grade", severity=severity)
        if incident.confirmed:
            yield voice.say("summary_confirmed", names=voice.names(subject.department(k) for k in incident.confirmed))
    for run in last_runs(subject) if incident else ():
        key = "summary_run" if run.seconds is not None else "summary_run_open"
        name, status = subject.procedure(run.playbook), outcome(subject, run).text
        yield voice.say(key, playbook=name, status=status, took=voice.duration(run.seconds))
    missed = [each for each in subject.objectives if each.verdict == MISSED]
    if missed:
        names = voice.names(dict.fromkeys(voice.figure_name(each.name) for each in missed))
        yield voice.say("summary_missed", names=names)
    count = len(points(subject))
    yield voice.say("summary_open", count=count) if count else voice.say("nothing_open")


def _runs_kind(subject: Subject) -> str:
    runs = last_runs(subject)
    if any(run.status is None for run in runs):
        return UNKNOWN
    if any(run.status != OK for run in runs):
        return BAD
    return WARN if any(run.in_part for run in runs) else GOOD


# -- figures ---------------------------------------------------------------------------------------


def _tiles(subject: Subject) -> Iterator[Tile]:
    if subject.incident is not None:
        yield _outage(subject, subject.incident)
    else:
        yield from _measured(subject)
    if subject.incident is not None or worst(subject.runs, "data_loss_seconds") is not None:
        yield _loss(subject)
    yield from _counted(subject)
    yield _evidence(subject)


def _outage(subject: Subject, incident: Incident) -> Tile:
    voice = subject.voice
    seconds = outage_seconds(incident, subject.now)
    expected = incident.details.get("expected_outage_seconds")
    against = voice.say("expected", took=voice.duration(expected)) if isinstance(expected, (int, float)) else ""
    going_on = incident.recovered_epoch is None
    figure = voice.say("going_on") if going_on else voice.duration(seconds)
    return Tile(voice.say("tile_outage"), figure, against, BAD if going_on else UNKNOWN if seconds is None else PLAIN)


def _measured(subject: Subject) -> Iterator[Tile]:
    for name in ("outage_seconds", "longest_gap_ms", "restore_seconds"):
        value = worst(subject.runs, name)
        if value is not None:
            yield Tile(subject.voice.figure_name(name), subject.voice.figure(name, value))


def _loss(subject: Subject) -> Tile:
    """Return the worst of what was measured and what people told."""
    voice = subject.voice
    seconds, unmeasured = worst(subject.runs, "data_loss_seconds"), loss_unmeasured(subject.runs)
    told = subject.incident.details.get("data_loss") if subject.incident else None
    name, lost = voice.say("tile_loss"), told not in (None, False, 0, "")
    up_to = voice.say("up_to", took=voice.duration(seconds)) if seconds else ""
    if up_to and not unmeasured:
        return Tile(name, up_to, voice.say("measured"), WARN)
    if lost:
        return Tile(name, voice.text(told), voice.say("as_told"), WARN)
    if told is not None and (unmeasured or seconds is None) and not up_to:
        return Tile(name, voice.say("none"), voice.say("as_told"), GOOD)
    if unmeasured:
        return Tile(name, voice.say("unknown"), voice.comma(up_to, voice.say("not_measured")), UNKNOWN)
    if seconds is not None:
        return Tile(name, voice.say("none"), voice.say("measured"), GOOD)
    return Tile(name, voice.say("unknown"), voice.say("not_measured"), PLAIN)


def _counted(subject: Subject) -> Iterator[Tile]:
    objectives = subject.objectives
    if objectives:
        kept = sum(each.verdict == MET for each in objectives)
        bad = any(each.verdict == MISSED for each in objectives)
        yield _share(subject, "tile_objectives", kept, len(objectives), WARN if bad else UNKNOWN)
    decided = [each for each in subject.deadlines if each.state != "due"]
    if decided:
        kept = sum(each.state == "met" for each in decided)
        yield _share(subject, "tile_deadlines", kept, len(decided), WARN)
    deliveries = list(subject.incident.deliveries.values()) if subject.incident else []
    if deliveries:
        sent = sum(each.sent_epoch is not None for each in deliveries)
        yield _share(subject, "tile_notices", sent, len(deliveries), WARN)


def _share(subject: Subject, key: str, kept: int, count: int, otherwise: str) -> Tile:
    figure = subject.voice.say("of", part=kept, all=count)
    return Tile(subject.voice.say(key), figure, kind=GOOD if kept == count else otherwise)


def _evidence(subject: Subject) -> Tile:
    voice = subject.voice
    found = altered(subject)
    if found:
        return Tile(voice.say("tile_evidence"), voice.say("evidence_altered", count=len(found)), kind=BAD)
    doubtful = unproven(subject)
    if doubtful:
        return Tile(voice.say("tile_evidence"), voice.say("evidence_unproven", count=len(doubtful)), kind=UNKNOWN)
    return Tile(voice.say("tile_evidence"), voice.say("evidence_whole"), kind=GOOD)
