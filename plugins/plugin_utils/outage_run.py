# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a staged shutdown and the start after it have in common: reading, writing down, and work in threads.

It knows neither Ansible nor SSH: `World` is what it reads and acts through.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.contingency.infra.plugins.module_utils._shutdown import course
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    DROPPED,
    FAILED,
    Moment,
    NodeState,
    Outage,
    OutageError,
    Store,
    clock_was_set,
    rebased,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.aside import begun

Node = Mapping[str, Any]
Reading = Mapping[str, Any]
Plan = Mapping[str, Any]

SAVED, NOT_SAVED = "saved", "NOT saved"
FRESH_SECONDS = 1.0
"""Before each host the UPSes are read again, unless they were read within this time."""
LONGEST_WAIT = 2.0
"""While hosts go down, the UPSes are looked at as often as this."""


@dataclass(frozen=True)
class Outcome:
    """What became of one node: ``state`` is off, done, or failed; ``how`` says it in a few words."""

    name: str
    state: str
    how: str
    seconds: float
    message: str = ""


class World(Protocol):
    """What a run reads and acts through."""

    def now(self) -> Moment:
        """Return this instant."""

    def read(self, previous: Sequence[Reading]) -> list[Reading]:
        """Return one reading for each UPS, within a total time; one that does not answer has the status unknown."""

    def order(self, node: Node, hurried: bool) -> Callable[[], Outcome]:
        """Return what shuts the host down and confirms it, or does what else the node is.

        This is called in the main thread; the work itself blocks in one of its own.
        """

    def give_up(self, name: str) -> None:
        """Let go of a node's work, which nobody waits for any longer. Does not block."""

    def start(self, node: Node) -> Callable[[], Outcome]:
        """Return what switches the host on and waits until it is healthy; called in the main thread."""

    def say(self, line: str) -> None:
        """Show a line of progress."""


@dataclass(frozen=True)
class Site:
    """What is to be shut, what feeds it, and by which policy; shapes as in the documentation of shutdown_plan."""

    nodes: Sequence[Node]
    upses: Sequence[Mapping[str, Any]]
    policy: Mapping[str, Any]

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node["name"] == name)


Planner = Callable[[Site, Sequence[Reading], Mapping[str, Any], float], Plan]


@dataclass
class Report:
    """What a run saw and did; ``outage`` is None where there was nothing to do.

    ``trouble`` says why its state could not be kept.
    """

    outage: Outage | None
    mains: str
    readings: list[Reading]
    plan: Plan | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    next_look_epoch: float | None = None
    trouble: str = ""
    closed: bool = False
    controller_due: str | None = None
    """The controller itself, when all else is off: to be shut down once everything is written."""

    @property
    def failed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.state == FAILED]


class OutageRun:
    """One run for one site. A subclass says what is next."""

    under_way = ""

    def __init__(self, site: Site, world: World, store: Store, planner: Callable[..., Plan]) -> None:
        self._site = site
        self._world = world
        self._store = store
        self._planner = planner
        self._readings: list[Reading] = []
        self._history: list[Reading] = list(store.remembered())
        self._by_clock = world.now()
        self._read_at = -FRESH_SECONDS
        self._flying: dict[Future[Outcome], str] = {}
        self._outcomes: list[Outcome] = []
        self._plan: Plan = {}
        self._trouble = ""

    def _looked(self, outage: Outage | None) -> Outage | None:
        """Read, follow the outage, decide, and write down what was decided."""
        raise NotImplementedError

    def _next(self, outage: Outage) -> str | None:
        """Return the node whose turn it is, None where nothing is due."""
        raise NotImplementedError

    # -- reading and writing down ------------------------------------------------------------------

    def _read(self) -> Moment:
        """Read the UPSes, unless that was just now, and return the instant by whose clock all readings are."""
        before = self._follow_clock()
        if time.monotonic() - self._read_at < FRESH_SECONDS:
            return before
        readings = self._world.read(self._history)
        if clock_was_set(before, self._world.now()):
            # Nobody knows by which of both clocks each of them was stamped.
            self._follow_clock()
            readings = self._world.read(self._history)
        self._readings = readings
        self._history = [*trusted(self._history, self._readings), *self._readings]
        self._read_at = time.monotonic()
        self._written(lambda: self._store.remember(self._history))
        return self._follow_clock()

    def _follow_clock(self) -> Moment:
        """Have what was read by the present clock, also where that was set just now, and return this instant."""
        now = self._world.now()
        self._readings = list(rebased(self._readings, self._by_clock, now))
        self._history = list(rebased(self._history, self._by_clock, now))
        self._by_clock = now
        return now

    def _recovered(self, outage: Outage | None) -> Outage | None:
        """Return the outage; where its record was damaged, what is known instead is on disk at once."""
        found = recovered(self._site, outage, self._world.now())
        if found is not None and found != outage:
            self._kept(found)
        return found

    def _followed(self, outage: Outage | None, now: Moment) -> Outage | None:
        return course.followed(outage, self._readings, now, float(self._site.policy["stable_seconds"]))

    def _kept(self, outage: Outage) -> None:
        """Write it down. Where the disk refuses, hosts still have to go off in time, and the report says so."""
        self._written(lambda: self._store.save(outage))

    def _written(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OutageError as error:
            if not self._trouble:
                self._world.say(error.message)
            self._trouble = error.message

    # -- acting ------------------------------------------------------------------------------------

    def _worked(self, outage: Outage) -> Outage:
        try:
            return self._worked_through(outage)
        finally:
            wait(self._flying)

    def _worked_through(self, outage: Outage) -> Outage:
        while True:
            # Looked at after what ended is known, and again before each host that follows.
            outage = self._gathered(outage)
            outage = self._looked(outage) or outage
            self._let_go(outage)
            name = self._next(outage) if len(self._flying) < int(self._site.policy["concurrency"]) else None
            if name is not None:
                outage = self._begun(outage, name)
            elif self._flying:
                wait(self._flying, LONGEST_WAIT, FIRST_COMPLETED)
            else:
                return outage

    def _begun(self, outage: Outage, name: str) -> Outage:
        """Write down that it is in hand, then let it be."""
        outage = outage.with_node(name, NodeState(self.under_way, self._world.now()))
        self._kept(outage)
        self._world.say(f"{name}: {'saving' if self._site.node(name)['kind'] == 'save' else self.under_way}")
        self._flying[begun(self._work(name), name)] = name
        return outage

    def _work(self, name: str) -> Callable[[], Outcome]:
        """Return what is to be done; an unforeseen error in it is a failure of this node, and keeps no other one on."""
        try:
            return self._order(name)
        except Exception as error:  # noqa: BLE001  It becomes the outcome of this node.
            outcome = _failure(name, error)
            return lambda: outcome

    def _let_go(self, outage: Outage) -> None:
        """What was dropped while it was in hand is not waited for, and takes the place of nothing else."""
        for future, name in list(self._flying.items()):
            if outage.nodes[name].state == DROPPED:
                del self._flying[future]
                self._world.give_up(name)
                self._world.say(f"{name}: {outage.nodes[name].how}")

    def _order(self, name: str) -> Callable[[], Outcome]:
        raise NotImplementedError

    def _gathered(self, outage: Outage) -> Outage:
        """Write down what has come to its end."""
        for future in [each for each in self._flying if each.done()]:
            outcome = _outcome(future, self._flying.pop(future))
            since = outage.nodes[outcome.name].since
            ended = NodeState(outcome.state, since, self._world.now(), outcome.how)
            outage = outage.with_node(outcome.name, ended)
            self._kept(outage)
            self._outcomes.append(outcome)
            self._world.say(f"{outcome.name}: {outcome.how} after {outcome.seconds:.0f} s {outcome.message}".rstrip())
        return outage


def recovered(site: Site, outage: Outage | None, now: Moment) -> Outage | None:
    """Return the outage; of one whose record was damaged, every host may be off or on."""
    if outage is None or not outage.damaged:
        return outage
    return outage.recovered([str(node["name"]) for node in site.nodes if node["kind"] != "save"], now)


def trusted(history: Sequence[Reading], readings: Sequence[Reading]) -> list[Reading]:
    """Return for each UPS the last earlier reading that told its runtime or charge."""
    known = {reading["name"]: reading for reading in history if _tells(reading)}
    return [known[reading["name"]] for reading in readings if reading["name"] in known]


def _tells(reading: Reading) -> bool:
    return reading.get("status") != "unknown" and (
        reading.get("runtime_seconds") is not None or reading.get("charge_percent") is not None
    )


def _outcome(future: Future[Outcome], name: str) -> Outcome:
    """Return what became of it; an unforeseen error is a failure of this node, and keeps no other one on."""
    error = future.exception()
    if error is None:
        return future.result()
    return _failure(name, error)


def _failure(name: str, error: BaseException) -> Outcome:
    return Outcome(name, FAILED, "not confirmed off", 0.0, f"{type(error).__name__}: {error}")
