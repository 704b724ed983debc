# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill came to: a score for each phase, findings, and how it compares with the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Facts
from ansible_collections.contingency.infra.plugins.module_utils._drill.marks import Mark, marks_of
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Text
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import PHASES

EVEN = 0.5
"""Percent by which a score may differ and still be the same: it is shown without decimals."""


@dataclass(frozen=True)
class Finding:
    """Something that was not as it should be. ``key`` is the same from drill to drill."""

    key: str
    phase: str
    value: float
    text: Text


@dataclass(frozen=True)
class Evaluation:
    """``scores``: percent by phase, where anything was judged. ``score``: their mean; None where nothing was."""

    score: Optional[float]
    scores: Mapping[str, float]
    findings: Tuple[Finding, ...]
    marks: Tuple[Mark, ...]

    def as_fields(self) -> Dict[str, Any]:
        """Return the fields of its line in the record."""
        return {
            "score": self.score,
            "scores": dict(self.scores),
            "findings": [
                {"key": each.key, "phase": each.phase, "value": each.value, "text": dict(each.text)}
                for each in self.findings
            ],
            "marks": [{"key": mark.key, "phase": mark.phase, "value": mark.value} for mark in self.marks],
        }


@dataclass(frozen=True)
class Comparison:
    """Against the drill before: ``changes`` in percent points by phase; findings by what became of them (keys)."""

    before: str
    score_change: Optional[float]
    changes: Mapping[str, float]
    mended: Tuple[Text, ...]
    again: Tuple[Text, ...]
    new: Tuple[Text, ...]


def evaluation_of(facts: Facts) -> Evaluation:
    """Pure: judge a drill. Each mark of a phase counts the same, and each phase in the whole."""
    marks = marks_of(facts)
    scores = scores_of(marks)
    findings = tuple(
        Finding(mark.key, mark.phase, mark.value, mark.finding) for mark in marks if mark.finding is not None
    )
    return Evaluation(_mean(list(scores.values())), scores, findings, marks)


def scores_of(marks: Sequence[Mark]) -> Dict[str, float]:
    """Pure: percent by phase, in the order of the phases; a phase without a mark is not scored."""
    by_phase = {phase: [mark.value for mark in marks if mark.phase == phase] for phase in PHASES}
    return {phase: 100.0 * (_mean(values) or 0.0) for phase, values in by_phase.items() if values}


def _mean(values: List[float]) -> Optional[float]:
    return sum(values) / len(values) if values else None


def comparison_of(name: str, before: Mapping[str, Any], now: Evaluation) -> Comparison:
    """Pure: hold an evaluation against the one before, as its line in the record has it.

    A finding of before counts as mended only where the same thing was judged again.
    """
    old = {str(each["key"]): each["text"] for each in before.get("findings") or ()}
    new = {finding.key: finding.text for finding in now.findings}
    judged = {mark.key for mark in now.marks}
    scores = before.get("scores") or {}
    return Comparison(
        before=name,
        score_change=_change(before.get("score"), now.score),
        changes={phase: now.scores[phase] - scores[phase] for phase in now.scores if phase in scores},
        mended=tuple(text for key, text in old.items() if key not in new and key in judged),
        again=tuple(text for key, text in new.items() if key in old),
        new=tuple(text for key, text in new.items() if key not in old),
    )


def _change(before: Optional[float], now: Optional[float]) -> Optional[float]:
    return None if before is None or now is None else now - before


def direction(change: float) -> str:
    """Pure: better, worse or same, as the words say it."""
    if abs(change) <= EVEN:
        return "same"
    return "better" if change > 0 else "worse"
