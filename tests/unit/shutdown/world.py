# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batteries and hosts as they really are, for the planner to be tested against. Shares no code with the planner.

Runtimes are interpolated between the table's points in a straight line, of the minutes or of the rate of discharge,
and not in logarithms. The batteries are aged by their own factor, and the load is that of what is really on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FOREVER = float("inf")
MINUTE = 60.0


@dataclass(frozen=True)
class TrueUps:
    """``health``: what is left of the table with age; ``background``: watts of what the planner is not told of."""

    name: str
    nominal: float
    table: tuple[tuple[float, float], ...]
    health: float
    background: float
    by_rate: bool
    knows_its_age: bool

    def says_seconds(self, watts: float) -> float:
        """How long it says that a full battery lasts."""
        return self.seconds(watts) / (1.0 if self.knows_its_age else self.health)

    def seconds(self, watts: float) -> float:
        """How long a full battery lasts."""
        percent = watts / self.nominal * 100
        (least, longest), (most, shortest) = self.table[0], self.table[-1]
        if percent <= least:
            return longest * MINUTE * self.health
        if percent >= most:
            return shortest * MINUTE * self.health * math.pow(most / percent, 1.2)
        above = next(number for number, (load, _minutes) in enumerate(self.table) if load > percent)
        (low, long), (high, short) = self.table[above - 1], self.table[above]
        part = (percent - low) / (high - low)
        minutes = 1 / (1 / long + part * (1 / short - 1 / long)) if self.by_rate else long + part * (short - long)
        return minutes * MINUTE * self.health


@dataclass(frozen=True)
class TrueHost:
    """What a host really draws and takes; ``seconds`` is known only once it is off."""

    name: str
    watts: float
    seconds: float
    feeds: tuple[str, ...]


@dataclass
class World:
    """Time goes on in `advance`; whoever asks for more than the batteries hold finds hosts in ``dark``."""

    upses: Mapping[str, TrueUps]
    hosts: Mapping[str, TrueHost]
    charge: dict[str, float]
    on: set[str]
    mains: bool = False
    now: float = 0.0
    always_on: frozenset[str] = frozenset()
    dark: dict[str, float] = field(default_factory=dict)

    def load(self, name: str) -> float:
        """What a UPS carries: each host in equal parts on those of its feeds that live."""
        if not self._alive(name):
            return 0.0
        total = self.upses[name].background
        for host in self._powered():
            feeds = [each for each in host.feeds if self._alive(each)]
            total += host.watts / len(feeds) if name in feeds else 0.0
        return total

    def advance(self, until: float) -> None:
        """Let the batteries drain until a moment; a battery does not recharge in these minutes."""
        while self.now < until:
            rates = {name: 1 / ups.seconds(self.load(name)) for name, ups in self.upses.items() if self._drains(name)}
            step = min([until - self.now, *(self.charge[name] / rate for name, rate in rates.items())])
            for name, rate in rates.items():
                left = self.charge[name] - rate * step
                self.charge[name] = left if left > 1e-9 else 0.0
            self.now = until if step >= until - self.now else self.now + step
            self._darken()

    def _alive(self, name: str) -> bool:
        return self.charge[name] > 0 or self._fed(name)

    def _fed(self, name: str) -> bool:
        return self.mains or name in self.always_on

    def _drains(self, name: str) -> bool:
        return self.charge[name] > 0 and not self._fed(name)

    def _powered(self) -> list[TrueHost]:
        return [self.hosts[name] for name in sorted(self.on) if name not in self.dark]

    def _darken(self) -> None:
        for host in self._powered():
            if not any(self._alive(name) for name in host.feeds):
                self.dark[host.name] = self.now


def dark_with_late_host(world: World, offs: Sequence[tuple[float, str]], late: str, reserve: float) -> bool:
    """Whether ``late`` loses power if it stays on for the reserve longer, all else as it happened from now on.

    ``world`` is as it was when mains was lost, or later, but before the first of ``offs``.
    """
    moments = sorted((when + (reserve if name == late else 0.0), name) for when, name in offs)
    for when, name in moments:
        world.advance(when)
        if name == late:
            return late in world.dark
        world.on.discard(name)
    raise AssertionError(f"{late} never went off")
