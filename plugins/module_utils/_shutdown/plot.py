# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An outage as a picture: each UPS's remaining runtime and load, the stages, and when each host went off.

Pure: from the samples and events of an outage to the text of an SVG file that needs nothing beside it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

WIDTH, LEFT, RIGHT = 1000, 150, 30
CURVES, GAP, ROW = 170, 46, 18
TOP, BOTTOM = 64, 40
COLOURS = ("#0b6fa4", "#c2571a", "#3f7f3f", "#7a4fa3")
INK, PALE, GRID = "#222222", "#8a8a8a", "#e2e2e2"
HOST = {"off": "#4d4d4d", "failed": "#c00000", "shutting": "#d9a400", "dropped": "#b0b0b0"}
STEPS = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
WORDS = {
    "en": {
        "title": "Outage from {began}",
        "runtime": "runtime left, minutes",
        "load": "load, percent",
        "unknown": "grey: the UPS told nothing that can be trusted",
        "on": "on",
        "shutting": "shutting down",
        "off": "confirmed off",
        "failed": "NOT confirmed off",
        "dropped": "left out, no time",
    },
    "zh": {
        "title": "停电，始于 {began}",
        "runtime": "剩余供电时间（分钟）",
        "load": "负载（%）",
        "unknown": "灰色：UPS 没有给出可信读数",
        "on": "运行",
        "shutting": "正在关机",
        "off": "已确认关机",
        "failed": "未确认关机",
        "dropped": "时间不足，已略过",
    },
}


@dataclass(frozen=True)
class Sample:
    """What one UPS told at one time; figures are None where nothing could be trusted."""

    epoch: float
    ups: str
    runtime_seconds: float | None
    load_percent: float | None


@dataclass(frozen=True)
class Bar:
    """One host: when its shutdown began and when it was over; None where that never came."""

    name: str
    state: str
    began_epoch: float | None
    over_epoch: float | None


@dataclass(frozen=True)
class Mark:
    """Something that happened, such as a stage that became due."""

    epoch: float
    text: str


@dataclass(frozen=True)
class Scale:
    """Maps the seconds since the start to the picture's width."""

    start: float
    end: float

    def x(self, epoch: float) -> float:
        share = (epoch - self.start) / (self.end - self.start)
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)


def picture(
    start_epoch: float,
    samples: Sequence[Sample],
    bars: Sequence[Bar],
    marks: Sequence[Mark],
    language: str = "en",
) -> str:
    """Return the SVG of an outage that began at ``start_epoch``."""
    times = [each.epoch for each in samples] + [each.epoch for each in marks]
    times += [each.over_epoch for each in bars if each.over_epoch is not None]
    scale = Scale(start_epoch, max([start_epoch + 60, *times]))
    height = TOP + 2 * (CURVES + GAP) + ROW * len(bars) + BOTTOM
    words = WORDS[language]
    svg = ElementTree.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {height}", "font-family": "sans-serif"},
    )
    _add(svg, "rect", width=WIDTH, height=height, fill="#ffffff")
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(start_epoch))
    _text(svg, LEFT, 22, words["title"].format(began=began), size=17, weight="bold")
    upses = sorted({each.ups for each in samples})
    _legend(svg, upses, words)
    bottom = height - BOTTOM
    _time_axis(svg, scale, bottom)
    _marks(svg, scale, marks, bottom)
    _curves(svg, scale, samples, upses, words["runtime"], TOP, lambda each: _minutes(each.runtime_seconds))
    second = TOP + CURVES + GAP
    _curves(svg, scale, samples, upses, words["load"], second, lambda each: each.load_percent)
    _bars(svg, scale, bars, second + CURVES + GAP, words)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(svg, encoding="unicode") + "\n"


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def _add(parent: ElementTree.Element, tag: str, **attributes: object) -> ElementTree.Element:
    named = {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, named)


def _text(
    parent: ElementTree.Element, x: float, y: float, text: str, size: int = 12, fill: str = INK, **more: object
) -> None:
    weight = {"font_weight": more.pop("weight")} if "weight" in more else {}
    _add(parent, "text", x=x, y=y, font_size=size, fill=fill, **weight, **more).text = text


def _legend(svg: ElementTree.Element, upses: Sequence[str], words: Mapping[str, str]) -> None:
    x = LEFT
    for number, ups in enumerate(upses):
        colour = COLOURS[number % len(COLOURS)]
        _add(svg, "line", x1=x, y1=38, x2=x + 18, y2=38, stroke=colour, stroke_width=3)
        _text(svg, x + 24, 42, ups)
        x += 40 + 8 * len(ups)
    _text(svg, x + 10, 42, words["unknown"], fill=PALE)


def _time_axis(svg: ElementTree.Element, scale: Scale, bottom: float) -> None:
    length = scale.end - scale.start
    step = next((each for each in STEPS if length / each <= 12), STEPS[-1] * math.ceil(length / STEPS[-1] / 12))
    for number in range(int(length // step) + 1):
        epoch = scale.start + number * step
        x = scale.x(epoch)
        _add(svg, "line", x1=x, y1=TOP, x2=x, y2=bottom, stroke=GRID)
        _text(svg, x, bottom + 16, f"+{_span(number * step)}", size=11, text_anchor="middle")
        clock = time.strftime("%H:%M:%S" if step < 60 else "%H:%M", time.localtime(epoch))
        _text(svg, x, bottom + 30, clock, size=10, fill=PALE, text_anchor="middle")


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _marks(svg: ElementTree.Element, scale: Scale, marks: Iterable[Mark], bottom: float) -> None:
    # Labels of moments that are close to each other are put below one another.
    taken: list[tuple[float, int]] = []
    for mark in sorted(marks, key=lambda each: each.epoch):
        x = scale.x(mark.epoch)
        width = 7 * len(mark.text)
        level = next(n for n in range(len(taken) + 1) if all(x > end or n != row for end, row in taken))
        taken.append((x + width + 8, level))
        _add(svg, "line", x1=x, y1=TOP - 8, x2=x, y2=bottom, stroke="#b00020", stroke_dasharray="4 3")
        anchor = {"text_anchor": "end"} if x + width > WIDTH - RIGHT else {}
        offset = -4 if anchor else 4
        _text(svg, x + offset, TOP + 12 + 14 * level, mark.text, size=11, fill="#b00020", **anchor)


def _curves(
    svg: ElementTree.Element,
    scale: Scale,
    samples: Sequence[Sample],
    upses: Sequence[str],
    title: str,
    top: float,
    figure: Callable[[Sample], float | None],
) -> None:
    known = [value for value in map(figure, samples) if value is not None]
    highest = _nice(max(known, default=1.0))
    for share in (0.0, 0.5, 1.0):
        y = top + CURVES * (1 - share)
        _add(svg, "line", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y, stroke=GRID)
        _text(svg, LEFT - 6, y + 4, f"{highest * share:g}", size=11, text_anchor="end")
    _text(svg, 8, top - 10, title, weight="bold")
    for number, ups in enumerate(upses):
        own = sorted((each for each in samples if each.ups == ups), key=lambda each: each.epoch)
        _curve(svg, scale, own, top, highest, figure, COLOURS[number % len(COLOURS)])


def _curve(
    svg: ElementTree.Element,
    scale: Scale,
    samples: Sequence[Sample],
    top: float,
    highest: float,
    figure: Callable[[Sample], float | None],
    colour: str,
) -> None:
    """Draw what is known; where nothing is, a grey line along the bottom."""
    run: list[str] = []
    for index, sample in enumerate(samples):
        value = figure(sample)
        if value is None:
            _polyline(svg, run, colour)
            run = []
            until = samples[index + 1].epoch if index + 1 < len(samples) else scale.end
            y = top + CURVES
            _add(svg, "line", x1=scale.x(sample.epoch), y1=y, x2=scale.x(until), y2=y, stroke=PALE, stroke_width=4)
            continue
        run.append(f"{scale.x(sample.epoch)},{round(top + CURVES * (1 - value / highest), 1)}")
    _polyline(svg, run, colour)


def _polyline(svg: ElementTree.Element, points: Sequence[str], colour: str) -> None:
    if len(points) == 1:
        x, y = points[0].split(",")
        _add(svg, "circle", cx=x, cy=y, r=2.5, fill=colour)
    elif points:
        _add(svg, "polyline", points=" ".join(points), fill="none", stroke=colour, stroke_width=2)


def _nice(value: float) -> float:
    """Return the round figure that is not below a value."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value)


def _bars(svg: ElementTree.Element, scale: Scale, bars: Sequence[Bar], top: float, words: Mapping[str, str]) -> None:
    x = LEFT
    for state in ("shutting", "off", "failed", "dropped"):
        _add(svg, "rect", x=x, y=top - 19, width=12, height=10, fill=HOST[state])
        _text(svg, x + 17, top - 10, words[state], size=11)
        x += 40 + 9 * len(words[state])
    for number, drawn in enumerate(sorted(bars, key=lambda each: (each.began_epoch or math.inf, each.name))):
        y = top + ROW * number
        _text(svg, LEFT - 6, y + 12, drawn.name, size=11, text_anchor="end")
        began = scale.end if drawn.began_epoch is None else drawn.began_epoch
        _piece(svg, scale, scale.start, began, y, "#bcd9bc")
        if drawn.began_epoch is None:
            continue
        over = scale.end if drawn.over_epoch is None else drawn.over_epoch
        _piece(svg, scale, began, over, y, HOST["shutting"])
        if drawn.state != "shutting":
            _piece(svg, scale, over, scale.end, y, HOST[drawn.state])


def _piece(svg: ElementTree.Element, scale: Scale, since: float, until: float, y: float, fill: str) -> None:
    left, right = scale.x(since), scale.x(until)
    _add(svg, "rect", x=left, y=y + 2, width=max(1.0, round(right - left, 1)), height=ROW - 6, fill=fill)
