# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marked steps: what a procedure tells of itself, for the report and the metrics.

A module puts a list of them into its result under ``contingency_steps``; the journal writes each down as a line.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, Optional, Union

KEY = "contingency_steps"
PHASES = (
    "discovery",
    "report",
    "grading",
    "activation",
    "handling",
    "verification",
    "end",
    "aftermath",
)
"""In the order of the plans: from the fault being seen to what is learned from it."""
Text = Union[str, Mapping[str, str]]
"""A sentence, or the same sentence by language: {"en": ..., "zh": ...}."""


def step(
    phase: str,
    text: Text,
    *,
    procedure: str,
    ok: bool = True,
    host: Optional[str] = None,
    began_epoch: Optional[float] = None,
    ended_epoch: Optional[float] = None,
    proven: Iterable[Text] = (),
    unproven: Iterable[Text] = (),
    figures: Optional[Mapping[str, float]] = None,
    objectives: Optional[Mapping[str, float]] = None,
    series: Iterable[Mapping[str, Any]] = (),
    next_action: Optional[Text] = None,
) -> Dict[str, Any]:
    """Pure: one step of ``procedure`` (the playbook's name).

    ``figures``: by name with the unit in it (outage_seconds, longest_gap_ms, packets_lost, data_loss_seconds,
    runtime_seconds, restore_seconds). ``objectives``: the limits of figures of the same names. ``series``: what can be
    plotted, each {"name", "unit", "points": [[seconds since the epoch, value], ...]}.
    """
    if phase not in PHASES:
        raise ValueError(f"{phase!r} is not a phase; take one of {', '.join(PHASES)}")
    found: Dict[str, Any] = {
        "phase": phase,
        "text": text,
        "procedure": procedure,
        "ok": ok,
        "host": host,
        "began_epoch": began_epoch,
        "ended_epoch": ended_epoch,
        "proven": list(proven),
        "unproven": list(unproven),
        "figures": dict(figures or {}),
        "objectives": dict(objectives or {}),
        "series": [dict(each) for each in series],
        "next_action": next_action,
    }
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def in_language(text: Text, language: str) -> str:
    """Pure: a sentence in a language, in English where it is not there in that one."""
    if isinstance(text, str):
        return text
    return text.get(language) or text.get("en") or next(iter(text.values()), "")
