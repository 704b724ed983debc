# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each battery holds, from what its UPS says now and has said before; less where it says too little.

A reading says the share of a full battery as the lesser of its charge and of its runtime over the curve at its load.
Where it lacks one of the two or the load, the last complete reading, drained at the highest plausible load since,
bounds it; where it says nothing, that alone counts; and where nothing was ever said, the battery counts as empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import SAVE, Node, Policy, Ups, figure
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.outage import Outage
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.runtime import AnchorCurve, Curve, TableCurve

ONLINE, ON_BATTERY, LOW_BATTERY, UNKNOWN = "online", "on_battery", "low_battery", "unknown"
# upsd calls a reading stale after 15 s (MAXAGE); a younger one is fresh also where polls are closer.
STALE_SECONDS = 15.0


@dataclass(frozen=True)
class Reading:
    """What a UPS said at ``at`` (epoch, None where that is not known); a figure that is not there is None."""

    status: str
    why: str
    at: float | None
    charge: float | None
    runtime: float | None
    watts: float | None

    @classmethod
    def of(cls, given: Mapping[str, Any], ups: Ups) -> Reading:
        """Return the reading; a figure that cannot be is None."""
        read_at, age = figure(given.get("read_at_epoch")), figure(given.get("age_seconds"))
        charge, runtime = figure(given.get("charge_percent")), figure(given.get("runtime_seconds"))
        status = given.get("status")
        return cls(
            status=status if status in (ONLINE, ON_BATTERY, LOW_BATTERY) else UNKNOWN,
            why=str(given.get("why") or "it says nothing that can be trusted"),
            at=None if read_at is None else read_at - max(0.0, age or 0.0),
            charge=charge / 100 if charge is not None and 0 <= charge <= 100 else None,
            runtime=runtime if runtime is not None and 0 < runtime <= _longest(ups) else None,
            watts=_watts(given, ups),
        )

    @property
    def figures(self) -> set[str]:
        """Which figures it has."""
        return {name for name in ("charge", "runtime", "watts") if getattr(self, name) is not None}

    def fresh(self, policy: Policy, now: float) -> Reading:
        """Return it, or as unknown where it is too old, or from the future."""
        if self.status == UNKNOWN:
            return self
        if self.at is None or self.at > now + 1:
            return replace(self, status=UNKNOWN, why="the time of its reading is not known")
        limit = max(policy.poll, STALE_SECONDS)
        if now - self.at > limit:
            return replace(self, status=UNKNOWN, why=f"its reading is {now - self.at:.0f} s old")
        return self


NOTHING = Reading(UNKNOWN, "there is no reading of it", None, None, None, None)


@dataclass(frozen=True)
class Loads:
    """What a UPS carries by the nodes on it, in watts.

    ``shared``: each node with several feeds in equal parts; ``full``: each in full, as when its other feeds are dead;
    ``known``: whether each node's draw is.
    """

    shared: float
    full: float
    known: bool

    @classmethod
    def of(cls, ups: Ups, nodes: Sequence[Node]) -> Loads:
        """Return the loads by those of the nodes that are on."""
        fed = [node for node in nodes if ups.name in node.feeds and node.kind != SAVE]
        return cls(
            sum(node.watts / len(node.feeds) for node in fed),
            sum(node.watts for node in fed),
            all(node.power is not None for node in fed),
        )


@dataclass(frozen=True)
class Battery:
    """What a UPS holds now.

    ``share``: of a full battery, 0 to 1; ``background``: the load beside the nodes; ``steady``: of a UPS that is
    unknown the load it counts with, whatever is shut; ``lost``: whether it was seen without mains, now or at last;
    ``charge``: as it says itself; ``measured``: whether its present reading measures the battery at all; ``remark``:
    what it was not told, as a sentence.
    """

    name: str
    status: str
    share: float
    curve: Curve
    background: float
    steady: float | None = None
    lost: bool = False
    remark: str = ""
    charge: float | None = None
    measured: bool = False


def batteries(
    upses: Mapping[str, Ups],
    nodes: Sequence[Node],
    readings: Sequence[Mapping[str, Any]],
    outage: Outage,
    policy: Policy,
    now: float,
) -> dict[str, Battery]:
    """Return what each UPS holds. Of the readings of one UPS the last one is the present one, the others are older."""
    told: dict[str, list[Reading]] = {name: [] for name in upses}
    for each in readings:
        name = each.get("name")
        if name in upses:
            told[str(name)].append(Reading.of(each, upses[str(name)]))
    return {name: _battery(_Case(ups, told[name], nodes, outage, policy, now)) for name, ups in upses.items()}


@dataclass(frozen=True)
class _Case:
    """One UPS and all that is known of it."""

    ups: Ups
    told: Sequence[Reading]
    nodes: Sequence[Node]
    outage: Outage
    policy: Policy
    now: float

    @property
    def present(self) -> Reading:
        return self.told[-1].fresh(self.policy, self.now) if self.told else NOTHING

    @property
    def trusted(self) -> Reading | None:
        """Of the earlier readings with any measure of the battery the last one that has the most figures."""
        silent = self.present.status == UNKNOWN
        earlier = [each for each in (self.told if silent else self.told[:-1]) if _told_in_time(each, self.now)]
        useful = [each for each in reversed(earlier) if _measures(self.ups, each)]
        return max(useful, key=lambda each: len(each.figures), default=None)

    def loads(self, at: float | None) -> Loads:
        """Return the loads by the nodes that were on at a time."""
        return Loads.of(self.ups, [node for node in self.nodes if self._on(node, at)])

    def _on(self, node: Node, at: float | None) -> bool:
        state = self.outage.state(node.name)
        return not state.done or (at is not None and state.off_at is not None and state.off_at > at)

    def highest_load(self) -> float:
        """Return the highest plausible load: what it is made for, or more if more was seen or is on it."""
        seen = [each.watts or 0.0 for each in self.told]
        return max([self.ups.nominal or 0.0, self.loads(None).full, *seen])

    def load(self, reading: Reading) -> float:
        """Return the load a reading counts with: measured, at least that of its nodes; else what was seen."""
        loads = self.loads(reading.at)
        seen = [each.watts for each in self.told if each.watts is not None]
        if reading.watts is not None:
            return max(reading.watts, loads.shared)
        if seen:
            return max(seen[-1], loads.shared)
        return loads.shared if loads.known else max(self.ups.nominal or 0.0, loads.shared)

    def told_at(self, reading: Reading) -> float:
        """Return the load at which a reading's runtime was told: the lower it was, the less the battery holds."""
        return reading.watts or self.loads(reading.at).shared or self.load(reading)


def _battery(case: _Case) -> Battery:
    present = case.present
    held = _held(case, present)
    name = case.ups.name
    if present.status == UNKNOWN:
        remark = f"{name} is unknown ({present.why}); {held.remark}"
        lost = case.trusted is not None and case.trusted.status != ONLINE
        return Battery(name, UNKNOWN, held.share, held.curve, 0.0, case.highest_load(), lost, remark)
    loads = case.loads(present.at)
    background = max(0.0, case.load(present) - loads.shared)
    share = 0.0 if present.status == LOW_BATTERY else held.share - _spent(case, held.curve)
    low = f"{name} says low battery and counts as empty."
    remark = low if present.status == LOW_BATTERY else f"{name}: {held.remark}" if held.remark else ""
    return Battery(
        name=name,
        status=present.status,
        share=max(0.0, share),
        curve=held.curve,
        background=background,
        lost=present.status != ONLINE,
        remark=remark,
        charge=present.charge,
        measured=_measures(case.ups, present),
    )


def _spent(case: _Case, curve: Curve) -> float:
    """Return what a battery has lost since its present reading was made."""
    present = case.present
    if present.status == ONLINE or present.at is None:
        return 0.0
    return max(0.0, case.now - present.at) / curve.seconds(case.load(present))


@dataclass(frozen=True)
class _Held:
    share: float
    curve: Curve
    remark: str = ""


def _held(case: _Case, present: Reading) -> _Held:
    """Return what the battery holds by the present reading, bounded by an earlier one where it lacks a figure."""
    earlier = _drained(case)
    if present.status == UNKNOWN or not _measures(case.ups, present):
        return earlier or _Held(0.0, _curve(case, NOTHING), "nothing is known of its battery, it counts as empty.")
    now = _measured(case, present)
    if earlier is None or case.trusted is None or case.trusted.figures <= present.figures:
        return now
    left = earlier.share * _scale(earlier.curve, now.curve)
    return replace(now, share=left, remark=earlier.remark) if left < now.share else now


def _scale(old: Curve, new: Curve) -> float:
    """Return by what a share is multiplied when it is told against another curve; tables do not change."""
    if isinstance(old, AnchorCurve) and isinstance(new, AnchorCurve):
        return old.seconds(new.load) / new.runtime
    return 1.0


def _measured(case: _Case, reading: Reading) -> _Held:
    """Return what one reading says."""
    curve = _curve(case, reading)
    if isinstance(curve, AnchorCurve):
        charge = reading.charge if reading.charge else 1.0
        return _Held(max(0.0, 1 - case.ups.low / charge), curve)
    said = [] if reading.charge is None else [reading.charge]
    if reading.runtime is not None:
        said.append(reading.runtime * case.ups.derate / curve.seconds(case.told_at(reading)))
    return _Held(min(1.0, max(0.0, min(said) - case.ups.low)), curve)


def _curve(case: _Case, reading: Reading) -> Curve:
    if case.ups.table:
        return TableCurve.of(case.ups)
    return AnchorCurve((reading.runtime or 1.0) * case.ups.derate, case.told_at(reading))


def _drained(case: _Case) -> _Held | None:
    """Return what is left of the last trusted reading, had the battery carried the highest plausible load since.

    While mains is there nothing is taken from it.
    """
    trusted = case.trusted
    if trusted is None or trusted.at is None:
        return None
    held = _measured(case, trusted)
    elapsed = 0.0 if case.present.status == ONLINE else case.now - trusted.at
    if trusted.status == LOW_BATTERY:
        return replace(held, share=0.0, remark=f"it said low battery {elapsed:.0f} s ago and counts as empty.")
    left = max(0.0, held.share - elapsed / held.curve.seconds(case.highest_load()))
    load = f"{case.highest_load():.0f} W"
    remark = f"its reading of {elapsed:.0f} s ago counts, drained since then at {load}: {left:.0%} left."
    return replace(held, share=left, remark=remark)


def _told_in_time(reading: Reading, now: float) -> bool:
    return reading.status != UNKNOWN and reading.at is not None and reading.at <= now + 1


def _measures(ups: Ups, reading: Reading) -> bool:
    """Return whether a reading tells what the battery holds; without a table only its runtime does."""
    return reading.runtime is not None or (bool(ups.table) and reading.charge is not None)


def _longest(ups: Ups) -> float:
    """Return the longest runtime that can be meant: twice that of the table's lowest load."""
    return 2 * ups.table[0][1] if ups.table else float("inf")


def _watts(given: Mapping[str, Any], ups: Ups) -> float | None:
    """Return the load as measured: in watts, or in percent of what the UPS is made for."""
    power, percent = figure(given.get("power_watts")), figure(given.get("load_percent"))
    if power is not None and power > 0:
        return power
    nominal = ups.nominal or figure(given.get("nominal_watts"))
    if percent is None or percent < 0 or not nominal:
        return None
    return percent / 100 * nominal
