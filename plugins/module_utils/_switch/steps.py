# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core switch procedure tells the journal: a step for each host, and one for the whole. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from .._record.steps import step
from .report import Line, Summary
from .words import WORDS

PHASES = {"left": "discovery", "target": "handling", "access": "handling", "server": "handling"}
"""By the role of the host: what the failed core still told is how the fault was found."""


def steps_of(
    summaries: Mapping[str, Summary], direction: str, mode: str, began_epoch: Optional[float], now: float
) -> List[Dict[str, Any]]:
    """Return the steps of a run. ``summaries``: the same one by language; ``began_epoch``: of the run, if known."""
    procedure = f"core_switch_{direction}"
    closing = _closing(summaries)
    if mode == "plan":
        return [step("activation", closing, procedure=procedure)]
    english = summaries["en"]
    steps = [_of_host(place, summaries, procedure) for place in range(len(english.lines))]
    figures = {
        "hosts_moved": float(sum(line.ok for line in english.lines if line.role in ("access", "server"))),
        "hosts_not_moved": float(sum(not line.ok for line in english.lines if line.role in ("access", "server"))),
    }
    done = not english.failed
    if mode == "run" and done and began_epoch is not None:
        figures["recovery_seconds"] = round(now - began_epoch, 3)
    whole = step(
        "verification",
        closing,
        procedure=procedure,
        ok=done,
        began_epoch=began_epoch,
        ended_epoch=now,
        figures=figures,
        next_action=_last(summaries),
    )
    return [*steps, whole]


def _of_host(place: int, summaries: Mapping[str, Summary], procedure: str) -> Dict[str, Any]:
    line = summaries["en"].lines[place]
    checks = line.result.get("verified") or ()
    return step(
        PHASES[line.role],
        {language: summary.lines[place].text for language, summary in summaries.items()},
        procedure=procedure,
        ok=line.ok,
        host=line.host,
        proven=[_said(check) for check in checks if check.get("passed")],
        unproven=[
            {language: words.get(name, name) for language, words in WORDS.items()}
            for name in line.result.get("unproven") or ()
        ],
        figures=_figures(line),
    )


def _said(check: Mapping[str, Any]) -> str:
    name = " ".join(str(part) for part in (check["check"], check.get("subject")) if part)
    return f"{name}: {check['seen']}"


def _figures(line: Line) -> Dict[str, float]:
    """Return how long a host took. While its ports are switched over it may be cut off."""
    seconds = line.result.get("seconds")
    if isinstance(seconds, Mapping):
        parts = {"switch_over_seconds": seconds.get("switch_over"), "move_seconds": seconds.get("total")}
        return {name: float(value) for name, value in parts.items() if value is not None}
    return {} if seconds is None else {"move_seconds": float(seconds)}


def _closing(summaries: Mapping[str, Summary]) -> Dict[str, str]:
    return {language: _joined(summary.closing, language) for language, summary in summaries.items()}


def _joined(lines: List[str], language: str) -> str:
    return ("。" if language == "zh" else ". ").join(line.rstrip(".。") for line in lines)


def _last(summaries: Mapping[str, Summary]) -> Dict[str, str]:
    return {language: summary.closing[-1] for language, summary in summaries.items()}
