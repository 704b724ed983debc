# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a notice goes to: who was on call when it was first planned, then contacts, then deputies, until one answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import FrozenSet, List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import (
    ATTEMPT,
    SENT,
    Delivery,
    Incident,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import TOLD, Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.planned import Planned


@dataclass(frozen=True)
class Reach:
    """How far a notice has got. ``chosen``: contacts who are told, or were tried. ``pending``: those to send to now.

    ``wait_epoch``: until then an answer is awaited.
    ``done_epoch``: when all who had to be told had been told.
    """

    candidates: Tuple[str, ...]
    chosen: Tuple[str, ...]
    pending: Tuple[str, ...]
    done_epoch: Optional[float] = None
    exhausted: bool = False
    unanswered: bool = False
    wait_epoch: Optional[float] = None


def reach(policy: Policy, incident: Incident, planned: Planned, now: float) -> Reach:
    """Pure: how far a notice to one recipient has got. What was sent to a contact is never pending again."""
    key, acknowledge_within = planned.key, planned.acknowledge_within
    at = _planned(incident, key, now)
    first, others = people(policy, incident, planned.to, at, key)
    chain = (*first, *(each for each in others if each not in first))
    # Where a role has deputies alone, one of them is told.
    needed = len(first) if planned.mode == "all" and first else min(1, len(chain))
    answers = _answers(incident, key, min(planned.since_epoch, at))
    answered = planned.mode == "first" and any(each in answers for each in chain)
    late = _Late(incident, key, None if answered else acknowledge_within, answers, now)
    chosen: List[str] = []
    for contact in chain:
        if len([each for each in chosen if not late.lost(each)]) < needed:
            chosen.append(contact)
    lost = [each for each in chosen if late.lost(each)]
    sent = [moment for moment in (_sent(incident, key, each) for each in chosen) if moment is not None]
    pending = tuple(each for each in chosen if _sent(incident, key, each) is None and each not in lost)
    return Reach(
        candidates=chain,
        chosen=tuple(chosen),
        pending=pending,
        done_epoch=sorted(sent)[needed - 1] if needed and len(sent) >= needed else None,
        exhausted=not pending and len(sent) < max(1, needed),
        unanswered=acknowledge_within is not None and not pending and len(chosen) - len(lost) < needed,
        wait_epoch=late.wait_epoch(chosen),
    )


def people(policy: Policy, incident: Incident, to: str, at: float, key: str) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """Pure: the contacts of a recipient and those who stand in, at a moment."""
    if to == TOLD:
        return tuple(dict.fromkeys(_told(incident, key))), ()
    if to in policy.departments:
        return policy.departments[to].contacts, ()
    role = policy.roles[to]
    on_duty = [
        each
        for shift in policy.on_call
        if shift.role == to and shift.begin_epoch <= at < shift.end_epoch
        for each in shift.contacts
    ]
    if on_duty:
        return tuple(dict.fromkeys(on_duty)), (*role.contacts, *role.deputies)
    return role.contacts, role.deputies


def _told(incident: Incident, key: str) -> List[str]:
    """Return who was told something before this was planned; whoever is told later knows it from that."""
    notices = [event for event in incident.events if event.kind == "notice"]
    planned = min((event.n for event in notices if event.fields["key"] == key), default=None)
    before = {
        (str(event.fields["key"]), str(event.fields.get("contact", "")))
        for event in notices
        if event.fields["state"] in (ATTEMPT, SENT) and (planned is None or event.n < planned)
    }
    return [
        each.contact
        for place, each in incident.deliveries.items()
        if each.sent_epoch is not None and each.key != key and place in before
    ]


def _answers(incident: Incident, key: str, since: float) -> FrozenSet[str]:
    """Return who has acknowledged since a notice was due or reached him; an earlier answer is none to this question."""
    told, found = set(), set()
    for event in incident.events:
        if event.kind == "notice" and event.fields["key"] == key:
            told.add(event.fields.get("contact"))
        elif event.kind == "acknowledged" and (event.epoch >= since or event.fields["who"] in told):
            found.add(str(event.fields["who"]))
    return frozenset(found)


def _planned(incident: Incident, key: str, now: float) -> float:
    """When a notice was first planned: whoever was on call then is told, also after the shift has changed."""
    planned = [each.planned_epoch for each in incident.deliveries.values() if each.key == key]
    return min((moment for moment in planned if moment is not None), default=now)


def _delivery(incident: Incident, key: str, contact: str) -> Optional[Delivery]:
    return incident.deliveries.get((key, contact))


def _sent(incident: Incident, key: str, contact: str) -> Optional[float]:
    delivery = _delivery(incident, key, contact)
    return delivery.sent_epoch if delivery else None


@dataclass(frozen=True)
class _Late:
    """Who could not be told, or has not answered in time. ``within``: seconds, None where no answer is awaited."""

    incident: Incident
    key: str
    within: Optional[float]
    answers: FrozenSet[str]
    now: float

    def lost(self, contact: str) -> bool:
        """Whether the next one has to be tried."""
        delivery = _delivery(self.incident, self.key, contact)
        if delivery is None or (delivery.sent_epoch is None and not delivery.given_up):
            return False
        if delivery.sent_epoch is None:
            return True
        if self.within is None or contact in self.answers:
            return False
        return self.now >= delivery.sent_epoch + self.within

    def wait_epoch(self, chosen: Sequence[str]) -> Optional[float]:
        """Return until when an answer is awaited."""
        if self.within is None:
            return None
        sent = [_sent(self.incident, self.key, each) for each in chosen if each not in self.answers]
        ends = [moment + self.within for moment in sent if moment is not None]
        return min((end for end in ends if end > self.now), default=None)
