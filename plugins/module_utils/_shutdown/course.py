# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an outage begins, goes on and ends, by what the UPSes tell. Pure.

A UPS that tells nothing is never taken for mains that is there. It does not begin an outage by itself either: a dead
management switch would shut a whole site down. It keeps one going that had begun, and it is an alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import PLANNED, Moment, Outage

ONLINE, ON_BATTERY, UNCLEAR = "online", "on_battery", "unclear"
DARK = ("on_battery", "low_battery")


def mains(readings: Sequence[Mapping[str, Any]]) -> str:
    """Return ``on_battery`` where a UPS says so, ``online`` where all do, else ``unclear``."""
    told = [reading["status"] for reading in readings]
    if any(status in DARK for status in told):
        return ON_BATTERY
    return ONLINE if told and all(status == "online" for status in told) else UNCLEAR


def planned(outage: Outage | None, now: Moment) -> Outage:
    """Return the outage that a person announced; what is off already stays noted."""
    if outage is not None and outage.cause == PLANNED and outage.ended_at_epoch is None:
        return outage
    begun = Outage.begin(now, PLANNED)
    return begun if outage is None else replace(begun, nodes=outage.nodes)


def followed(
    outage: Outage | None, readings: Sequence[Mapping[str, Any]], now: Moment, stable_seconds: float
) -> Outage | None:
    """Return the outage as it is after these readings, None where there is none.

    Mains that is back for less than ``stable_seconds`` does not end it: what flaps is one outage, and its age goes on.
    A planned outage is ended by the start and not by the UPSes, which have mains all the time.
    """
    told = mains(readings)
    if outage is None:
        return Outage.begin(now) if told == ON_BATTERY else None
    if told == ON_BATTERY:
        return _dark(outage, now)
    if told == UNCLEAR:
        return replace(outage, online_since=None) if outage.ended_at_epoch is None else outage
    return _light(outage, now, stable_seconds)


def _dark(outage: Outage, now: Moment) -> Outage:
    if outage.ended_at_epoch is None:
        return replace(outage, online_since=None)
    return replace(Outage.begin(now), nodes=outage.nodes)


def _light(outage: Outage, now: Moment, stable_seconds: float) -> Outage:
    if outage.online_since is None:
        return replace(outage, online_since=now)
    over = outage.cause != PLANNED and now.since(outage.online_since) >= stable_seconds
    if over and outage.ended_at_epoch is None:
        return replace(outage, ended_at_epoch=now.epoch)
    return outage
