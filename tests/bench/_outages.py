# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same simulated outages for the planner, for NUT's upssched, and for a timer in each host.

Sites, batteries and lengths are random from a fixed seed. All three keep to 30 minutes for the office and 60 for what
is critical, where the batteries allow; they differ in what they do where those do not:
  planner   what this collection does, looking as often as it says, in the order of dependencies, so many at once
  upssched  timers as in upssched.conf, and all hosts at once when each UPS of a host says low battery (upsmon(8) with
            MINSUPPLIES 1); low battery is at LOW_SECONDS of runtime, what devices come with, or more where that is set
  fixed     the timer of a host is at most half of the runtime that its UPS has at full load by the table
The last two know no order: a database goes while the applications on it still run. That costs them no time here, and
the share of dependencies that they kept is told.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan

from tests.unit.shutdown.world import MINUTE, TrueHost, TrueUps, World

SEED = 4
HOSTS = 20
SUPPLIES = ("ups-a", "ups-b")
FULL_MINUTES = (5, 8, 12, 20, 40, 60)
LENGTHS = (4, 10, 20, 40, 70, 120, 240)
SOFT = {"office": 30 * MINUTE, "critical": 60 * MINUTE}
LOW_SECONDS = 120.0
STEP = 10.0
LOADS = range(10, 101, 10)
POLICY = {
    "stages": [{"name": name, "after_seconds": seconds} for name, seconds in SOFT.items()],
    "reserve_seconds": 120,
    "concurrency": 8,
    "poll_seconds": 60,
}
EPOCH = 1_795_000_000.0


@dataclass(frozen=True)
class Site:
    """``nodes`` and ``upses`` are what the planner is told, ``hosts`` and ``supplies`` what really is."""

    nodes: list[dict[str, Any]]
    upses: list[dict[str, Any]]
    hosts: dict[str, TrueHost]
    supplies: dict[str, TrueUps]

    def world(self) -> World:
        """The moment at which mains is lost, batteries full."""
        return World(self.supplies, self.hosts, dict.fromkeys(self.supplies, 1.0), {*self.hosts})


@dataclass(frozen=True)
class Outage:
    """A site, and after how many seconds mains is back."""

    site: Site
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

    def kept_order(self, outage: Outage) -> list[bool]:
        """For each dependency of a host that went, whether the other one was off before."""
        return [
            self._off(outage, other) <= self.began[node["name"]]
            for node in outage.site.nodes
            for other in node["after"]
            if node["name"] in self.began
        ]

    def _off(self, outage: Outage, name: str) -> float:
        ends = [self.dark[name]] if name in self.dark else []
        ends += [self.began[name] + outage.site.hosts[name].seconds] if name in self.began else []
        return min(ends, default=float("inf"))

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
    order: list[bool] = []
    for outage in played:
        course = method(outage)
        risk += len(outage.at_risk)
        late += len(outage.at_risk & set(course.dark))
        order += course.kept_order(outage)
        minutes += [course.minutes(outage, host) for host, stage in outage.stages.items() if stage == "critical"]
    return {
        f"{name}_off_in_time_share": round(1 - late / risk, 4),
        f"{name}_in_order_share": round(sum(order) / len(order), 4),
        f"{name}_critical_minutes": round(sum(minutes) / len(minutes), 2),
    }


# -- the three ---------------------------------------------------------------------------------------------------------


def by_planner(outage: Outage) -> Course:
    return _Planned(outage, outage.site.world()).course()


def by_upssched(outage: Outage, low_seconds: float = LOW_SECONDS) -> Course:
    def due(world: World, host: TrueHost) -> bool:
        return world.now >= SOFT[outage.stages[host.name]] or all(
            _is_low(world, feed, low_seconds) for feed in host.feeds
        )

    return _Simple(outage, due).course()


def by_fixed_timers(outage: Outage) -> Course:
    tables = {ups["name"]: ups["runtime_table"] for ups in outage.site.upses}

    def due(world: World, host: TrueHost) -> bool:
        shortest = MINUTE * float(min(tables[feed][-1][1] for feed in host.feeds))
        return world.now >= min(SOFT[outage.stages[host.name]], shortest / 2)

    return _Simple(outage, due).course()


def _is_low(world: World, name: str, seconds: float) -> bool:
    return world.charge[name] * world.upses[name].seconds(world.load(name)) <= seconds


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
        return Course(self.began, dict(world.dark))

    def _step(self, world: World) -> None:
        for host in self.outage.site.hosts.values():
            if host.name in world.dark:
                continue
            if host.name not in self.began and self.due(world, host):
                self.began[host.name] = world.now
            if host.name in self.began and world.now >= self.began[host.name] + host.seconds:
                world.on.discard(host.name)


@dataclass
class _Planned:
    """Hosts of which each goes when the plan says so; a plan is made when it asks for one, and when a host is off."""

    outage: Outage
    world: World
    began: dict[str, float] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    due: dict[str, list[str]] = field(default_factory=lambda: {"due_stages": [], "hard_upses": []})

    def course(self) -> Course:
        look = 0.0
        while self.world.now < self.outage.back:
            if self._confirmed() or self.world.now >= look:
                look = self.world.now + self._look()
            self.world.advance(min([look, self.outage.back, *self._ends().values()]))
        return Course(self.began, dict(self.world.dark))

    def _look(self) -> float:
        """Begin what is due; return the seconds until the next look."""
        record = {"id": "1", "began_at_epoch": EPOCH, "cause": "mains", "nodes": self.nodes, **self.due}
        site = self.outage.site
        readings = [_says(self.world, name) for name in site.supplies]
        plan = make_plan(site.nodes, site.upses, POLICY, readings, record, EPOCH + self.world.now)
        self.due = {"due_stages": plan["stages_due"], "hard_upses": plan["hard_upses"]}
        for name in plan["due"]:
            self.began[name] = self.world.now
            self.nodes[name] = {"state": "shutting", "since_epoch": EPOCH + self.world.now}
        return float(plan["next_look_seconds"])

    def _ends(self) -> dict[str, float]:
        """When those that are in shutdown will be off; one that lost its power is off then."""
        flying = [name for name, node in self.nodes.items() if node["state"] == "shutting"]
        ends = {name: self.began[name] + self.outage.site.hosts[name].seconds for name in flying}
        return {name: min(end, self.world.dark.get(name, end)) for name, end in ends.items()}

    def _confirmed(self) -> bool:
        over = [name for name, end in self._ends().items() if end <= self.world.now]
        for name in over:
            self.nodes[name].update(state="off", off_at_epoch=EPOCH + self.world.now)
            self.world.on.discard(name)
        return bool(over)


def _says(world: World, name: str) -> dict[str, Any]:
    """What a UPS says that tells the truth."""
    ups, load = world.upses[name], world.load(name)
    return {
        "name": name,
        "status": "on_battery",
        "why": None,
        "runtime_seconds": float(int(world.charge[name] * ups.seconds(load))) or None,
        "charge_percent": int(world.charge[name] * 1000) / 10,
        "load_percent": load / ups.nominal * 100,
        "power_watts": None,
        "age_seconds": 0.0,
        "read_at_epoch": EPOCH + world.now,
        "marks": [],
    }


# -- random sites ------------------------------------------------------------------------------------------------------


def _site(dice: random.Random) -> Site:
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
    return Site(nodes, told, hosts, supplies)


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
    return TrueUps(name, total, table, dice.uniform(0.85, 1.0), 0.0, dice.random() < 0.5, dice.random() < 0.5)
