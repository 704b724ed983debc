# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of WAL segments: which there have to be between two of them, over changes of the timeline."""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Tuple

SEGMENT = re.compile(r"^[0-9A-F]{24}$")


def number_of(segment: str, size: int) -> int:
    """Pure: which segment this is, counted from the beginning of WAL; ``size`` in bytes."""
    return int(segment[8:16], 16) * ((1 << 32) // size) + int(segment[16:24], 16)


def name_of(timeline: int, number: int, size: int) -> str:
    per_file = (1 << 32) // size
    return f"{timeline:08X}{number // per_file:08X}{number % per_file:08X}"


def timeline_of(segment: str) -> int:
    return int(segment[:8], 16)


def position(lsn: str) -> int:
    high, _slash, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def segment_at(lsn: str, timeline: int, size: int) -> str:
    """Pure: the segment in which a record that ends at ``lsn`` lies."""
    return name_of(timeline, max(0, position(lsn) - 1) // size, size)


def parse_history(text: str) -> List[Tuple[int, str]]:
    """Pure: (timeline, the position at which the next one began) of a history file, the oldest first."""
    rows = (line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return [(int(row[0]), row[1]) for row in rows if len(row) >= 2 and "/" in row[1]]


def needed(first: str, last: str, size: int, history: List[Tuple[int, str]]) -> List[str]:
    """Pure: the segments from ``first`` to ``last``, each of the timeline that was current in it.

    A segment in which the timeline changed is needed of the new one, which begins with a copy of the old one's part.
    """
    ends: Dict[int, int] = {timeline: position(lsn) // size for timeline, lsn in history}
    return [
        name_of(_timeline_at(number, timeline_of(last), ends), number, size)
        for number in range(number_of(first, size), number_of(last, size) + 1)
    ]


def _timeline_at(number: int, last: int, ends: Mapping[int, int]) -> int:
    older = [timeline for timeline, end in sorted(ends.items()) if number < end]
    return older[0] if older else last
