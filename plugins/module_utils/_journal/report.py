# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification came to, in the words of the person who asked for it. Pure."""

from __future__ import annotations

import time
from typing import List, Sequence

from .verify import ALTERED, INTACT, UNPROVEN, Verdict
from .words import WORDS


def worst(verdicts: Sequence[Verdict]) -> str:
    """Return the worst state of all."""
    states = {verdict.state for verdict in verdicts}
    return next((state for state in (ALTERED, UNPROVEN) if state in states), INTACT)


def line_of(verdict: Verdict, language: str) -> List[str]:
    """Return the lines that tell of one run: its state, then what was found."""
    words = WORDS[language]
    said = words[verdict.state].format(run=verdict.run, lines=len(verdict.lines), end=_ended(verdict, language))
    found = [f"  {each.said(language)}" for each in [*verdict.findings, *verdict.remarks]]
    return [said, *found]


def _ended(verdict: Verdict, language: str) -> str:
    words, end = WORDS[language], verdict.end
    if end is None:
        return words["end_none"]
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(end.get("epoch") or 0)))
    return words.get(f"end_{end.get('status')}", words["end_failed"]).format(at=at)


def closing(verdicts: Sequence[Verdict], language: str) -> List[str]:
    """Return how many are intact, and what to do about the others."""
    words = WORDS[language]
    intact = sum(verdict.state == INTACT for verdict in verdicts)
    lines = [words["closing_intact"].format(count=intact, all=len(verdicts))]
    for state, key in ((ALTERED, "next_altered"), (UNPROVEN, "next_unproven")):
        names = [verdict.run for verdict in verdicts if verdict.state == state]
        if names:
            lines.append(words[key].format(names=", ".join(names)))
    return lines
