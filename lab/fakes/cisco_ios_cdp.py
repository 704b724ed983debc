# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cisco IOS switch shows of its neighbors by CDP."""

from __future__ import annotations

from lab.fakes.device import Device, Peer, Port
from lab.fakes.formats import joined
from lab.fakes.grammar import split_interface


def _short(name: str) -> str:
    kind, number = split_interface(name)
    return f"{kind[:3]} {number}"


def neighbors(device: Device) -> str:
    """Show the table of `show cdp neighbors`."""
    found = device.neighbors("cdp")
    lines = [
        "Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge",
        "                  S - Switch, H - Host, I - IGMP, r - Repeater, P - Phone, ",
        "                  D - Remote, C - CVTA, M - Two-port Mac Relay ",
        "",
        "Device ID        Local Intrfce     Holdtme    Capability  Platform  Port ID",
    ]
    for port, peer in found:
        far = f"Ten {split_interface(peer.port)[1]}"
        lines.append(f"{peer.name:<16} {_short(port.name):<17} {155:<15} {'R S I':<6} WS-C6509- {far}")
    return joined([*lines, "", f"Total cdp entries displayed : {len(found)}"])


def neighbors_detail(device: Device, only: str = "") -> str:
    """Show the blocks of `show cdp neighbors detail`."""
    found = [(port, peer) for port, peer in device.neighbors("cdp") if only in ("", port.name)]
    blocks = "".join(_block(port, peer) for port, peer in found)
    return f"{blocks}\nTotal cdp entries displayed : {len(found)}\n"


def _block(port: Port, peer: Peer) -> str:
    far = f"TenGigabitEthernet{split_interface(peer.port)[1]}"
    return joined(
        [
            "-------------------------",
            f"Device ID: {peer.name}",
            "Entry address(es): ",
            f"  IP address: {peer.address}",
            "Platform: cisco WS-C6509-E,  Capabilities: Router Switch IGMP ",
            f"Interface: {port.name},  Port ID (outgoing port): {far}",
            "Holdtime : 155 sec",
            "",
            "Version :",
            peer.system,
            "",
            "advertisement version: 2",
            "Native VLAN: 1",
            "Duplex: full",
            "Management address(es): ",
            f"  IP address: {peer.address}",
            "",
        ]
    )
