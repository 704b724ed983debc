# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened as a picture: a row for each thing, with its words at the left and its time along one axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from ansible_collections.contingency.infra.plugins.plugin_utils import svg
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, PLAIN, UNKNOWN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.page_style import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    RED,
)
from markupsafe import Markup

COLOURS = {GOOD: GREEN, BAD: RED, WARN: AMBER, UNKNOWN: GREY, PLAIN: BLUE}
LABEL, ROW, HEADING, TOP, BOTTOM = 290.0, 17.0, 22.0, 6.0, 22.0
SHORTEST, TAIL = 3.0, 30.0
"""Units of width of what took no time that could be seen."""


@dataclass(frozen=True)
class Span:
    """Something that lasted; ``end`` is None where it goes on: it is drawn open to the right.

    ``torn``: what came after its end is not known: its end is drawn so.
    """

    start: float
    end: float | None
    kind: str = PLAIN
    said: str = ""
    torn: bool = False


@dataclass(frozen=True)
class Mark:
    """A moment; ``hollow``: it was due then and not reached."""

    epoch: float
    kind: str = PLAIN
    said: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Row:
    label: str
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Lane:
    """Rows that belong together, below a heading."""

    title: str
    rows: tuple[Row, ...]


def timeline(name: str, title: str, description: str, lanes: Sequence[Lane], zone: tzinfo) -> Markup:
    """Pure: the picture; nothing where there is nothing to show."""
    shown = [lane for lane in within(lanes, svg.EARLIEST, svg.LATEST) if lane.rows]
    there = [moment for lane in shown for row in lane.rows for moment in _moments(row)]
    if not there:
        return Markup("")
    axis = svg.axis_of(there, LABEL + 8, svg.WIDTH - 6)
    height = TOP + sum(HEADING + ROW * len(lane.rows) for lane in shown) + 6
    parts = svg.drawn_axis(axis, zone, TOP, height)
    top = TOP
    for lane in shown:
        parts += _lane(lane, axis, top)
        top += HEADING + ROW * len(lane.rows)
    return svg.drawing(name, title, description, height + BOTTOM, *parts)


def _moments(row: Row) -> Iterator[float]:
    for span in row.spans:
        yield span.start
        if span.end is not None:
            yield span.end
    for mark in row.marks:
        yield mark.epoch


def _lane(lane: Lane, axis: svg.Axis, top: float) -> list[Markup]:
    parts = [svg.text(0, top + 15, lane.title, size=11, font_weight="700")]
    for number, row in enumerate(lane.rows):
        parts += _row(row, axis, top + HEADING + ROW * number)
    return parts


def _row(row: Row, axis: svg.Axis, top: float) -> list[Markup]:
    middle = top + ROW / 2
    return [
        svg.line(LABEL + 8, middle, svg.WIDTH - 6, middle, svg.GRID, stroke_dasharray="1 3"),
        svg.text(0, middle + 4, svg.shortened(row.label, LABEL, 10.5), size=10.5),
        *(_span(span, axis, top) for span in row.spans),
        *(
            svg.diamond(axis.x(mark.epoch), middle, COLOURS[mark.kind], said=mark.said or row.label, hollow=mark.hollow)
            for mark in row.marks
        ),
    ]


def _span(span: Span, axis: svg.Axis, top: float) -> Markup:
    left = axis.x(span.start)
    if span.end is None:
        # Nobody knows how long it went on.
        wide = svg.WIDTH - 6 - left
        return svg.rectangle(
            left, top + 4, wide, ROW - 8, "none", said=span.said, stroke=MUTED, stroke_dasharray="3 2", rx="2"
        )
    wide = max(SHORTEST, axis.x(span.end) - left)
    drawn = svg.rectangle(left, top + 4, wide, ROW - 8, COLOURS.get(span.kind, INK), said=span.said, rx="2")
    return Markup("").join((drawn, _torn(left + wide, top))) if span.torn else drawn


def _torn(x: float, top: float) -> Markup:
    """Return dashes that go on from where nothing more is known."""
    tail = min(TAIL, svg.WIDTH - 6 - x)
    return svg.line(x + 2, top + ROW / 2, x + tail, top + ROW / 2, GREY, thick=3, stroke_dasharray="5 3")


def within(lanes: Sequence[Lane], start: float, end: float) -> list[Lane]:
    """Pure: what of it there is between two moments."""
    return [Lane(lane.title, tuple(_clipped(lane.rows, start, end))) for lane in lanes]


def _clipped(rows: Sequence[Row], start: float, end: float) -> Iterator[Row]:
    for row in rows:
        spans = tuple(
            replace(span, start=max(span.start, start), end=None if span.end is None else min(span.end, end))
            for span in row.spans
            if span.start <= end and (span.end is None or span.end >= start)
        )
        marks = tuple(mark for mark in row.marks if start <= mark.epoch <= end)
        if spans or marks or not (row.spans or row.marks):
            yield replace(row, spans=spans, marks=marks)
