# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An incident as the screen shows it: how bad, who is told by when, the deadlines, what to do next."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident import due_model as states
from ansible_collections.contingency.infra.plugins.module_utils._incident.advice import next_actions, recipient
from ansible_collections.contingency.infra.plugins.module_utils._incident.clocks import clock, length
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import (
    Due,
    DueDeadline,
    DueNotice,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import BY_HAND, Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import FIELDS, say
from ansible_collections.contingency.infra.plugins.module_utils._record.chain import Damage
from ansible_collections.contingency.infra.plugins.module_utils._record.damages import damage_said
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import in_language


class Shown:
    """The lines of one incident in one language at the epoch ``now``."""

    def __init__(self, policy: Policy, incident: Incident, due: Due, language: str, now: float) -> None:
        self.policy = policy
        self.incident = incident
        self.due = due
        self.language = language
        self.now = now

    def lines(self, damage: Optional[Damage] = None) -> List[str]:
        """Return all lines, the most important first."""
        return [*self._warnings(damage), *self._head(), *self._told(), *self._deadlines(), *self._next()]

    def as_dict(self) -> Dict[str, Any]:
        """Return what a task's result holds of it."""
        return {
            "id": self.incident.id,
            "title": self.incident.title,
            "drill": self.incident.drill,
            "severity": self.due.severity,
            "why": self.why(),
            "unknown": list(self.due.grade.unknown),
            "notices": [_notice(each) for each in self.due.notices],
            "deadlines": [_plain(asdict(each)) for each in self.due.deadlines],
            "manual_work": [_plain(asdict(each)) for each in self.due.manual_work],
            "next_actions": list(self.next_actions),
            "next_epoch": self.due.next_epoch,
            "overdue": self.overdue,
        }

    @property
    def next_actions(self) -> Tuple[str, ...]:
        return next_actions(self.policy, self.incident, self.due, self.language, self.now)

    @property
    def overdue(self) -> List[str]:
        """Keys of what should have been told or done by now, or could not be told."""
        late = (states.OVERDUE, states.FAILED, states.UNANSWERED)
        notices = [each.key for each in self.due.notices if each.state in late and each.since_epoch <= self.now]
        deadlines = [each.key for each in self.due.deadlines if each.state == states.OVERDUE]
        return list(dict.fromkeys([*notices, *deadlines]))

    def why(self) -> str:
        """Return why it has the grade that it has."""
        gradings = self.incident.gradings
        if gradings and gradings[-1].rule == BY_HAND:
            return self._say("by_hand", by=gradings[-1].by or "?", why=gradings[-1].why)
        recorded = gradings[-1].why if gradings and not self.due.regrade else self.due.grade.why
        return in_language(recorded, self.language)

    def _say(self, key: str, **values: Any) -> str:
        return say(key, self.language, **values)

    def _clock(self, epoch: float) -> str:
        return clock(epoch, self.now, self.policy.calendar)

    def _warnings(self, damage: Optional[Damage]) -> Iterator[str]:
        if damage is not None:
            yield self._say("damaged", line=damage.line, why=damage_said(damage.why, self.language))
        if self.incident.unreadable:
            numbers = ", ".join(map(str, self.incident.unreadable))
            yield self._say("unreadable", count=len(self.incident.unreadable), lines=numbers)
        if self.incident.policy_hash and self.incident.policy_hash != self.policy.digest:
            yield self._say("other_plan")

    def _head(self) -> Iterator[str]:
        incident = self.incident
        title = f"{self._say('drill') if incident.drill else ''}{incident.title}"
        if incident.closed_epoch is not None:
            yield self._say("head_closed", id=incident.id, title=title, at=self._clock(incident.closed_epoch))
        else:
            yield self._say("head", id=incident.id, title=title)
        lasted = "lasts" if incident.recovered_epoch is None else "lasted"
        occurred = incident.occurred_epoch
        yield self._say(
            "times",
            occurred=self._say("unknown_time") if occurred is None else self._clock(occurred),
            discovered=self._clock(incident.discovered_epoch),
            lasted=self._say(lasted, length=length(incident.outage_seconds(self.now))),
        )
        yield self._say("severity", title=self._title(self.due.severity), why=self.why())
        if self._rules_are_worse():
            title = self._title(self.due.grade.severity)
            yield self._say("worse", title=title, why=self.due.grade.why)

    def _rules_are_worse(self) -> bool:
        ranks = self.policy.severities
        return ranks[self.due.grade.severity].rank < ranks[self.due.severity].rank and not self.due.regrade

    def _title(self, severity: str) -> str:
        return in_language(self.policy.severities[severity].title, self.language)

    def _told(self) -> Iterator[str]:
        lines: Dict[Tuple[str, str], List[str]] = {}
        for notice in sorted(self.due.notices, key=_urgency):
            # That a deadline will be told of once it has passed stands among the deadlines.
            if notice.kind != "overdue" or notice.state != states.COMING:
                text = in_language(notice.text, self.language)
                lines.setdefault((self._notice_state(notice), text), []).append(self._to(notice))
        if lines:
            yield self._say("telling")
        for (state, text), people in lines.items():
            yield self._say("line_notice", state=state, people=self._say("between").join(people), text=text)

    def _to(self, notice: DueNotice) -> str:
        return self._say("line_people", to=recipient(self.policy, notice.to), people=self._people(notice))

    def _notice_state(self, notice: DueNotice) -> str:
        if notice.state in (states.SENT, states.LATE):
            return self._say(notice.state, at=self._clock(self._sent_epoch(notice)))
        if notice.state == states.COMING:
            return self._say("coming", at=self._clock(notice.since_epoch))
        if notice.state in (states.FAILED, states.UNANSWERED):
            return self._say("unanswered_line" if notice.state == states.UNANSWERED else self._why_failed(notice))
        if notice.by_epoch is None:
            return self._say("due_open")
        return self._say("overdue_notice" if notice.state == states.OVERDUE else "due", by=self._clock(notice.by_epoch))

    def _why_failed(self, notice: DueNotice) -> str:
        return "failed" if notice.candidates else "failed_nobody"

    def _sent_epoch(self, notice: DueNotice) -> float:
        found = [self.incident.deliveries.get((notice.key, contact)) for contact in notice.candidates]
        return max((each.sent_epoch for each in found if each and each.sent_epoch is not None), default=self.now)

    def _people(self, notice: DueNotice) -> str:
        """Return who was told; before that who will be, with who stands in where one answer is enough."""
        sent = tuple(each for each in notice.candidates if self._was_told(notice, each))
        if notice.state in (states.SENT, states.LATE, states.UNANSWERED):
            return self._names(sent, "and")
        chain = notice.mode == "first" or notice.state == states.FAILED
        return self._names(notice.candidates if chain else notice.chosen, "then" if notice.mode == "first" else "and")

    def _was_told(self, notice: DueNotice, contact: str) -> bool:
        delivery = self.incident.deliveries.get((notice.key, contact))
        return delivery is not None and delivery.sent_epoch is not None

    def _names(self, contacts: Iterable[str], between: str) -> str:
        known = self.policy.contacts
        names = [known[key].name if key in known else key for key in contacts]
        return self._say(between).join(names) or self._say("nobody")

    def _deadlines(self) -> Iterator[str]:
        if self.due.deadlines:
            yield self._say("clocks")
        for deadline in sorted(self.due.deadlines, key=lambda each: each.due_epoch):
            names = ("、" if self.language == "zh" else ", ").join(FIELDS[self.language][n] for n in deadline.needed)
            yield self._say(
                "line_deadline",
                state=self._deadline_state(deadline),
                title=in_language(deadline.title, self.language),
                needed=self._say("needed", names=names) if names else "",
            )

    def _deadline_state(self, deadline: DueDeadline) -> str:
        met = deadline.met_epoch
        at = met if deadline.state == states.MET and met is not None else deadline.due_epoch
        return self._say(f"deadline_{deadline.state}", at=self._clock(at), met="" if met is None else self._clock(met))

    def _next(self) -> Iterator[str]:
        if self.next_actions:
            yield self._say("next")
        for number, action in enumerate(self.next_actions, 1):
            yield f"  {number}. {action}"


def _urgency(notice: DueNotice) -> Tuple[int, float]:
    order = (
        states.FAILED,
        states.UNANSWERED,
        states.OVERDUE,
        states.DUE,
        states.COMING,
        states.LATE,
        states.SENT,
    )
    return order.index(notice.state), notice.since_epoch


def _notice(notice: DueNotice) -> Dict[str, Any]:
    return _plain(asdict(notice))


def _plain(fields: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
