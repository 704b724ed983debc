# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding how uplinks are moved: pure functions from what was read to what is to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

from .model import Port, Send, Uplinks
from .platforms.base import Platform

MAKE_BEFORE_BREAK = "make_before_break"
BREAK_BEFORE_MAKE = "break_before_make"

Changes = Tuple[Tuple[str, bool], ...]
"""Ports in the order in which they change; True enables, False shuts."""


@dataclass(frozen=True)
class Verify:
    """What the new uplink has to prove, and within how many seconds."""

    link: bool = True
    neighbor: bool = True
    mac_learned: bool = True
    reachable: Tuple[str, ...] = ()
    timeout: float = 30.0


@dataclass(frozen=True)
class Request:
    """What the user asked for, in the user's names of the ports."""

    active: str
    standby: Tuple[str, ...] = ()
    expect_neighbor: Optional[str] = None
    strategy: str = "auto"
    verify: Verify = field(default_factory=Verify)
    rollback: bool = True
    save: str = "changed"
    safety_net: bool = True
    management_port: Optional[str] = None

    @property
    def ports(self) -> Tuple[str, ...]:
        return (self.active, *self.standby)


@dataclass(frozen=True)
class Plan:
    """Steps in order; between two steps the new uplink has to prove itself."""

    strategy: str
    steps: Tuple[Changes, ...]

    def breaks_first(self) -> bool:
        """Would a working uplink be shut before the new one was touched, although both may be up?"""
        return self.strategy == MAKE_BEFORE_BREAK and bool(self.steps) and not self.steps[0][0][1]

    def shuts(self) -> Tuple[str, ...]:
        """Return the ports that the plan shuts."""
        return tuple(port for step in self.steps for port, enable in step if not enable)


def strategy_for(uplinks: Uplinks, requested: str) -> str:
    """Return the strategy: make before break only where spanning tree was seen to run."""
    if requested != "auto":
        return requested
    return MAKE_BEFORE_BREAK if uplinks.spanning_tree is True else BREAK_BEFORE_MAKE


def plan_move(uplinks: Uplinks, request: Request) -> Plan:
    """Return the steps that make ``request.active`` the only enabled uplink; none where it is so already."""
    wanted = {port: port == request.active for port in request.ports}
    return plan_states(uplinks, wanted, strategy_for(uplinks, request.strategy))


def plan_states(uplinks: Uplinks, wanted: Dict[str, bool], strategy: str) -> Plan:
    """Return the steps from what was read to the wanted administrative states.

    Break before make is one step, so that its two halves follow each other without a pause.
    """
    enable = tuple((port, True) for port, state in wanted.items() if state and not uplinks.ports[port].enabled)
    shut = tuple((port, False) for port, state in wanted.items() if not state and uplinks.ports[port].enabled)
    steps = (enable, shut) if strategy == MAKE_BEFORE_BREAK else (shut + enable,)
    return Plan(strategy, tuple(step for step in steps if step))


def plan_restore(before: Uplinks, now: Uplinks, strategy: str) -> Plan:
    """Return the steps that put the administrative states of ``before`` back."""
    return plan_states(now, {name: port.enabled for name, port in before.ports.items()}, strategy)


def commands(platform: Platform, plan: Plan, net_seconds: int, confirm_pending: bool, save: bool) -> List[str]:
    """Return every line that a run of this plan sends to change the switch, in order."""
    sends: List[Send] = list(platform.confirm()) if confirm_pending else []
    for step in plan.steps:
        sends += platform.change(step, net_seconds)
        sends += platform.confirm() if net_seconds else []
    sends += platform.save() if save else []
    return [send.command for send in sends]


def state_text(ports: Dict[str, Port]) -> str:
    """Return the administrative states, one line a port, for a diff."""
    return "".join(f"{name}: {'enabled' if port.enabled else 'shut'}\n" for name, port in ports.items())


def after_plan(uplinks: Uplinks, steps: Sequence[Changes]) -> Dict[str, bool]:
    """Return the administrative states that the steps lead to."""
    states = {name: port.enabled for name, port in uplinks.ports.items()}
    for step in steps:
        states.update(step)
    return states
