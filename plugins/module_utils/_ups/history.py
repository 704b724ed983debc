# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A figure against earlier ones of the same UPS: what neither the time between nor the load explains.

A figure that got better without a reason would delay a shutdown, so it is not taken. One that got worse without a
reason is taken and marked: an old battery does just that, and to doubt it would delay a shutdown as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, List, Mapping, Optional, Sequence

from .model import DISCHARGING, ONLINE, UpsError

WINDOW_SECONDS = 900.0
"""How far back is looked, unless all readings since were on battery."""
FROZEN_SECONDS = 300.0
"""On battery a runtime, even one in whole minutes, has moved after that time."""
LOAD_EXPONENT = 1.3
"""Runtime goes with load to the power of -0.7 to -1.3; see the runtime tables of makers."""
UNKNOWN_LOAD_FACTOR = 2.0
"""What a change of the load is allowed to explain where the UPS does not tell the load: half of it was shed."""
TOLERANCE = 1.5
SLACK_SECONDS = 120.0
CHARGE_SLACK = 10.0
FASTEST_CHARGE = 100 / 3600
"""Per cent a second: full within an hour, which lead batteries do not reach."""
FASTEST_DISCHARGE = 100 / 240
"""Per cent a second: empty within four minutes, which is beyond full load."""


@dataclass(frozen=True)
class Past:
    """What matters of one reading for those that follow; ``at`` is in seconds since the epoch."""

    at: float
    status: str
    runtime: Optional[float]
    charge: Optional[float]
    load: Optional[float]

    @property
    def discharging(self) -> bool:
        """Whether its battery may be drained: only what says that mains is there charges it."""
        return self.status != ONLINE


@dataclass(frozen=True)
class Jump:
    """Why a figure does not follow from the earlier ones, and whether it is used all the same."""

    why: str
    used: bool


def pasts(previous: Iterable[Mapping[str, Any]], name: str, source: str) -> List[Past]:
    """Return the earlier readings of one UPS, oldest first; a reading without name, source or time is an error."""
    found = []
    for reading in previous:
        at = _number(reading.get("read_at_epoch")) if isinstance(reading, Mapping) else None
        if at is None or not {"name", "source", "status"} <= set(reading):
            raise UpsError(
                "An entry of previous has not the shape of a reading (name, source, status, read_at_epoch); hand over "
                "the readings of earlier calls as they were returned."
            )
        if (reading["name"], reading["source"]) == (name, source):
            figures = (_number(reading.get(key)) for key in ("runtime_seconds", "charge_percent", "load_percent"))
            found.append(Past(at, str(reading["status"]), *figures))
    return sorted(found, key=lambda past: past.at)


def comparable(now: Past, earlier: Sequence[Past]) -> List[Past]:
    """Return those that say something of now, newest first; readings of the future, after a clock jump, do not."""
    found: List[Past] = []
    unbroken = now.status != ONLINE
    for past in sorted(earlier, key=lambda each: each.at, reverse=True):
        if past.at >= now.at:
            continue
        unbroken = unbroken and past.status != ONLINE
        if now.at - past.at <= WINDOW_SECONDS or unbroken:
            found.append(past)
    return found


def runtime_jump(now: Past, earlier: Sequence[Past]) -> Optional[Jump]:
    """Return how the runtime does not follow from the last one known, or None."""
    then = next((past for past in comparable(now, earlier) if past.runtime is not None), None)
    if now.runtime is None or then is None or then.runtime is None:
        return None
    seconds, both = now.at - then.at, now.discharging and then.discharging
    drained = max(then.runtime - seconds, 0.0) if now.discharging or then.discharging else then.runtime
    best = (drained if both else then.runtime + seconds) * _gain(then.load, now.load) * TOLERANCE + SLACK_SECONDS
    worst = drained * _loss(then.load, now.load) / TOLERANCE - SLACK_SECONDS
    told = f"It was {then.runtime:.0f} s {seconds:.0f} s before, {_loads(then, now)}, so "
    if now.runtime > best:
        return Jump(f"{told}it can be {best:.0f} s at most.", used=False)
    if now.runtime < worst:
        return Jump(f"{told}at least {worst:.0f} s were expected; it is used, as the battery may be worn.", used=True)
    return _frozen(now, earlier)


def charge_jump(now: Past, earlier: Sequence[Past]) -> Optional[Jump]:
    """Return how the charge does not follow from the last one known, or None."""
    then = next((past for past in comparable(now, earlier) if past.charge is not None), None)
    if now.charge is None or then is None or then.charge is None:
        return None
    seconds, both = now.at - then.at, now.discharging and then.discharging
    best = then.charge + CHARGE_SLACK / 2 if both else then.charge + CHARGE_SLACK + seconds * FASTEST_CHARGE
    drained = seconds * FASTEST_DISCHARGE if now.discharging or then.discharging else 0.0
    worst = then.charge - CHARGE_SLACK - drained
    told = f"It was {then.charge:g} % {seconds:.0f} s before, so "
    if now.charge > best:
        return Jump(f"{told}it can be {best:.0f} % at most.", used=False)
    if now.charge < worst:
        return Jump(f"{told}at least {worst:.0f} % were expected; it is used, as the battery may be worn.", used=True)
    return None


def _frozen(now: Past, earlier: Sequence[Past]) -> Optional[Jump]:
    """Return why a runtime that stands still on battery is not believed, or None; 0 is the end and stands still."""
    if now.status not in DISCHARGING or not now.runtime:
        return None
    since = now.at
    for past in comparable(now, earlier):
        if (
            past.status not in DISCHARGING
            or (past.runtime, past.charge) != (now.runtime, now.charge)
            or _shed(past, now)
        ):
            break
        since = past.at
    if now.at - since < FROZEN_SECONDS:
        return None
    return Jump(f"It has stood still for {now.at - since:.0f} s on battery, so it is not measured anew.", used=False)


def _shed(past: Past, now: Past) -> bool:
    return past.load is not None and now.load is not None and now.load < past.load


def _gain(before: Optional[float], after: Optional[float]) -> float:
    if not before or not after:
        return UNKNOWN_LOAD_FACTOR
    return float(max(1.0, (before / after) ** LOAD_EXPONENT))


def _loss(before: Optional[float], after: Optional[float]) -> float:
    if not before or not after:
        return 1 / UNKNOWN_LOAD_FACTOR
    return float(min(1.0, (before / after) ** LOAD_EXPONENT))


def _loads(then: Past, now: Past) -> str:
    if not then.load or not now.load:
        return "at a load that is not known"
    return f"at a load of {then.load:g} % that is now {now.load:g} %"


def _number(value: Any) -> Optional[float]:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
