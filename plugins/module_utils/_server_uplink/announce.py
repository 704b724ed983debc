# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling the network at once where this host's addresses are now.

Frames as in RFC 5227 (ARP announcement) and RFC 4861 (unsolicited neighbor advertisement). The kernel's bonding
sends them by itself; Open vSwitch leaves it to chance, and the switches then send to the former member until
their entries expire.
"""

from __future__ import annotations

import ipaddress
import struct

BROADCAST = b"\xff" * 6
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD
ICMPV6 = 58
NEIGHBOR_ADVERTISEMENT = 136
OVERRIDE = 0x20000000
TARGET_LINK_LAYER = b"\x02\x01"
ALL_NODES = ipaddress.IPv6Address("ff02::1")


def announcement(mac: str, address: str) -> bytes:
    """The Ethernet frame that says that ``address`` is at ``mac``."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return _arp(hardware, parsed)
    return _advertisement(hardware, parsed)


def _arp(hardware: bytes, address: ipaddress.IPv4Address) -> bytes:
    header = BROADCAST + hardware + struct.pack("!HHHBBH", ETHERTYPE_ARP, 1, 0x0800, 6, 4, 1)
    return header + hardware + address.packed + bytes(6) + address.packed


def _advertisement(hardware: bytes, address: ipaddress.IPv6Address) -> bytes:
    body = struct.pack("!I", OVERRIDE) + address.packed + TARGET_LINK_LAYER + hardware
    message = struct.pack("!BBH", NEIGHBOR_ADVERTISEMENT, 0, 0) + body
    pseudo = address.packed + ALL_NODES.packed + struct.pack("!II", len(message), ICMPV6)
    message = struct.pack("!BBH", NEIGHBOR_ADVERTISEMENT, 0, _checksum(pseudo + message)) + body
    packet = struct.pack("!IHBB", 6 << 28, len(message), ICMPV6, 255) + address.packed + ALL_NODES.packed + message
    return b"\x33\x33\x00\x00\x00\x01" + hardware + struct.pack("!H", ETHERTYPE_IPV6) + packet


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
