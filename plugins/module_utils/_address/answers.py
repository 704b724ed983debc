# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking who has an address, and knowing an answer from everything else that is on the wire.

RFC 5227 section 2.1.1 for IPv4: an ARP packet whose sender is the address, or another host's probe for it. RFC 4862
section 5.4 for IPv6: an advertisement of the address, or another host's solicitation for it from no address.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Optional, Union

from ansible_collections.contingency.infra.plugins.module_utils._host.announce import (
    ARP_REPLY,
    ARP_REQUEST,
    ETHERTYPE_ARP,
    ETHERTYPE_IPV6,
    ICMPV6,
    NEIGHBOR_ADVERTISEMENT,
    NEIGHBOR_SOLICITATION,
    TARGET_LINK_LAYER,
    arp,
    checksum,
    hardware_of,
    icmpv6,
)

Ip = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

NOBODY_V4 = ipaddress.IPv4Address("0.0.0.0")
NOBODY_V6 = ipaddress.IPv6Address("::")
SOLICITED_NODE = int(ipaddress.IPv6Address("ff02::1:ff00:0"))

ARP_LENGTH = 42
ARP_OVER_ETHERNET = struct.pack("!HHHBB", ETHERTYPE_ARP, 1, 0x0800, 6, 4)
IPV6_HEADER = 40
SHORTEST_DISCOVERY = 24
OPTIONS = 24


def probe(mac: str, address: Ip) -> bytes:
    """The frame that asks who has an address without claiming it: its sender has none."""
    hardware = hardware_of(mac)
    if isinstance(address, ipaddress.IPv4Address):
        return arp(ARP_REQUEST, hardware, NOBODY_V4, bytes(6), address)
    return icmpv6(hardware, NOBODY_V6, solicited_node(address), NEIGHBOR_SOLICITATION, bytes(4) + address.packed)


def solicited_node(address: ipaddress.IPv6Address) -> ipaddress.IPv6Address:
    """The group that every host with this address listens to."""
    return ipaddress.IPv6Address(SOLICITED_NODE | int(address) & 0xFFFFFF)


def speaker(frame: bytes, address: Ip) -> Optional[str]:
    """Return the MAC address of the host that has, or is just claiming, an address; None for any other frame."""
    if isinstance(address, ipaddress.IPv4Address):
        return _arp_speaker(frame, address)
    return _discovery_speaker(frame, address)


def _arp_speaker(frame: bytes, address: ipaddress.IPv4Address) -> Optional[str]:
    if len(frame) < ARP_LENGTH or frame[12:20] != ARP_OVER_ETHERNET:
        return None
    operation = int.from_bytes(frame[20:22], "big")
    sender, target = frame[28:32], frame[38:42]
    has_it = operation in (ARP_REQUEST, ARP_REPLY) and sender == address.packed
    claims_it = operation == ARP_REQUEST and sender == NOBODY_V4.packed and target == address.packed
    return _written(frame[22:28]) if has_it or claims_it else None


def _discovery_speaker(frame: bytes, address: ipaddress.IPv6Address) -> Optional[str]:
    message = _discovery(frame[14:]) if frame[12:14] == struct.pack("!H", ETHERTYPE_IPV6) else None
    if message is None or message[8:24] != address.packed:
        return None
    if message[0] == NEIGHBOR_ADVERTISEMENT:
        return _written(_link_layer(message[OPTIONS:]) or frame[6:12])
    from_nobody = frame[22:38] == NOBODY_V6.packed
    return _written(frame[6:12]) if message[0] == NEIGHBOR_SOLICITATION and from_nobody else None


def _discovery(packet: bytes) -> Optional[bytes]:
    """Return the message of a packet that came from this link and arrived whole."""
    if len(packet) < IPV6_HEADER + SHORTEST_DISCOVERY or packet[0] >> 4 != 6 or packet[6:8] != bytes([ICMPV6, 255]):
        return None
    length = int.from_bytes(packet[4:6], "big")
    message = packet[IPV6_HEADER : IPV6_HEADER + length]
    source, target = ipaddress.IPv6Address(packet[8:24]), ipaddress.IPv6Address(packet[24:40])
    whole = len(message) == length >= SHORTEST_DISCOVERY and checksum(source, target, message) == 0
    return message if whole and message[1] == 0 else None


def _link_layer(options: bytes) -> Optional[bytes]:
    while len(options) >= 8 and options[1]:
        if options[:2] == TARGET_LINK_LAYER:
            return options[2:8]
        options = options[8 * options[1] :]
    return None


def _written(hardware: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in hardware)
