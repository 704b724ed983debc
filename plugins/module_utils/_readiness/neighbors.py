# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who on the network answers for an address, asked as any neighbor asks.

Not the probe of a duplicate address detection: that one counts as a claim, so a host that takes the address over at
the same moment would refuse to.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
import time
from typing import List, Sequence, Set

from .._host.announce import ARP_REPLY, ARP_REQUEST, ETHERTYPE_ARP, arp

ARP_OVER_ETHERNET = struct.pack("!HHHBB", ETHERTYPE_ARP, 1, 0x0800, 6, 4)
LENGTH = 42
ASK_AT = (0.0, 0.1)


def request(hardware: bytes, own: str, wanted: str) -> bytes:
    """Return the frame that asks who has an address."""
    sender, target = ipaddress.IPv4Address(own), ipaddress.IPv4Address(wanted)
    return arp(ARP_REQUEST, hardware, sender, bytes(6), target)


def speaker(frame: bytes, wanted: str) -> str:
    """Return the hardware address that a frame gives for an address, empty where it is about something else."""
    if len(frame) < LENGTH or frame[12:20] != ARP_OVER_ETHERNET or frame[20:22] != struct.pack("!H", ARP_REPLY):
        return ""
    if frame[28:32] != ipaddress.IPv4Address(wanted).packed:
        return ""
    return ":".join(f"{byte:02x}" for byte in frame[22:28])


def answering(interface: str, own: str, wanted: str, timeout: float) -> List[str]:
    """Return every hardware address that answers within the time, in order; OSError where it cannot be asked."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as link:
        link.bind((interface, ETHERTYPE_ARP))
        frame = request(link.getsockname()[4], own, wanted)
        return sorted(_heard(link, frame, wanted, timeout))


def _heard(link: socket.socket, frame: bytes, wanted: str, timeout: float) -> Set[str]:
    heard: Set[str] = set()
    began = time.monotonic()
    due: List[float] = list(ASK_AT)
    while True:
        passed = time.monotonic() - began
        if passed >= timeout:
            return heard - {""}
        if due and passed >= due[0]:
            due.pop(0)
            link.send(frame)
        until = due[0] if due else timeout
        if select.select([link], [], [], max(0.0, until - passed))[0]:
            heard.add(speaker(link.recv(2048), wanted))


def own_address(addresses: Sequence[str], service: Sequence[str]) -> str:
    """Return an IPv4 address of an interface that is no service address; empty where there is none."""
    for address in addresses:
        if address not in service and ipaddress.ip_address(address).version == 4:
            return address
    return ""
