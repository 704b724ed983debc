# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sites: what the planner is told of them, and how they really are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.unit.shutdown.world import TrueHost, TrueUps, World

SUPPLIES = ("ups-a", "ups-b")
# What devices say when they do not know.
ABSURD = 65535.0
# Minutes at 10, 20 ... 100 % of the load of a battery that follows t ~ P^-k, k between what measured tables have.
LOADS = tuple(range(10, 101, 10))


@dataclass(frozen=True)
class Instance:
    """A site as it is described, and the same as it really is."""

    nodes: list[dict[str, Any]]
    upses: list[dict[str, Any]]
    policy: dict[str, Any]
    hosts: dict[str, TrueHost]
    supplies: dict[str, TrueUps]
    first_look: float

    def world(self, **others: Any) -> World:
        """The moment at which mains is lost, batteries full."""
        return World(self.supplies, self.hosts, dict.fromkeys(self.supplies, 1.0), {*self.hosts}, **others)

    def seen(self, reading: dict[str, Any]) -> dict[str, Any]:
        """A reading as it reaches the planner: without a table only whoever reads it can tell an absurd runtime."""
        tables = {ups["name"]: ups["runtime_table"] for ups in self.upses}
        absurd = reading["runtime_seconds"] == ABSURD and not tables[reading["name"]]
        return {**reading, "runtime_seconds": None} if absurd else reading

    def durations(self) -> dict[str, float]:
        return {node["name"]: node["duration_seconds"] for node in self.nodes}


@st.composite
def nodes(draw: st.DrawFn, most: int = 8, feeds: tuple[str, ...] = SUPPLIES) -> list[dict[str, Any]]:
    """Hosts in two stages with dependencies, some with saves before them, a switch, the controller."""
    count = draw(st.integers(2, most))
    hosts = [draw(_host(number, feeds)) for number in range(count)]
    kinds = draw(st.sampled_from(((), ("switch",), ("controller",), ("switch", "controller"), ("save", "switch"))))
    return hosts + [draw(_special(kind, hosts, feeds)) for kind in kinds]


@st.composite
def _host(draw: st.DrawFn, number: int, feeds: tuple[str, ...]) -> dict[str, Any]:
    before = draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True)) if number else []
    seconds, watts, fed, stage = draw(
        st.tuples(st.integers(5, 300), st.integers(5, 60), st.integers(0, 3), st.integers(0, 2))
    )
    return {
        "name": f"host-{number}",
        "kind": "host",
        # Those before it are of no later stage than the last.
        "stage": ("office", "critical", "critical")[stage],
        "duration_seconds": float(seconds),
        "power_watts": watts * 10.0,
        "feeds": [list(feeds), list(feeds), [feeds[0]], [feeds[-1]]][fed],
        "after": [f"host-{each}" for each in before],
    }


@st.composite
def _special(draw: st.DrawFn, kind: str, hosts: list[dict[str, Any]], feeds: tuple[str, ...]) -> dict[str, Any]:
    seconds = draw(st.integers(1, 120))
    if kind == "save":
        hosts[-1]["after"] = [*hosts[-1]["after"], "save"]
    return {
        "name": kind,
        "kind": kind,
        "stage": "office" if kind == "save" else "critical",
        "duration_seconds": float(seconds),
        "power_watts": None if kind == "save" else 50.0,
        "feeds": [] if kind == "save" else list(feeds),
        "after": [],
    }


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    """Sites whose batteries last from nearly nothing to some hours, most of them near what a shutdown takes."""
    feeds = draw(st.sampled_from((SUPPLIES, SUPPLIES, SUPPLIES[:1])))
    described = draw(nodes(feeds=feeds))
    rules = draw(_policy())
    unlisted = draw(st.sampled_from((0.0, 0.0, 80.0)))
    # With unlisted load what is told of the nodes is exact; without it, they may draw less.
    thrift = 1.0 if unlisted else draw(st.sampled_from((1.0, 0.8, 0.6)))
    haste = draw(st.lists(st.sampled_from((1.0, 1.0, 0.7, 0.3)), min_size=4, max_size=4))
    total = sum(node["power_watts"] or 0.0 for node in described) + unlisted
    upses = {name: draw(_ups(name, total, unlisted)) for name in feeds}
    hosts = {
        node["name"]: TrueHost(
            node["name"],
            node["power_watts"] * thrift,
            node["duration_seconds"] * haste[number % len(haste)],
            tuple(node["feeds"]),
        )
        for number, node in enumerate(described)
        if node["kind"] != "save"
    }
    told = [_told(ups, draw(st.booleans())) for ups in upses.values()]
    return Instance(described, told, rules, hosts, upses, draw(st.integers(0, int(rules["poll_seconds"]))))


@st.composite
def _policy(draw: st.DrawFn) -> dict[str, Any]:
    soft, later, reserve, concurrency, poll, below = draw(
        st.tuples(
            st.integers(1, 15),
            st.integers(0, 15),
            st.sampled_from((0, 60, 120)),
            st.integers(1, 5),
            st.sampled_from((60, 120, 240)),
            st.sampled_from((None, None, 600)),
        )
    )
    return {
        "stages": [
            {"name": "office", "after_seconds": soft * 60, "below_runtime_seconds": below},
            {"name": "critical", "after_seconds": (soft + later) * 60, "below_runtime_seconds": None},
        ],
        "reserve_seconds": reserve,
        "concurrency": concurrency,
        "poll_seconds": poll,
    }


@st.composite
def _ups(draw: st.DrawFn, name: str, total: float, unlisted: float) -> TrueUps:
    exponent, full, room, health, by_rate, knows = draw(
        st.tuples(
            st.sampled_from((0.8, 1.0, 1.2)),
            st.sampled_from((2, 5, 8, 12, 16, 24)),
            st.sampled_from((1.0, 1.3, 2.0)),
            st.sampled_from((0.83, 0.9, 1.0)),
            st.booleans(),
            st.booleans(),
        )
    )
    table = tuple((float(load), round(full * (load / 100) ** -exponent, 1)) for load in LOADS)
    return TrueUps(name, total * room, table, health, unlisted, by_rate, knows)


def _told(ups: TrueUps, with_table: bool) -> dict[str, Any]:
    """What the planner is told; without a table it has to take the runtime that the UPS says."""
    return {
        "name": ups.name,
        "nominal_watts": ups.nominal,
        "runtime_table": [list(point) for point in ups.table] if with_table else [],
        "derate": 0.8,
    }
