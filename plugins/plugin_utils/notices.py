# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what an incident asks for now to messages: who is told what, by which addresses. Pure; standard library only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._incident import due_model
from ansible_collections.contingency.infra.plugins.module_utils._incident.clocks import length, moment
from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import DueNotice
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import DUTY, Contact, Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.recipients import people
from ansible_collections.contingency.infra.plugins.module_utils._incident.state import incident_of
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import SMTP, Message, Reason
from ansible_collections.contingency.infra.plugins.module_utils._notice.words import say, sentence_of
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import in_language
from ansible_collections.contingency.infra.plugins.plugin_utils.outbox import Lines, Wanted

NO_DOMAIN = "contingency.invalid"
SUBJECT = 120
SHORT = 120


@dataclass(frozen=True)
class Writer:
    """Writes the messages of one plan in one language. ``closed``: channels that cannot be used, and why."""

    policy: Policy
    language: str
    closed: Mapping[str, str] = field(default_factory=dict)

    def wanted(self, lines: Lines, now: float) -> list[Wanted]:
        """Return what has to be sent, in the order of the plan; what nobody could be told of is tried on."""
        incident = incident_of(lines)
        due = incident_due(self.policy, incident, now)
        return [each for notice in due.notices for each in self._wanted(incident, due.severity, notice, now)]

    def _wanted(self, incident: Incident, severity: str, notice: DueNotice, now: float) -> Iterator[Wanted]:
        lost = notice.state == due_model.FAILED
        contacts = self._once_more(incident, notice) if lost else notice.pending
        if contacts or lost:
            yield Wanted(
                key=notice.key,
                to=notice.to,
                contacts={contact: self.addresses(self.policy.contacts[contact]) for contact in contacts},
                compose=lambda contact, number: self.message(incident, severity, notice, contact, number, now),
                message_id=lambda contact: self.message_id(incident, f"{notice.key}\n{contact}"),
                lost=self._lost(incident, notice) if lost else "",
                unreached=self.unreached,
            )

    def _once_more(self, incident: Incident, notice: DueNotice) -> Sequence[str]:
        """Where nobody could be told: whom to try; one after the other where one is enough."""
        known = {contact: incident.deliveries.get((notice.key, contact)) for contact in notice.candidates}
        if notice.mode == "all" or not known:
            return notice.candidates
        return [min(known, key=lambda contact: getattr(known[contact], "attempts", 0))]

    def addresses(self, contact: Contact) -> dict[str, str]:
        """Return the contact's usable channels in order; a robot of a group needs no address, a mail server does."""
        return {
            name: contact.address.get(name, "")
            for name in contact.channels
            if name not in self.closed
            if contact.address.get(name) or self.policy.channels[name].kind != SMTP
        }

    def unreached(self, contact: str) -> Reason:
        """Return why there is no channel to a contact."""
        closed = [name for name in self.policy.contacts[contact].channels if name in self.closed]
        if not closed:
            return Reason("no_channel", {"contact": contact})
        return Reason("closed", {"contact": contact, "channels": ", ".join(closed)})

    def message(
        self, incident: Incident, severity: str, notice: DueNotice, contact: str, number: str, now: float
    ) -> Message:
        """Return what one contact is told."""
        text = in_language(notice.text, self.language)
        drill = self._say("drill_mark") if incident.drill else ""
        grade = in_language(self.policy.severities[severity].title, self.language)
        return Message(
            message_id=number,
            incident=incident.id,
            subject=one_line(self._say("subject", drill=drill, severity=grade, title=incident.title, text=text))[
                :SUBJECT
            ],
            text="\n".join([*self._opening(incident, text), "", *self._facts(incident, grade, notice, contact, now)]),
            short=one_line(self._say("short", drill=drill, title=incident.title, text=text))[:SHORT],
            language=self.language,
            thread_id=self.message_id(incident, ""),
        )

    def message_id(self, incident: Incident, what: str) -> str:
        """Return what stays the same however often it is sent; the time of opening tells equal ids of two years."""
        told = f"{incident.id}\n{incident.opened_epoch}\n{what}"
        return f"<{incident.id}.{hashlib.sha256(told.encode()).hexdigest()[:12]}@{self._domain}>"

    @property
    def _domain(self) -> str:
        senders = [str(each.settings.get("from", "")) for each in self.policy.channels.values() if each.kind == SMTP]
        domains = [parseaddr(sender)[1].rpartition("@")[2] for sender in senders]
        return next((domain for domain in domains if domain and domain.isascii()), NO_DOMAIN)

    def _opening(self, incident: Incident, text: str) -> list[str]:
        return [*([self._say("drill_line")] if incident.drill else []), text]

    def _facts(self, incident: Incident, grade: str, notice: DueNotice, contact: str, now: float) -> Iterator[str]:
        yield one_line(incident.title)
        yield self._say("head_id", id=incident.id)
        yield self._say("head_severity", severity=grade)
        if incident.details.get("place"):
            yield self._say("head_place", place=incident.details["place"])
        if incident.occurred_epoch is not None:
            yield self._say("head_occurred", at=self._at(incident.occurred_epoch))
        yield self._say("head_discovered", at=self._at(incident.discovered_epoch))
        yield self._end(incident)
        if incident.details.get("effect"):
            yield self._say("head_effect", effect=incident.details["effect"])
        yield from self._answer(incident, notice, contact, now)

    def _end(self, incident: Incident) -> str:
        if incident.recovered_epoch is not None:
            return self._say("head_recovered", at=self._at(incident.recovered_epoch))
        expected = incident.details.get("expected_outage_seconds")
        if expected is None:
            return self._say("head_expected_unknown")
        return self._say("head_expected", at=self._at(incident.began_epoch + float(expected)))

    def _answer(self, incident: Incident, notice: DueNotice, contact: str, now: float) -> Iterator[str]:
        """Yield whom to call; the duty officer is not asked to call himself."""
        names = self._on_duty(incident, now, notice.key)
        told = ", ".join(f"{each.name} {each.phone}" for each in names if each.phone and each.key != contact)
        if told and notice.acknowledge_within is not None:
            within = in_language(length(notice.acknowledge_within), self.language)
            yield self._say("answer", length=within, people=told)
        elif told:
            yield self._say("call", people=told)

    def _on_duty(self, incident: Incident, now: float, key: str) -> list[Contact]:
        if DUTY not in self.policy.roles:
            return []
        first, others = people(self.policy, incident, DUTY, now, key)
        return [self.policy.contacts[each] for each in first or others]

    def _lost(self, incident: Incident, notice: DueNotice) -> str:
        known = [incident.deliveries.get((notice.key, contact)) for contact in notice.candidates]
        tried = "; ".join(f"{each.contact}: {each.reason}" for each in known if each is not None)
        problem = in_language(notice.problem, self.language) if notice.problem else notice.to
        return sentence_of(Reason("nobody", {"tried": tried or problem}), self.language)

    def _at(self, epoch: float) -> str:
        return moment(epoch, self.policy.calendar)

    def _say(self, word: str, /, **fields: Any) -> str:
        return say(self.language, word, **fields)


def one_line(text: str) -> str:
    """A subject has no line ends: whatever somebody typed as a title, it adds no header."""
    return " ".join(text.split())


def settings_of(policy: Policy) -> Mapping[str, Mapping[str, Any]]:
    """Return the channels as the inventory has them."""
    return {name: {**each.settings, "kind": each.kind} for name, each in policy.channels.items()}
