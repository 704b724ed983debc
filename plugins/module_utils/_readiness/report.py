# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a readiness check found, in the words of the person who reads it in the morning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Sequence

from .model import OK, UNKNOWN, Finding, Judge, Said, counts, is_ready, say, sorted_findings
from .words import WORDS


@dataclass(frozen=True)
class Report:
    """Lines for the screen, and the same as data and as Markdown for the record."""

    findings: Sequence[Finding]
    language: str

    @property
    def ready(self) -> bool:
        return is_ready(self.findings)

    @property
    def problems(self) -> List[str]:
        return [self._line(each) for each in sorted_findings(self.findings) if not each.is_fine]

    @property
    def shown(self) -> List[str]:
        """Problems first, then what is fine in one line."""
        return ["", self._word("title"), *self.problems, self.closing]

    @property
    def closing(self) -> str:
        numbers: Dict[str, Any] = dict(counts(self.findings))
        return self._word("closing_ready" if self.ready else "closing_not_ready").format(**numbers)

    @property
    def record(self) -> Dict[str, Any]:
        return {
            "title": self._word("title"),
            "ready": self.ready,
            "counts": counts(self.findings),
            "findings": [{**self._row(each), "check": each.check} for each in sorted_findings(self.findings)],
            "closing": self.closing,
        }

    @property
    def markdown(self) -> str:
        heads = [self._word(f"head_{name}") for name in ("severity", "subject", "check", "seen", "expected", "remedy")]
        rows = [list(self._row(each).values()) for each in sorted_findings(self.findings)]
        table = [heads, ["---"] * len(heads), *rows]
        lines = "".join("| " + " | ".join(_cell(text) for text in row) + " |\n" for row in table)
        return f"# {self._word('title')}\n\n{self.closing}\n\n{lines}"

    def _row(self, finding: Finding) -> Dict[str, str]:
        return {
            "severity": finding.severity,
            "subject": finding.subject,
            "check": self._check(finding.check),
            "seen": self._said(finding.seen).rstrip("."),
            "expected": self._said(finding.expected).rstrip("."),
            "remedy": "" if finding.severity == OK else self._said(finding.remedy),
        }

    def _line(self, finding: Finding) -> str:
        row = self._row(finding)
        return self._word("line").format(**{**row, "severity": self._word(finding.severity)}).rstrip()

    def _check(self, check: str) -> str:
        """A check may name its object after a space: ``service his-writer``."""
        kind, _space, name = check.partition(" ")
        return " ".join(part for part in (self._word(f"check_{kind}"), name) if part)

    def _said(self, said: Said) -> str:
        return one_line(self._word(said.key).format(**said.values))

    def _word(self, key: str) -> str:
        return WORDS[self.language][key]


def nothing_looked_at(subject: str) -> List[Finding]:
    """No database server in the inventory: a check that looked at nothing must not end well."""
    judge = Judge(subject)
    judge.add("inventory", UNKNOWN, say("inventory_empty"), say("inventory_expected"), say("inventory_do"))
    return judge.findings


def one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", "/")
