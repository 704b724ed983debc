# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident's own facts: what is known of it, who was told, which deadlines were kept, who approved."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import DueDeadline
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import (
    DETAILS,
    SENT,
    Delivery,
    Incident,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Badge,
    Facts,
    Inline,
    Lines,
    Muted,
    Section,
    Table,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, UNKNOWN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_events import detail
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject

ASKED = (
    "place",
    "incident_class",
    "cause",
    "effect",
    "scope",
    "data_loss",
    "handling",
    "handling_error",
    "rule_broken",
    "prevention",
)
"""What the fault report of every plan asks for: shown also where nobody has said it yet."""
SHOWN_ELSEWHERE = ("title", "occurred_epoch", "discovered_epoch")
KEPT = {"met": GOOD, "missed": BAD, "overdue": BAD, "due": WARN}


def record_of(subject: Subject) -> Section | None:
    """Return the fault report: what the plans want written down."""
    incident, voice = subject.incident, subject.voice
    if incident is None:
        return None
    return Section("record", voice.say("fault_record"), (Facts(tuple(_facts(subject, incident))), _grades(subject)))


def _facts(subject: Subject, incident: Incident) -> Iterator[tuple[str, Inline]]:
    voice = subject.voice
    yield voice.say("number"), incident.id
    yield voice.say("occurred"), voice.moment(incident.occurred_epoch)
    yield voice.say("discovered"), voice.moment(incident.discovered_epoch)
    if incident.occurred_epoch is not None:
        yield voice.say("unseen"), voice.duration(max(0.0, incident.discovered_epoch - incident.occurred_epoch))
    yield voice.say("activated"), _moment_or_not(subject, incident.activated_epoch)
    yield voice.say("recovered"), _moment_or_not(subject, incident.recovered_epoch)
    yield voice.say("closed"), _moment_or_not(subject, incident.closed_epoch)
    for name in DETAILS:
        value = incident.details.get(name)
        if name not in SHOWN_ELSEWHERE and (value is not None or name in ASKED):
            said = voice.say("not_said_yet") if value in (None, "") else detail(subject, name, value)
            yield voice.known("detail", name), said
    for key, who in incident.confirmed.items():
        yield voice.say("confirmed_by", name=subject.department(key)), subject.contact(who)


def _moment_or_not(subject: Subject, epoch: float | None) -> str:
    return subject.voice.say("not_yet") if epoch is None else subject.voice.moment(epoch)


def _grades(subject: Subject) -> Table:
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("time", "grade", "why", "who"))
    rows = tuple(
        (
            voice.clock(each.epoch, subject.day),
            subject.severity(each.severity),
            voice.text(each.why) or each.rule,
            each.by,
        )
        for each in (subject.incident.changes if subject.incident else ())
    )
    return Table(voice.say("grades"), heads, rows, ("short", "", "wide", ""))


# -- notices ---------------------------------------------------------------------------------------


def notices_of(subject: Subject) -> Section:
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("notice", "contact", "planned", "became", "way"))
    found = subject.incident.deliveries.values() if subject.incident else ()
    rows = tuple(_notice(subject, delivery) for delivery in sorted(found, key=lambda each: each.epoch))
    table = Table(voice.say("notices_caption"), heads, rows, ("", "", "short", "", ""))
    return Section("notices", voice.say("notices"), (table,))


def _notice(subject: Subject, delivery: Delivery) -> tuple[Inline, ...]:
    voice, day = subject.voice, subject.day
    planned = "" if delivery.planned_epoch is None else voice.clock(delivery.planned_epoch, day)
    sent = delivery.sent_epoch if delivery.state == SENT else None
    when = voice.clock(delivery.epoch if sent is None else sent, day)
    kind = GOOD if sent is not None else BAD if delivery.given_up else UNKNOWN
    state = "given_up" if delivery.given_up else delivery.state
    answered = (subject.incident.acknowledged if subject.incident else {}).get(delivery.contact)
    if answered is not None and sent is not None and answered < sent:
        # It was an earlier notice that was answered.
        answered = None
    more = [] if answered is None else [voice.say("acknowledged_at", at=voice.clock(answered, day))]
    more += [delivery.reason] if delivery.reason and sent is None else []
    tries = voice.say("attempts", count=delivery.attempts) if delivery.attempts > 1 else ""
    way = Lines(tuple(part for part in (delivery.channel, tries) if part))
    became = Lines((Badge(kind, voice.known("notice", state)), when, *more))
    text = subject.notice(delivery.key)
    said = Lines((delivery.key, Muted(text))) if text else delivery.key
    return said, subject.contact(delivery.contact), planned, became, way


# -- deadlines -------------------------------------------------------------------------------------


def deadlines_of(subject: Subject) -> Section:
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("deadline", "until", "done_at", "verdict"))
    rows = tuple(_deadline(subject, kept) for kept in sorted(subject.deadlines, key=lambda each: each.due_epoch))
    table = Table(voice.say("deadlines_caption"), heads, rows, ("", "short", "short", "short"))
    return Section("deadlines", voice.say("deadlines"), (table,))


def _deadline(subject: Subject, kept: DueDeadline) -> tuple[Inline, ...]:
    voice = subject.voice
    done = "" if kept.met_epoch is None else voice.clock(kept.met_epoch, subject.day)
    badge = Badge(KEPT.get(kept.state, UNKNOWN), voice.known("kept", kept.state))
    return subject.voice.text(kept.title), voice.clock(kept.due_epoch, subject.day), done, badge
