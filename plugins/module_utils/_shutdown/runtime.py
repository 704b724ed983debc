# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a full battery lasts at a load.

With the manufacturer's table by interpolation in its logarithms: between two points t ~ P^-k is a straight line there,
and k is what the battery shows, not what a textbook says. Measured tables have k from 0.7 to 1.25, so without a table
a smaller load gains at most k = 0.75 and a higher one costs at least k = 1.3.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Ups

GAIN_EXPONENT = 0.75
LOSS_EXPONENT = 1.3
# Manufacturers' tables begin at 10 % of the load; nothing is known of a battery below that.
SMALLEST_SHARE = 0.1


class Curve:
    """Seconds that a full battery lasts, by the load; they never rise with it."""

    def seconds(self, watts: float) -> float:
        """Return the seconds at this load."""
        raise NotImplementedError


@dataclass(frozen=True)
class TableCurve(Curve):
    """From a table: constant below its lowest load, and beyond its highest one the conservative exponent."""

    logs: tuple[tuple[float, float], ...]
    _loads: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_loads", tuple(load for load, _seconds in self.logs))

    @classmethod
    def of(cls, ups: Ups) -> TableCurve:
        """Return the derated curve of a UPS that has a table."""
        nominal = ups.nominal or 0.0
        points = ((percent / 100 * nominal, seconds * ups.derate) for percent, seconds in ups.table)
        return cls(tuple((math.log(watts), math.log(seconds)) for watts, seconds in points))

    def seconds(self, watts: float) -> float:
        if watts <= 0:
            return math.exp(self.logs[0][1])
        load = math.log(watts)
        after = bisect_right(self._loads, load)
        if after == 0:
            return math.exp(self.logs[0][1])
        (low, longest) = self.logs[after - 1]
        if after == len(self.logs):
            return math.exp(longest - LOSS_EXPONENT * (load - low))
        (high, shortest) = self.logs[after]
        return math.exp(longest + (shortest - longest) * (load - low) / (high - low))


@dataclass(frozen=True)
class AnchorCurve(Curve):
    """From one reading, ``runtime`` seconds at ``load`` watts: the battery as it is then counts as full."""

    runtime: float
    load: float

    def seconds(self, watts: float) -> float:
        if self.load <= 0:
            return self.runtime
        ratio = max(watts / self.load, SMALLEST_SHARE)
        return float(self.runtime * ratio ** -(GAIN_EXPONENT if ratio < 1 else LOSS_EXPONENT))
