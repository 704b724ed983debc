# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on disk about the outage: since when, which stages were due, and what became of each node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Node, Policy, figure

PENDING, SHUTTING, OFF, DROPPED, FAILED = "pending", "shutting", "off", "dropped", "failed"
STATES = (PENDING, SHUTTING, OFF, DROPPED, FAILED)
PLANNED = "planned"
# A clock that is disciplined moves by less.
CLOCK_TOLERANCE = 2.0


@dataclass(frozen=True)
class NodeState:
    """What became of a node; ``how`` tells why where it failed."""

    state: str = PENDING
    since: float | None = None
    off_at: float | None = None
    how: str = ""

    @property
    def done(self) -> bool:
        return self.state in (OFF, DROPPED)

    def left(self, node: Node, policy: Policy, now: float) -> float:
        """Return the seconds until a node in shutdown is off; one that is overdue is looked at again in a poll."""
        elapsed = max(0.0, now - self.since) if self.since is not None else 0.0
        return node.duration - elapsed if elapsed < node.duration else policy.poll

    def hangs(self, node: Node, policy: Policy, now: float) -> bool:
        """Return whether it has been in shutdown for twice the time it takes, and a poll."""
        elapsed = now - self.since if self.since is not None else 0.0
        return self.state == SHUTTING and elapsed > 2 * node.duration + policy.poll


@dataclass(frozen=True)
class Outage:
    """``age`` is infinite where the clock hides it; ``hard`` names the UPSes whose hard trigger has fired."""

    age: float
    planned: bool
    due_stages: frozenset[str]
    hard: frozenset[str]
    states: Mapping[str, NodeState]
    remarks: tuple[str, ...] = field(default=())

    def state(self, name: str) -> NodeState:
        return self.states.get(name, NodeState())


NO_OUTAGE = Outage(0.0, False, frozenset(), frozenset(), {})


def read_outage(given: Mapping[str, Any] | None, now: float) -> Outage | None:
    """Return the outage that is going on as the record tells; None where there is none, or it has ended.

    Nothing in the record is a reason to fail: what cannot be is taken for the dangerous case, and named.
    """
    if not given or figure(given.get("ended_at_epoch")) is not None:
        return None
    states, strange = read_states(given.get("nodes") or {})
    began = figure(given.get("began_at_epoch"))
    # A clock that was set back shows on whatever was recorded since; the latest moment known is the least it can be.
    latest = max([now, *(moment for each in states.values() for moment in (each.since, each.off_at) if moment)])
    age, remark = _age(began, now, latest)
    return Outage(
        age=age,
        planned=given.get("cause") == PLANNED,
        due_stages=frozenset(given.get("due_stages") or ()),
        hard=frozenset(given.get("hard_upses") or ()),
        states=states,
        remarks=(*remark, *strange),
    )


def _age(began: float | None, now: float, latest: float) -> tuple[float, tuple[str, ...]]:
    if began is None:
        return float("inf"), ("The outage has no began_at_epoch; it counts as older than every stage.",)
    if began > now + CLOCK_TOLERANCE:
        return float("inf"), (
            f"The outage begins {began - now:.0f} s in the future: the clock was set back; it counts as older than "
            f"every stage. Set the clock, and correct began_at_epoch if it is wrong.",
        )
    if latest > now + CLOCK_TOLERANCE:
        return latest - began, (
            f"The record has a moment {latest - now:.0f} s in the future: the clock was set back; the outage counts as "
            f"{latest - began:.0f} s old.",
        )
    return max(0.0, latest - began), ()


def read_states(given: Mapping[str, Any]) -> tuple[dict[str, NodeState], tuple[str, ...]]:
    """Return what became of each node, and as sentences what is strange there."""
    states: dict[str, NodeState] = {}
    strange: list[str] = []
    for name, each in given.items():
        entry = each if isinstance(each, dict) else {}
        word = entry.get("state")
        if word not in STATES:
            strange.append(f"The state of {name} is recorded as {word!r}; it counts as on.")
            word = PENDING
        moments = (figure(entry.get("since_epoch")), figure(entry.get("off_at_epoch")))
        states[name] = NodeState(word, *moments, str(entry.get("how") or ""))
    return states, tuple(strange)
