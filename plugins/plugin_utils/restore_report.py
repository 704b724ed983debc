# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run over all backup sets came to: lines for the screen, and the record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._restore.age import duration
from ansible_collections.contingency.infra.plugins.module_utils._restore.history import GOOD, MISSED, misses
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    DEGRADED,
    FAILED,
    NOT_RUN,
    PASSED,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.shown import all_shown, shown
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import UNITS, WORDS

VERDICTS = (FAILED, NOT_RUN, DEGRADED, PASSED)
"""The worst first: what could not be tested may be as bad as what failed."""
NOTHING: dict[str, Any] = {
    "engine": "",
    "copy_used": None,
    "began_at_epoch": None,
    "seconds": 0.0,
    "age_seconds": None,
    "recovery_seconds": None,
    "objectives": {},
    "copies": [],
    "findings": [],
    "history": [],
    "problems": [],
    "files": [],
    "objectives_missed": [],
}


def result_of(name: str, registered: Mapping[str, Any] | None, language: str) -> dict[str, Any]:
    """Return what is known of a set: its evidence, or why there is none, which counts as not run."""
    if registered is not None and registered.get("verdict") in VERDICTS:
        return {**NOTHING, **all_shown(registered), "name": name}
    words = WORDS[language]
    why = words["not_tested"]
    if registered is not None and registered.get("unreachable"):
        why = words["unreachable"].format(why=_message(registered))
    elif registered is not None and registered.get("msg"):
        why = _message(registered)
    return {**NOTHING, "name": name, "verdict": NOT_RUN, "not_run": shown(why)}


def _message(registered: Mapping[str, Any]) -> str:
    """Return what went wrong, without the words that ansible-core puts before it."""
    lines = [line.strip() for line in str(registered.get("module_stderr") or "").splitlines() if line.strip()]
    if lines:
        # The module has printed no result: ansible-core's message is about that, and not about why.
        said = lines[-1] if lines[0].startswith("Traceback") else lines[0]
        return f"its host could not run the test: {said}; check ansible_python_interpreter (3.9 or newer)"
    return str(registered.get("msg", "?")).removeprefix("Task failed: ").removeprefix("Module failed: ").rstrip(".")


def known(registered: Mapping[str, Mapping[str, Any] | None], language: str, now: float) -> list[str]:
    """Return what a look at the sets, without a test, is told as."""
    report = Report([], language)
    lines = ["", report.say("look")]
    for name, result in registered.items():
        look = (result or {}).get("look")
        if look is None:
            said = report.line(result_of(name, result, language))
        else:
            times = [copy["current_at_epoch"] for copy in look["copies"][:1]]
            age = report.duration(now - times[0] if times and times[0] is not None else None)
            said = report.say("line_look", at=moment_or_never(look["last_success_epoch"], report), age=age)
        lines.append(f"{name}  {said}")
    return lines


def moment_or_never(epoch: float | None, report: Report) -> str:
    return report.say("never") if epoch is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(epoch))


@dataclass(frozen=True)
class Report:
    """The sets in the order of the inventory."""

    results: Sequence[Mapping[str, Any]]
    language: str

    @property
    def shown(self) -> list[str]:
        """The title, a line for each set with the worst first, and what to do next."""
        width = max((len(result["name"]) for result in self.results), default=0)
        lines = [f"{result['name']:<{width}}  {self.line(result)}" for result in self.ordered]
        return ["", self.title, *lines, *self.problems, *self.closing]

    @property
    def ordered(self) -> list[Mapping[str, Any]]:
        return sorted(self.results, key=lambda result: VERDICTS.index(result["verdict"]))

    @property
    def title(self) -> str:
        return self.say("title_one") if len(self.results) == 1 else self.say("title", count=len(self.results))

    @property
    def problems(self) -> list[str]:
        return [
            self.say("problem", name=result["name"], problem=problem)
            for result in self.results
            for problem in result["problems"]
        ]

    @property
    def closing(self) -> list[str]:
        good = sum(result["verdict"] in GOOD for result in self.results)
        lines = [self.say("result", good=good, all=len(self.results))]
        for verdict in VERDICTS[:-1]:
            names = ", ".join(self.named(verdict))
            lines += [self.say(f"next_{verdict}", names=names)] if names else []
        return lines

    @property
    def markdown(self) -> str:
        rows = "".join(f"| {result['name']} | {self.line(result).replace('|', '/')} |\n" for result in self.results)
        closing = "".join(f"- {line}\n" for line in [*self.problems, *self.closing])
        return f"# {self.title}\n\n|  |  |\n|---|---|\n{rows}\n{closing}"

    def named(self, *verdicts: str) -> list[str]:
        """Return the names of the sets with one of these verdicts."""
        return [result["name"] for result in self.results if result["verdict"] in verdicts]

    def failing(self, fail_on: Sequence[str]) -> list[str]:
        """Return the names of the sets with which the run ends non-zero."""
        missing = [result["name"] for result in self.results if MISSED in fail_on and misses(result)]
        return self.named(*fail_on) + missing

    def line(self, result: Mapping[str, Any]) -> str:
        verdict = result["verdict"]
        said = self.say(
            f"line_{verdict}",
            copy=result["copy_used"],
            recovery=self.duration(result["recovery_seconds"]),
            age=self.duration(result["age_seconds"]),
            why=reason(result),
        )
        parts = [self.say("line", verdict=self.say(verdict), said=said), *self.missed(result)]
        unproven = sum(len(stage["unproven"]) for stage in last_stages(result))
        if unproven and verdict in GOOD:
            parts.append(self.say("unproven", count=unproven))
        return self.say("between").join(parts)

    def missed(self, result: Mapping[str, Any]) -> list[str]:
        limits = {name: result["objectives"][name]["limit"] for name in misses(result)}
        return [
            self.say("missed", objective=name.upper(), limit=self.duration(limit)) for name, limit in limits.items()
        ]

    def duration(self, seconds: float | None) -> str:
        if seconds is None:
            return self.say("unknown_age")
        number, unit = duration(seconds).split(" ")
        return f"{number} {UNITS[self.language][unit]}"

    def say(self, key: str, **values: object) -> str:
        return WORDS[self.language][key].format(**values)


def reason(result: Mapping[str, Any]) -> str:
    """Return the first thing that was found, else why it was not run."""
    return str((result["findings"] or [result.get("not_run") or ""])[0])


def last_stages(result: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the stages of the copy that served, else of the one that was tried last."""
    stages: Sequence[Mapping[str, Any]] = result["copies"][-1]["stages"] if result["copies"] else []
    return stages


def months(now: float) -> list[str]:
    """Return the last twelve months as YYYY-MM, the oldest first, this one last."""
    at = time.localtime(now)
    numbers = range(at.tm_year * 12 + at.tm_mon - 12, at.tm_year * 12 + at.tm_mon)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in numbers]


def by_month(history: Sequence[Mapping[str, Any]], now: float) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return the last run of each of the last twelve months, None where there was none."""
    last = {time.strftime("%Y-%m", time.localtime(entry["began_at_epoch"])): entry for entry in history}
    return [(month, last.get(month)) for month in months(now)]
