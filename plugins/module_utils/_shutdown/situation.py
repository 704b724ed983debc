# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand: the site, the outage, the batteries, and which nodes an outage of this kind concerns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.battery import (
    ONLINE,
    UNKNOWN,
    Battery,
    Loads,
    batteries,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.endurance import Cell, Cells, Draws
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.forecast import Forecast
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import (
    CONTROLLER,
    HOST,
    SAVE,
    SWITCH,
    Node,
    Policy,
    Site,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.outage import (
    FAILED,
    NO_OUTAGE,
    PENDING,
    SHUTTING,
    Outage,
    read_outage,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.schedule import (
    Graph,
    Schedule,
    list_schedule,
)

# Without an outage, in one, and in one whose mains is back.
IDLE, ACTIVE, BACK = "idle", "active", "back"


@dataclass(frozen=True)
class Situation:
    """All that a decision is made from. ``recorded`` tells whether the outage is on record."""

    site: Site
    graph: Graph
    outage: Outage
    recorded: bool
    held: Mapping[str, Battery]
    now: float

    @classmethod
    def of(
        cls,
        site: Site,
        readings: Sequence[Mapping[str, Any]],
        record: Mapping[str, Any] | None,
        now: float,
    ) -> Situation:
        """Return where things stand at ``now``."""
        found = read_outage(record, now)
        outage = found or NO_OUTAGE
        held = batteries(site.upses, list(site.nodes.values()), readings, outage, site.policy, now)
        return cls(site, Graph.of(site.nodes), outage, found is not None, held, now)

    @property
    def policy(self) -> Policy:
        return self.site.policy

    @property
    def nodes(self) -> Mapping[str, Node]:
        return self.site.nodes

    @cached_property
    def mode(self) -> str:
        """Return whether this is an outage; an unknown UPS alone begins none, and never ends one."""
        if not self.recorded:
            return ACTIVE if any(battery.lost for battery in self.held.values()) else IDLE
        back = all(battery.status == ONLINE for battery in self.held.values())
        return BACK if back and not self.outage.planned else ACTIVE

    @cached_property
    def on_mains(self) -> frozenset[str]:
        """Return the UPSes that are positively on mains; outside an outage all count as if mains were lost now."""
        if self.mode != ACTIVE:
            return frozenset()
        return frozenset(name for name, battery in self.held.items() if battery.status == ONLINE)

    @cached_property
    def on(self) -> list[Node]:
        """Return the nodes that are not confirmed off, or done."""
        return [node for node in self.nodes.values() if not self.outage.state(node.name).done]

    @cached_property
    def in_flight(self) -> dict[str, float]:
        """Return the nodes in shutdown, with the seconds that they still take."""
        flying = (node for node in self.on if self.outage.state(node.name).state == SHUTTING)
        return {node.name: self.outage.state(node.name).left(node, self.policy, self.now) for node in flying}

    @cached_property
    def failed(self) -> list[str]:
        return [node.name for node in self.on if self.outage.state(node.name).state == FAILED]

    @cached_property
    def concerned(self) -> frozenset[str]:
        """Return the nodes that are on and have to go in this outage, in whatever stage.

        Those whose feeds are all without mains, with what goes before them. A switch or a controller only if nothing
        that stays up is reached through it.
        """
        if self.outage.planned or not self.on_mains:
            return frozenset(node.name for node in self.on)
        on = {node.name for node in self.on}
        going = self._with_explicit(
            node.name for node in self.on if node.kind in (HOST, SAVE) and not self.on_mains & set(node.feeds)
        )
        for name in self.graph.order:
            dark = name in on and not self.on_mains & set(self.nodes[name].feeds)
            if not dark or self.nodes[name].kind not in (SWITCH, CONTROLLER):
                continue
            if all(each in going or each not in on for each in self.graph.waits_for(name)):
                going.add(name)
        return frozenset(going & on)

    def _with_explicit(self, names: Iterable[str]) -> set[str]:
        """Return the names and all that they say they go after."""
        found = set(names)
        ahead = list(found)
        while ahead:
            new = [each for each in self.nodes[ahead.pop()].after if each not in found]
            found.update(new)
            ahead += new
        return found

    @cached_property
    def cells(self) -> Cells:
        return {name: self._cell(battery) for name, battery in self.held.items()}

    def _cell(self, battery: Battery) -> Cell:
        """Return the UPS as the forecast takes it.

        Beside a UPS that is unknown, what it measures may hold that one's part already; more than it is made for it
        will not carry.
        """
        background = battery.background
        if any(self.held[each].status == UNKNOWN for each in self._beside(battery.name)):
            loads = Loads.of(self.site.upses[battery.name], self.on)
            most = max(self.site.upses[battery.name].nominal or 0.0, background + loads.shared)
            background = min(background, max(0.0, most - loads.full))
        return Cell(battery.curve, battery.share, background, battery.steady, battery.name in self.on_mains)

    def _beside(self, name: str) -> set[str]:
        """Return the UPSes that feed a node together with this one."""
        return {each for node in self.on if name in node.feeds for each in node.feeds} - {name}

    @cached_property
    def draws(self) -> Draws:
        """Return the watts of what is on, by the set of feeds."""
        watts: Draws = {}
        for node in self.on:
            if node.kind != SAVE:
                feeds = frozenset(node.feeds)
                watts[feeds] = watts.get(feeds, 0.0) + node.watts
        return watts

    def work(self, names: Iterable[str]) -> dict[str, float]:
        """Return the durations of those of the nodes that have yet to begin."""
        return {name: self.nodes[name].duration for name in names if self.outage.state(name).state in (PENDING, FAILED)}

    def schedule(
        self, names: Iterable[str], started: Iterable[str] = (), without: Collection[str] = (), saves: bool = True
    ) -> Schedule:
        """Schedule nodes that have yet to begin beside those in flight and those ``started`` now.

        Those in flight ``without`` which it goes on, and all saves if these are not wanted, hold no slot.
        """
        flying = {**self.in_flight, **self.work(started)}
        running = {name: left for name, left in flying.items() if name not in without and self._wanted(name, saves)}
        waiting = self.work(name for name in names if name not in running and self._wanted(name, saves))
        return list_schedule(self.graph, waiting, running, self.policy.concurrency)

    def _wanted(self, name: str, saves: bool) -> bool:
        return saves or self.nodes[name].kind != SAVE

    def forecast(self, started: Iterable[str] = ()) -> Forecast:
        """Return what becomes of everything that has to go, without saves, if it begins now."""
        schedule = self.schedule(sorted(self.concerned), started, saves=False)
        return Forecast(self.cells, self.draws, self.nodes, schedule, self.policy.reserve)
