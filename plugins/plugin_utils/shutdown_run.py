# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a staged shutdown: look, decide, shut what is due, write each step down first, and end with the next look.

It knows neither Ansible nor SSH: `World` is what it reads and acts through. It may be killed at any moment; the next
run finds on disk what this one had begun, and a host that is off already is only confirmed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ansible_collections.contingency.infra.plugins.module_utils._shutdown import course
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    DROPPED,
    FAILED,
    PENDING,
    SHUTTING,
    Moment,
    NodeState,
    Outage,
    OutageError,
    Store,
)

Node = Mapping[str, Any]
Reading = Mapping[str, Any]
Plan = Mapping[str, Any]

CONTROLLER = "controller"
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
    controller_due: str | None = None
    """The controller itself, when all else is off: to be shut down once everything is written."""

    @property
    def failed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.state == FAILED]


class ShutdownRun:
    """One run for one site."""

    def __init__(self, site: Site, world: World, store: Store, planner: Planner) -> None:
        self._site = site
        self._world = world
        self._store = store
        self._planner = planner
        self._readings: list[Reading] = []
        self._history: list[Reading] = list(store.remembered())
        self._read_at = -FRESH_SECONDS
        self._flying: dict[Future[Outcome], str] = {}
        self._outcomes: list[Outcome] = []
        self._plan: Plan = {}
        self._trouble = ""

    def run(self, planned: bool = False) -> Report:
        """Do what is due and nothing else; OutageBusy where another run is at work, OutageError without a disk."""
        with self._store.working():
            outage = self._taken_over(self._store.load())
            outage = course.planned(outage, self._world.now()) if planned else outage
            outage = self._looked(outage)
            return self._report(None if outage is None else self._worked(outage))

    def _taken_over(self, outage: Outage | None) -> Outage | None:
        """What a run that is gone had in hand, or could not get off, is tried once more by this one."""
        if outage is None:
            return None
        now = self._world.now()
        again = {
            name: NodeState(PENDING, now, how=f"was {state.state}") if state.state in (SHUTTING, FAILED) else state
            for name, state in outage.nodes.items()
        }
        return replace(outage, nodes=again)

    # -- looking -----------------------------------------------------------------------------------

    def _looked(self, outage: Outage | None) -> Outage | None:
        """Read, follow the outage, decide, and write down what was decided."""
        self._read()
        now = self._world.now()
        followed = course.followed(outage, self._readings, now, float(self._site.policy["stable_seconds"]))
        if followed is None:
            return None
        self._plan = self._planner(self._site, self._history, followed.for_plan(now), now.epoch)
        for stage in self._plan["stages_due"]:
            if stage not in followed.due_stages:
                self._world.say(f"stage {stage} is due")
        followed = _dropped(followed.with_due(self._plan["stages_due"], self._plan["hard_upses"]), self._plan, now)
        if followed != outage:
            self._kept(followed)
        self._sampled(followed, now)
        return followed

    def _kept(self, outage: Outage) -> None:
        """Write it down. Where the disk refuses, hosts still have to go off in time, and the report says so."""
        self._written(lambda: self._store.save(outage))

    def _sampled(self, outage: Outage, now: Moment) -> None:
        self._written(lambda: self._store.add_sample(outage, now, self._readings))

    def _written(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OutageError as error:
            if not self._trouble:
                self._world.say(error.message)
            self._trouble = error.message

    def _read(self) -> None:
        if time.monotonic() - self._read_at < FRESH_SECONDS:
            return
        self._readings = self._world.read(self._history)
        self._history = [*trusted(self._history, self._readings), *self._readings]
        self._read_at = time.monotonic()
        self._written(lambda: self._store.remember(self._history))

    # -- acting ------------------------------------------------------------------------------------

    def _worked(self, outage: Outage) -> Outage:
        with ThreadPoolExecutor(max(1, int(self._site.policy["concurrency"]))) as pool:
            while True:
                # Looked at after what ended is known, and again before each host that follows.
                outage = self._gathered(outage)
                outage = self._looked(outage) or outage
                name = self._next(outage)
                if name is not None:
                    outage = self._begun(outage, name, pool)
                elif self._flying:
                    wait(self._flying, LONGEST_WAIT, FIRST_COMPLETED)
                else:
                    return outage

    def _next(self, outage: Outage) -> str | None:
        """Return the node whose turn it is, None where nothing is due or all hands are full."""
        if len(self._flying) >= int(self._site.policy["concurrency"]):
            return None
        for name in self._plan["due"]:
            if self._site.node(name)["kind"] == CONTROLLER:
                continue
            if name not in outage.nodes or outage.nodes[name].state == PENDING:
                return str(name)
        return None

    def _begun(self, outage: Outage, name: str, pool: ThreadPoolExecutor) -> Outage:
        """Write down that it is being shut, then let it be."""
        outage = outage.with_node(name, NodeState(SHUTTING, self._world.now()))
        self._kept(outage)
        self._world.say(f"{name}: shutting down")
        node, hurried = self._site.node(name), bool(self._plan["hard"])
        self._flying[pool.submit(self._world.order(node, hurried))] = name
        return outage

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

    def _report(self, outage: Outage | None) -> Report:
        told = course.mains(self._readings)
        report = Report(outage, told, list(self._readings), self._plan or None, self._outcomes, trouble=self._trouble)
        if outage is not None and self._plan:
            due = [name for name in self._plan["due"] if self._site.node(name)["kind"] == CONTROLLER]
            report.controller_due = due[0] if due else None
            report.next_look_epoch = self._world.now().epoch + float(self._plan["next_look_seconds"])
        return report


def trusted(history: Sequence[Reading], readings: Sequence[Reading]) -> list[Reading]:
    """Return for each UPS the last earlier reading that told its runtime or charge."""
    known = {reading["name"]: reading for reading in history if _tells(reading)}
    return [known[reading["name"]] for reading in readings if reading["name"] in known]


def _tells(reading: Reading) -> bool:
    return reading.get("status") != "unknown" and (
        reading.get("runtime_seconds") is not None or reading.get("charge_percent") is not None
    )


def _dropped(outage: Outage, plan: Plan, now: Moment) -> Outage:
    """Return the outage with what the plan leaves out for lack of time."""
    for name in plan["dropped"]:
        if outage.nodes.get(name) is None or outage.nodes[name].state == PENDING:
            outage = outage.with_node(name, NodeState(DROPPED, now, how="left out for lack of time"))
    return outage


def _outcome(future: Future[Outcome], name: str) -> Outcome:
    """Return what became of it; an unforeseen error is a failure of this node, and keeps no other one on."""
    error = future.exception()
    if error is None:
        return future.result()
    return Outcome(name, FAILED, "not confirmed off", 0.0, f"{type(error).__name__}: {error}")


__all__ = ["Outcome", "Planner", "Report", "ShutdownRun", "Site", "World"]
