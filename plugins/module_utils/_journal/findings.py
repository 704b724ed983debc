# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification finds in a journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Mapping, Optional

from .._record.damages import damage_said
from .words import FINDINGS


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written. ``key``: of the words; ``line``: of the journal, from 1."""

    key: str
    path: str
    line: Optional[int] = None
    altered: bool = True
    values: Mapping[str, Any] = field(default_factory=dict)

    def said(self, language: str) -> str:
        values = {**self.values, "path": self.path, "line": self.line}
        if "why" in values:
            values["why"] = damage_said(str(values["why"]), language)
        return FINDINGS[language][self.key].format(**values)

    def as_dict(self, language: str) -> Dict[str, Any]:
        return {"why": self.said(language), "path": self.path, "line": self.line, "altered": self.altered}


def of_kind(lines: Iterable[Mapping[str, Any]], kind: str) -> Optional[Mapping[str, Any]]:
    """Pure: the first line of a kind."""
    return next((line for line in lines if line.get("kind") == kind), None)
