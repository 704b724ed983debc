# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The battery of a UPS, as arithmetic: what a load takes out of it, and what mains put back.

All times here are the battery's own, in seconds; how many of them pass in one second of the clock is the lab's pace.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

FLAP_SECONDS = 3.0
"""How long flapping mains stay away, and how long they stay: seconds of the clock."""
WORN = 0.2
"""What is left of a worn battery's capacity."""


@dataclass(frozen=True)
class State:
    """One UPS at one moment; times are seconds of the clock."""

    mains: bool = True
    flapping: bool = False
    broken: bool = False
    on_mains: bool = True
    output: bool = True
    charge: float = 1.0
    capacity: float = 1.0
    load_watts: float = 0.0
    runtime_seconds: float = 0.0
    lies: tuple[str, ...] = ()
    updated: float = 0.0


@dataclass(frozen=True)
class Table:
    """How long a full battery lasts: (load in per cent, seconds), the load rising."""

    points: tuple[tuple[float, float], ...]

    @classmethod
    def from_minutes(cls, minutes: Sequence[float]) -> Table:
        """From the minutes at 10, 20, 30 ... per cent, as manuals print them."""
        return cls(tuple((10.0 * place, 60.0 * value) for place, value in enumerate(minutes, start=1)))

    def seconds(self, load_percent: float) -> float:
        """On the straight line through two points of a log-log plot; a load below the table lasts as its first."""
        load = max(load_percent, self.points[0][0])
        steps = list(pairwise(self.points))
        (low, long), (high, short) = next((step for step in steps if load <= step[1][0]), steps[-1])
        exponent = math.log(short / long) / math.log(high / low)
        return float(long * (load / low) ** exponent)


@dataclass(frozen=True)
class Battery:
    """What does not change: the inverter's rating, the table, and how long an empty battery charges."""

    nominal_watts: float
    table: Table
    recharge_seconds: float

    def seconds(self, load_watts: float, capacity: float) -> float:
        """How long this load empties a full battery."""
        return self.table.seconds(100.0 * load_watts / self.nominal_watts) * capacity


def has_mains(state: State, now: float) -> bool:
    """Whether mains are there at this moment."""
    return state.mains and not (state.flapping and int(now / FLAP_SECONDS) % 2 == 0)


def advance(battery: Battery, state: State, load_watts: float, now: float, pace: float) -> State:
    """The state now, when this was the load since `state.updated`; `pace` seconds of the battery pass in one second.

    An empty battery without mains carries nothing, and mains that are back carry again at once.
    """
    passed = max(0.0, now - state.updated) * pace
    on_mains = has_mains(state, now)
    lasts = battery.seconds(load_watts, state.capacity)
    rate = 1.0 / battery.recharge_seconds if on_mains else -1.0 / lasts if state.output else 0.0
    charge = min(1.0, max(0.0, state.charge + rate * passed))
    return replace(
        state,
        on_mains=on_mains,
        output=not state.broken and (on_mains or (state.output and charge > 0.0)),
        charge=charge,
        load_watts=load_watts,
        runtime_seconds=charge * lasts / pace,
        updated=now,
    )
