# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shut down now, and why. Pure: the same site, readings, record and moment give the same plan.

The soft triggers are the policy's: the outage's age, or the runtime that remains. The hard one is the batteries': if
everything began one poll later, a node would be without power within the reserve after it is off. It is asked again
with what is about to be started, so that a node of an early stage never holds the slot that a critical one needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.dispatch import Dispatch, waits
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.endurance import NEVER
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.forecast import Forecast
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Site
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.problems import problems, shortage
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.schedule import Schedule
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.situation import ACTIVE, BACK, IDLE, Situation
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.trigger import (
    Due,
    all_hard,
    due_stages,
    pressed,
)


def make_plan(
    nodes: Sequence[Mapping[str, Any]],
    upses: Sequence[Mapping[str, Any]],
    policy: Mapping[str, Any],
    readings: Sequence[Mapping[str, Any]],
    outage: Mapping[str, Any] | None,
    now_epoch: float,
) -> dict[str, Any]:
    """Return the plan as the module shutdown_plan documents it; Problem where the site cannot be.

    Of several readings of one UPS the last one is the present one; the earlier ones tell what it held when it was last
    trusted.
    """
    situation = Situation.of(Site.from_dicts(nodes, upses, policy), readings, outage, now_epoch)
    return Decision(situation, tuple(problems(situation, readings, outage))).as_dict()


@dataclass(frozen=True)
class Decision:
    """What follows from a situation; ``remarks`` are the problems that were found before."""

    situation: Situation
    remarks: tuple[str, ...] = ()

    @cached_property
    def forecast(self) -> Forecast:
        return self.situation.forecast()

    @cached_property
    def first_dark(self) -> float:
        """Return when the first node would lose power if nothing were shut."""
        return min(self.forecast.dark_at().values(), default=NEVER)

    @cached_property
    def due(self) -> Due:
        return due_stages(self.situation, self.first_dark) if self.situation.mode == ACTIVE else self._as_recorded()

    def _as_recorded(self) -> Due:
        stages = [stage.name for stage in self.situation.policy.stages]
        return Due(tuple(name for name in stages if name in self.situation.outage.due_stages), ())

    @cached_property
    def dispatch(self) -> Dispatch:
        """Return what starts, after the hard trigger was asked until nothing more is pressed."""
        situation, stages = self.situation, self.due.stages
        if situation.mode != ACTIVE:
            return Dispatch(situation, (), frozenset())
        hard = self._hard_before | pressed(situation, self.forecast.late(situation.policy.poll))
        while True:
            dispatch = Dispatch(situation, stages, hard)
            more = hard | pressed(situation, situation.forecast(dispatch.starts).late(situation.policy.poll))
            if more == hard:
                return dispatch
            hard = more

    @property
    def _hard_before(self) -> frozenset[str]:
        """Return the UPSes whose hard trigger has fired in this outage: it stays, also while mains is back."""
        return self.situation.outage.hard & set(self.situation.held)

    @cached_property
    def feasible(self) -> bool:
        """Return whether everything can be off in time: if it begins now; before an outage, a poll after one begins."""
        return not self.forecast.late(0.0 if self.situation.mode == ACTIVE else self.situation.policy.poll)

    @cached_property
    def slack(self) -> float | None:
        return self.forecast.slack()

    @property
    def why(self) -> list[str]:
        """Return the reasons as sentences."""
        situation = self.situation
        if situation.mode == IDLE:
            return ["There is no outage; the figures are those of one that begins now."]
        if situation.mode == BACK:
            return [
                f"Mains is back on {', '.join(situation.held)}: no shutdown is begun, and "
                f"{', '.join(situation.in_flight) or 'nothing'} is in shutdown and is finished."
            ]
        new = () if situation.recorded else ("No outage is on record, but mains is lost: it counts from now on.",)
        reasons = [*new, *self.due.why, *self._hard_why(), *self._retried()]
        return reasons or [f"Nothing is due yet: the outage is {situation.outage.age:.0f} s old; {self._may_wait}."]

    @property
    def _may_wait(self) -> str:
        if self.slack is None:
            return "no battery presses"
        if self.slack < 0:
            return f"the shutdown of everything is {-self.slack:.0f} s too late"
        return f"the shutdown of everything may wait for {self.slack:.0f} s"

    def _hard_why(self) -> list[str]:
        hard = self.dispatch.hard
        if not hard:
            return []
        makespan, poll = self.forecast.schedule.makespan, self.situation.policy.poll
        return [
            f"The hard trigger has fired for {', '.join(sorted(hard))}: all that is left there goes. It "
            f"takes {makespan:.0f} s, {self._may_wait}, and the next look would be in {poll:.0f} s."
        ]

    def _retried(self) -> list[str]:
        failed = self.situation.failed
        return [f"{name} failed before and is tried again." for name in self.dispatch.starts if name in failed]

    @property
    def next_look(self) -> float:
        """Return the seconds until a decision can change: at most a poll, at least one second.

        While mains is back, and may go again, at most what the batteries leave to react to that.
        """
        situation = self.situation
        moments = [situation.policy.poll, *situation.in_flight.values()]
        moments += situation.work(self.dispatch.starts).values()
        if situation.mode == ACTIVE:
            moments += self._stage_moments()
        if situation.mode == BACK and self.slack is not None:
            moments.append(self.slack)
        return max(1.0, min(moments))

    def _stage_moments(self) -> list[float]:
        """Return when stages that are not due yet will be, by age and, at the present load, by runtime."""
        later = [stage for stage in self.situation.policy.stages if stage.name not in self.due.stages]
        by_age = [stage.after - self.situation.outage.age for stage in later if stage.after is not None]
        by_runtime = [self.first_dark - stage.below for stage in later if stage.below is not None]
        return by_age + by_runtime

    @property
    def stages_due(self) -> list[str]:
        """Return the stages that are due; all of them if everything goes by the hard trigger."""
        situation, dispatch = self.situation, self.dispatch
        if dispatch.hard and not situation.on_mains and all_hard(situation, dispatch.hard):
            return [stage.name for stage in situation.policy.stages]
        return list(self.due.stages)

    def as_dict(self) -> dict[str, Any]:
        """Return the plan."""
        dispatch, whole = self.dispatch, self._whole
        return {
            "due": dispatch.starts,
            "waiting": [_waiting(dispatch, name) for name in dispatch.waiting()],
            "in_flight": sorted(self.situation.in_flight.keys() - set(dispatch.dropped)),
            "dropped": dispatch.dropped,
            "failed": self.situation.failed,
            "stages_due": self.stages_due,
            "hard": bool(dispatch.hard),
            "hard_upses": sorted(dispatch.hard | self._hard_before),
            "mains_back": self.situation.mode == BACK,
            "why": self.why,
            "schedule": [
                {"name": name, "start_seconds": _rounded(start), "end_seconds": _rounded(end)}
                for name, (start, end) in whole.slots.items()
            ],
            "makespan_seconds": _rounded(whole.makespan),
            "critical_path_seconds": _rounded(whole.critical_path),
            "depletion_seconds": self._depletion(),
            "slack_seconds": _rounded(self.slack),
            "next_look_seconds": _rounded(self.next_look),
            "feasible": self.feasible,
            "problems": [*self.remarks, *shortage(self.situation, self.forecast, self.slack)],
        }

    @cached_property
    def _whole(self) -> Schedule:
        """Return the schedule of all that is left, without the saves that are dropped."""
        dropped = self.dispatch.dropped
        return self.situation.schedule(sorted(self.situation.concerned - set(dropped)), without=dropped)

    def _depletion(self) -> dict[str, Any]:
        """Return when each UPS is empty if nothing is shut, the first of them, and when the first node loses power."""
        empty = self.forecast.empty_at
        return {
            "upses": {name: _rounded(seconds) for name, seconds in empty.items()},
            "earliest": _rounded(min(empty.values())),
            "first_node": _rounded(self.first_dark),
        }


def _waiting(dispatch: Dispatch, name: str) -> dict[str, Any]:
    after, why = waits(dispatch, name)
    return {"name": name, "after": after, "why": why}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None or seconds == NEVER else round(seconds, 3)
