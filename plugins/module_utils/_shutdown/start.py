# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was shut may be started again, and in which order: the shutdown's, reversed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.battery import ONLINE, batteries
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import (
    CONTROLLER,
    SAVE,
    Problem,
    Site,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.outage import (
    CLOCK_TOLERANCE,
    NO_OUTAGE,
    PENDING,
    read_states,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.problems import shortage
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.schedule import Graph
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.situation import Situation


def make_start(
    nodes: Sequence[Mapping[str, Any]],
    upses: Sequence[Mapping[str, Any]],
    policy: Mapping[str, Any],
    readings: Sequence[Mapping[str, Any]],
    outage: Mapping[str, Any] | None,
    now_epoch: float,
    online_since_epoch: float | None,
    up: Collection[str],
) -> dict[str, Any]:
    """Return what may be started now; ``up`` names the nodes that are on and were seen healthy.

    Of the nodes only those are started that the outage has touched; without an outage, all.
    """
    site = Site.from_dicts(nodes, upses, policy)
    missing = sorted(set(up) - set(site.nodes))
    if missing:
        raise Problem(f"{', '.join(missing)} is said to be up and is not among the nodes; correct the name.")
    limitation = start_limitation(site, readings, outage, online_since_epoch, now_epoch)
    order = StartOrder(site, Graph.of(site.nodes), frozenset(_touched(site, outage)) - set(up))
    due = order.startable[: site.policy.concurrency] if limitation is None else []
    return {
        "due": due,
        "waiting": [order.waiting(name) for name in order.sequence if name not in due],
        "waves": order.waves(),
        "limitation": limitation,
        "why": [limitation] if limitation else [],
        "feasible": limitation is None,
        "next_look_seconds": site.policy.poll,
    }


def start_limitation(
    site: Site,
    readings: Sequence[Mapping[str, Any]],
    outage: Mapping[str, Any] | None,
    online_since_epoch: float | None,
    now: float,
) -> str | None:
    """Return why nothing may be started, or None.

    Mains has to be back on every UPS that feeds a node, for long enough; the batteries need their minimum of charge,
    and enough to shut everything once more.
    """
    situation = _situation(site, readings, outage, now)
    feeding = [name for name in site.upses if any(name in node.feeds for node in site.nodes.values())]
    for name in feeding:
        battery = situation.held[name]
        if battery.status != ONLINE:
            return battery.remark or f"{name} is on battery; start again when mains is back on it."
    return (
        _stable_limitation(site, online_since_epoch, now)
        or _charge_limitation(situation, feeding)
        or _shutdown_limitation(situation)
    )


def _stable_limitation(site: Site, since: float | None, now: float) -> str | None:
    if since is None:
        return "It is not known since when mains is back; give online_since_epoch from the readings."
    if since > now + CLOCK_TOLERANCE:
        return f"Mains is said to be back {since - now:.0f} s from now; the clock was set back, correct it."
    if now - since < site.policy.stable:
        return (
            f"Mains has been back for {now - since:.0f} s and has to be for {site.policy.stable:.0f} s; "
            f"wait {site.policy.stable - (now - since):.0f} s."
        )
    return None


def _charge_limitation(situation: Situation, feeding: Sequence[str]) -> str | None:
    least = situation.policy.minimum_charge
    for name in feeding:
        battery = situation.held[name]
        charge = battery.share if battery.charge is None else battery.charge
        if not battery.measured:
            return f"{name} does not tell its charge; at least {least:.0f} % is needed, so start by hand."
        if charge * 100 < least:
            return f"{name} is charged to {charge:.0%} and needs {least:.0f} %; wait, or lower minimum_charge_percent."
    return None


def _shutdown_limitation(situation: Situation) -> str | None:
    """Return why, with everything on, the batteries could not bear a new shutdown."""
    forecast = situation.forecast()
    return next(shortage(situation, forecast, forecast.slack(), stages=False), None)


def _situation(
    site: Site, readings: Sequence[Mapping[str, Any]], record: Mapping[str, Any] | None, now: float
) -> Situation:
    """Return where things would stand if everything were on and mains were lost now, the batteries as they are."""
    states, _strange = read_states((record or {}).get("nodes") or {})
    as_it_is = replace(NO_OUTAGE, states=states)
    held = batteries(site.upses, list(site.nodes.values()), readings, as_it_is, site.policy, now)
    lost_now = {name: replace(battery, lost=False) for name, battery in held.items()}
    return Situation(site, Graph.of(site.nodes), NO_OUTAGE, False, lost_now, now)


def _touched(site: Site, record: Mapping[str, Any] | None) -> list[str]:
    """Return the nodes that are to be on again: a save is nothing to start, and the controller runs this."""
    states, _strange = read_states((record or {}).get("nodes") or {})
    return [
        name
        for name, node in site.nodes.items()
        if node.kind not in (SAVE, CONTROLLER) and (not record or (name in states and states[name].state != PENDING))
    ]


@dataclass(frozen=True)
class StartOrder:
    """The order of those that are ``down``: each after all that goes off after it."""

    site: Site
    graph: Graph
    down: frozenset[str]

    @cached_property
    def _followers(self) -> dict[str, list[str]]:
        """Return for each node, and moment, those that go off directly after it."""
        followers: dict[str, list[str]] = {name: [] for name in self.graph.order}
        for name in self.graph.order:
            for each in self.graph.before[name]:
                followers[each].append(name)
        return followers

    @cached_property
    def _first(self) -> dict[str, tuple[str, ...]]:
        """Return for each node the ones that are down and have to be up before it."""
        first: dict[str, tuple[str, ...]] = {}
        for name in reversed(self.graph.order):
            found: dict[str, None] = {}
            for each in self._followers[name]:
                if each in self.down:
                    found[each] = None
                elif each not in self.site.nodes or self.site.nodes[each].kind == SAVE:
                    found.update(dict.fromkeys(first[each]))
            first[name] = tuple(found)
        return first

    @cached_property
    def sequence(self) -> list[str]:
        """Return all that are down in an order they can be started in, the last stage to go first."""
        stages = {stage.name: number for number, stage in enumerate(self.site.policy.stages)}
        levels = {name: number for number, wave in enumerate(self._waves) for name in wave}
        return sorted(levels, key=lambda name: (levels[name], -stages[self.site.nodes[name].stage], name))

    @property
    def startable(self) -> list[str]:
        return [name for name in self.sequence if not self._first[name]]

    @cached_property
    def _waves(self) -> list[list[str]]:
        levels: dict[str, int] = {}
        for name in reversed(self.graph.order):
            if name in self.down:
                levels[name] = max((levels[each] + 1 for each in self._first[name]), default=0)
        waves: list[list[str]] = [[] for _level in range(max(levels.values(), default=-1) + 1)]
        for name, level in levels.items():
            waves[level].append(name)
        return waves

    def waves(self) -> list[list[str]]:
        """Return the whole start in waves: each wave's nodes need only those of the waves before it."""
        return [[name for name in self.sequence if name in set(wave)] for wave in self._waves]

    def waiting(self, name: str) -> dict[str, Any]:
        """Return what a node waits for, as the shutdown's plan tells it."""
        first = list(self._first[name])
        shown = ", ".join(first[:3]) + (f" and {len(first) - 3} more" if len(first) > 3 else "")
        why = f"{name} waits until {shown} is up and healthy." if first else f"{name} waits for its turn."
        return {"name": name, "after": first, "why": why}
