# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What procedures need to be allowed: approvers, standing approvals that last, and seals that are whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Tuple

from .model import CRITICAL, OK, WARNING, Finding, Judge, say

WARN_DAYS = 30.0
"""Before a standing approval ends: who signs it may be away for weeks."""


@dataclass(frozen=True)
class Standing:
    """A standing approval: what it is for, and its end in seconds of the epoch and in words."""

    subject: str
    until: float
    until_text: str


@dataclass(frozen=True)
class Seal:
    """A credential that was opened and not rotated since."""

    name: str
    at: str
    by: str


@dataclass(frozen=True)
class Approvals:
    """What was read. Each trouble is a sentence, empty where there is none. ``mains``: is a loss of mains approved?"""

    required: int
    signers_trouble: str = ""
    standing_trouble: str = ""
    standing: Tuple[Standing, ...] = ()
    mains: bool = True
    seals_trouble: str = ""
    seals: Tuple[Seal, ...] = ()


def judge_approvals(found: Approvals, subject: str, now: float) -> List[Finding]:
    """Pure: the findings; none about approvers where no approval is asked for."""
    findings = _approvers(found, subject) if found.required else []
    return [*findings, *_standing(found, subject, now), *_seals(found, subject)]


def _approvers(found: Approvals, subject: str) -> List[Finding]:
    judge = Judge(subject)
    expected = say("approvers_expected", required=found.required)
    fine = not found.signers_trouble
    seen = expected if fine else say("why", why=found.signers_trouble)
    judge.decide("approvers", fine, CRITICAL, seen, expected, say("nothing" if fine else "approvers_do"))
    return judge.findings


def _standing(found: Approvals, subject: str, now: float) -> List[Finding]:
    judge = Judge(subject)
    expected = say("standing_expected", days=f"{WARN_DAYS:g}")
    if found.standing_trouble:
        judge.add("standing", CRITICAL, say("why", why=found.standing_trouble), expected, say("standing_do"))
    if found.required and not found.mains:
        judge.add("standing", WARNING, say("standing_mains"), expected, say("standing_mains_do"))
    for each in found.standing:
        left = (each.until - now) / 86400
        severity = CRITICAL if left <= 0 else WARNING if left < WARN_DAYS else OK
        seen = say("standing_seen", what=each.subject, until=each.until_text)
        judge.add("standing", severity, seen, expected, say("nothing" if severity == OK else "standing_do"))
    return judge.findings


def _seals(found: Approvals, subject: str) -> List[Finding]:
    judge = Judge(subject)
    expected = say("seal_expected")
    if found.seals_trouble:
        judge.add("seal", CRITICAL, say("why", why=found.seals_trouble), expected, say("seal_altered_do"))
    for each in found.seals:
        seen = say("seal_seen", name=each.name, at=each.at, by=each.by)
        judge.add("seal", WARNING, seen, expected, say("seal_do", name=each.name))
    return judge.findings
