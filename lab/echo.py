# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP echo requests and answers as bytes."""

from __future__ import annotations

import errno
import socket
import struct

REQUEST = 8
ANSWER = 0
HEADER = struct.Struct("!BBHHH")
IP_HEADER = 20
SEQUENCES = 1 << 16
UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EAGAIN}


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def request(identifier: int, sequence: int, payload: bytes = b"contingency lab!") -> bytes:
    without = HEADER.pack(REQUEST, 0, 0, identifier, sequence % SEQUENCES) + payload
    return HEADER.pack(REQUEST, 0, checksum(without), identifier, sequence % SEQUENCES) + payload


def answered_sequence(packet: bytes, identifier: int) -> int | None:
    """The sequence number that an IP packet answers, or None when it is another packet."""
    if len(packet) < IP_HEADER + HEADER.size:
        return None
    kind, _code, _checksum, its_identifier, sequence = map(int, HEADER.unpack_from(packet, (packet[0] & 0x0F) * 4))
    return sequence if kind == ANSWER and its_identifier == identifier else None


def open_socket() -> socket.socket:
    """In the network namespace of the calling thread."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    opened.setblocking(False)
    return opened
