# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is started now, and what everything else waits for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.endurance import NEVER, depletions
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import HOST, SAVE
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.outage import DROPPED, FAILED
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.schedule import MOMENTS, startable
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.situation import Situation
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.trigger import dropped_saves, hard_nodes

SHOWN, LISTED = 3, 10


@dataclass(frozen=True)
class Dispatch:
    """The nodes that are due, by stages or by the hard trigger, and which of them start now."""

    situation: Situation
    stages: tuple[str, ...]
    hard: frozenset[str]

    @cached_property
    def dropped(self) -> list[str]:
        return dropped_saves(self.situation, self.hard)

    @cached_property
    def candidates(self) -> set[str]:
        """Return the nodes that are due and have yet to begin."""
        going, nodes = hard_nodes(self.situation, self.hard), self.situation.nodes
        due = {
            name
            for name in self.situation.concerned
            if (name in going or nodes[name].stage in self.stages) and name not in self.dropped
        }
        return set(self.situation.work(due))

    @cached_property
    def reachable(self) -> set[str]:
        """Return the candidates that need not wait for a node that is not due."""
        stuck = {name for name in self._open if name not in self.candidates and name not in self.situation.in_flight}
        for name in self.situation.graph.order:
            if any(each in stuck for each in self.situation.graph.before[name]):
                stuck.add(name)
        return {name for name in self.candidates if name not in stuck or not self.blockers(name)}

    @cached_property
    def starts(self) -> list[str]:
        """Return what starts now, in its order; what has failed before comes last.

        It is asked again beside what starts until that is all, so that a second run at once finds nothing to start.
        """
        chosen: list[str] = []
        while more := self._startable_beside(chosen):
            chosen += more
        return sorted(chosen, key=lambda name: name in self.situation.failed)

    def _startable_beside(self, chosen: list[str]) -> list[str]:
        """Return what else starts now beside what was chosen."""
        situation = self.situation
        flying = [*(name for name in situation.in_flight if name not in self.dropped), *chosen]
        rest = self.reachable - set(chosen)
        ready = {name for name in rest if not self.blockers(name)}
        if not ready or len(flying) >= situation.policy.concurrency:
            return []
        schedule = situation.schedule(sorted(rest), started=chosen, without=self.dropped)
        slots = {name: slot for name, slot in schedule.slots.items() if name in rest or name in flying}
        return startable(slots, ready, flying, situation.work(rest), situation.policy.concurrency)

    def blockers(self, name: str) -> list[str]:
        """Return what a node waits for."""
        blockers = self._open_before(name)
        return [each for each in blockers if each not in self._given_up] if self._forgives(name) else blockers

    def _open_before(self, name: str) -> list[str]:
        """Return what is directly before a node and not off; in place of a dropped save, what was before that."""
        found: list[str] = []
        for each in self.situation.graph.before[name]:
            if each not in self._passed:
                found += [each] if each in self._open else []
                continue
            if each not in self._before_passed:
                self._before_passed[each] = self._open_before(each)
            found += self._before_passed[each]
        return list(dict.fromkeys(found))

    @cached_property
    def _passed(self) -> set[str]:
        states = self.situation.outage.states
        return {*MOMENTS, *self.dropped, *(name for name, each in states.items() if each.state == DROPPED)}

    @cached_property
    def _before_passed(self) -> dict[str, list[str]]:
        """What is before moments, which stand before many nodes, is found once for all of these."""
        return {}

    def waiting(self) -> list[str]:
        """Return the due nodes that do not start now, in the order of the graph."""
        return [name for name in self.situation.graph.order if name in self.candidates and name not in self.starts]

    @cached_property
    def _open(self) -> set[str]:
        """Return what is not off or done."""
        return {node.name for node in self.situation.on} - set(self.dropped)

    @cached_property
    def _given_up(self) -> frozenset[str]:
        """Return what has failed, or hangs: under the hard trigger there is no time to wait for it."""
        situation = self.situation
        hanging = [
            name
            for name in situation.in_flight
            if situation.outage.state(name).hangs(situation.nodes[name], situation.policy, situation.now)
        ]
        return frozenset([*situation.failed, *hanging])

    def _forgives(self, name: str) -> bool:
        """Return whether a node goes although one before it has failed: a host at once, others at the last moment.

        Without its switch or the controller what has failed cannot be tried again.
        """
        if not self._given_up or not self.hard & set(self.situation.nodes[name].feeds):
            return False
        node, policy = self.situation.nodes[name], self.situation.policy
        return node.kind in (HOST, SAVE) or self._dark_at(node.feeds) - node.duration <= policy.reserve + policy.poll

    def _dark_at(self, feeds: Collection[str]) -> float:
        return max((self._empty[each] for each in feeds), default=NEVER)

    @cached_property
    def _empty(self) -> dict[str, float]:
        return depletions(self.situation.cells, self.situation.draws)


def waits(dispatch: Dispatch, name: str) -> tuple[list[str], str]:
    """Return what a due node waits for, of a switch behind hundreds of hosts the first ten, and that as a sentence."""
    situation = dispatch.situation
    blockers = dispatch.blockers(name)
    if not blockers:
        return [], f"{name} waits for its turn: {situation.policy.concurrency} at once."
    shown = ", ".join(f"{each} ({_state(dispatch, each)})" for each in blockers[:SHOWN])
    more = f" and {len(blockers) - SHOWN} more" if len(blockers) > SHOWN else ""
    return blockers[:LISTED], f"{name} waits for {shown}{more}."


def _state(dispatch: Dispatch, name: str) -> str:
    situation = dispatch.situation
    state = situation.outage.state(name).state
    if state == FAILED or name in situation.in_flight:
        return state
    return "due" if name in dispatch.candidates else f"stage {situation.nodes[name].stage}, not due"
