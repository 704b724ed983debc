# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of a staged shutdown, or of the start after it, tells the journal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._record.steps import step
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.report import FAILED, Facts, Summary
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.sentences import outcome_told

MOST_POINTS = 240
"""Of each curve; a longer one is thinned, and keeps its ends."""
MEASURED = {"runtime_seconds": "seconds", "charge_percent": "percent", "load_percent": "percent"}
"""Fields of readings that are plotted, with their units."""


def steps_of(
    procedure: str,
    facts: Facts,
    summaries: Mapping[str, Summary],
    samples: Iterable[Mapping[str, Any]] = (),
    began_epoch: float | None = None,
) -> list[dict[str, Any]]:
    """Return the steps of a run: none where there is no outage, so that the watch of each minute stays quiet.

    ``summaries``: the same one by language. ``samples``: what the UPSes told since the outage began.
    """
    if facts.outage is None or not summaries:
        return []
    if facts.mode == "plan":
        return [step("activation", _closing(summaries), procedure=procedure)]
    hosts = [_of_host(outcome, procedure) for outcome in facts.outcomes]
    return [*hosts, _of_whole(procedure, facts, summaries, samples, began_epoch)]


def _of_host(outcome: Mapping[str, Any], procedure: str) -> dict[str, Any]:
    name, seconds = str(outcome["name"]), float(outcome["seconds"])
    why, how = str(outcome["message"] or ""), str(outcome["how"])
    chinese = outcome_told(how, "zh")
    return step(
        "handling",
        {"en": f"{how}: {why}" if why else how, "zh": f"{chinese}：{why}" if why else chinese},
        procedure=procedure,
        ok=outcome["state"] != FAILED,
        host=name,
        figures={"host_seconds": round(seconds, 3)},
    )


def _of_whole(
    procedure: str,
    facts: Facts,
    summaries: Mapping[str, Summary],
    samples: Iterable[Mapping[str, Any]],
    began_epoch: float | None,
) -> dict[str, Any]:
    shortest = [each["runtime_seconds"] for each in facts.readings if each.get("runtime_seconds") is not None]
    figures = {"outage_age_seconds": round(facts.age, 3)}
    if shortest:
        figures["runtime_seconds"] = float(min(shortest))
    unknown = [str(each["name"]) for each in facts.readings if each.get("status") == "unknown"]
    return step(
        "handling",
        _titled(summaries),
        procedure=procedure,
        ok=not (summaries["en"].failed or facts.trouble),
        began_epoch=began_epoch,
        ended_epoch=facts.now_epoch or None,
        unproven=[{"en": f"{name} could not be read", "zh": f"{name} 无法读取"} for name in unknown],
        figures=figures,
        series=series_of(samples, facts),
        next_action={language: summary.closing[-1] for language, summary in summaries.items() if summary.closing},
    )


def _titled(summaries: Mapping[str, Summary]) -> dict[str, str]:
    return {
        language: ("。" if language == "zh" else ". ").join([summary.title, *_stripped(summary.closing)])
        for language, summary in summaries.items()
    }


def _closing(summaries: Mapping[str, Summary]) -> dict[str, str]:
    return {
        language: ("。" if language == "zh" else ". ").join(_stripped(summary.closing))
        for language, summary in summaries.items()
    }


def _stripped(lines: Sequence[str]) -> list[str]:
    return [line.rstrip(".。") for line in lines]


def series_of(samples: Iterable[Mapping[str, Any]], facts: Facts) -> list[dict[str, Any]]:
    """Return a curve for each UPS and each field that it told: points of seconds since the epoch and the value."""
    began = facts.now_epoch - facts.age
    curves: dict[tuple[str, str], list[list[float | None]]] = {}
    for sample in samples:
        for reading in sample["readings"]:
            for field in MEASURED:
                value = None if reading.get("status") == "unknown" else reading.get(field)
                key = (str(reading["name"]), field)
                curves.setdefault(key, []).append([round(began + float(sample["age"]), 1), value])
    return [
        {"name": f"{name} {field.rpartition('_')[0]}", "unit": MEASURED[field], "points": thinned(points)}
        for (name, field), points in curves.items()
        if any(value is not None for _epoch, value in points)
    ]


def thinned(points: Sequence[Any], most: int = MOST_POINTS) -> list[Any]:
    """Return at most so many points, evenly taken, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    last = len(points) - 1
    return [points[round(place * last / (most - 1))] for place in range(most)]
