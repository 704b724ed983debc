# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a backup set, from what was seen of its copies: passed only where nothing at all speaks against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    DEGRADED,
    FAILED,
    NOT_RUN,
    PASSED,
    STAGES,
    START,
    TEAR_DOWN,
    Content,
    Copy,
    Finding,
    Order,
    Stage,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.shown import all_shown

UNTIL_IT_RUNS = STAGES[: STAGES.index(START) + 1]
"""The stages whose time a real recovery would take too."""


@dataclass(frozen=True)
class Tried:
    """One copy after its test. ``not_run``: why it could not be tested to the end, which says nothing about it."""

    copy: Copy
    stages: Tuple[Stage, ...]
    not_run: Optional[str] = None
    current_at: Optional[float] = None
    manifest: Optional[Mapping[str, Any]] = None
    content: Optional[Content] = None

    @property
    def findings(self) -> Tuple[Finding, ...]:
        return tuple(finding for stage in self.stages for finding in stage.seen.findings)

    @property
    def good(self) -> bool:
        """Every stage was run to its end and none found anything."""
        return self.not_run is None and not self.findings and tuple(stage.name for stage in self.stages) == STAGES

    @property
    def left_something(self) -> bool:
        return any(stage.name == TEAR_DOWN and stage.seen.findings for stage in self.stages)


def verdict(tried: Sequence[Tried]) -> str:
    """Return the verdict on a set whose copies were tried in this order."""
    if any(each.left_something for each in tried):
        return FAILED
    if tried and tried[0].good:
        return PASSED
    if any(each.good for each in tried):
        return DEGRADED
    return FAILED if any(each.findings for each in tried) else NOT_RUN


@dataclass(frozen=True)
class Objective:
    """A time in seconds that the site promises, and what was seen; ``met`` is None where it is not known."""

    limit: float
    seen: Optional[float]

    @property
    def met(self) -> Optional[bool]:
        return None if self.seen is None else self.seen <= self.limit


@dataclass(frozen=True)
class Outcome:
    """A finished test of one backup set; times in seconds, ``began_at`` since the epoch."""

    order: Order
    began_at: float
    seconds: float
    tried: Tuple[Tried, ...]
    why_not: Optional[str] = None

    @property
    def verdict(self) -> str:
        return verdict(self.tried)

    @property
    def served(self) -> Optional[int]:
        """The place of the copy that served, from 1; None where none did."""
        return next((place for place, each in enumerate(self.tried, 1) if each.good), None)

    @property
    def good(self) -> Optional[Tried]:
        return None if self.served is None or self.verdict == FAILED else self.tried[self.served - 1]

    @property
    def recovery_seconds(self) -> Optional[float]:
        """From the first copy's fetch until a server or the files are there, with what was lost on earlier copies."""
        if self.good is None:
            return None
        earlier = sum(stage.seconds for each in self.tried[: (self.served or 1) - 1] for stage in each.stages)
        return earlier + sum(stage.seconds for stage in self.good.stages if stage.name in UNTIL_IT_RUNS)

    @property
    def age_seconds(self) -> Optional[float]:
        """How old the content of the copy that served was when the test began."""
        if self.good is None or self.good.current_at is None:
            return None
        return max(0.0, self.began_at - self.good.current_at)

    @property
    def objectives(self) -> Dict[str, Objective]:
        limits = {"rto": (self.order.rto, self.recovery_seconds), "rpo": (self.order.rpo, self.age_seconds)}
        return {name: Objective(limit, seen) for name, (limit, seen) in limits.items() if limit is not None}

    @property
    def missed(self) -> List[str]:
        """Objectives that were not met, or not known to be met."""
        return [name for name, objective in self.objectives.items() if not objective.met]

    @property
    def findings(self) -> List[Finding]:
        return [finding for each in self.tried for finding in each.findings]

    def as_dict(self) -> Dict[str, Any]:
        """Return the evidence, as JSON holds it and as it may be shown."""
        evidence: Dict[str, Any] = {
            "name": self.order.name,
            "engine": self.order.engine,
            "verdict": self.verdict,
            "copy_used": self.served if self.good else None,
            "began_at_epoch": round(self.began_at, 3),
            "seconds": round(self.seconds, 3),
            "age_seconds": _rounded(self.age_seconds),
            "recovery_seconds": _rounded(self.recovery_seconds),
            "objectives": {
                name: {"limit": each.limit, "seen": _rounded(each.seen), "met": each.met}
                for name, each in self.objectives.items()
            },
            "not_run": self.why_not,
            "copies_count": len(self.order.copies),
            "copies": [_copy(each) for each in self.tried],
        }
        return dict(all_shown(evidence))


def _copy(tried: Tried) -> Dict[str, Any]:
    manifest = tried.manifest or {}
    return {
        "path": tried.copy.path,
        "host": tried.copy.host,
        "place": tried.copy.place,
        "good": tried.good,
        "not_run": tried.not_run,
        "current_at_epoch": tried.current_at,
        "manifest": {name: manifest.get(name) for name in ("digest", "server", "position", "artefacts")} or None,
        "stages": [_stage(stage) for stage in tried.stages],
        "content": _content(tried.content),
    }


def _stage(stage: Stage) -> Dict[str, Any]:
    return {
        "name": stage.name,
        "seconds": round(stage.seconds, 3),
        "findings": [{**finding._asdict(), "sentence": finding.sentence} for finding in stage.seen.findings],
        "proven": list(stage.seen.proven),
        "unproven": list(stage.seen.unproven),
    }


def _content(content: Optional[Content]) -> Optional[Dict[str, Any]]:
    """Files are counted only: there may be millions, and the history keeps them."""
    return None if content is None else {**content.as_dict(), "files": len(content.files)}


def _rounded(value: Optional[float]) -> Optional[float]:
    return None if value is None else round(value, 3)
