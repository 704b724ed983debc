# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be possible by the bound of list scheduling alone, with nothing gained by what goes off. Own arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.unit.shutdown.instances import Instance
from tests.unit.shutdown.world import TrueUps, World

DERATE = 0.8
# The planner's interpolation and this one's may differ by that much.
INTERPOLATION = 0.95
DAY = 86400.0


def before_of(nodes: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """What has to be off directly before each node, by the rules for switches and controllers."""
    kinds = {node["name"]: node.get("kind", "host") for node in nodes}
    reached = {name for name, kind in kinds.items() if kind in ("host", "save")}
    found = {node["name"]: set(node.get("after", ())) for node in nodes}
    for name, kind in kinds.items():
        if kind == "switch":
            found[name] |= reached
        if kind == "controller":
            found[name] |= set(kinds) - {name}
    return found


def longest_chain(nodes: Sequence[Mapping[str, Any]], durations: Mapping[str, float]) -> float:
    """The critical path, by recursion."""
    before = before_of(nodes)
    known: dict[str, float] = {}

    def ends(name: str) -> float:
        if name not in known:
            known[name] = durations.get(name, 0.0) + max((ends(each) for each in before[name]), default=0.0)
        return known[name]

    return max(map(ends, before), default=0.0)


def graham(nodes: Sequence[Mapping[str, Any]], durations: Mapping[str, float], concurrency: int) -> float:
    """The longest that a list schedule can take."""
    return sum(durations.values()) / concurrency + (1 - 1 / concurrency) * longest_chain(nodes, durations)


def surely_feasible(instance: Instance) -> bool:
    """Whether the bound, the reserve and one poll fit into the batteries with everything on all the time."""
    durations = {node["name"]: node["duration_seconds"] for node in instance.nodes if node["kind"] != "save"}
    takes = graham(instance.nodes, durations, instance.policy["concurrency"])
    needed = takes + instance.policy["reserve_seconds"] + instance.policy["poll_seconds"]
    return bool(needed <= _first_dark(instance) * INTERPOLATION)


@dataclass(frozen=True)
class ToldUps(TrueUps):
    """A UPS by what it says on an ordinary day: its runtime at a load, aged once more by the planner's factor."""

    said_at: float
    has_table: bool

    def seconds(self, watts: float) -> float:
        factor = DERATE / (1.0 if self.knows_its_age else self.health)
        if self.has_table or watts == self.said_at:
            return super().seconds(watts) * factor
        exponent = 1.3 if watts > self.said_at else 0.75
        gain: float = (watts / self.said_at) ** -exponent
        return super().seconds(self.said_at) * factor * gain


def _first_dark(instance: Instance) -> float:
    tables = {ups["name"]: bool(ups["runtime_table"]) for ups in instance.upses}
    today = instance.world()
    upses = {
        name: ToldUps(**vars(ups), said_at=today.load(name), has_table=tables[name])
        for name, ups in instance.supplies.items()
    }
    told = {node["name"]: node["power_watts"] for node in instance.nodes}
    hosts = {name: replace(host, watts=told[name]) for name, host in instance.hosts.items()}
    world = World(upses, hosts, dict.fromkeys(upses, 1.0), set(hosts))
    world.advance(DAY)
    return min(world.dark.values())
