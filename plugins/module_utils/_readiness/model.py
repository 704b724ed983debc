# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a readiness check found: plain data; the words are in words.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

OK, WARNING, CRITICAL, UNKNOWN = "ok", "warning", "critical", "unknown"
SEVERITIES = (CRITICAL, UNKNOWN, WARNING, OK)
"""Worst first. What is unknown stands in the way of a failover as much as what is wrong."""
IN_THE_WAY = (CRITICAL, UNKNOWN)


class Said(NamedTuple):
    """Something to say: a key of the words, and what its gaps are filled with."""

    key: str
    values: Dict[str, Any]


def say(key: str, **values: Any) -> Said:
    return Said(key, values)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was seen, what was expected, what to do."""

    subject: str
    check: str
    severity: str
    seen: Said
    expected: Said
    remedy: Said

    @property
    def is_fine(self) -> bool:
        return self.severity == OK


class Judge:
    """Makes the findings of one subject."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.findings: List[Finding] = []

    def add(self, check: str, severity: str, seen: Said, expected: Said, remedy: Said) -> None:
        self.findings.append(Finding(self.subject, check, severity, seen, expected, remedy))

    def decide(self, check: str, fine: bool, otherwise: str, seen: Said, expected: Said, remedy: Said) -> bool:
        """Add a finding that is fine or ``otherwise``, and return which."""
        self.add(check, OK if fine else otherwise, seen, expected, remedy)
        return fine


def counts(findings: Sequence[Finding]) -> Dict[str, int]:
    """Return how many findings there are of each severity."""
    return {severity: sum(each.severity == severity for each in findings) for severity in SEVERITIES}


def is_ready(findings: Sequence[Finding]) -> bool:
    """May the site rely on a failover? Not where something is in the way, and not where nothing was looked at."""
    return bool(findings) and not any(each.severity in IN_THE_WAY for each in findings)


def sorted_findings(findings: Sequence[Finding]) -> List[Finding]:
    """Return the worst first, and otherwise in the order in which they were found."""

    def rank(entry: Tuple[int, Finding]) -> Tuple[int, int]:
        return SEVERITIES.index(entry[1].severity), entry[0]

    return [finding for _place, finding in sorted(enumerate(findings), key=rank)]
