# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pings at a fixed pace from inside a network namespace, and tells what was lost and for how long."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType

from lab import kernel
from lab.qemu.network import namespace_path

ECHO_REQUEST, ECHO_REPLY = 8, 0
HEADER = struct.Struct("!BBHHH")
IP_HEADER_BYTES = 20
LAST_ANSWERS_SECONDS = 1.0


@dataclass(frozen=True)
class Loss:
    """What the probe saw; ``longest_gap`` is the longest time in seconds without an answer."""

    sent: int
    lost: int
    longest_gap: float


class Probe:
    """Pings ``address`` while the ``with`` block runs; ``loss`` is known after it."""

    def __init__(self, namespace: str, address: str, interval: float = 0.01) -> None:
        self.address = address
        self.interval = interval
        self.loss = Loss(0, 0, 0.0)
        self._identifier = os.getpid() & 0xFFFF
        self._ended = threading.Event()
        self._sent: list[float] = []
        self._answered: dict[int, float] = {}
        with kernel.network_namespace(namespace_path(namespace)):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._socket.settimeout(LAST_ANSWERS_SECONDS)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)]

    def __enter__(self) -> Probe:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()
        times = sorted(self._answered.values())
        gaps = [later - earlier for earlier, later in pairwise(times)]
        self.loss = Loss(len(self._sent), len(self._sent) - len(self._answered), max(gaps, default=float("inf")))

    def _send(self) -> None:
        started = time.monotonic()
        while not self._ended.is_set():
            number = len(self._sent)
            self._sent.append(time.monotonic())
            self._socket.sendto(self._request(number), (self.address, 0))
            self._ended.wait(started + len(self._sent) * self.interval - time.monotonic())

    def _receive(self) -> None:
        """Ends when nothing came for a while after the last request."""
        while True:
            try:
                packet, sender = self._socket.recvfrom(2048)
            except TimeoutError:
                if self._ended.is_set():
                    return
                continue
            kind, _, _, identifier, number = HEADER.unpack_from(packet, IP_HEADER_BYTES)
            if (kind, identifier, sender[0]) == (ECHO_REPLY, self._identifier, self.address):
                self._answered.setdefault(number, time.monotonic())

    def _request(self, number: int) -> bytes:
        header = HEADER.pack(ECHO_REQUEST, 0, 0, self._identifier, number & 0xFFFF)
        return HEADER.pack(ECHO_REQUEST, 0, checksum(header), self._identifier, number & 0xFFFF)


def checksum(data: bytes) -> int:
    """The ones' complement sum of RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
