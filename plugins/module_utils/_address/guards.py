# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a service address cannot be taken or given up here: each returns the reason, or None."""

from __future__ import annotations

import ipaddress
from typing import Mapping, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._address.model import Address, Cidr, Interface
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host


def link_limitation(interface: Interface) -> Optional[str]:
    """An address on an interface without a link would be taken from clients, not given to them."""
    if not interface.up:
        return f"{interface.name} is down; bring it up (ip link set {interface.name} up) before it takes an address."
    if not interface.carrier:
        return f"{interface.name} has no carrier; plug in its cable, or name the interface that has one."
    if not interface.resolves:
        return (
            f"{interface.name} is not an Ethernet interface with ARP, so nobody on it can be asked for the address or "
            "told of it; name the interface that clients reach."
        )
    return None


def elsewhere_limitation(interfaces: Mapping[str, Interface], name: str, addresses: Sequence[Cidr]) -> Optional[str]:
    """The same address on another interface of this host."""
    for address in addresses:
        for other in interfaces.values():
            if other.name != name and other.address(str(address.ip)):
                return (
                    f"{address.ip} is on {other.name} of this host, not on {name}; name {other.name}, "
                    f"or take the address off it first."
                )
    return None


def prefix_limitation(interface: Interface, addresses: Sequence[Cidr]) -> Optional[str]:
    """The same address with another prefix length: adding it would leave both."""
    for address in addresses:
        found = interface.address(str(address.ip))
        if found is not None and found.cidr != str(address):
            return (
                f"{interface.name} has {found.cidr}, not {address}; ask for {found.cidr}, "
                "or take it off with state absent first."
            )
    return None


def twice_limitation(addresses: Sequence[Cidr]) -> Optional[str]:
    hosts = [address.ip for address in addresses]
    double = next((ip for ip in hosts if hosts.count(ip) > 1), None)
    return f"{double} is asked for twice; name it once." if double is not None else None


def ipv6_limitation(host: Host, interface: Interface, addresses: Sequence[Cidr]) -> Optional[str]:
    setting = f"/proc/sys/net/ipv6/conf/{interface.name}/disable_ipv6"
    wanted = next((address for address in addresses if address.version == 6), None)
    if wanted is not None and (host.read(setting) or "").strip() == "1":
        return f"IPv6 is switched off on {interface.name}, so it cannot have {wanted}; write 0 to {setting} first."
    return None


def stranger_note(interface: Interface, address: Cidr) -> Optional[str]:
    """Allowed, but told: with no address of its own in that network the host answers there for the first time."""
    own = [ipaddress.ip_interface(found.cidr) for found in interface.addresses if found.host != str(address.ip)]
    if any(address.ip in other.network for other in own):
        return None
    names = ", ".join(str(other) for other in own if other.version == address.version) or "none"
    return f"{address} is in no network in which {interface.name} has an address (it has: {names})."


def dependents(interface: Interface, address: Address) -> Sequence[Address]:
    """Return the secondary addresses that the kernel drops together with their primary, unless it promotes them."""
    given_up = ipaddress.ip_interface(address.cidr)
    if address.secondary or given_up.version == 6:
        return []
    return [
        other
        for other in interface.addresses
        if other.secondary and ipaddress.ip_interface(other.cidr).network == given_up.network
    ]
