# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling the network at once where this host's addresses are now.

Frames as in RFC 5227 (ARP) and RFC 4861 (neighbor discovery). The kernel's bonding announces a move by itself; Open
vSwitch leaves it to chance, and an address that is added to an interface is not announced at all, so switches and
neighbors send to the former place until their entries expire.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from typing import Iterable, Tuple

BROADCAST = b"\xff" * 6
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD
ARP_REQUEST = 1
ARP_REPLY = 2
ICMPV6 = 58
NEIGHBOR_SOLICITATION = 135
NEIGHBOR_ADVERTISEMENT = 136
OVERRIDE = 0x20000000
TARGET_LINK_LAYER = b"\x02\x01"
ALL_NODES = ipaddress.IPv6Address("ff02::1")


def announcement(mac: str, address: str) -> bytes:
    """The Ethernet frame that says that ``address`` is at ``mac``."""
    hardware = hardware_of(mac)
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return arp(ARP_REQUEST, hardware, parsed, bytes(6), parsed)
    return _advertisement(hardware, parsed)


def announcements(mac: str, address: str) -> Tuple[bytes, ...]:
    """All frames of one burst: for IPv4 also a reply, since some devices learn from replies only.

    The reply names the sender twice: Linux then takes it as gratuitous and replaces an entry of any age.
    """
    first = announcement(mac, address)
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return (first,)
    hardware = hardware_of(mac)
    return first, arp(ARP_REPLY, hardware, parsed, hardware, parsed)


def send_frames(device: str, frames: Iterable[bytes]) -> None:
    """Send Ethernet frames out of a device; OSError as the kernel gives it."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((device, 0))
        for frame in frames:
            raw.send(frame)


def hardware_of(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def arp(
    operation: int,
    hardware: bytes,
    address: ipaddress.IPv4Address,
    target_hardware: bytes,
    target: ipaddress.IPv4Address,
) -> bytes:
    """Return an ARP packet to everybody."""
    header = BROADCAST + hardware + struct.pack("!HHHBBH", ETHERTYPE_ARP, 1, 0x0800, 6, 4, operation)
    return header + hardware + address.packed + target_hardware + target.packed


def icmpv6(
    hardware: bytes, source: ipaddress.IPv6Address, group: ipaddress.IPv6Address, kind: int, body: bytes
) -> bytes:
    """Return a neighbor discovery message to a multicast group; ``body`` is what follows its checksum."""
    message = struct.pack("!BBH", kind, 0, 0) + body
    total = checksum(source, group, message)
    message = struct.pack("!BBH", kind, 0, total) + body
    packet = struct.pack("!IHBB", 6 << 28, len(message), ICMPV6, 255) + source.packed + group.packed + message
    return multicast_hardware(group) + hardware + struct.pack("!H", ETHERTYPE_IPV6) + packet


def multicast_hardware(group: ipaddress.IPv6Address) -> bytes:
    return b"\x33\x33" + group.packed[-4:]


def checksum(source: ipaddress.IPv6Address, target: ipaddress.IPv6Address, message: bytes) -> int:
    """Return the checksum over pseudo header and message; 0 where the message carries the right one."""
    data = source.packed + target.packed + struct.pack("!II", len(message), ICMPV6) + message
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _advertisement(hardware: bytes, address: ipaddress.IPv6Address) -> bytes:
    body = struct.pack("!I", OVERRIDE) + address.packed + TARGET_LINK_LAYER + hardware
    return icmpv6(hardware, address, ALL_NODES, NEIGHBOR_ADVERTISEMENT, body)
