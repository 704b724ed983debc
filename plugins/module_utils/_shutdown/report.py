# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of a staged shutdown saw and did, in the words of the person on duty. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.sentences import all_told, outcome_told
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.words import WORDS

OFF, FAILED = "off", "failed"
MODES = ("run", "check", "plan")


@dataclass(frozen=True)
class Facts:
    """What is told. ``hosts`` are the names of what has power, in order; ``outcomes`` are dicts of this run's outcomes.

    ``age`` is how long the outage lasts, in seconds; ``mode`` is one of `MODES`.
    """

    mains: str
    readings: Sequence[Mapping[str, Any]]
    hosts: Sequence[str]
    mode: str = "run"
    outage: Mapping[str, Any] | None = None
    age: float = 0.0
    plan: Mapping[str, Any] | None = None
    outcomes: Sequence[Mapping[str, Any]] = ()
    next_look_epoch: float | None = None
    now_epoch: float = 0.0
    trouble: str = ""
    controller_due: str | None = None
    remarks: Sequence[str] = ()
    """What in the inventory is wrong and was mended, or keeps one host on."""


@dataclass(frozen=True)
class Summary:
    """Lines for the screen: what it is, UPSes and hosts as name and text, and how it ends."""

    title: str
    lines: Sequence[tuple[str, str]]
    closing: Sequence[str]
    failed: Sequence[str] = field(default=())

    @property
    def shown(self) -> list[str]:
        width = max((len(name) for name, _text in self.lines), default=0)
        return ["", self.title, *(f"{name:<{width}}  {text}" for name, text in self.lines), *self.closing]

    @property
    def message(self) -> str:
        """How it ends, in one line."""
        return ". ".join(text.rstrip(".。") for text in self.closing) or self.title

    @property
    def markdown(self) -> str:
        rows = "".join(f"| {name} | {text.replace('|', '/')} |\n" for name, text in self.lines)
        return f"# {self.title}\n\n|  |  |\n|---|---|\n{rows}\n" + "".join(f"- {text}\n" for text in self.closing)


class Reporter:
    """Makes the summary of one run."""

    def __init__(self, facts: Facts, language: str) -> None:
        self._facts = facts
        self._words = WORDS[language]
        self._language = language

    def summary(self) -> Summary:
        facts = self._facts
        lines = [(str(each["name"]), self._ups(each)) for each in facts.readings]
        lines += [(str(each["name"]), self._outcome(each)) for each in facts.outcomes]
        if facts.mode != "run" and facts.plan:
            lines += [(str(name), self._would(str(name))) for name in facts.plan["due"]]
        failed = [str(each["name"]) for each in facts.outcomes if each["state"] == FAILED]
        return Summary(self._title(), lines, [*self._reasons(), *self._closing(failed)], failed)

    def _say(self, key: str, **values: object) -> str:
        return self._words[key].format(**values)

    # -- what it is --------------------------------------------------------------------------------

    def _title(self) -> str:
        outage = self._facts.outage
        if outage is None:
            return self._say({"unclear": "title_unclear"}.get(self._facts.mains, self._ordinary("title")))
        began = time.strftime("%H:%M:%S", time.localtime(self._facts.now_epoch - self._facts.age))
        age = self._say("minutes", count=f"{self._facts.age / 60:.0f}")
        if outage["cause"] == "planned":
            return self._say("title_planned", began=began, age=age)
        key = "title_back" if self._facts.mains == "online" else "title_mains"
        return self._say(key, began=began, age=age)

    def _ordinary(self, part: str) -> str:
        """Return the key of what is said on an ordinary day."""
        wrong = self._facts.remarks or (self._facts.plan or {}).get("problems")
        return f"{part}_{'problems' if wrong else 'none'}"

    def _ups(self, reading: Mapping[str, Any]) -> str:
        if reading["status"] == "unknown":
            return self._say("unknown", why=reading.get("why") or "-")
        parts = [self._say(str(reading["status"]))]
        if reading.get("runtime_seconds") is not None:
            parts.append(self._say("runtime", minutes=f"{reading['runtime_seconds'] / 60:.0f}"))
        for name in ("charge", "load"):
            if reading.get(f"{name}_percent") is not None:
                parts.append(self._say(name, percent=f"{reading[f'{name}_percent']:.0f}"))
        parts += [self._say("marked", field=mark["field"], why=mark["why"]) for mark in reading.get("marks", [])]
        return self._words["between"].join(parts)

    def _outcome(self, outcome: Mapping[str, Any]) -> str:
        key = "failed" if outcome["state"] == FAILED else "off"
        how = outcome_told(str(outcome["how"]), self._language)
        return self._say(key, how=how, seconds=f"{outcome['seconds']:.0f}", why=outcome["message"] or "-")

    def _would(self, name: str) -> str:
        """Return what would be done; what has no power of its own is a save."""
        return self._say("would" if name in self._facts.hosts else "would_save")

    def _reasons(self) -> list[str]:
        """Return why, and what stands in the way, as the planner says it; on an ordinary day only the latter."""
        plan = self._facts.plan or {"why": (), "problems": ()}
        why = () if self._facts.outage is None else plan["why"]
        return all_told([*why, *plan["problems"], *self._facts.remarks], self._language)

    # -- how it ends -------------------------------------------------------------------------------

    def _closing(self, failed: Sequence[str]) -> list[str]:
        facts = self._facts
        lines = [self._say("trouble", why=facts.trouble)] if facts.trouble else []
        if facts.outage is None:
            return [*lines, self._say({"unclear": "next_unclear"}.get(facts.mains, self._ordinary("next")))]
        on = self._still_on()
        lines.append(self._counted(on))
        if on and facts.mains != "online":
            lines.append(self._say("still_on", names=self._words["between"].join(on)))
        if facts.controller_due:
            lines.append(self._say("controller", name=facts.controller_due))
        if facts.mode != "run":
            return [*lines, self._say(facts.mode)]
        return [*lines, *self._next(failed, on)]

    def _still_on(self) -> list[str]:
        states = (self._facts.outage or {})["nodes"]
        return [name for name in self._facts.hosts if states.get(name, {}).get("state") != OFF]

    def _counted(self, on: Sequence[str]) -> str:
        everything = len(self._facts.hosts)
        return self._say("counted" if on else "all_off", off=everything - len(on), all=everything)

    def _next(self, failed: Sequence[str], on: Sequence[str]) -> list[str]:
        facts = self._facts
        lines = [self._say("next_failed", names=self._words["between"].join(failed))] if failed else []
        if not on:
            return [*lines, self._say("next_all_off")]
        if facts.mains == "online" and (facts.outage or {})["cause"] != "planned":
            return [*lines, self._say("next_back")]
        if facts.next_look_epoch is None:
            return lines
        at = time.strftime("%H:%M:%S", time.localtime(facts.next_look_epoch))
        seconds = f"{max(0.0, facts.next_look_epoch - facts.now_epoch):.0f}"
        return [*lines, self._say("next_look", at=at, seconds=seconds)]
