# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a UPS from the words that it says of itself; unknown is not good news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, Dict, List, Optional, Tuple

from .model import LOW_BATTERY, ON_BATTERY, ONLINE, UNKNOWN, Mark, Observation

MAX_AGE_SECONDS = 120.0
"""Older data is stale: two rounds of apcupsd's polling (POLLTIME, 60 s); upsd itself gives up after 15 s (MAXAGE)."""
_NO_CONTACT = ("NOCOMM", "COMMLOST", "WAIT")
_NOTES: Dict[str, str] = {
    "BYPASS": "It is on bypass: mains feeds the load past the battery, which will not carry it.",
    "CAL": "It calibrates its battery, so mains may be there although it runs on battery.",
    "TEST": "It tests its battery, so mains may be there although it runs on battery.",
    "OVER": "It is overloaded.",
    "HB": "The voltage of its battery is too high.",
    "ALARM": "It raises an alarm.",
    "FSD": "A forced shutdown is set, after which it cuts the power; restart upsd to clear one that is over.",
    "NOBATT": "It has no battery.",
}


@dataclass(frozen=True)
class Judged:
    """The status, why it is unknown, whether the figures beside it are of now, and what else is to be known."""

    status: str
    why: Optional[str]
    live: bool
    marks: Tuple[Mark, ...] = ()


def judge(observed: Observation) -> Judged:
    """Return the status.

    Low battery goes before all doubts, as the dangerous case: LB that is not said on line, and FSD. Online is only what
    says OL, is fresh and contradicts itself nowhere.
    """
    flags = observed.flags
    said = " ".join(sorted(flags))
    stale = staleness_limitation(observed)
    doubt = contradiction_limitation(flags)
    marks = _notes(flags, said)
    if is_low(flags):
        marks += [Mark("status", said, why) for why in (stale, doubt) if why]
        return Judged(LOW_BATTERY, None, stale is None, tuple(marks))
    if stale or doubt:
        return Judged(UNKNOWN, stale or doubt, stale is None, tuple(marks))
    status = ON_BATTERY if "OB" in flags else ONLINE
    return Judged(status, None, True, tuple(marks))


def is_low(flags: AbstractSet[str]) -> bool:
    """Whether it says low battery, or that power will be cut; after an outage OL and LB together are usual."""
    return "FSD" in flags or ("LB" in flags and ("OB" in flags or "OL" not in flags))


def staleness_limitation(observed: Observation) -> Optional[str]:
    """Return why this is not of now, or None."""
    lost = [flag for flag in _NO_CONTACT if flag in observed.flags]
    if lost:
        return (
            f"The daemon that was asked has no contact with the UPS ({', '.join(lost)}); look at the UPS's cable or "
            "network and at its driver."
        )
    if observed.doubt:
        return observed.doubt
    if observed.age_seconds is not None and observed.age_seconds > MAX_AGE_SECONDS:
        return (
            f"The reading is {observed.age_seconds:.0f} s old and at most {MAX_AGE_SECONDS:.0f} s are accepted; look "
            "at the daemon that reads the UPS."
        )
    return None


def contradiction_limitation(flags: AbstractSet[str]) -> Optional[str]:
    """Return why the words leave open whether mains is there, or None."""
    said = " ".join(sorted(flags)) or "nothing"
    if {"OL", "OB"} <= flags:
        return f"The UPS says that it is on line and on battery at once ({said}); look at the UPS itself."
    if "OFF" in flags:
        return f"The UPS says that its output is off ({said}); look at the UPS itself."
    if {"OL", "DISCHRG"} <= flags:
        return (
            f"The UPS says that it is on line and discharges its battery ({said}); look at the UPS itself, and where "
            "it always says so, set onlinedischarge_onbattery or onlinedischarge_calibration in ups.conf."
        )
    if "OB" not in flags and "OL" not in flags:
        return f"The UPS says neither that it is on line nor on battery ({said}); look at the UPS itself."
    return None


def _notes(flags: AbstractSet[str], said: str) -> List[Mark]:
    marks = [Mark("status", said, why) for flag, why in _NOTES.items() if flag in flags]
    if {"OL", "LB"} <= flags and not is_low(flags):
        marks.append(Mark("status", said, "Its battery is low while mains is there: another outage would be short."))
    return marks
