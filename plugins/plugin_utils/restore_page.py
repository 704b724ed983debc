# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a run over all backup sets: one HTML file with everything in it, for the screen and for A4."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._restore.history import GOOD
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NOT_RUN, STAGES
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_report import (
    VERDICTS,
    Report,
    by_month,
)

COLOURS = {"passed": "#2e7d4f", "degraded": "#b7791f", "failed": "#b3261e", "not_run": "#6b7280"}
STAGE_COLOURS = (
    "#a9bcd0",
    "#7d9ab8",
    "#c3cfdb",
    "#2f5d8a",
    "#5f86ad",
    "#94a9be",
    "#46759f",
    "#1f4467",
    "#8aa0b5",
    "#6d89a5",
    "#d3dbe3",
)
MOST_SENTENCES = 40
STYLE = """
@page { size: A4; margin: 14mm; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.45 "Noto Sans", "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif;
  color: #1c2530; margin: 0 auto; padding: 1.2em; max-width: 62em; -webkit-print-color-adjust: exact;
  print-color-adjust: exact; }
h1 { font-size: 17pt; margin: 0; } h2 { font-size: 12.5pt; margin: 0 0 .3em; }
.made { color: #566372; margin: .1em 0 1em; }
.closing { border-left: 4px solid #2e7d4f; background: #f3f6f9; padding: .5em .8em; margin: 0 0 1.2em; }
.closing.failed { border-color: #b3261e; } .closing.not_run { border-color: #6b7280; }
.closing.degraded { border-color: #b7791f; } .closing p { margin: .1em 0; } .closing p:first-child { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: 9pt; color: #566372; border-bottom: 1.5px solid #1c2530; }
th, td { padding: .35em .6em .35em 0; vertical-align: top; }
td { border-bottom: 1px solid #d7dee6; } tr { break-inside: avoid; }
td small, .muted { color: #566372; font-size: 9pt; } .short, td b { white-space: nowrap; }
td small { display: block; overflow-wrap: anywhere; } td b + small { white-space: nowrap; }
.verdict { color: #fff; border-radius: 3px; padding: .1em .5em; font-size: 9pt; font-weight: 600; white-space: nowrap; }
section { margin-top: 1.6em; break-inside: avoid; }
dl { display: grid; grid-template-columns: 7em minmax(0, 1fr); gap: .15em .8em; margin: .4em 0; }
dt { color: #566372; } dd { margin: 0; overflow-wrap: anywhere; }
dd p { margin: 0 0 .15em; } .found { color: #8f1d16; }
.legend span { white-space: nowrap; margin-right: .9em; }
.legend i { display: inline-block; width: .75em; height: .75em; margin-right: .3em; border-radius: 2px; }
svg { display: block; }
"""


def rendered(report: Report, now: float) -> str:
    """Return the page; ``now`` is the epoch at which it is made."""
    worst = min((result["verdict"] for result in report.results), key=VERDICTS.index, default="not_run")
    closing = "".join(f"<p>{escape(line)}</p>" for line in [*report.closing, *report.problems])
    made = report.say("made", at=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)))
    language = {"zh": "zh-CN"}.get(report.language, report.language)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(report.title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{escape(report.title)}</h1>\n"
        f'<p class="made">{escape(made)}</p>\n<div class="closing {worst}">{closing}</div>\n'
        f"{_table(report, now)}\n{''.join(_details(report, result) for result in report.ordered)}</body></html>\n"
    )


def _table(report: Report, now: float) -> str:
    names = ("set", "verdict", "copy", "recovery", "age", "objectives", "history")
    heads = "".join(f"<th>{escape(report.say(f'head_{name}'))}</th>" for name in names)
    rows = "".join(_row(report, result, now) for result in report.ordered)
    legend = f'<p class="muted">{escape(report.say("legend"))}</p>'
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>{legend}"


def _row(report: Report, result: Mapping[str, Any], now: float) -> str:
    good = result["verdict"] in GOOD
    cells = [
        f"<b>{escape(result['name'])}</b><small>{escape(result['engine'])}</small>",
        _verdict(report, result["verdict"]),
        _copy(report, result),
        escape(report.duration(result["recovery_seconds"])) if good else "",
        escape(report.duration(result["age_seconds"])) if good else "",
        _objectives(report, result),
        history(report, result["history"], now),
    ]
    # What has to be read at a glance stays in one line; a path may break anywhere.
    kinds = ("", "short", "", "short", "short", "short", "short")
    return "<tr>" + "".join(f'<td class="{kind}">{cell}</td>' for kind, cell in zip(kinds, cells)) + "</tr>\n"


def _verdict(report: Report, verdict: str) -> str:
    return f'<span class="verdict" style="background:{COLOURS[verdict]}">{escape(report.say(verdict))}</span>'


def _copy(report: Report, result: Mapping[str, Any]) -> str:
    used, count = result["copy_used"], result.get("copies_count") or 0
    if used is None:
        return escape(report.say("copy_none", count=count)) if count else ""
    told = report.say("copy_of", copy=used, count=count)
    return f"{escape(told)}<small>{escape(_where(result['copies'][used - 1]))}</small>"


def _where(copy: Mapping[str, Any]) -> str:
    return " ".join(part for part in (copy.get("place"), copy.get("host"), copy["path"]) if part)


def _objectives(report: Report, result: Mapping[str, Any]) -> str:
    lines = []
    for name, each in result["objectives"].items():
        said = report.say("objective", objective=name.upper(), limit=report.duration(each["limit"]))
        unknown = result["verdict"] == NOT_RUN
        met = report.say("met" if each["met"] else "not_known" if unknown else "not_met")
        kind = "" if each["met"] or unknown else "found"
        lines.append(f'{escape(said)}: <span class="{kind}">{escape(met)}</span>')
    return "<br>".join(lines)


# -- pictures --------------------------------------------------------------------------------------


def history(report: Report, entries: Sequence[Mapping[str, Any]], now: float) -> str:
    """Draw the last test of each month: its height is its time, its colour the verdict; a cross: no good copy."""
    there = by_month(entries, now)
    longest = max((_time(entry) for _month, entry in there if entry is not None), default=0.0)
    bars = "".join(_bar(report, place, month, entry, longest) for place, (month, entry) in enumerate(there))
    return f'<svg width="132" height="40" viewBox="0 0 132 40" role="img">{bars}</svg>'


def _time(entry: Mapping[str, Any]) -> float:
    return float(entry.get("recovery_seconds") or entry.get("seconds") or 0.0)


def _bar(report: Report, place: int, month: str, entry: Mapping[str, Any] | None, longest: float) -> str:
    left = place * 11
    label = (
        f'<text x="{left + 4}" y="39" text-anchor="middle" font-size="8" fill="#566372">{int(month[5:])}</text>'
        if place % 3 == 2
        else ""
    )
    if entry is None:
        title = f"<title>{month}: {escape(report.say('no_test'))}</title>"
        return f'<g>{title}<rect x="{left}" y="29" width="8" height="1" fill="#c3ccd6"/>{label}</g>'
    height = 4 + 18 * (_time(entry) / longest if longest else 0)
    said = f"{month}: {report.say(entry['verdict'])}, {report.duration(_time(entry))}"
    cross = "" if entry["verdict"] in GOOD else _cross(left + 4, 30 - height - 4)
    fill = COLOURS.get(entry["verdict"], "#6b7280")
    drawn = f'<rect x="{left}" y="{30 - height:.1f}" width="8" height="{height:.1f}" fill="{fill}"/>'
    return f"<g><title>{escape(said)}</title>{drawn}{cross}{label}</g>"


def _cross(x: float, y: float) -> str:
    y = max(y, 3.0)
    lines = f"M{x - 2.5} {y - 2.5:.1f}l5 5M{x + 2.5} {y - 2.5:.1f}l-5 5"
    return f'<path d="{lines}" stroke="#b3261e" stroke-width="1.4"/>'


def _stages(report: Report, copy: Mapping[str, Any]) -> str:
    """Draw the stages one after the other, as long as they took, with their seconds below."""
    total = sum(stage["seconds"] for stage in copy["stages"]) or 1.0
    parts, legend, left = [], [], 0.0
    for stage in copy["stages"]:
        width = 100.0 * stage["seconds"] / total
        bad = bool(stage["findings"])
        colour = COLOURS["failed"] if bad else STAGE_COLOURS[STAGES.index(stage["name"])]
        name = escape(f"{report.say('stage_' + stage['name'])} {report.duration(stage['seconds'])}")
        place = f'x="{left:.2f}%" width="{max(width, 0.2):.2f}%" height="12"'
        parts.append(f'<rect {place} fill="{colour}"><title>{name}</title></rect>')
        legend.append(f'<span><i style="background:{colour}"></i>{name}</span>')
        left += width
    return (
        f'<svg width="100%" height="12" role="img">{"".join(parts)}</svg><p class="legend muted">{"".join(legend)}</p>'
    )


# -- one set ---------------------------------------------------------------------------------------


def _details(report: Report, result: Mapping[str, Any]) -> str:
    head = f"<h2>{escape(result['name'])} {_verdict(report, result['verdict'])}</h2>"
    said = f"<p>{escape(report.line(result))}</p>"
    copies = "".join(_tried(report, place, copy) for place, copy in enumerate(result["copies"], 1))
    files = ", ".join(result["files"])
    where = report.say("evidence", host=result.get("host", "?"), files=files) if files else ""
    return f'<section>{head}{said}{copies}<p class="muted">{escape(where)}</p></section>\n'


def _tried(report: Report, place: int, copy: Mapping[str, Any]) -> str:
    stages: Sequence[Mapping[str, Any]] = copy["stages"]
    found = [f"{report.say('stage_' + each['stage'])}: {each['sentence']}" for s in stages for each in s["findings"]]
    found += [str(copy["not_run"])] if copy.get("not_run") else []
    unproven = [sentence for stage in stages for sentence in stage["unproven"]]
    entries = [
        _entry(report.say("copy", copy=place), [_where(copy)]),
        _entry(report.say("head_findings"), found or [report.say("found_nothing")], "found" if found else ""),
        _entry(report.say("head_unproven"), unproven),
    ]
    drawn = f"<dt>{escape(report.say('head_stages'))}</dt><dd>{_stages(report, copy)}</dd>"
    return f"<dl>{''.join(entries)}{drawn}</dl>"


def _entry(name: str, sentences: Sequence[str], kind: str = "") -> str:
    if not sentences:
        return ""
    shown = [f"<p>{escape(sentence)}</p>" for sentence in sentences[:MOST_SENTENCES]]
    more = "<p>...</p>" if len(sentences) > MOST_SENTENCES else ""
    return f'<dt>{escape(name)}</dt><dd class="{kind}">{"".join(shown)}{more}</dd>'
