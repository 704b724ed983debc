# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore test tells the journal: a step for each backup set, and one for all. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._record.steps import step
from ansible_collections.contingency.infra.plugins.module_utils._restore.history import GOOD
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import WORDS
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_report import Report, last_stages

PROCEDURE = "restore_test"
MOST = 40
"""Sentences of each kind; the page of the test has all."""
OBJECTIVES = {"rto": "recovery_seconds", "rpo": "content_age_seconds"}
"""The figures that the objectives of a set limit."""


def steps_of(report: Report, began_epoch: float | None, now: float) -> list[dict[str, Any]]:
    """Return the steps of a run over all sets."""
    reports = {language: replace(report, language=language) for language in WORDS}
    sets = [_of_set(result, reports) for result in report.results]
    good = sum(result["verdict"] in GOOD for result in report.results)
    whole = step(
        "verification",
        {language: each.say("result", good=good, all=len(report.results)) for language, each in reports.items()},
        procedure=PROCEDURE,
        ok=good == len(report.results) > 0,
        began_epoch=began_epoch,
        ended_epoch=now,
        figures={"sets_good": float(good), "sets_not_good": float(len(report.results) - good)},
        next_action={language: each.closing[-1] for language, each in reports.items()} if _is_next(report) else None,
    )
    return [*sets, whole]


def _is_next(report: Report) -> bool:
    return len(report.closing) > 1


def _of_set(result: Mapping[str, Any], reports: Mapping[str, Report]) -> dict[str, Any]:
    stages = last_stages(result)
    seconds = float(result["seconds"] or 0.0)
    began = result["began_at_epoch"]
    return step(
        "verification",
        {language: report.line(result) for language, report in reports.items()},
        procedure=PROCEDURE,
        ok=result["verdict"] in GOOD,
        host=result["name"],
        began_epoch=began,
        ended_epoch=None if began is None else began + seconds,
        proven=_said(stages, "proven"),
        unproven=_said(stages, "unproven"),
        figures=_figures(result, stages),
        objectives={
            OBJECTIVES[name]: float(each["limit"])
            for name, each in result["objectives"].items()
            if name in OBJECTIVES and each.get("limit") is not None
        },
    )


def _figures(result: Mapping[str, Any], stages: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    found = {
        "recovery_seconds": result["recovery_seconds"],
        "content_age_seconds": result["age_seconds"],
        "restore_seconds": next((each["seconds"] for each in stages if each["name"] == "restore"), None),
        "test_seconds": result["seconds"] or None,
        "copy_used": result["copy_used"],
    }
    return {name: round(float(value), 3) for name, value in found.items() if value is not None}


def _said(stages: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    return [f"{stage['name']}: {each}" for stage in stages for each in stage[kind]][:MOST]
