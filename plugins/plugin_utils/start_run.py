# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the start after an outage: in the reverse order of the shutdown, each host healthy before the next.

It stops beginning hosts as soon as mains is lost again. A host that is on and healthy already is only confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown import course
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    DROPPED,
    FAILED,
    MAINS,
    OFF,
    PENDING,
    PLANNED,
    SHUTTING,
    STARTING,
    UP,
    Moment,
    Outage,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import (
    OutageRun,
    Outcome,
    Plan,
    Reading,
    Report,
    Site,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_site import SAVE_MARK

STILL_PLANNED = "The outage was planned and nobody has said that it is over; say so with -e outage=over."
SHUTDOWN_AT_WORK = "A shutdown was broken off in its middle; run staged_shutdown first, it finishes what it had begun."

NOT_KNOWN = "it was shut down and is not in the inventory any more; switch it on by hand"


class StartRun(OutageRun):
    """Starts what the outage's shutdown has switched off."""

    under_way = STARTING

    _over = False

    def run(self, over: bool = False) -> Report:
        """Start what may be started; OutageBusy where another run is at work. ``over`` ends a planned outage."""
        self._over = over
        with self._store.working():
            outage = self._taken_over(self._announced(self._recovered(self._store.load())))
            outage = self._looked(outage)
            outage = None if outage is None else self._worked(outage)
            report = Report(outage, course.mains(self._readings), list(self._readings), self._plan or None)
            report.outcomes, report.trouble = self._outcomes, self._trouble
            if outage is not None:
                self._ended(outage, report)
            return report

    def _announced(self, outage: Outage | None) -> Outage | None:
        """Write down that a planned outage is over, else a shutdown beside the start would shut down what is up."""
        if outage is None or outage.cause != PLANNED or not self._over:
            return outage
        outage = replace(outage, cause=MAINS)
        self._kept(outage)
        return outage

    def _taken_over(self, outage: Outage | None) -> Outage | None:
        """What an earlier run had in hand, or could not get up, is tried once more."""
        if outage is None:
            return None
        now = self._world.now()
        nodes = {
            name: state.again(now, OFF, now) if state.state in (STARTING, FAILED) or state.may_be_off else state
            for name, state in outage.nodes.items()
        }
        return replace(outage, nodes=nodes)

    def _looked(self, outage: Outage | None) -> Outage | None:
        if outage is None:
            return None
        now = self._read()
        followed = self._followed(outage, now) or outage
        self._plan = looked_at(self._planner, self._site, self._history, followed, now, self._over)
        if followed != outage:
            self._kept(followed)
        return followed

    def _next(self, outage: Outage) -> str | None:
        return next((str(name) for name in self._plan["due"] if outage.nodes[name].state == OFF), None)

    def _order(self, name: str) -> Callable[[], Outcome]:
        return self._world.start(self._site.node(name))

    def _ended(self, outage: Outage, report: Report) -> None:
        """Close an outage whose hosts are all up; else say when to look again."""
        hosts = {node["name"] for node in self._site.nodes if node["kind"] not in ("save", "controller")}
        left = [name for name, state in outage.nodes.items() if name in hosts and state.state not in _CLOSED]
        if left or self._plan.get("limitation"):
            report.next_look_epoch = self._world.now().epoch + float(self._plan["next_look_seconds"])
            return
        report.outcomes += self._strays(outage)
        closed = replace(outage, ended_at_epoch=outage.ended_at_epoch or self._world.now().epoch)
        self._written(lambda: self._store.close(closed))
        report.closed = True

    def _strays(self, outage: Outage) -> list[Outcome]:
        """Return as failures the hosts that were shut, and that the inventory does not have any more."""
        known = {node["name"] for node in self._site.nodes}
        names = [name for name, state in outage.nodes.items() if name not in known and state.state not in _CLOSED]
        return [Outcome(name, FAILED, "NOT switched on", 0.0, NOT_KNOWN) for name in names if SAVE_MARK not in name]


_CLOSED = (UP, PENDING, DROPPED)


def looked_at(
    planner: Callable[..., Plan], site: Site, readings: Sequence[Reading], outage: Outage, now: Moment, over: bool
) -> dict[str, Any]:
    """Return what may be started now."""
    known = {node["name"] for node in site.nodes}
    up = [name for name, state in outage.nodes.items() if state.state == UP and name in known]
    plan = dict(planner(site, readings, _as_off(outage, now), now.epoch, _online_since(outage, now), up))
    why = start_limitation(outage, over)
    return plan if why is None else {**plan, "due": [], "limitation": why, "why": [why]}


def start_limitation(outage: Outage, over: bool) -> str | None:
    """Return why nothing may be started, beside what the planner says, or None."""
    if outage.cause == PLANNED and not over:
        return STILL_PLANNED
    if any(state.state == SHUTTING for state in outage.nodes.values()):
        return SHUTDOWN_AT_WORK
    return None


def _as_off(outage: Outage, now: Moment) -> dict[str, Any]:
    """Return what the planner reads: for it, all that was touched was shut, and what is up is told beside."""
    state = outage.for_plan(now)
    nodes = {
        name: {**each, "state": OFF} if each["state"] != PENDING or outage.nodes[name].may_be_off else each
        for name, each in state["nodes"].items()
    }
    return {**state, "nodes": nodes}


def _online_since(outage: Outage, now: Moment) -> float | None:
    return None if outage.online_since is None else now.epoch - now.since(outage.online_since)
