# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the escalation came to, for the screen and for the task's result."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._incident import due_model
from ansible_collections.contingency.infra.plugins.module_utils._incident.advice import recipient
from ansible_collections.contingency.infra.plugins.module_utils._incident.clocks import moment
from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import Due, DueNotice
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Delivery
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.store import Loaded
from ansible_collections.contingency.infra.plugins.module_utils._notice.words import say
from ansible_collections.contingency.infra.plugins.module_utils._record.chain import Damage
from ansible_collections.contingency.infra.plugins.module_utils._record.damages import damage_said
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import in_language

STUCK_SECONDS = 600.0
"""A sender writes of each attempt, and no exchange takes longer than its channel's time limit, at most 2 minutes."""


@dataclass(frozen=True)
class Course:
    """One incident before and after its notices were sent. ``answer``: what the sender said."""

    policy: Policy
    language: str
    before: Loaded
    after: Loaded
    answer: Mapping[str, Any]
    now: float

    @property
    def due(self) -> Due:
        return incident_due(self.policy, self.after.incident, self.now)

    @property
    def new(self) -> Sequence[Mapping[str, Any]]:
        """The lines that were written meanwhile."""
        return self.after.lines[len(self.before.lines) :]

    @property
    def sent(self) -> list[Mapping[str, Any]]:
        return [line for line in self.new if line.get("kind") == "notice" and line.get("state") == "sent"]

    @property
    def pending(self) -> list[DueNotice]:
        return list(self.due.pending)

    @property
    def lost(self) -> list[DueNotice]:
        return [each for each in self.due.notices if each.state == due_model.FAILED]

    @property
    def unanswered(self) -> list[DueNotice]:
        return [each for each in self.due.notices if each.state == due_model.UNANSWERED]

    @property
    def problems(self) -> list[str]:
        """What makes the run fail, each as a sentence."""
        found = [self._say("role_lost", to=self._role(each.to), key=each.key) for each in self.lost]
        if self.answer.get("error"):
            found.append(self._say("sender_line", why=self.answer["error"]).strip())
        if self.stuck:
            found.append(self._say("stuck_line", path=self.after.path).strip())
        if self.after.damage is not None:
            found.append(self._damaged(self.after.damage).strip())
        return found

    @property
    def stuck(self) -> bool:
        """Does another sender hold what should long have been told?"""
        first = min((each.since_epoch for each in self.pending), default=self.now)
        last = max((event.epoch for event in self.after.incident.events if event.kind == "notice"), default=first)
        return bool(self.answer.get("busy")) and self.now - max(first, last) > STUCK_SECONDS

    @property
    def shown(self) -> list[str]:
        """The lines for the screen, the worst first."""
        return [self._head(), *self._bad(), *self._good(), *self._later()]

    def _head(self) -> str:
        incident = self.after.incident
        drill = self._say("drill_mark") if incident.drill else ""
        return self._say(
            "incident_line", drill=drill, id=incident.id, severity=self._grade(self.due.severity), title=incident.title
        )

    def _bad(self) -> Iterator[str]:
        if self.after.damage is not None:
            yield self._damaged(self.after.damage)
        if self.answer.get("error"):
            yield self._say("sender_line", why=self.answer["error"])
        if self.answer.get("busy"):
            yield self._say("stuck_line", path=self.after.path) if self.stuck else self._say("busy_line")
        for each in self.lost:
            yield self._say("lost_line", to=self._to_call(each), key=each.key, reason=self._reason(each))
        for each in self.unanswered:
            yield self._say("unanswered_line", to=self._to_call(each), key=each.key, reason=self._problem(each))
        for deadline in self.due.deadlines:
            if deadline.state == due_model.OVERDUE:
                title = in_language(deadline.title, self.language)
                yield self._say("overdue_line", title=title, at=self._at(deadline.due_epoch))

    def _damaged(self, damage: Damage) -> str:
        return self._say("damaged_line", line=damage.line, why=damage_said(damage.why, self.language))

    def _good(self) -> Iterator[str]:
        if any(line.get("kind") == "graded" for line in self.new):
            yield self._say("graded_line", severity=self._grade(self.due.severity))
        due = self.due.notices
        for line in self.sent:
            to = self._as_what(due, line["key"], line["contact"])
            contact = self._name(line["contact"])
            yield self._say("sent_line", contact=contact, to=to, channel=line["channel"], key=line["key"])

    def _as_what(self, due: Sequence[DueNotice], key: str, contact: str) -> str:
        """Return the roles and departments as which somebody was told; one notice may go to several."""
        found = [each.to for each in due if each.key == key and contact in each.chosen]
        return self._say("and").join(self._role(to) for to in dict.fromkeys(found)) or key

    def _later(self) -> Iterator[str]:
        for each in self.pending:
            # Where nobody sends, the telephone is what is left.
            called = bool(self.answer.get("error")) or self.stuck
            names = self._say("and").join(map(self._with_number if called else self._name, each.pending))
            reason = self._reason(each) or self._say("first_attempt")
            yield self._say("pending_line", contacts=names, to=self._role(each.to), key=each.key, reason=reason)
        for each in self.due.notices:
            if each.state == due_model.COMING:
                yield self._say("coming_line", to=self._role(each.to), at=self._at(each.since_epoch), key=each.key)

    @property
    def result(self) -> dict[str, Any]:
        """The incident in the task's result; no addresses, no texts."""
        return {
            "severity": self.due.severity,
            "drill": self.after.incident.drill,
            "sent": [{name: line[name] for name in ("key", "contact", "channel")} for line in self.sent],
            "pending": [{"key": each.key, "to": each.to, "contacts": list(each.pending)} for each in self.pending],
            "lost": [{"key": each.key, "to": each.to} for each in self.lost],
            "unanswered": [{"key": each.key, "to": each.to} for each in self.unanswered],
            "overdue": [each.key for each in self.due.deadlines if each.state == due_model.OVERDUE],
            "next_epoch": self.due.next_epoch,
        }

    def _reason(self, notice: DueNotice) -> str:
        known = [self._delivery(notice.key, contact) for contact in notice.candidates]
        reasons = [f"{self._name(each.contact)}: {each.reason}" for each in known if each and each.reason]
        return "; ".join(reasons) or self._problem(notice)

    def _problem(self, notice: DueNotice) -> str:
        return in_language(notice.problem, self.language) if notice.problem else ""

    def _delivery(self, key: str, contact: str) -> Delivery | None:
        return self.after.incident.deliveries.get((key, contact))

    def _grade(self, key: str) -> str:
        return in_language(self.policy.severities[key].title, self.language)

    def _name(self, contact: str) -> str:
        return self.policy.contacts[contact].name if contact in self.policy.contacts else contact

    def _role(self, to: str) -> str:
        return in_language(recipient(self.policy, to), self.language)

    def _to_call(self, notice: DueNotice) -> str:
        """Return the role with its people and their telephones, which are what is left."""
        people = ", ".join(self._with_number(key) for key in notice.candidates if key in self.policy.contacts)
        return f"{self._role(notice.to)} ({people})" if people else self._role(notice.to)

    def _with_number(self, contact: str) -> str:
        known = self.policy.contacts.get(contact)
        return contact if known is None else f"{known.name} {known.phone}".strip()

    def _at(self, epoch: float) -> str:
        return moment(epoch, self.policy.calendar)

    def _say(self, word: str, /, **fields: Any) -> str:
        return say(self.language, word, **fields)


def unsent(policy: Policy, language: str, loaded: Loaded) -> Course:
    """Return what would be sent now, for check mode."""
    return Course(policy, language, loaded, loaded, {}, time.time())
