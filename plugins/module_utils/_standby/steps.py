# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the standby procedures tell the journal: a step for each host, and one for the whole. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from .._record.steps import step
from .report import Line, Summary
from .words import WORDS


def steps_of(
    summaries: Mapping[str, Summary],
    arguments: Mapping[str, Any],
    began_epoch: Optional[float],
    now: float,
) -> List[Dict[str, Any]]:
    """Return the steps of a run. ``summaries``: the same one by language; ``arguments``: procedure, mode, failed.

    ``began_epoch``: when the run began, if that is known.
    """
    procedure = f"standby_{arguments['procedure']}"
    closing = {
        language: ("。" if language == "zh" else ". ").join(line.rstrip(".。") for line in summary.closing)
        for language, summary in summaries.items()
    }
    if arguments["mode"] == "plan":
        return [step("activation", closing, procedure=procedure)]
    english = summaries["en"]
    steps = [_of_host(place, summaries, procedure, arguments) for place in range(len(english.lines))]
    done = not english.failed
    whole = step(
        "aftermath" if arguments["procedure"] == "rejoin" else "verification",
        closing,
        procedure=procedure,
        ok=done,
        began_epoch=began_epoch,
        ended_epoch=now,
        figures=_of_whole(english, arguments, began_epoch, now) if done and arguments["mode"] == "run" else {},
        next_action={language: summary.closing[-1] for language, summary in summaries.items()},
    )
    return [*steps, whole]


def _of_host(
    place: int, summaries: Mapping[str, Summary], procedure: str, arguments: Mapping[str, Any]
) -> Dict[str, Any]:
    line = summaries["en"].lines[place]
    promoted = _promoted(line, arguments)
    figures = {**_taken(line, arguments), **(_loss(line) if promoted else {})}
    unknown = promoted and "data_loss_seconds" not in figures
    return step(
        _phase(line, arguments),
        {language: summary.lines[place].text for language, summary in summaries.items()},
        procedure=procedure,
        ok=line.state == "done",
        host=line.host,
        proven=_proven(line),
        unproven=[{language: words["loss_unknown"] for language, words in WORDS.items()}] if unknown else (),
        figures=figures,
    )


def _phase(line: Line, arguments: Mapping[str, Any]) -> str:
    if arguments["procedure"] == "rejoin":
        return "aftermath"
    return "handling" if line.host in (arguments["failed"], arguments["target"]) else "verification"


def _promoted(line: Line, arguments: Mapping[str, Any]) -> bool:
    """Was this the server that took over, in this run and not in a dry one?"""
    took = arguments["procedure"] != "rejoin" and arguments["mode"] == "run" and line.host == arguments["target"]
    return bool(took and line.state == "done" and line.result.get("changed"))


def _proven(line: Line) -> List[str]:
    checks = [
        f"{each['check']}: {each['seen']}" for each in line.result.get("proven") or () if each.get("passed", True)
    ]
    proof = line.result.get("proof") or line.result
    return [*([str(proof["what"])] if proof.get("what") else []), *checks]


def _taken(line: Line, arguments: Mapping[str, Any]) -> Dict[str, float]:
    seconds = line.result.get("seconds")
    total = seconds.get("total") if isinstance(seconds, Mapping) else seconds
    if not isinstance(total, (int, float)):
        return {}
    took_over = arguments["procedure"] != "rejoin" and line.host == arguments["target"]
    return {"takeover_seconds" if took_over else "host_seconds": float(total)}


def _loss(line: Line) -> Dict[str, float]:
    """Return for how long at most confirmed writes are lost; nothing where that cannot be told."""
    if line.result.get("no_loss") or line.result.get("synchronous"):
        return {"data_loss_seconds": 0.0}
    seconds = line.result.get("data_loss_seconds")
    return {"data_loss_seconds": float(seconds)} if isinstance(seconds, (int, float)) else {}


def _of_whole(
    summary: Summary, arguments: Mapping[str, Any], began_epoch: Optional[float], now: float
) -> Dict[str, float]:
    """Return how long it took until all was seen to work. In a switchover nobody was served since the hand-over."""
    figures = {}
    if began_epoch is not None:
        figures["recovery_seconds"] = round(now - began_epoch, 3)
    stopped = [line.result["proof"]["at_epoch"] for line in summary.lines if line.result.get("proof")]
    if arguments["procedure"] == "switchover" and stopped:
        figures["outage_seconds"] = round(now - min(stopped), 3)
    return figures
