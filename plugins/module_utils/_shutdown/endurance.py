# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the batteries last while nodes go off one after the other.

Between two moments at which a load changes each battery loses 1 / T(P) of its charge in a second. The draw of a node
with several feeds is shared in equal parts by those that live; when one is empty, the others carry its part. A UPS
that is unknown carries no part for the others, and itself the highest plausible load all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Dict, FrozenSet

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.runtime import Curve

NEVER = float("inf")


@dataclass(frozen=True)
class Cell:
    """A UPS: ``share`` of a full battery that is left, and what ``background`` and ``steady`` mean in Battery.

    ``endless``: it is on mains.
    """

    curve: Curve
    share: float
    background: float
    steady: float | None = None
    endless: bool = False


@dataclass(frozen=True)
class Shed:
    """``watts`` of the nodes on the same ``feeds`` go off ``when``."""

    when: float
    feeds: frozenset[str]
    watts: float


Cells = Dict[str, Cell]
# The watts of the nodes that are on, by the set of their feeds.
Draws = Dict[FrozenSet[str], float]


def depletions(cells: Cells, draws: Draws) -> dict[str, float]:
    """Return when each UPS is empty if nothing goes off, in seconds from now, NEVER where it is on mains."""
    run = _Run(cells, draws)
    run.until(NEVER)
    return run.empty_at


def empty_while(cells: Cells, draws: Draws, sheds: Sequence[Shed], later: float, end: float) -> dict[str, float]:
    """Return when each UPS is empty, NEVER where it is not before the ``end``.

    ``sheds`` is ordered by time, and each comes so much ``later``.
    """
    run = _Run(cells, draws)
    run.through(sheds, later)
    run.until(end)
    return run.empty_at


def drained(cells: Cells, draws: Draws, sheds: Sequence[Shed], later: float, when: float) -> tuple[Cells, Draws]:
    """Return the batteries and the draws ``when`` all of the sheds have happened, each so much ``later``."""
    run = _Run(cells, draws)
    run.through(sheds, later)
    run.until(when)
    return {name: replace(cell, share=run.left(name)) for name, cell in cells.items()}, run.draws


def present_loads(cells: Cells, draws: Draws) -> dict[str, float]:
    """Return the watts that each UPS carries now."""
    run = _Run(cells, draws)
    return {name: run.load(name) for name in cells}


class _Run:
    """The batteries as time goes on."""

    def __init__(self, cells: Cells, draws: Draws) -> None:
        self.empty_at = dict.fromkeys(cells, NEVER)
        self._cells = cells
        self.draws = dict(draws)
        self._groups = {name: [feeds for feeds in draws if name in feeds] for name in cells}
        self._sharing = {name for name, cell in cells.items() if cell.steady is None}
        self._carriers = {feeds: len(feeds & self._sharing) for feeds in draws}
        self._now = 0.0
        self._loads = {name: self.load(name) for name in cells}
        self._left = {name: cell.share for name, cell in cells.items() if not cell.endless}
        self._rates = dict.fromkeys(self._left, 1.0)
        for name in self._left:
            self._refresh(name)
        for name in [name for name, left in self._left.items() if left <= 0]:
            self._empty(name)

    def load(self, name: str) -> float:
        """Return what a UPS carries at this moment."""
        cell = self._cells[name]
        if cell.steady is not None:
            return cell.steady
        return cell.background + sum(self.draws[feeds] / max(1, self._carriers[feeds]) for feeds in self._groups[name])

    def left(self, name: str) -> float:
        """Return the share of a full battery that a UPS holds at this moment."""
        return self._left.get(name, self._cells[name].share if self._cells[name].endless else 0.0)

    def through(self, sheds: Sequence[Shed], later: float) -> None:
        """Let time go on until the last of the sheds has happened."""
        for shed in sheds:
            self.until(shed.when + later)
            self._shed(shed)

    def until(self, when: float) -> None:
        """Let the batteries drain until then."""
        left, rates = self._left, self._rates
        while left:
            lasts, first = min((left[name] / rates[name], name) for name in left)
            step = min(lasts, when - self._now)
            for name in left:
                left[name] -= step * rates[name]
            self._now += step
            if step < lasts:
                break
            self._empty(first)
        self._now = max(self._now, when)

    def _shed(self, shed: Shed) -> None:
        """Take off a draw."""
        gone = min(shed.watts, self.draws[shed.feeds])
        self.draws[shed.feeds] -= gone
        part = gone / max(1, self._carriers[shed.feeds])
        for name in shed.feeds & self._sharing:
            self._loads[name] -= part
            self._refresh(name)

    def _empty(self, name: str) -> None:
        self.empty_at[name] = self._now
        del self._left[name], self._rates[name]
        if name in self._sharing:
            self._sharing.discard(name)
            for feeds in self._groups[name]:
                self._carriers[feeds] -= 1
            for other in {each for feeds in self._groups[name] for each in feeds} - {name}:
                self._loads[other] = self.load(other)
                self._refresh(other)

    def _refresh(self, name: str) -> None:
        if name in self._rates:
            self._rates[name] = 1 / self._cells[name].curve.seconds(self._loads[name])
