# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a shutdown and its length."""

from __future__ import annotations

import heapq
import time
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Node, Problem
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.schedule import (
    Graph,
    Schedule,
    list_schedule,
    startable,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.shutdown.bound import before_of, graham, longest_chain
from tests.unit.shutdown.describe import node
from tests.unit.shutdown.examples import SCHEDULES, tried
from tests.unit.shutdown.instances import nodes as random_nodes

ROUNDING = 1e-6


def described(nodes: list[dict[str, Any]]) -> dict[str, Node]:
    return {each["name"]: Node.from_dict(each) for each in nodes}


def scheduled(nodes: list[dict[str, Any]], concurrency: int, **durations: float) -> Schedule:
    graph = Graph.of(described(nodes))
    work = {each["name"]: each["duration_seconds"] for each in nodes} | durations
    return list_schedule(graph, work, {}, concurrency)


def starts(schedule: Schedule) -> dict[str, float]:
    return {name: start for name, (start, _end) in schedule.slots.items()}


def test_the_longest_tail_goes_first() -> None:
    nodes = [node("short", 10), node("long", 30), node("app", 10), node("db", 25, after=["app"])]
    assert list(scheduled(nodes, 1).slots) == ["app", "long", "db", "short"]


def test_switches_go_after_all_hosts_and_the_controller_last() -> None:
    nodes = [
        node("controller", 5, kind="controller"),
        node("core", 5, kind="switch", after=["copy"]),
        node("copy", 20, kind="save"),
        node("host", 60),
    ]
    assert starts(scheduled(nodes, 8)) == {"host": 0, "copy": 0, "core": 60, "controller": 65}


def test_a_switch_that_names_its_hosts_waits_for_these_only() -> None:
    nodes = [node("ward", 5, kind="switch", after=["pc"]), node("pc", 10), node("db", 60)]
    assert starts(scheduled(nodes, 8))["ward"] == 10


def test_a_switch_does_not_wait_for_a_host_that_goes_after_it() -> None:
    nodes = [node("lab", 5, kind="switch"), node("recorder", 10, after=["lab"]), node("db", 60)]
    assert starts(scheduled(nodes, 8)) == {"db": 0, "lab": 60, "recorder": 65}


def test_a_cycle_names_its_nodes_and_no_others() -> None:
    nodes = [node("a", after=["c"]), node("b", after=["a"]), node("c", after=["b"]), node("spare")]
    with pytest.raises(Problem) as problem:
        Graph.of(described(nodes))
    named = problem.value.message.split(";")[0]
    assert all(f"{each} after" in named or f"after {each}" in named for each in "abc")
    assert "spare" not in named


def test_a_cycle_through_the_controller_says_why() -> None:
    with pytest.raises(Problem, match=r"controller.*waits for everything|a controller for everything"):
        Graph.of(described([node("controller", kind="controller"), node("db", after=["controller"])]))


def test_nothing_overtakes_what_it_would_delay() -> None:
    """With one of two slots taken for 60 s, a node of 200 s would hold the other when the chain needs both."""
    nodes = [
        node("first", 60),
        node("x", 100, after=["first"]),
        node("y", 100, after=["first"]),
        node("long", 90),
        node("short", 50),
    ]
    graph = Graph.of(described(nodes))
    work = {"x": 100.0, "y": 100.0, "long": 90.0, "short": 50.0}
    schedule = list_schedule(graph, work, {"first": 60.0}, 2)
    assert starts(schedule) == {"first": 0, "x": 60, "y": 60, "long": 160, "short": 160}
    assert startable(schedule.slots, {"long", "short"}, {"first"}, work, 2) == ["short"]


def played(nodes: list[dict[str, Any]], real: dict[str, float], concurrency: int) -> dict[str, float]:
    """Play a schedule with what it really takes, planning again whenever something is off; return the ends."""
    graph = Graph.of(described(nodes))
    told = {each["name"]: each["duration_seconds"] for each in nodes}
    before, ends, now = before_of(nodes), dict[str, float](), 0.0
    began: dict[str, float] = {}
    running: list[tuple[float, str]] = []
    while len(ends) < len(nodes):
        left = {name: max(told[name] - (now - began[name]), 0.0) for _end, name in running}
        work = {name: told[name] for name in told if name not in began}
        ready = {name for name in work if before[name] <= set(ends)}
        slots = list_schedule(graph, work, left, concurrency).slots
        for name in startable(slots, ready, left, work, concurrency):
            began[name] = now
            heapq.heappush(running, (now + real[name], name))
        assert len(running) <= concurrency
        now, name = heapq.heappop(running)
        ends[name] = now
    return ends


def test_what_takes_less_than_planned_makes_nothing_later() -> None:
    """An ordinary list schedule ends after 18.5 s instead of 17 here (Graham's anomaly)."""
    nodes = [
        node("a", 3),
        node("b", 4, after=["a"]),
        node("c", 3),
        node("d", 5, after=["a", "c"]),
        node("e", 8),
        node("f", 9, after=["b", "d"]),
    ]
    planned = scheduled(nodes, 2).slots
    ends = played(nodes, {"a": 3, "b": 4, "c": 1.5, "d": 2.5, "e": 4, "f": 9}, 2)
    assert max(end for _start, end in planned.values()) == 17
    assert all(end <= planned[name][1] for name, end in ends.items())


@tried(SCHEDULES)
@given(
    random_nodes(most=12), st.integers(1, 6), st.lists(st.sampled_from((1.0, 0.9, 0.5, 0.1)), min_size=5, max_size=5)
)
def test_every_schedule(nodes: list[dict[str, Any]], concurrency: int, haste: list[float]) -> None:
    durations = {each["name"]: each["duration_seconds"] for each in nodes}
    schedule = scheduled(nodes, concurrency)
    slots = schedule.slots
    for name, before in before_of(nodes).items():
        assert all(slots[each][1] <= slots[name][0] + ROUNDING for each in before)
    for moment in starts(schedule).values():
        assert sum(start <= moment < end for start, end in slots.values()) <= concurrency
    chain = longest_chain(nodes, durations)
    assert schedule.critical_path == pytest.approx(chain)
    assert max(chain, sum(durations.values()) / concurrency) <= schedule.makespan + ROUNDING
    assert schedule.makespan <= graham(nodes, durations, concurrency) + ROUNDING
    real = {name: seconds * haste[number % 5] for number, (name, seconds) in enumerate(durations.items())}
    for name, end in played(nodes, real, concurrency).items():
        assert end <= slots[name][1] + ROUNDING, f"{name} is off later than planned, though all took at most as planned"


def test_two_thousand_hosts_are_scheduled_quickly() -> None:
    nodes = [
        node(f"h{each}", 5 + each % 50, after=[f"h{each - 7}"] if each % 3 == 0 and each > 7 else [])
        for each in range(2000)
    ]
    nodes += [node(f"s{each}", 5, kind="switch") for each in range(100)]
    began = time.process_time()
    schedule = scheduled(nodes, 16)
    assert time.process_time() - began < 1
    assert len(schedule.slots) == 2100
