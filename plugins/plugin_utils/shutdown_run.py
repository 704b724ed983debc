# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a staged shutdown: look, decide, shut what is due, write each step down first, and end with the next look.

It may be killed at any moment; the next run finds on disk what this one had begun, and a host that is off already is
only confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ansible_collections.contingency.infra.plugins.module_utils._shutdown import course
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    DROPPED,
    FAILED,
    OFF,
    PENDING,
    SHUTTING,
    STARTING,
    UP,
    Moment,
    NodeState,
    Outage,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import OutageRun, Outcome, Plan, Report

CONTROLLER, SAVE = "controller", "save"


class ShutdownRun(OutageRun):
    """Shuts down what is due and nothing else."""

    under_way = SHUTTING

    def run(self, planned: bool = False) -> Report:
        """Do what is due; OutageBusy where another run is at work."""
        with self._store.working():
            outage = self._taken_over(self._recovered(self._store.load()))
            outage = course.planned(outage, self._world.now()) if planned else outage
            outage = self._looked(outage)
            return self._report(None if outage is None else self._worked(outage))

    def _taken_over(self, outage: Outage | None) -> Outage | None:
        """What a run that is gone had in hand, or could not get off, is tried once more; what was started is on."""
        if outage is None:
            return None
        now, again = self._world.now(), (SHUTTING, FAILED, STARTING, UP)
        nodes = {
            name: state.again(now) if state.state in again or self._runs_here(name, state, now) else state
            for name, state in outage.nodes.items()
        }
        return replace(outage, nodes=nodes)

    def _runs_here(self, name: str, state: NodeState, now: Moment) -> bool:
        """Is it noted as off, and yet on: this machine, in the same boot? The run ended before it gave the command."""
        controllers = {node["name"] for node in self._site.nodes if node["kind"] == CONTROLLER}
        return name in controllers and state.state == OFF and state.since.boot == now.boot

    def _looked(self, outage: Outage | None) -> Outage | None:
        now = self._read()
        followed = self._followed(outage, now)
        if followed is None:
            # What no plan can be made of is told on each ordinary day, and not first in an outage.
            self._planner(self._site, self._history, None, now.epoch)
            return None
        if outage is None:
            # Before the plan: it is to age also while none can be made.
            self._kept(followed)
        self._plan = self._planner(self._site, self._history, followed.for_plan(now), now.epoch)
        for stage in self._plan["stages_due"]:
            if stage not in followed.due_stages:
                self._world.say(f"stage {stage} is due")
        followed = _dropped(followed.with_due(self._plan["stages_due"], self._plan["hard_upses"]), self._plan, now)
        if followed != outage:
            self._kept(followed)
        self._written(lambda: self._store.add_sample(followed, now, self._readings))
        return followed

    def _next(self, outage: Outage) -> str | None:
        """Return what is due and has yet to begin, saves before hosts."""
        due = [
            str(name)
            for name in self._plan["due"]
            if self._site.node(name)["kind"] != CONTROLLER
            and (name not in outage.nodes or outage.nodes[name].state == PENDING)
        ]
        return min(due, key=lambda name: self._site.node(name)["kind"] != SAVE, default=None)

    def _order(self, name: str) -> Callable[[], Outcome]:
        return self._world.order(self._site.node(name), bool(self._plan["hard"]))

    def _report(self, outage: Outage | None) -> Report:
        told = course.mains(self._readings)
        report = Report(outage, told, list(self._readings), self._plan or None, self._outcomes, trouble=self._trouble)
        if outage is not None and self._plan:
            due = [name for name in self._plan["due"] if self._site.node(name)["kind"] == CONTROLLER]
            report.controller_due = due[0] if due else None
            report.next_look_epoch = self._world.now().epoch + float(self._plan["next_look_seconds"])
        return report


def _dropped(outage: Outage, plan: Plan, now: Moment) -> Outage:
    """Return the outage with what the plan leaves out for lack of time, also where it was in hand."""
    for name in plan["dropped"]:
        state = outage.nodes.get(name)
        if state is None or state.state == PENDING:
            outage = outage.with_node(name, NodeState(DROPPED, now, how="left out for lack of time"))
        elif state.state == SHUTTING:
            outage = outage.with_node(name, NodeState(DROPPED, state.since, now, "broken off for lack of time"))
    return outage
