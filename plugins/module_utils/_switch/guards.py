# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an uplink must not be moved: each guard returns the reason and the way on, or None."""

from __future__ import annotations

import ipaddress
from typing import Optional, Sequence

from .model import Uplinks
from .plan import BREAK_BEFORE_MAKE, MAKE_BEFORE_BREAK, Plan, Request
from .platforms.base import Platform
from .session import Session


def limitations(
    platform: Platform, session: Session, uplinks: Uplinks, plan: Plan, request: Request, has_probes: bool
) -> Optional[str]:
    """Return the first reason against the plan, or None."""
    return (
        name_limitation(platform, request)
        or address_limitation(request)
        or loop_limitation(uplinks, plan)
        or dead_end_limitation(uplinks, plan, request)
        or probe_limitation(platform, request, has_probes)
        or session_limitation(platform, session, uplinks, plan, request)
    )


def name_limitation(platform: Platform, request: Request) -> Optional[str]:
    """Two spellings of one port would be enabled and shut in one run."""
    ports = request.ports
    for number, port in enumerate(ports):
        twin = next((other for other in ports[number + 1 :] if platform.same_port(port, other)), None)
        if twin is not None:
            return f"{port} and {twin} are the same port; name each uplink once in active and standby"
    return None


def address_limitation(request: Request) -> Optional[str]:
    """Only addresses are asked for: a name would have to be resolved by a network that is just being moved."""
    for address in request.verify.reachable:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return f"'{address}' in verify.reachable (core_switch_reachable) is no IP address; give an address"
    return None


def loop_limitation(uplinks: Uplinks, plan: Plan) -> Optional[str]:
    """Two enabled uplinks without spanning tree are a loop."""
    if plan.strategy != MAKE_BEFORE_BREAK or uplinks.spanning_tree is True or not plan.steps:
        return None
    seen = "does not run" if uplinks.spanning_tree is False else "cannot be told on this platform"
    return (
        f"make_before_break needs spanning tree on the uplinks, which {seen}: two active uplinks would be a loop; "
        "use strategy=auto or strategy=break_before_make"
    )


def dead_end_limitation(uplinks: Uplinks, plan: Plan, request: Request) -> Optional[str]:
    """Without spanning tree the old uplink goes first: not onto a port that is known to be dead."""
    active = uplinks.ports[request.active]
    if plan.strategy != BREAK_BEFORE_MAKE or not active.enabled or active.link:
        return None
    living = [port for port in plan.shuts() if uplinks.ports[port].link]
    if not living:
        return None
    return (
        f"{request.active} is enabled but has no link{_detail(active.detail)}, and {', '.join(living)} carries the "
        f"traffic: shutting it would leave no uplink; bring {request.active} up first (cable, transceiver, far end)"
    )


def _detail(detail: str) -> str:
    return f" ({detail})" if detail else ""


def probe_limitation(platform: Platform, request: Request, has_probes: bool) -> Optional[str]:
    """An address that nobody can be asked about is no proof."""
    if not request.verify.reachable or has_probes or platform.can_ping():
        return None
    return (
        f"{platform.name} cannot be asked whether it reaches {', '.join(request.verify.reachable)}; "
        "name hosts that can with verify.reachable_from (core_switch_probe_from)"
    )


def session_limitation(
    platform: Platform, session: Session, uplinks: Uplinks, plan: Plan, request: Request
) -> Optional[str]:
    """The port through which the switch is reached must stay up."""
    shuts = plan.shuts()
    if not shuts:
        return None
    carrier = request.management_port or _carrier(platform, session, uplinks)
    if carrier is None or (not request.management_port and _may_be_member(platform, shuts, carrier)):
        return (
            "it cannot be told through which port this session runs, and "
            f"{', '.join(shuts)} would be shut; name the management port with management_port (switch_management_port)"
        )
    for port in shuts:
        if platform.same_port(carrier, port):
            return (
                f"{port} carries this session and would be shut; "
                "reach the switch through its management port or through another uplink"
            )
    return None


def _may_be_member(platform: Platform, shuts: Sequence[str], carrier: str) -> bool:
    """Does the session run through an aggregate of which a port to be shut may be a member?"""
    return platform.is_virtual(carrier) and not all(platform.is_virtual(port) for port in shuts)


def _carrier(platform: Platform, session: Session, uplinks: Uplinks) -> Optional[str]:
    """Return the port that carries the session, or None where it cannot be told."""
    ends = session.addresses
    if ends is None:
        return None
    controller, switch = ends
    addresses = platform.read_addresses(session) if uplinks.addresses is None else uplinks.addresses
    interface = addresses.get(switch)
    if interface is None or not platform.is_virtual(interface):
        return interface
    mac = next((entry.mac for entry in platform.read_arp(session) if entry.address == controller), None)
    if mac is None:
        return None
    return next((entry.port for entry in platform.read_macs(session) or [] if entry.mac == mac), None)
