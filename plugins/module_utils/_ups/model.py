# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the UPS area talks about: what a source observed, the normalised reading, and what can go wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, FrozenSet, Mapping, Optional, Tuple

ONLINE = "online"
ON_BATTERY = "on_battery"
LOW_BATTERY = "low_battery"
UNKNOWN = "unknown"
DISCHARGING = (ON_BATTERY, LOW_BATTERY)


class UpsError(Exception):
    """A parameter is wrong; ``message`` is one sentence that says how to get on."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NoReading(UpsError):
    """A source gave no reading that can be used; ``message`` becomes the ``why`` of an unknown status."""


@dataclass(frozen=True)
class Mark:
    """One thing in a reading that cannot be true, is estimated, or has to be known to use it.

    ``field`` is a field of the reading, ``value`` what was there: a number, a text, or None where nothing was.
    """

    field: str
    value: Any
    why: str


@dataclass(frozen=True)
class Observation:
    """What one source said, in words that all sources share; nothing is judged yet.

    ``flags`` are the words of NUT's ups.status (NUT developer guide, "Status data"): OL on line, OB on battery, LB low
    battery, RB replace battery, CAL, TEST, BYPASS, OFF, OVER, FSD, DISCHRG and so on, and beside them NOCOMM, where
    the source itself lost the UPS, and NOBATT. ``figures`` are texts by the name of the quantity: runtime_seconds,
    charge_percent, load_percent, realpower_watts, power_va, nominal_watts, nominal_va, low_runtime_seconds. ``doubt``
    is why it cannot be known how fresh all this is.
    """

    flags: FrozenSet[str]
    figures: Mapping[str, Optional[str]]
    age_seconds: Optional[float] = None
    doubt: Optional[str] = None
    marks: Tuple[Mark, ...] = ()
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """One normalised reading; see ``as_dict`` for its shape.

    Figures are in seconds, per cent and watts, None where there is none that can be true. ``why`` is a sentence where
    status is unknown, else None. ``age_seconds`` is how long ago the source had it from the UPS, as far as it tells.
    """

    name: str
    source: str
    status: str
    why: Optional[str]
    read_at_epoch: float
    runtime_seconds: Optional[float] = None
    charge_percent: Optional[float] = None
    load_percent: Optional[float] = None
    power_watts: Optional[float] = None
    nominal_watts: Optional[float] = None
    age_seconds: Optional[float] = None
    replace_battery: Optional[bool] = None
    marks: Tuple[Mark, ...] = ()
    raw: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> Dict[str, Any]:
        """Return it with plain values only: marks are [{field, value, why}], raw is {text: text}."""
        return {**asdict(self), "marks": [asdict(mark) for mark in self.marks], "raw": dict(self.raw)}
