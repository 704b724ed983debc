# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An outage played through: the planner decides, the world goes on, and what must always hold is checked on the way."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan

from tests.unit.shutdown.instances import ABSURD, Instance
from tests.unit.shutdown.world import FOREVER, World, dark_with_late_host

EPOCH = 1_795_000_000.0
LONGEST = 8 * 3600.0
Spoil = Callable[[dict[str, Any]], dict[str, Any]]


def says(world: World, name: str) -> dict[str, Any]:
    """What a UPS says that tells the truth, as coarse as devices are and rounded down; an empty one says nothing."""
    ups, load = world.upses[name], world.load(name)
    online = world.mains or name in world.always_on
    true: dict[str, Any] = {
        "name": name,
        "status": "online" if online else "on_battery",
        "why": None,
        "runtime_seconds": float(int(world.charge[name] * ups.says_seconds(load))) or None,
        "charge_percent": int(world.charge[name] * 1000) / 10,
        "load_percent": load / ups.nominal * 100,
        "power_watts": None,
        "age_seconds": 0.0,
        "read_at_epoch": EPOCH + world.now,
        "marks": [],
    }
    return true if online or world.charge[name] > 0 else SPOILS[0](true)


def honest(reading: dict[str, Any]) -> dict[str, Any]:
    return reading


def lying(seed: int, share: float) -> Spoil:
    """A source that fails now and then, in the ways that real ones do."""
    dice = random.Random(seed)

    def spoil(reading: dict[str, Any]) -> dict[str, Any]:
        return dice.choice(SPOILS)(reading) if dice.random() < share else reading

    return spoil


def _with(**changes: Any) -> Spoil:
    return lambda reading: {**reading, **changes}


# What the reading area makes of an implausible figure is null; the others are what could still come through.
SPOILS: tuple[Spoil, ...] = (
    _with(status="unknown", runtime_seconds=None, charge_percent=None, load_percent=None),
    _with(status="unknown", why="ERR DATA-STALE"),
    _with(status="nonsense"),
    _with(age_seconds=3600.0),
    _with(read_at_epoch=None),
    _with(read_at_epoch=EPOCH + 10**9),
    _with(runtime_seconds=None),
    _with(charge_percent=None),
    _with(load_percent=None),
    _with(load_percent=None, charge_percent=None),
    _with(runtime_seconds=None, charge_percent=None),
    _with(runtime_seconds=ABSURD),
    _with(runtime_seconds=ABSURD, charge_percent=None),
    _with(runtime_seconds=-1.0, charge_percent=101.0, load_percent=float("nan")),
    _with(runtime_seconds=0.0, charge_percent="n/a"),
    _with(status="low_battery"),
)


@dataclass
class Replay:
    """One outage; ``mains`` has the moments at which mains comes or goes, ``spoil`` what readings look like.

    ``twice``: at each look all is done a second time, as by someone who is not sure that it was.
    """

    instance: Instance
    world: World
    mains: list[tuple[float, bool]] = field(default_factory=list)
    spoil: Spoil = honest
    twice: bool = False
    offs: list[tuple[float, str]] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)
    _ends: dict[str, float] = field(default_factory=dict)
    _told: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self) -> Replay:
        """Play it until everything is off, or mains is back and nothing is in shutdown."""
        look = float(self.instance.first_look)
        changes = list(self.mains)
        while True:
            change = changes[0][0] if changes else FOREVER
            end = min(self._ends.values(), default=FOREVER)
            self.world.advance(min(look, change, end, LONGEST))
            if self.world.now >= LONGEST or not self._left() or self._over(changes):
                return self
            if self.world.now == change:
                self.world.mains = changes.pop(0)[1]
            if self._finish() or self.world.now >= look:
                look = self.world.now + self._look()

    def _over(self, changes: list[tuple[float, bool]]) -> bool:
        return self.world.mains and not changes and not self._ends

    def _left(self) -> bool:
        return any(node["name"] not in self._done() for node in self.instance.nodes)

    def _done(self) -> set[str]:
        states = self.record.get("nodes", {})
        return {name for name, state in states.items() if state["state"] in ("off", "dropped")}

    def _finish(self) -> list[str]:
        """Confirm what is off by now."""
        over = [name for name, end in self._ends.items() if end <= self.world.now]
        for name in over:
            del self._ends[name]
            self.record["nodes"][name].update(state="off", off_at_epoch=EPOCH + self.world.now)
            if name in self.instance.hosts:
                self.offs.append((self.world.now, name))
            self.world.on.discard(name)
        return over

    def _look(self) -> float:
        """Read, plan, check, and begin what is due; return the seconds until the next look."""
        if not self.record:
            self.record = {"id": "1", "began_at_epoch": EPOCH + self.world.now, "cause": "mains", "nodes": {}}
        plan = self._plan()
        self._check(plan)
        self.plans.append(plan)
        self._apply(plan)
        if self.twice:
            again = self._plan()
            assert (again["due"], again["dropped"]) == ([], []), "run again, it did something"
            assert [again[each] for each in ("stages_due", "hard_upses")] == [plan["stages_due"], plan["hard_upses"]]
        return float(plan["next_look_seconds"])

    def _plan(self) -> dict[str, Any]:
        readings = []
        for name in self.instance.supplies:
            true = says(self.world, name)
            present = self.instance.seen(self.spoil(true)) if self._told else true
            readings += [self._told[name]] if name in self._told else []
            readings.append(present)
            if present == true:
                self._told[name] = true
        return make_plan(
            self.instance.nodes,
            self.instance.upses,
            self.instance.policy,
            readings,
            copy.deepcopy(self.record),
            EPOCH + self.world.now,
        )

    def _apply(self, plan: dict[str, Any]) -> None:
        self.record["due_stages"], self.record["hard_upses"] = plan["stages_due"], plan["hard_upses"]
        for name in plan["dropped"]:
            self._ends.pop(name, None)
            self.record["nodes"][name] = {"state": "dropped", "since_epoch": EPOCH + self.world.now}
        for name in plan["due"]:
            self.record["nodes"][name] = {"state": "shutting", "since_epoch": EPOCH + self.world.now}
            self._ends[name] = self.world.now + self._really_takes(name)

    def _really_takes(self, name: str) -> float:
        host = self.instance.hosts.get(name)
        return host.seconds if host else self.instance.durations()[name]

    def _check(self, plan: dict[str, Any]) -> None:
        """What holds at every look."""
        described = {node["name"]: node for node in self.instance.nodes}
        done = self._done() | set(plan["dropped"])
        running = [name for name in self._ends if name not in plan["dropped"]]
        assert len(running) + len(plan["due"]) <= self.instance.policy["concurrency"]
        assert not set(plan["due"]) & (done | set(running))
        for name in plan["due"]:
            assert set(described[name]["after"]) <= done, f"{name} began before what it goes after"
            if described[name]["kind"] in ("switch", "controller"):
                assert {each for each in described if described[each]["kind"] in ("host", "save")} <= done
        if self.world.mains and self.spoil is honest:
            assert (plan["due"], plan["dropped"]) == ([], []), "mains is back, and something began"
        assert set(self.record.get("due_stages", [])) <= set(plan["stages_due"]), "a stage went back"
        assert set(self.record.get("hard_upses", [])) <= set(plan["hard_upses"]), "the hard trigger went back"
        assert 1 <= plan["next_look_seconds"] <= self.instance.policy["poll_seconds"]

    def shown_dark(self) -> list[str]:
        """Those that lost power, or would have, had they been off the reserve later; where mains did not come back."""
        reserve = self.instance.policy["reserve_seconds"]
        return sorted(self.world.dark) + [name for _when, name in self.offs if self._late(name, reserve)]

    def _late(self, name: str, reserve: float) -> bool:
        again = self.instance.world(always_on=self.world.always_on)
        return dark_with_late_host(again, self.offs, name, reserve)
