# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a schedule ends in time, and how long its beginning may wait.

The margin is a reserve in time: every node counts at full draw until the reserve after it is confirmed off, and has to
have power until then. So a schedule that is in time stays so when nodes are off earlier: each battery then holds at
any moment at least as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.endurance import (
    NEVER,
    Cells,
    Draws,
    Shed,
    depletions,
    empty_while,
    present_loads,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import SAVE, Node
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.schedule import INSTANT, Schedule

# The latest start is looked for to a second, or to a part of this size where it is far away.
_PARTS = 512


class Forecast:
    """A schedule against the batteries."""

    def __init__(
        self,
        cells: Cells,
        draws: Draws,
        nodes: Mapping[str, Node],
        schedule: Schedule,
        reserve: float,
    ) -> None:
        self.schedule = schedule
        self._cells, self._draws, self._reserve = cells, draws, reserve
        slots = sorted((end, name) for name, (_start, end) in schedule.slots.items())
        self._offs = [(end, name, frozenset(nodes[name].feeds)) for end, name in slots if nodes[name].kind != SAVE]
        self._groups = {feeds for _end, _name, feeds in self._offs}
        self.sheds = _sheds(self._offs, nodes)

    def late(self, delay: float) -> list[str]:
        """Return who would lose power within the reserve after it is off, or before, if all began so much later.

        A ``delay`` below 0: if all had begun so much earlier.
        """
        if not self._offs:
            return []
        later = max(0.0, delay) + self._reserve
        cells, end = self._charged(max(0.0, -delay)), self._offs[-1][0] + later
        empty = empty_while(cells, self._draws, self.sheds, later, end)
        dark = {feeds: max(empty[each] for each in feeds) for feeds in self._groups}
        return [name for end, name, feeds in self._offs if end + later > dark[feeds] + INSTANT]

    def dark_at(self) -> dict[str, float]:
        """Return when each node that is yet to go loses power if nothing is shut, in seconds from now."""
        return {name: max(self.empty_at[each] for each in feeds) for _end, name, feeds in self._offs}

    @cached_property
    def empty_at(self) -> dict[str, float]:
        """Return when each UPS is empty if nothing is shut, in seconds from now."""
        return depletions(self._cells, self._draws)

    def slack(self) -> float | None:
        """Return how long the beginning may wait, below 0 by how much it is too late; None where nothing presses."""
        last = min(self.dark_at().values(), default=NEVER)
        if last == NEVER:
            return None
        if not self.late(0.0):
            return self._latest(0.0, last)
        earliest = -(self.schedule.makespan + self._reserve)
        return earliest if self.late(earliest) else self._latest(earliest, 0.0)

    def _latest(self, good: float, bad: float) -> float:
        """Return the latest delay that is in time, between one that is and one that is not."""
        enough = max(1.0, (bad - good) / _PARTS)
        while bad - good > enough:
            middle = (good + bad) / 2
            good, bad = (good, middle) if self.late(middle) else (middle, bad)
        return good

    def _charged(self, seconds: float) -> Cells:
        """Return the batteries as they were so many seconds ago, at the present load."""
        if not seconds:
            return self._cells
        loads = present_loads(self._cells, self._draws)
        return {
            name: replace(cell, share=cell.share + seconds / cell.curve.seconds(loads[name]))
            for name, cell in self._cells.items()
        }


def _sheds(offs: list[tuple[float, str, frozenset[str]]], nodes: Mapping[str, Node]) -> list[Shed]:
    """Return what goes off when; what goes together is one step."""
    watts: dict[tuple[float, frozenset[str]], float] = {}
    for end, name, feeds in offs:
        if nodes[name].watts:
            watts[end, feeds] = watts.get((end, feeds), 0.0) + nodes[name].watts
    return [Shed(when, feeds, total) for (when, feeds), total in watts.items()]
