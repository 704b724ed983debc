# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured meanwhile, as curves: packet loss, the UPSes' runtime, whatever a step tells of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.contingency.infra.plugins.plugin_utils.document import Picture, Section
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Run, number
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.svg_plot import STYLES, Curve, Limit, Point, plot

LONG_SECONDS = 600.0
"""Values from here on are told in minutes."""


@dataclass(frozen=True)
class Sheet:
    """The curves of one playbook that have one unit. ``factor``: that their values were multiplied by."""

    playbook: str
    unit: str
    curves: tuple[Curve, ...]
    factor: float = 1.0


def section_of(subject: Subject) -> Section:
    """Return one picture for each playbook and unit."""
    sheets = sheets_of(subject.runs)
    pictures = tuple(_picture(subject, place, sheet) for place, sheet in enumerate(sheets))
    return Section("curves", subject.voice.say("curves"), pictures)


def sheets_of(runs: Iterable[Run]) -> list[Sheet]:
    """Pure: what all runs of a playbook measured, together: each run of an outage tells of the whole of it so far."""
    found: dict[tuple[str, str], dict[str, dict[float, float | None]]] = {}
    for run in runs:
        for name, unit, points in _series(run):
            found.setdefault((run.playbook, unit), {}).setdefault(name, {}).update(points)
    sheets = []
    for (playbook, unit), by_name in found.items():
        curves = [Curve(name, tuple(sorted(points.items()))) for name, points in by_name.items()]
        # Of more curves nobody could tell one from the other.
        parts = (curves[place : place + len(STYLES)] for place in range(0, len(curves), len(STYLES)))
        sheets += [Sheet(playbook, unit, tuple(part)) for part in parts]
    return [_readable(sheet) for place, sheet in enumerate(sheets) if not _is_in(sheet, sheets[place + 1 :])]


def _is_in(sheet: Sheet, later: Sequence[Sheet]) -> bool:
    """Is all of it in one that comes later? The start after an outage tells of the whole outage once more."""
    told = [{curve.name: set(curve.points) for curve in each.curves} for each in later if each.unit == sheet.unit]
    return any(all(set(curve.points) <= each.get(curve.name, set()) for curve in sheet.curves) for each in told)


def _series(run: Run) -> Iterator[tuple[str, str, dict[float, float | None]]]:
    for step in run.steps:
        told = step.get("series")
        for series in told if isinstance(told, (list, tuple)) else ():
            if isinstance(series, Mapping):
                yield str(series.get("name", "")), str(series.get("unit", "")), dict(_points(series.get("points")))


def _points(told: object) -> Iterator[Point]:
    """Yield the points of a series; what is no point, of a time and a value, is left out."""
    for point in told if isinstance(told, (list, tuple)) else ():
        if isinstance(point, (list, tuple)) and len(point) == 2:
            epoch = number(point[0])
            if epoch is not None:
                yield epoch, number(point[1])


def _readable(sheet: Sheet) -> Sheet:
    """Return seconds as minutes where they are many."""
    values = [value for curve in sheet.curves for _epoch, value in curve.points if value is not None]
    if sheet.unit != "seconds" or max(values, default=0.0) < LONG_SECONDS:
        return sheet
    curves = tuple(Curve(curve.name, tuple(_scaled(curve.points, 1 / 60))) for curve in sheet.curves)
    return Sheet(sheet.playbook, "minutes", curves, 1 / 60)


def _scaled(points: Iterable[Point], factor: float) -> Iterator[Point]:
    return ((epoch, None if value is None else value * factor) for epoch, value in points)


def _picture(subject: Subject, place: int, sheet: Sheet) -> Picture:
    voice = subject.voice
    curves = tuple(Curve(voice.curve_name(curve.name), curve.points) for curve in sheet.curves)
    names = voice.names(curve.name for curve in curves)
    title = voice.say("curve_title", names=names, playbook=subject.procedure(sheet.playbook))
    said = voice.say("between").join(_range(subject, curve, sheet.unit) for curve in curves)
    unit = voice.known("unit", sheet.unit)
    drawn = plot(f"curve-{place}", title, said, unit, curves, voice.zone, tuple(_limits(subject, sheet)))
    return Picture(drawn, voice.sentences(title, said))


def _range(subject: Subject, curve: Curve, unit: str) -> str:
    values = [value for _epoch, value in curve.points if value is not None]
    if not values:
        return subject.voice.say("curve_unknown", name=curve.name)
    unknown = len(curve.points) - len(values)
    key = "curve_range_gaps" if unknown else "curve_range"
    shown = subject.voice.known("unit", unit)
    lowest, highest = _shown(min(values)), _shown(max(values))
    return subject.voice.say(key, name=curve.name, lowest=lowest, highest=highest, unit=shown, unknown=unknown)


def _shown(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def _limits(subject: Subject, sheet: Sheet) -> Iterator[Limit]:
    """Yield the objectives of the playbook's steps that are of what is drawn: runtime_seconds of "ups-a runtime"."""
    told = {(each.name, each.limit) for each in subject.objectives if each.procedure == sheet.playbook}
    for name, limit in sorted(told):
        figure = name.rpartition("_")[0]
        if figure and any(figure in curve.name for curve in sheet.curves):
            yield Limit(subject.voice.figure_name(name), limit * sheet.factor)
