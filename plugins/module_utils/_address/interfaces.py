# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interfaces of this host with their addresses, as ``ip -json address`` tells them."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping

from ansible_collections.contingency.infra.plugins.module_utils._address.model import Address, AddressError, Interface
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Host

SHOW = ("ip", "-json", "address", "show")
UNUSABLE = ("tentative", "dadfailed")


def read(host: Host, interface: str) -> Interface:
    """Return one interface; AddressError where the host has none of this name."""
    return named(read_all(host), interface)


def read_all(host: Host) -> Dict[str, Interface]:
    answer = host.run(SHOW)
    if answer.status == MISSING:
        raise AddressError("The program ip is not on this host; install iproute2.")
    try:
        entries = json.loads(answer.output) if answer.status == 0 else None
    except ValueError:
        entries = None
    if not isinstance(entries, list):
        raise AddressError(
            f"The addresses of this host could not be read ({answer.complaint}); "
            f"{' '.join(SHOW)} must work, which takes iproute2 4.14 or newer."
        )
    return {entry["ifname"]: _interface(entry) for entry in entries if entry.get("ifname")}


def named(interfaces: Mapping[str, Interface], name: str) -> Interface:
    found = interfaces.get(name)
    if found is None:
        raise AddressError(f"This host has no interface {name} (it has: {', '.join(sorted(interfaces)) or 'none'}).")
    return found


def _interface(entry: Mapping[str, Any]) -> Interface:
    flags = entry.get("flags", [])
    return Interface(
        name=entry["ifname"],
        mac=entry.get("address", ""),
        up="UP" in flags,
        carrier="LOWER_UP" in flags,
        resolves=entry.get("link_type") == "ether" and "NOARP" not in flags,
        addresses=tuple(_address(found) for found in entry.get("addr_info", []) if found.get("local")),
    )


def _address(found: Mapping[str, Any]) -> Address:
    return Address(
        cidr=f"{found['local']}/{found['prefixlen']}",
        secondary=bool(found.get("secondary")),
        usable=not any(found.get(flag) for flag in UNUSABLE),
    )
