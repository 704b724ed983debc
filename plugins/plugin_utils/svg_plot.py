# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures over time as curves, told apart by their dashes and their names at the side, not by colour alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from ansible_collections.contingency.infra.plugins.plugin_utils import svg
from ansible_collections.contingency.infra.plugins.plugin_utils.page_style import AMBER, BLUE, GREEN, GREY, RED
from markupsafe import Markup

STYLES = ((BLUE, None), (AMBER, "7 3"), (GREEN, "2 2"), ("#6b3f8f", "9 3 2 3"), (GREY, "4 4"), ("#00696e", "12 4"))
LEFT, RIGHT, TOP, HIGH, BOTTOM = 52.0, 150.0, 22.0, 150.0, 24.0
MOST_POINTS = 300
"""Of one curve; of more the lowest and the highest of each stretch are drawn, so that no peak is lost."""
Point = tuple[float, "float | None"]


@dataclass(frozen=True)
class Curve:
    """One figure over time: (seconds since the epoch, value), the value None where it was not known."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Limit:
    """A level that is held against the curves, such as an objective."""

    name: str
    value: float


def plot(
    name: str,
    title: str,
    description: str,
    unit: str,
    curves: Sequence[Curve],
    zone: tzinfo,
    limits: Sequence[Limit] = (),
) -> Markup:
    """Pure: a picture of curves that have one unit; nothing where no point is known."""
    curves = [Curve(curve.name, tuple(_drawable(curve.points))) for curve in curves]
    values = [value for curve in curves for _epoch, value in curve.points if value is not None]
    if not values:
        return Markup("")
    highest = nice(max([*values, *(limit.value for limit in limits)]))
    lowest = -nice(-min(values)) if min(values) < 0 else 0.0
    axis = svg.axis_of([epoch for curve in curves for epoch, _value in curve.points], LEFT, svg.WIDTH - RIGHT)
    scale = _Scale(lowest, highest)
    bottom = TOP + HIGH
    parts = [svg.text(0, 12, unit, size=10.5), *svg.drawn_axis(axis, zone, TOP, bottom), *_levels(scale)]
    for number, curve in enumerate(curves):
        parts += _curve(curve, axis, scale, *STYLES[number % len(STYLES)])
    parts += [_limit(limit, scale) for limit in limits]
    parts += _names(curves, limits)
    return svg.drawing(name, title, description, bottom + BOTTOM, *parts)


def _drawable(points: Iterable[Point]) -> Iterator[Point]:
    return (point for point in points if svg.EARLIEST <= point[0] <= svg.LATEST)


def nice(value: float) -> float:
    """Pure: the round figure that is not below a value; 1 for one that is nothing, or next to it."""
    if value < 1e-9:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 20) if factor * power >= value * 0.999999)


@dataclass(frozen=True)
class _Scale:
    lowest: float
    highest: float

    def y(self, value: float) -> float:
        return TOP + HIGH * (1 - (value - self.lowest) / (self.highest - self.lowest))


def _levels(scale: _Scale) -> list[Markup]:
    found = []
    for share in (0.0, 0.5, 1.0):
        value = scale.lowest + share * (scale.highest - scale.lowest)
        y = scale.y(value)
        found.append(svg.line(LEFT, y, svg.WIDTH - RIGHT, y, svg.GRID))
        found.append(svg.text(LEFT - 6, y + 4, f"{value:g}", size=10, anchor="end"))
    return found


def _curve(curve: Curve, axis: svg.Axis, scale: _Scale, colour: str, dash: str | None) -> list[Markup]:
    return [
        svg.path([(axis.x(epoch), scale.y(value)) for epoch, value in stretch], colour, dash=dash)
        for stretch in known(thinned(curve.points))
    ]


def known(points: Sequence[Point]) -> list[list[tuple[float, float]]]:
    """Pure: the stretches without a gap; what is not known is not drawn."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for epoch, value in points:
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append((epoch, value))
    return [stretch for stretch in stretches if stretch]


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Pure: at most about ``most`` points: of each stretch its lowest, its highest, and one that is not known."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / (most / 3))
    kept: list[Point] = []
    for start in range(0, len(points), size):
        part = range(start, min(start + size, len(points)))
        there = [(value, number) for number in part if (value := points[number][1]) is not None]
        gap = [number for number in part if points[number][1] is None][:1]
        ends = {min(there)[1], max(there)[1]} if there else set()
        kept += [points[number] for number in sorted({*ends, *gap})]
    return kept


def _limit(limit: Limit, scale: _Scale) -> Markup:
    y = scale.y(limit.value)
    return svg.line(LEFT, y, svg.WIDTH - RIGHT, y, RED, thick=1.4, stroke_dasharray="6 3")


def _names(curves: Sequence[Curve], limits: Sequence[Limit]) -> list[Markup]:
    """Name the curves at the right, in their order, with a piece of their line."""
    parts, x = [], svg.WIDTH - RIGHT + 10
    for number, curve in enumerate(curves):
        y = TOP + 8 + 16 * number
        colour, dash = STYLES[number % len(STYLES)]
        parts.append(svg.path([(x, y), (x + 22, y)], colour, dash=dash))
        parts.append(svg.text(x + 28, y + 4, svg.shortened(curve.name, RIGHT - 40, 10.5), size=10.5))
    for number, limit in enumerate(limits, len(curves)):
        y = TOP + 8 + 16 * number
        parts.append(svg.path([(x, y), (x + 22, y)], RED, thick=1.4, dash="6 3"))
        parts.append(svg.text(x + 28, y + 4, svg.shortened(limit.name, RIGHT - 40, 10.5), size=10.5))
    return parts
