# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same simulated outages for the planner, for NUT's upssched, and for a timer in each host.

Sites, batteries and lengths are random from a fixed seed. All three keep to 30 minutes for the office and 60 for what
is critical, where the batteries allow; they differ in what they do where those do not:
  planner   what this collection does, looking as often as it says, in the order of dependencies, so many at once
  upssched  timers as in upssched.conf, and all hosts at once when each UPS of a host says low battery (upsmon(8) with
            MINSUPPLIES 1); low battery is LOW_SECONDS of runtime, more than the 2 minutes that devices come with
  fixed     the timer of a host is at most half of the runtime that its UPS has at full load by the table
The last two start hosts at once without an order, which costs them no time here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.unit.shutdown.instances import LOADS, Instance
from tests.unit.shutdown.replay import Replay
from tests.unit.shutdown.world import MINUTE, TrueHost, TrueUps, World

SEED = 4
HOSTS = 20
SUPPLIES = ("ups-a", "ups-b")
FULL_MINUTES = (5, 8, 12, 20, 40, 60)
LENGTHS = (4, 10, 20, 40, 70, 120, 240)
SOFT = {"office": 30 * MINUTE, "critical": 60 * MINUTE}
LOW_SECONDS = 300.0
STEP = 5.0


@dataclass(frozen=True)
class Outage:
    """A site, and after how many seconds mains is back."""

    site: Instance
    back: float

    @cached_property
    def at_risk(self) -> frozenset[str]:
        """The hosts that lose power if nothing is shut."""
        world = self.site.world()
        world.advance(self.back)
        return frozenset(world.dark)

    @cached_property
    def stages(self) -> dict[str, str]:
        return {node["name"]: node["stage"] for node in self.site.nodes}


@dataclass(frozen=True)
class Course:
    """What became of the hosts: when the shutdown of each began, and when it lost power; seconds."""

    began: dict[str, float]
    dark: dict[str, float]

    def minutes(self, outage: Outage, name: str) -> float:
        """How long the host served."""
        ends = (self.began.get(name), self.dark.get(name), outage.back)
        return min(end for end in ends if end is not None) / MINUTE


def outages(count: int) -> list[Outage]:
    dice = random.Random(SEED)
    return [Outage(_site(dice), dice.choice(LENGTHS) * MINUTE) for _number in range(count)]


def shares(name: str, method: Callable[[Outage], Course], played: Iterable[Outage]) -> dict[str, float]:
    """Return of the hosts at risk the share that was off in time, and the mean minutes that a critical host served."""
    risk = late = 0
    minutes: list[float] = []
    for outage in played:
        course = method(outage)
        risk += len(outage.at_risk)
        late += len(outage.at_risk & set(course.dark))
        minutes += [course.minutes(outage, host) for host, stage in outage.stages.items() if stage == "critical"]
    return {
        f"{name}_off_in_time_share": round(1 - late / risk, 4),
        f"{name}_critical_minutes": round(sum(minutes) / len(minutes), 2),
    }


# -- the three ---------------------------------------------------------------------------------------------------------


def by_planner(outage: Outage) -> Course:
    replay = Replay(outage.site, outage.site.world(), mains=[(outage.back, True)]).run()
    began = {name: when - outage.site.hosts[name].seconds for when, name in replay.offs}
    return Course(began, dict(replay.world.dark))


def by_upssched(outage: Outage) -> Course:
    def due(world: World, host: TrueHost) -> bool:
        return world.now >= SOFT[outage.stages[host.name]] or all(_is_low(world, feed) for feed in host.feeds)

    return _Simple(outage, due).course()


def by_fixed_timers(outage: Outage) -> Course:
    tables = {ups["name"]: ups["runtime_table"] for ups in outage.site.upses}

    def due(world: World, host: TrueHost) -> bool:
        shortest = min(tables[feed][-1][1] for feed in host.feeds) * MINUTE
        return world.now >= min(SOFT[outage.stages[host.name]], shortest / 2)

    return _Simple(outage, due).course()


def _is_low(world: World, name: str) -> bool:
    return world.charge[name] * world.upses[name].seconds(world.load(name)) <= LOW_SECONDS


@dataclass
class _Simple:
    """Hosts of which each goes by itself as soon as its rule says so."""

    outage: Outage
    due: Callable[[World, TrueHost], bool]
    began: dict[str, float] = field(default_factory=dict)

    def course(self) -> Course:
        world = self.outage.site.world()
        while world.now < self.outage.back:
            self._step(world)
            world.advance(min(world.now + STEP, self.outage.back))
        world.mains = True
        return Course(self.began, dict(world.dark))

    def _step(self, world: World) -> None:
        for host in self.outage.site.hosts.values():
            if host.name in world.dark:
                continue
            if host.name not in self.began and self.due(world, host):
                self.began[host.name] = world.now
            if host.name in self.began and world.now >= self.began[host.name] + host.seconds:
                world.on.discard(host.name)


# -- random sites ------------------------------------------------------------------------------------------------------


def _site(dice: random.Random) -> Instance:
    nodes = [_node(dice, number) for number in range(HOSTS)]
    total = sum(node["power_watts"] for node in nodes)
    supplies = {name: _ups(dice, name, total) for name in SUPPLIES}
    hosts = {
        node["name"]: TrueHost(
            node["name"], node["power_watts"], node["duration_seconds"] * dice.uniform(0.5, 1.0), tuple(node["feeds"])
        )
        for node in nodes
    }
    told = [
        {
            "name": ups.name,
            "nominal_watts": ups.nominal,
            "runtime_table": [list(point) for point in ups.table],
            "derate": 0.8,
        }
        for ups in supplies.values()
    ]
    return Instance(nodes, told, _policy(), hosts, supplies, 0.0)


def _node(dice: random.Random, number: int) -> dict[str, Any]:
    critical = number >= HOSTS // 2
    return {
        "name": f"host-{number}",
        "kind": "host",
        "stage": "critical" if critical else "office",
        "duration_seconds": float(dice.randint(30, 180)),
        "power_watts": float(dice.randint(100, 600)),
        "feeds": list(dice.choice((SUPPLIES, SUPPLIES[:1], SUPPLIES[1:]))),
        "after": [f"host-{each}" for each in dice.sample(range(HOSTS // 2), 2)] if critical else [],
    }


def _ups(dice: random.Random, name: str, total: float) -> TrueUps:
    """Each can carry all; aged by up to 15 %."""
    full, exponent = dice.choice(FULL_MINUTES), dice.choice((0.8, 1.0, 1.2))
    table = tuple((float(load), round(full * (load / 100) ** -exponent, 1)) for load in LOADS)
    return TrueUps(name, total, table, dice.uniform(0.85, 1.0), 0.0, dice.random() < 0.5)


def _policy() -> dict[str, Any]:
    stages = [{"name": name, "after_seconds": seconds} for name, seconds in SOFT.items()]
    return {"stages": stages, "reserve_seconds": 120, "concurrency": 8, "poll_seconds": 60}
