# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when requests were sent and answered to what a user of the network would have noticed.

All times are in nanoseconds. A gap is the time between two answers that followed each other. When no
request was lost in it, what the sender itself was late is taken off, so that a busy machine is not
mistaken for an interrupted network; when requests were lost it is reported as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
NOTEWORTHY = 3


@dataclass(frozen=True)
class Gap:
    """`start` is when the last answer before it came (seconds since the epoch), `end` the first after it."""

    start: float
    end: float | None
    ms: float
    lost: int


@dataclass(frozen=True)
class FlowReport:
    """What one probe from one machine to another saw."""

    source: str
    target: str
    interval_ms: float
    started: float
    sent: int
    lost: int
    longest_gap_ms: float
    gap_start: float | None
    gap_end: float | None
    gaps: tuple[Gap, ...]
    median_answer_ms: float
    longest_answer_ms: float
    probe_lateness_ms: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FlowReport:
        return cls(**{**values, "gaps": tuple(Gap(**gap) for gap in values["gaps"])})


def report(
    source: str, target: str, interval: int, sent: Sequence[int], answered: Sequence[int], lateness: int
) -> FlowReport:
    """`answered[i]` is when the answer to the request sent at `sent[i]` came, or 0."""
    found = list(_gaps(interval, sent, answered))
    noteworthy = tuple(gap for gap in found if gap.lost or gap.ms >= NOTEWORTHY * interval / MILLISECOND)
    longest = max(found, key=lambda gap: gap.ms, default=None)
    times = sorted(answer - request for request, answer in zip(sent, answered, strict=True) if answer)
    return FlowReport(
        source=source,
        target=target,
        interval_ms=interval / MILLISECOND,
        started=sent[0] / SECOND if sent else 0.0,
        sent=len(sent),
        lost=sum(1 for answer in answered if not answer),
        longest_gap_ms=longest.ms if longest else 0.0,
        gap_start=longest.start if longest else None,
        gap_end=longest.end if longest else None,
        gaps=noteworthy,
        median_answer_ms=_milliseconds(times[len(times) // 2]) if times else 0.0,
        longest_answer_ms=_milliseconds(times[-1]) if times else 0.0,
        probe_lateness_ms=_milliseconds(lateness),
    )


def _gaps(interval: int, sent: Sequence[int], answered: Sequence[int]) -> Iterator[Gap]:
    if not sent:
        return
    last_answer, last_index = sent[0], -1
    for index, answer in enumerate(answered):
        if not answer:
            continue
        lost = index - last_index - 1
        length = answer - last_answer
        if not lost and last_index >= 0:
            length -= max(0, sent[index] - sent[last_index] - interval)
        yield Gap(last_answer / SECOND, answer / SECOND, _milliseconds(max(0, length)), lost)
        last_answer, last_index = answer, index
    if last_index < len(sent) - 1:
        still = sent[-1] + interval - last_answer
        yield Gap(last_answer / SECOND, None, _milliseconds(still), len(sent) - 1 - last_index)


def lost_by_second(reports: Sequence[FlowReport]) -> list[tuple[float, float]]:
    """Return how many requests of all flows together were lost in each second; what a gap lost is spread over it."""
    if not reports:
        return []
    first = int(min(report.started for report in reports))
    last = int(max(report.started + report.sent * report.interval_ms / 1000 for report in reports))
    lost = dict.fromkeys(range(first, last + 1), 0.0)
    for gap in (gap for report in reports for gap in report.gaps if gap.lost):
        seconds = [second for second in lost if int(gap.start) <= second <= gap.start + gap.ms / 1000]
        for second in seconds:
            lost[second] += gap.lost / len(seconds)
    return [(float(second), round(count, 1)) for second, count in lost.items()]


def _milliseconds(nanoseconds: int) -> float:
    return round(nanoseconds / MILLISECOND, 3)
