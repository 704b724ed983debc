# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a readiness check tells the journal: one step with what is in the way. Pure."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from .._record.steps import step
from .model import Finding, counts
from .report import Report
from .words import WORDS

PROCEDURE = "readiness"


def step_of(findings: Sequence[Finding]) -> Dict[str, Any]:
    """Return the step of a check."""
    reports = {language: Report(findings, language) for language in WORDS}
    english = reports["en"]
    problems = [
        {language: reports[language].problems[place] for language in reports} for place in range(len(english.problems))
    ]
    return step(
        "discovery",
        {language: report.closing for language, report in reports.items()},
        procedure=PROCEDURE,
        ok=english.ready,
        unproven=problems,
        figures={f"{severity}_findings": float(count) for severity, count in counts(findings).items()},
    )
