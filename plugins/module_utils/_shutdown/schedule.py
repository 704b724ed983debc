# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a shutdown: what has to be off before what, and list scheduling with the longest tail first.

The list is kept strictly: nothing starts before what stands above it has started. The makespan then still is at most
sum / m + (1 - 1 / m) * critical path (Graham): while a slot is idle, the head of the list waits for something that
runs, and the longest tail of all that is left belongs to something that runs and shrinks by the second. And the list
has no anomalies: a start is a maximum, over starts, ends and order statistics of ends, of what is above it, so that
durations that turn out shorter, and nodes that are off already, never make any node later. A plan that was in time
stays in time.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import (
    CONTROLLER,
    HOST,
    SAVE,
    SWITCH,
    Node,
    Problem,
)

# Not nodes but moments: with them n hosts and s switches need n + s edges instead of n * s.
_HOSTS_DONE = "\0hosts done"
_ALL_DONE = "\0all but the controllers done"
MOMENTS = (_HOSTS_DONE, _ALL_DONE)
INSTANT = 1e-6


@dataclass(frozen=True)
class Graph:
    """``before``: for each node what has to be off before it, moments included; ``order``: each after those."""

    before: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]

    @classmethod
    def of(cls, nodes: Mapping[str, Node]) -> Graph:
        """Return the graph with the edges that follow from the kinds; Problem names the nodes of a cycle."""
        before = _edges(nodes)
        try:
            order = tuple(TopologicalSorter({name: before[name] for name in sorted(before)}).static_order())
        except CycleError as error:
            named = [name for name in reversed(error.args[1]) if name not in MOMENTS]
            raise Problem(
                f"These nodes wait for each other: {' after '.join(named)}; take one of these out of its node's after. "
                f"(A switch waits for all hosts unless its after names hosts, a controller for everything.)"
            ) from None
        return cls(before, order)

    def waits_for(self, name: str) -> list[str]:
        """Return the nodes that have to be off directly before this one; moments are resolved."""
        found: dict[str, None] = {}
        for each in self.before[name]:
            found.update(dict.fromkeys(self.waits_for(each) if each in MOMENTS else [each]))
        return list(found)

    def all_before(self, names: Iterable[str]) -> set[str]:
        """Return every node that has to be off before one of these, near and far."""
        found: set[str] = set()
        ahead = list(names)
        while ahead:
            new = [each for each in self.before[ahead.pop()] if each not in found]
            found.update(new)
            ahead += new
        return found - set(MOMENTS)

    def tails(self, durations: Mapping[str, float]) -> dict[str, float]:
        """Return for each node the longest chain of durations from its start on; one without a duration takes none."""
        longest = dict.fromkeys(self.order, 0.0)
        for name in reversed(self.order):
            longest[name] += durations.get(name, 0.0)
            for each in self.before[name]:
                longest[each] = max(longest[each], longest[name])
        return longest


@dataclass(frozen=True)
class Schedule:
    """Start and end of each node, in seconds from now, in the order of the list."""

    slots: Mapping[str, tuple[float, float]]
    critical_path: float

    @property
    def makespan(self) -> float:
        return max((end for _start, end in self.slots.values()), default=0.0)


def list_schedule(graph: Graph, work: Mapping[str, float], running: Mapping[str, float], concurrency: int) -> Schedule:
    """Schedule ``work`` (name: duration) beside what is ``running`` (name: what is left of it).

    A node that is in neither is off, or stays: it takes no time, and what comes after it waits for what is before it.
    """
    tails = graph.tails({**work, **running})
    rank = {name: number for number, name in enumerate(graph.order)}
    free = _free_slots(running.values(), concurrency)
    ends: dict[str, float] = {}
    slots = {name: (0.0, left) for name, left in running.items()}
    latest = 0.0
    for name in sorted(graph.order, key=lambda each: (-tails[each], rank[each])):
        ready = max((ends[each] for each in graph.before[name]), default=0.0)
        if name in running:
            ends[name] = running[name]
        elif name in work:
            latest = max(latest, ready, free[0])
            ends[name] = latest + work[name]
            heapq.heapreplace(free, ends[name])
            slots[name] = (latest, ends[name])
        else:
            ends[name] = ready
    return Schedule(slots, max(tails.values(), default=0.0))


def startable(
    slots: Mapping[str, tuple[float, float]],
    ready: Collection[str],
    running: Collection[str],
    work: Mapping[str, float],
    concurrency: int,
) -> list[str]:
    """Return which of the ``ready`` nodes start now by a schedule's slots: those whose turn it is, and harmless ones.

    One may overtake where a slot stays idle in the schedule as long as it runs, so that nothing starts later for it.
    """
    chosen = [name for name, slot in slots.items() if name in ready and slot[0] <= INSTANT]
    chosen = chosen[: max(0, concurrency - len(running))]
    profile = _Profile(slots.values(), concurrency)
    for name in slots:
        if len(running) + len(chosen) >= concurrency:
            break
        if name in ready and name not in chosen and profile.admits(work[name], slots[name]):
            chosen.append(name)
    return chosen


class _Profile:
    """How many slots of a schedule are taken when."""

    def __init__(self, slots: Iterable[tuple[float, float]], concurrency: int) -> None:
        self._changes: list[tuple[float, int]] = []
        self._most = concurrency
        for slot in slots:
            self._take(slot)
        self._idle = self._idle_until()

    def admits(self, seconds: float, slot: tuple[float, float]) -> bool:
        """Take a slot from now on for so long, instead of the later ``slot``, if one is idle all the time."""
        if seconds > self._idle and not slot[0] <= self._idle < slot[1]:
            return False
        self._give(slot)
        admitted = seconds <= self._idle_until()
        self._take((0.0, seconds) if admitted else slot)
        self._idle = self._idle_until()
        return admitted

    def _take(self, slot: tuple[float, float]) -> None:
        for change in _changes(slot):
            insort(self._changes, change)

    def _give(self, slot: tuple[float, float]) -> None:
        for change in _changes(slot):
            del self._changes[bisect_left(self._changes, change)]

    def _idle_until(self) -> float:
        """Return until when, from now on, one slot is idle all the time."""
        used = 0
        for when, change in self._changes:
            used += change
            if used >= self._most:
                return when
        return float("inf")


def _changes(slot: tuple[float, float]) -> tuple[tuple[float, int], ...]:
    """Return when a slot is taken and left; one that takes no time is no change."""
    start, end = slot
    return ((start, 1), (end, -1)) if end > start + INSTANT else ()


def _free_slots(running: Iterable[float], concurrency: int) -> list[float]:
    """Return when each slot is free; where more run than may, the first ones to end free none."""
    busy = sorted(running, reverse=True)[:concurrency]
    free = [*busy, *[0.0] * (concurrency - len(busy))]
    heapq.heapify(free)
    return free


def _edges(nodes: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
    """Return what has to be off before each node: what it says, and what its kind says."""
    edges = {name: node.after for name, node in nodes.items()}
    reached = tuple(name for name, node in nodes.items() if node.kind in (HOST, SAVE))
    followers = _followers(nodes)
    edges[_HOSTS_DONE] = reached
    edges[_ALL_DONE] = tuple(name for name, node in nodes.items() if node.kind != CONTROLLER)
    for name, node in nodes.items():
        if node.kind == CONTROLLER:
            edges[name] += (_ALL_DONE,)
        elif node.kind == SWITCH and not any(nodes[each].kind == HOST for each in node.after):
            behind = _reached_from(name, followers)
            told = tuple(each for each in reached if each not in behind)
            edges[name] += (_HOSTS_DONE,) if len(told) == len(reached) else told
    return edges


def _followers(nodes: Mapping[str, Node]) -> dict[str, list[str]]:
    """Return for each node those that say they go after it."""
    followers: dict[str, list[str]] = {name: [] for name in nodes}
    for name, node in nodes.items():
        for each in node.after:
            followers[each].append(name)
    return followers


def _reached_from(name: str, followers: Mapping[str, list[str]]) -> set[str]:
    """Return all that goes after a node, near and far, by what the nodes say."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        new = [each for each in followers[ahead.pop()] if each not in found]
        found.update(new)
        ahead += new
    return found
