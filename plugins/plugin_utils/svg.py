# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pictures of a page are drawn with: SVG elements, and an axis of time that leaves out where nothing happened.

A picture has a title and a description for those who cannot see it, and its text is escaped as all of the page's is.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo

from ansible_collections.contingency.infra.plugins.plugin_utils.page import element
from ansible_collections.contingency.infra.plugins.plugin_utils.page_style import INK, MUTED
from markupsafe import Markup

WIDTH = 760.0
"""Of a picture that fills the width of a page, in its own units."""
GRID = "#dfe4ea"
MOST_BREAKS = 4
BREAK_SECONDS = 1800.0
"""A stretch in which nothing happened is left out only where it is longer than that,"""
BREAK_SHARE = 0.25
"""and takes more than this share of what the axis shows."""
BREAK_WIDTH = 26.0
HOURS = tuple(3600 * count for count in (1, 2, 4, 8, 12, 24, 48, 168, 720, 8760, 87600))
STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, *HOURS)
"""Seconds between two clocks on an axis."""
EARLIEST, LATEST = 0.0, 32503680000.0
"""Seconds since the epoch that can be drawn: up to the year 3000. A record may have been written into by anybody."""


def drawing(name: str, title: str, description: str, height: float, *parts: object, width: float = WIDTH) -> Markup:
    """Return a picture. ``name`` is unique within the page; ``description`` says in words what there is to see."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_number(width)} {_number(height)}",
        width=_number(width),
        height=_number(height),
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def text(x: float, y: float, said: str, *, size: float = 11, anchor: str | None = None, **more: object) -> Markup:
    return element("text", said, x=_number(x), y=_number(y), font_size=_number(size), text_anchor=anchor, **more)


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, *, thick: float = 1, **more: object) -> Markup:
    ends = {"x1": _number(x1), "y1": _number(y1), "x2": _number(x2), "y2": _number(y2)}
    return element("line", **ends, stroke=stroke, stroke_width=_number(thick), **more)


def rectangle(x: float, y: float, width: float, height: float, fill: str, *, said: str = "", **more: object) -> Markup:
    """Return a rectangle; ``said`` is shown where a pointer rests on it."""
    told = (element("title", said),) if said else ()
    place = {"x": _number(x), "y": _number(y), "width": _number(width), "height": _number(height)}
    return element("rect", *told, **place, fill=fill, **more)


def path(points: Sequence[tuple[float, float]], stroke: str, *, thick: float = 2, dash: str | None = None) -> Markup:
    """Return a line through points; a single one is a dot."""
    if len(points) == 1:
        return element("circle", cx=_number(points[0][0]), cy=_number(points[0][1]), r="2.5", fill=stroke)
    course = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    return element(
        "polyline", points=course, fill="none", stroke=stroke, stroke_width=_number(thick), stroke_dasharray=dash
    )


def diamond(x: float, y: float, fill: str, *, size: float = 5, said: str = "", hollow: bool = False) -> Markup:
    """Return the mark of a moment; ``hollow`` marks one that was due and not reached."""
    corners = ((x, y - size), (x + size, y), (x, y + size), (x - size, y))
    told = (element("title", said),) if said else ()
    course = " ".join(f"{_number(a)},{_number(b)}" for a, b in corners)
    return element("polygon", *told, points=course, fill="#fff" if hollow else fill, stroke=fill, stroke_width="1.5")


def width_of(said: str, size: float = 11) -> float:
    """Return about how wide a text is; a Chinese character takes twice as much as a Latin one."""
    return size * sum(1.0 if ord(each) > 0x2E7F else 0.56 for each in said)


def shortened(said: str, room: float, size: float = 11) -> str:
    """Return a text that fits into a width."""
    if width_of(said, size) <= room:
        return said
    left = room - width_of("…", size)
    count = 0
    while count < len(said) and (left := left - width_of(said[count], size)) >= 0:
        count += 1
    return f"{said[:count].rstrip()}…"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


# -- time ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A stretch of time that is shown from ``left`` to ``right``."""

    start: float
    end: float
    left: float
    right: float


@dataclass(frozen=True)
class Axis:
    """Time from left to right, to scale within each piece; between two pieces time was left out."""

    pieces: tuple[Piece, ...]

    def x(self, epoch: float) -> float:
        """Return where a moment is; one that was left out is in the break, one outside at the end."""
        for before, piece in zip((None, *self.pieces), self.pieces):
            if epoch < piece.start:
                return piece.left if before is None else (before.right + piece.left) / 2
            if epoch <= piece.end:
                share = (epoch - piece.start) / ((piece.end - piece.start) or 1.0)
                return piece.left + share * (piece.right - piece.left)
        return self.pieces[-1].right

    @property
    def breaks(self) -> list[tuple[Piece, Piece]]:
        return list(zip(self.pieces, self.pieces[1:]))


def axis_of(moments: Iterable[float], left: float, right: float) -> Axis:
    """Pure: an axis that shows all moments, with a little room at its ends."""
    there = sorted(moments) or [0.0]
    gaps = [(later - earlier, earlier, later) for earlier, later in zip(there, there[1:])]
    room = max(1.0, 0.02 * _shown(there, _left_out(gaps)))
    edges = [there[0] - room, *(edge for cut in _left_out(gaps) for edge in cut), there[-1] + room]
    stretches = list(zip(edges[::2], edges[1::2]))
    scale = (right - left - BREAK_WIDTH * (len(stretches) - 1)) / sum(end - start for start, end in stretches)
    pieces, at = [], left
    for start, end in stretches:
        pieces.append(Piece(start, end, at, at + scale * (end - start)))
        at = pieces[-1].right + BREAK_WIDTH
    return Axis(tuple(pieces))


def _shown(there: Sequence[float], cuts: Sequence[tuple[float, float]]) -> float:
    return there[-1] - there[0] - sum(end - start for start, end in cuts)


def _left_out(gaps: Sequence[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """Return the stretches to leave out, the longest first looked at, in the order of time."""
    rest = sum(seconds for seconds, _start, _end in gaps)
    cuts: list[tuple[float, float]] = []
    for seconds, start, end in sorted(gaps, reverse=True)[:MOST_BREAKS]:
        if seconds < BREAK_SECONDS or seconds < BREAK_SHARE * rest:
            break
        # What happened at its ends keeps a little room around it.
        margin = min(60.0, seconds / 20)
        cuts.append((start + margin, end - margin))
        rest -= seconds
    return sorted(cuts)


def ticks(axis: Axis, zone: tzinfo = timezone.utc, room: float = 62.0) -> list[tuple[float, str]]:
    """Pure: (x, clock) of round moments, ``room`` apart at least; the first of a piece of another day says the date."""
    found: list[tuple[float, str]] = []
    day, pieces = "", axis.pieces
    for piece in pieces:
        step = _step(piece, room)
        for epoch in _round_moments(piece, step, zone):
            at = datetime.fromtimestamp(epoch, zone)
            clock = at.strftime("%H:%M:%S" if step < 60 else "%H:%M")
            today = at.strftime("%m-%d")
            found.append((axis.x(epoch), clock if today == day else f"{today} {clock}"))
            day = today
    return _apart(found)


def _step(piece: Piece, room: float) -> int:
    seconds, wide = piece.end - piece.start, piece.right - piece.left
    wanted = seconds * room / (wide or 1.0)
    return STEPS[min(bisect.bisect_left(STEPS, wanted), len(STEPS) - 1)]


def _round_moments(piece: Piece, step: int, zone: tzinfo) -> list[float]:
    """Round ones on the clock of the zone: half an hour is half an hour also where the zone is not a whole one."""
    offset = datetime.fromtimestamp(piece.start, zone).utcoffset()
    shift = offset.total_seconds() if offset is not None else 0.0
    first = math.ceil((piece.start + shift) / step) * step - shift
    count = max(0, math.floor((piece.end - first) / step) + 1)
    return [first + number * step for number in range(count)]


def _apart(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Leave out labels that would run into the one before."""
    kept: list[tuple[float, str]] = []
    for x, said in marks:
        if not kept or x - kept[-1][0] > (width_of(said, 10) + width_of(kept[-1][1], 10)) / 2 + 8:
            kept.append((x, said))
    return kept


def drawn_axis(axis: Axis, zone: tzinfo, top: float, bottom: float) -> list[Markup]:
    """Return the lines and clocks of an axis, and a mark where time was left out."""
    parts = [_break(before, after, top, bottom) for before, after in axis.breaks]
    for x, clock in ticks(axis, zone):
        half = width_of(clock, 10) / 2
        parts += [line(x, top, x, bottom, GRID)]
        parts += [text(min(x, WIDTH - half), bottom + 14, clock, size=10, anchor="middle")]
    return [*parts, *(line(piece.left, bottom, piece.right, bottom, INK) for piece in axis.pieces)]


def _break(before: Piece, after: Piece, top: float, bottom: float) -> Markup:
    """Return two slanted strokes on the axis, and the ground on which nothing is shown."""
    middle = (before.right + after.left) / 2
    ground = rectangle(before.right, top, after.left - before.right, bottom - top, "#f0f2f5")
    strokes = [line(middle + x - 3, bottom + 5, middle + x + 3, bottom - 5, MUTED, thick=1.4) for x in (-3, 3)]
    return element("g", ground, *strokes)
