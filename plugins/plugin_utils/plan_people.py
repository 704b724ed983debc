# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's sections about people: who, how a fault is graded, who is told by when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import (
    Condition,
    Contact,
    Deadline,
    Notice,
    Policy,
    Role,
    Rule,
    Shift,
    Span,
    Titled,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import zone
from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Block,
    Code,
    Inline,
    Lines,
    Paragraph,
    Section,
    Table,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import Speech

FLAGS = ("core_service", "data_loss", "handling_error", "recovered", "activated")
OUTAGES = ("outage_over", "outage_up_to", "elapsed_over", "elapsed_up_to")


def people(policy: Policy, speech: Speech) -> Section:
    say = speech.say
    blocks: list[Block] = [
        _table(
            speech,
            "roles",
            ("role", "contacts", "deputies"),
            (_role(policy, role, speech) for role in policy.roles.values()),
        ),
        _table(
            speech, "contacts", ("name", "phone", "channels"), (_contact(each) for each in policy.contacts.values())
        ),
        _table(
            speech,
            "departments",
            ("department", "contacts"),
            ((speech.text(each.name), _names(policy, each.contacts, speech)) for each in policy.departments.values()),
        ),
        _table(
            speech,
            "on_call",
            ("from", "until", "contacts", "role"),
            (_shift(policy, shift, speech) for shift in policy.on_call),
        ),
        _table(
            speech,
            "channels",
            ("channel", "kind"),
            ((channel.key, channel.kind) for channel in policy.channels.values()),
        ),
    ]
    return Section("people", say("section_people"), tuple(blocks))


def _table(speech: Speech, name: str, heads: Iterable[str], rows: Iterable[Iterable[Inline]]) -> Table:
    return Table(
        speech.say(f"{name}_caption"),
        tuple(speech.say(f"head_{head}") for head in heads),
        tuple(tuple(row) for row in rows),
    )


def _role(policy: Policy, role: Role, speech: Speech) -> tuple[Inline, ...]:
    people = tuple(_person(policy.contacts[key]) for key in role.contacts)
    deputies = tuple(_person(policy.contacts[key]) for key in role.deputies)
    return (speech.text(role.title), Lines(people or (speech.say("none"),)), Lines(deputies or (speech.say("none"),)))


def _person(contact: Contact) -> str:
    return f"{contact.name} {contact.phone}".strip()


def _contact(contact: Contact) -> tuple[Inline, ...]:
    # Only what people write to; an address that is a hook with a key in it is the channel's, not a contact's.
    ways = tuple(f"{channel}: {contact.address[channel]}" for channel in contact.channels if channel in contact.address)
    return (contact.name, contact.phone, Lines(ways))


def _names(policy: Policy, keys: Iterable[str], speech: Speech) -> str:
    return speech.listed(_person(policy.contacts[key]) for key in keys) or speech.say("none")


def _shift(policy: Policy, shift: Shift, speech: Speech) -> tuple[Inline, ...]:
    begin, end = (
        datetime.fromtimestamp(epoch, zone(policy.calendar.timezone)).strftime("%Y-%m-%d %H:%M")
        for epoch in (shift.begin_epoch, shift.end_epoch)
    )
    return (begin, end, _names(policy, shift.contacts, speech), _recipient(policy, shift.role, speech))


def _recipient(policy: Policy, key: str, speech: Speech) -> str:
    """Return the title of a role, or the name of a department."""
    if key in policy.roles:
        return speech.text(policy.roles[key].title)
    return speech.text(policy.departments[key].name) if key in policy.departments else speech.known(f"to_{key}", key)


# -- grading ---------------------------------------------------------------------------------------


def grading(policy: Policy, speech: Speech) -> Section:
    severities = (
        (speech.text(each.title), str(each.rank), speech.yes(each.major), Code(each.key)) for each in policy.ranked
    )
    blocks = (
        _table(speech, "severities", ("severity", "rank", "major", "key"), severities),
        _table(speech, "rules", ("severity", "when"), (_rule(policy, rule, speech) for rule in policy.severity_rules)),
        _table(speech, "classes", ("title", "key"), _titled(policy.classes, speech)),
        _table(speech, "scopes", ("title", "key"), _titled(policy.scopes, speech)),
    )
    return Section("grading", speech.say("section_grading"), blocks)


def _titled(titles: Mapping[str, Titled], speech: Speech) -> Iterator[tuple[Inline, ...]]:
    for each in titles.values():
        yield (speech.text(each.title), Code(each.key))


def _rule(policy: Policy, rule: Rule, speech: Speech) -> tuple[Inline, ...]:
    return (speech.text(policy.severities[rule.severity].title), condition_text(policy, rule.when, speech))


def condition_text(policy: Policy, when: Condition, speech: Speech) -> str:
    """Return what has to hold, in words."""
    said: list[str] = []
    for name, keys, titles in (("classes", when.classes, policy.classes), ("scopes", when.scopes, policy.scopes)):
        if keys is not None:
            names = speech.listed(speech.text(titles[key].title) for key in keys)
            said.append(speech.say(f"when_{name}", names=names))
    for name in OUTAGES:
        limit = getattr(when, name)
        if limit is not None:
            said.append(speech.say(f"when_{name}", time=speech.duration(limit)))
    for name in FLAGS:
        flag = getattr(when, name)
        if flag is not None:
            said.append(speech.say(f"when_{name}_{'yes' if flag else 'no'}"))
    if when.affected_at_least is not None:
        said.append(speech.say("when_affected_at_least", count=when.affected_at_least))
    return speech.listed(said) or speech.say("always")


# -- clocks ----------------------------------------------------------------------------------------


def clocks(policy: Policy, speech: Speech) -> Section:
    notices = (_notice(policy, notice, speech) for notice in policy.notices)
    deadlines = (_deadline(policy, deadline, speech) for deadline in policy.deadlines)
    manual = (
        (
            speech.duration(each.after),
            speech.listed(_recipient(policy, key, speech) for key in each.departments),
            _severities(policy, each.severities, speech),
        )
        for each in policy.manual_work
    )
    blocks: tuple[Block, ...] = (
        _table(speech, "notices", ("notice", "told", "within", "severities", "text"), notices),
        _table(speech, "deadlines", ("deadline", "within", "severities", "who"), deadlines),
        _table(speech, "manual", ("after", "departments", "severities"), manual),
        *((Paragraph(speech.say("manual_rule")),) if policy.manual_work else ()),
    )
    return Section("clocks", speech.say("section_clocks"), blocks)


def _notice(policy: Policy, notice: Notice, speech: Speech) -> tuple[Inline, ...]:
    when = condition_text(policy, notice.when, speech) if notice.when != Condition() else ""
    within = [moment(notice.after, notice.within, notice.counted_from, speech), when]
    if when and notice.after is None and notice.within is None:
        within = [speech.say("as_soon_as", condition=when)]
    if notice.mode == "first":
        within.append(speech.say("mode_first"))
    if notice.acknowledge_within is not None:
        within.append(speech.say("acknowledge", time=speech.duration(notice.acknowledge_within)))
    return (
        Code(notice.key),
        speech.listed(_recipient(policy, key, speech) for key in notice.to),
        Lines(tuple(each for each in within if each)),
        _severities(policy, notice.severities, speech),
        speech.text(notice.text),
    )


def _deadline(policy: Policy, deadline: Deadline, speech: Speech) -> tuple[Inline, ...]:
    when = condition_text(policy, deadline.when, speech) if deadline.when != Condition() else ""
    within = moment(None, deadline.within, deadline.counted_from, speech)
    return (
        speech.text(deadline.title),
        Lines(tuple(each for each in (within, when) if each)),
        _severities(policy, deadline.severities, speech),
        speech.listed(_recipient(policy, key, speech) for key in deadline.to),
    )


def _severities(policy: Policy, keys: Iterable[str], speech: Speech) -> str:
    return speech.listed(speech.text(policy.severities[key].title) for key in keys) or speech.say("all_severities")


def moment(after: Span | None, within: Span | None, counted_from: str, speech: Speech) -> str:
    """Return until when, and from when on, in words."""
    start = speech.say(counted_from)
    if after is not None and within is not None:
        return speech.say(
            "after_within", after=span_text(after, speech), within=span_text(within, speech), counted_from=start
        )
    if after is not None:
        return speech.say("after", after=span_text(after, speech), counted_from=start)
    if within is None:
        return speech.say("at_once", counted_from=start)
    if within.day_ends is not None:
        return speech.say("counted_next_day" if within.day_ends else "counted_day", counted_from=start)
    return speech.say("counted", within=span_text(within, speech), counted_from=start)


def span_text(span: Span, speech: Speech) -> str:
    """Return a length of time of the plan in words."""
    if span.seconds is not None:
        return speech.duration(span.seconds)
    if span.working_days is not None:
        return speech.say("working_days", count=span.working_days)
    if span.working_seconds is not None:
        return speech.say("working_time", duration=speech.duration(span.working_seconds))
    return speech.say("day_ends", count=span.day_ends) if span.day_ends else speech.say("day_end")
