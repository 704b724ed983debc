# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a plan is approved: pure. Each approval that does not count says why."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan, differences
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Said, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.statement import Statement
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import local

LONGEST = 7 * 86400.0
"""Seconds that an approval may be valid; what is to hold for longer is a standing approval, seen by all."""
SIGNED, STANDING, UNAVOIDABLE = "signed", "standing", "unavoidable"


@dataclass(frozen=True)
class Given:
    """An approval that was found. ``key``: fingerprint of the key that signed it, empty where that was not looked at;
    ``unproven``: why the signature is not good."""

    path: str
    statement: Statement
    key: str = ""
    unproven: Optional[Said] = None


@dataclass(frozen=True)
class Question:
    """What is asked. ``keyboard``: names of the person who runs it, empty where nobody sits there.

    ``logins``: names of accounts by approver, where they are not the same. ``plans``: other plans by their hash, to say
    in what they differ.
    """

    plan: Plan
    required: int
    now: float
    incident: str = ""
    keyboard: FrozenSet[str] = frozenset()
    unknown_person: bool = False
    logins: Mapping[str, Sequence[str]] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """``counted``: the approvals by which it is granted. ``refused``: who gave one that does not count, and why."""

    granted: bool
    counted: Tuple[Given, ...]
    refused: Tuple[Tuple[str, Said], ...]


def decided(question: Question, found: Sequence[Given]) -> Decision:
    """Pure: the decision by signed approvals."""
    valid: List[Given] = []
    refused: List[Tuple[str, Said]] = []
    for given in sorted(found, key=lambda each: (each.statement.approved_at, each.path)):
        limitation = approval_limitation(given, question)
        if limitation is None:
            valid.append(given)
        else:
            refused.append((given.statement.approver, limitation))
    chosen = next((some for some in combinations(valid, question.required) if _distinct(some)), None)
    if chosen is not None:
        return Decision(True, chosen, tuple(refused))
    return Decision(False, tuple(valid[:1]), (*refused, *_not_distinct(valid)))


def approval_limitation(given: Given, question: Question) -> Optional[Said]:
    """Pure: why an approval does not count for this question, None where it does."""
    statement = given.statement
    return (
        _plan_limitation(statement, question)
        or _signature_limitation(given)
        or _time_limitation(statement, question.now)
        or _incident_limitation(statement, question.incident)
        or _person_limitation(statement.approver, question)
    )


def _plan_limitation(statement: Statement, question: Question) -> Optional[Said]:
    if statement.plan == question.plan.hash:
        return None
    approved = question.plans.get(statement.plan)
    if approved is None:
        return say("other_plan", plan=statement.plan[:12])
    return say("other_plan_differs", differs="; ".join(differences(approved, question.plan)))


def _signature_limitation(given: Given) -> Optional[Said]:
    return None if given.key and given.unproven is None else given.unproven or say("unsigned", path=given.path)


def _time_limitation(statement: Statement, now: float) -> Optional[Said]:
    begin, end = max(statement.valid_from, statement.approved_at), statement.valid_until
    if end - begin > LONGEST:
        return say("valid_too_long", until=local(end), days=f"{LONGEST / 86400:g}")
    if now < begin:
        return say("not_yet", begin=local(begin), now=local(now))
    if now >= end:
        return say("expired", until=local(end), now=local(now))
    return None


def _incident_limitation(statement: Statement, incident: str) -> Optional[Said]:
    if statement.incident in ("", incident):
        return None
    return say("other_incident", incident=statement.incident, seen=incident or "-")


def _person_limitation(approver: str, question: Question) -> Optional[Said]:
    if question.required < 2:
        return None
    if question.unknown_person:
        return say("person_unknown")
    return say("own_approval") if is_own(approver, question) else None


def is_own(approver: str, question: Question) -> bool:
    """Pure: is it the one at the keyboard? By name, by the part before @, or by the accounts of ``logins``."""
    known = {approver, approver.partition("@")[0], *question.logins.get(approver, ())}
    return bool({name.casefold() for name in known} & {name.casefold() for name in question.keyboard})


def _distinct(some: Sequence[Given]) -> bool:
    persons = {given.statement.approver.casefold() for given in some}
    return len(persons) == len(some) == len({given.key for given in some})


def _not_distinct(valid: Sequence[Given]) -> List[Tuple[str, Said]]:
    """Where several are valid and yet not of different persons, say so of all but the first."""
    return [(given.statement.approver, say("not_distinct", path=given.path)) for given in valid[1:]]
