# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a report says things: its words, and times, durations and figures as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.contingency.infra.plugins.module_utils._record.steps import in_language
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_translated import ZH
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words import WORDS

COLLECTION = "contingency.infra"
_VARIABLE = re.compile(r"\{\{ (\w+) \}\}")
_UNITS = ("_percent", "_seconds", "_minutes", "_bytes", "_ms", "_watts", "_volts")
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True)
class Voice:
    """``zone``: whose clock times are told by."""

    language: str
    zone: tzinfo = timezone.utc

    def say(self, key: str, /, **values: object) -> str:
        return WORDS[self.language][key].format(**values)

    def known(self, prefix: str, name: str) -> str:
        """Return the word for a name, or the name itself where there is no word for it."""
        return WORDS[self.language].get(f"{prefix}_{name}", name)

    def text(self, value: Any) -> str:
        """Return what a record says: a sentence, one by language, or several of them."""
        if isinstance(value, (list, tuple)):
            return self.say("between").join(self.text(each) for each in value)
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        if isinstance(value, Mapping) and not all(isinstance(each, str) for each in value.values()):
            return str(dict(value))
        return in_language(value, self.language) if isinstance(value, (str, Mapping)) else str(value)

    def moment(self, epoch: float | None) -> str:
        return self.say("unknown") if epoch is None else self._at(epoch, "%Y-%m-%d %H:%M:%S")

    def clock(self, epoch: float, day: str = "") -> str:
        """Return the time of day, with the date where it is another one than ``day`` (YYYY-MM-DD)."""
        return self._at(epoch, "%H:%M:%S" if self.day(epoch) == day else "%m-%d %H:%M:%S")

    def day(self, epoch: float) -> str:
        return self._at(epoch, "%Y-%m-%d")

    def _at(self, epoch: float, form: str) -> str:
        try:
            return datetime.fromtimestamp(epoch, self.zone).strftime(form)
        except (OverflowError, ValueError, OSError):
            # A record with a time that no calendar has.
            return str(epoch)

    def duration(self, seconds: float | None) -> str:
        """Return how long: its two largest units, the smallest ones only where it was short."""
        if seconds is None:
            return self.say("unknown")
        if 0 < abs(seconds) < 1:
            return self.say("milliseconds", count=round(seconds * 1000))
        if abs(seconds) < 10:
            return self.say("seconds", count=f"{seconds:.1f}".removesuffix(".0"))
        return f"{'-' if seconds < 0 else ''}{self._two_units(round(abs(seconds)))}"

    def _two_units(self, seconds: int) -> str:
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        parts = list(zip(("days", "hours", "minutes", "seconds"), (days, hours, minutes, seconds)))
        first = next((place for place, (_unit, count) in enumerate(parts) if count), 3)
        return " ".join(self.say(unit, count=count) for unit, count in parts[first : first + 2] if count)

    def figure(self, name: str, value: float | None) -> str:
        """Return a figure with its unit, which is the end of its name."""
        if value is None:
            return self.say("not_measured")
        if name.endswith("_seconds"):
            return self.duration(value)
        if name.endswith("_minutes"):
            return self.duration(60 * value)
        if name.endswith("_ms"):
            return self.duration(value / 1000)
        if name.endswith("_bytes") or name == "bytes":
            return self.size(value)
        return f"{_short(value)}{self.unit(name)}"

    def unit(self, name: str) -> str:
        return {"_percent": " %", "_watts": " W", "_volts": " V"}.get(_suffix(name), "")

    def size(self, value: float | None) -> str:
        if value is None:
            return self.say("unknown")
        power = 0
        while value >= 1000 and power < len(_SIZES) - 1:
            value, power = value / 1000, power + 1
        return f"{_short(value)} {_SIZES[power]}"

    def figure_name(self, name: str) -> str:
        """Return what a figure is called; one that nobody gave a name to is called as in the record."""
        there = WORDS[self.language].get(f"figure_{name}")
        return there or name.removesuffix(_suffix(name)).replace("_", " ")

    def task(self, name: str) -> str:
        """Return what a task of ours is called, without its role; one of the site's own as the site calls it."""
        role, _colon, own = name.partition(" : ")
        name = own if own and role.startswith(f"{COLLECTION}.") else name
        if self.language != "zh":
            return name
        if name in ZH:
            return ZH[name]
        found = ((each.fullmatch(name), chinese) for each, chinese in _templated_tasks())
        return next((_filled(chinese, match) for match, chinese in found if match), name)

    def curve_name(self, name: str) -> str:
        """Return what a curve is called: what was measured keeps its name, the figure at its end has a word."""
        thing, _space, figure = name.rpartition(" ")
        word = WORDS[self.language].get(f"measure_{figure}", figure)
        return f"{thing} {word}".strip()

    def sentences(self, *parts: str) -> str:
        """Return parts as sentences, one after the other."""
        stop = self.say("stop")
        return "".join(f"{part.rstrip('.。')}{stop}" for part in parts).rstrip()

    def comma(self, *parts: str) -> str:
        """Return parts in a row; empty ones are left out."""
        return self.say("comma").join(part for part in parts if part)

    def names(self, names: Any) -> str:
        return self.say("comma").join(str(name) for name in names)


def voice_of(language: str, timezone_name: str | None = None) -> Voice:
    """Return the voice for a language; without a time zone, or with one that is not there, the controller's."""
    return Voice(language, _zone(timezone_name))


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else _local()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _local()


def _local() -> tzinfo:
    zone = datetime.now().astimezone().tzinfo
    return timezone.utc if zone is None else zone


@cache
def _templated_tasks() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return (what the screen shows, Chinese) of tasks whose names have a variable in them, such as a host's name."""
    found = []
    for english, chinese in ZH.items():
        words, *others = _VARIABLE.split(english)
        if others:
            parts = (f"(?P<{name}>.+){re.escape(more)}" for name, more in zip(others[::2], others[1::2]))
            found.append((re.compile(re.escape(words) + "".join(parts)), chinese))
    return tuple(found)


def _filled(chinese: str, match: re.Match[str]) -> str:
    return _VARIABLE.sub(lambda found: match.groupdict().get(found[1], found[0]), chinese)


def _suffix(name: str) -> str:
    return next((unit for unit in _UNITS if name.endswith(unit)), "")


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 99.5 or value == int(value) else f"{value:.2g}"
