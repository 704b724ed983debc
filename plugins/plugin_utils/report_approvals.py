# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who allowed what, as the journals and the incident tell it; what went on without an approval is told as that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Badge,
    Code,
    Inline,
    Lines,
    Muted,
    Section,
    Table,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, PLAIN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Line, number
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject

SIGNED, STANDING, UNAVOIDABLE, REFUSED = "signed", "standing", "unavoidable", "refused"
KINDS = {SIGNED: GOOD, STANDING: PLAIN, UNAVOIDABLE: WARN}
OPENED, ROTATED = "opened", "rotated"
HASH_SHOWN = 16
"""Characters of a plan's hash; the journal has all of it."""


def section_of(subject: Subject) -> Section:
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("approved", "basis", "by_whom", "plan"))
    rows = tuple(_decision(subject, line) for line in decisions(subject))
    table = Table(voice.say("approvals_caption"), heads, rows, ("", "short", "", ""))
    return Section("approvals", voice.say("approvals"), (table, _credentials(subject)))


def decisions(subject: Subject) -> list[Line]:
    """Return the decisions, each once, also where journal and incident both tell of it."""
    there = {_key(line): line for line in _told(subject)}
    return list(there.values())


def _told(subject: Subject) -> Iterator[Line]:
    for run in subject.runs:
        yield from run.approvals
    for event in subject.incident.events if subject.incident else ():
        if event.kind == "approval":
            yield event.fields


def _key(line: Line) -> tuple[str, ...]:
    who = ",".join(str(each.get("approver")) for each in given(line))
    return (*(str(line.get(name, "")) for name in ("procedure", "target", "plan")), basis(line), who)


def basis(line: Line) -> str:
    """Pure: on what ground it went on: signed, standing, unavoidable, or refused where it did not."""
    return str(line.get("basis") or SIGNED) if line.get("granted") is True else REFUSED


def given(line: Line) -> Sequence[Line]:
    """Pure: the approvals that a decision counts."""
    several = line.get("approvals")
    return [each for each in several if isinstance(each, Mapping)] if isinstance(several, (list, tuple)) else []


def what(subject: Subject, line: Line) -> str:
    """Return what a decision is about."""
    return " ".join(part for part in (subject.procedure(str(line.get("procedure", ""))), _text(line, "target")) if part)


def _text(line: Line, name: str) -> str:
    return str(line.get(name) or "")


def _decision(subject: Subject, line: Line) -> tuple[Inline, ...]:
    voice, ground = subject.voice, basis(line)
    person = line.get("person")
    asked = voice.names(person) if isinstance(person, (list, tuple)) else ""
    reasons = voice.text(line["reasons"]) if line.get("reasons") and ground != SIGNED else ""
    said = [Muted(each) for each in (voice.say("asked_by", names=asked) if asked else "", reasons) if each]
    plan = _text(line, "plan")[:HASH_SHOWN]
    badge = Badge(KINDS.get(ground, BAD), voice.known("basis", ground))
    return Lines((what(subject, line), *said)), badge, Lines(tuple(_people(subject, line))), Code(plan) if plan else ""


def _people(subject: Subject, line: Line) -> Iterator[Inline]:
    voice = subject.voice
    for each in given(line):
        yield _text(each, "approver")
        since, until = (_moment(subject, each.get(name)) for name in ("approved_at", "valid_until"))
        yield Muted(voice.say("approval_valid", since=since, until=until))
        if each.get("own"):
            yield Muted(voice.say("approval_own"))
        if each.get("comment"):
            yield Muted(_text(each, "comment"))
    standing = line.get("standing")
    if isinstance(standing, Mapping):
        yield voice.say("approval_standing", by=_text(standing, "by"), until=_moment(subject, standing.get("until")))


def _moment(subject: Subject, value: object) -> str:
    """Return a time that is told as seconds or in ISO 8601 by the clock of the report."""
    epoch = number(value)
    if epoch is None and isinstance(value, str):
        try:
            epoch = datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError, OSError):
            return value
    return subject.voice.moment(epoch)


def granted_without(subject: Subject) -> list[str]:
    """Return what went on without an approval, as not acting would have been the greater damage."""
    return [what(subject, line) for line in decisions(subject) if basis(line) == UNAVOIDABLE]


# -- sealed credentials ----------------------------------------------------------------------------


def opened(subject: Subject) -> list[str]:
    """Return the sealed credentials that were opened last and not rotated after it."""
    state: dict[str, str] = {}
    for event in subject.incident.events if subject.incident else ():
        if event.kind == "break_glass":
            state[_text(event.fields, "name")] = _text(event.fields, "state")
    return [name for name, last in state.items() if last == OPENED]


def _credentials(subject: Subject) -> Table:
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("time", "credential", "state", "why", "who"))
    rows = tuple(
        (
            voice.clock(event.epoch, subject.day),
            _text(event.fields, "name"),
            voice.known("glass", _text(event.fields, "state")),
            voice.text(event.fields.get("reason", "")),
            event.by,
        )
        for event in (subject.incident.events if subject.incident else ())
        if event.kind == "break_glass"
    )
    return Table(voice.say("credentials_caption"), heads, rows, ("short", "", "", "wide", ""))
