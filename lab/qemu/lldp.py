# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches that announce themselves by LLDP (IEEE 802.1AB)."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass

from lab import kernel
from lab.qemu.network import namespace_path

MULTICAST = bytes.fromhex("0180c200000e")
ETHERTYPE = 0x88CC
CHASSIS, PORT, LIFETIME, NAME = 1, 2, 3, 5
BY_MAC, BY_INTERFACE = 4, 5
LIFETIME_SECONDS = 10


@dataclass(frozen=True)
class Announcement:
    """One port of one switch."""

    namespace: str
    port: str
    system: str

    def frame(self, mac: bytes) -> bytes:
        return (
            MULTICAST
            + mac
            + struct.pack("!H", ETHERTYPE)
            + element(CHASSIS, bytes([BY_MAC]) + mac)
            + element(PORT, bytes([BY_INTERFACE]) + self.port.encode())
            + element(LIFETIME, struct.pack("!H", LIFETIME_SECONDS))
            + element(NAME, self.system.encode())
            + element(0, b"")
        )


def element(kind: int, value: bytes) -> bytes:
    return struct.pack("!H", kind << 9 | len(value)) + value


class Announcer:
    """Sends the announcements each second until it is stopped."""

    def __init__(self, announcements: list[Announcement]) -> None:
        self._stopped = threading.Event()
        self._ports = [self._open(announcement) for announcement in announcements]
        self._thread = threading.Thread(target=self._announce, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        for port, _address in self._ports:
            port.close()

    @staticmethod
    def _open(announcement: Announcement) -> tuple[socket.socket, bytes]:
        with kernel.network_namespace(namespace_path(announcement.namespace)):
            port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        port.bind((announcement.port, ETHERTYPE))
        return port, announcement.frame(port.getsockname()[4])

    def _announce(self) -> None:
        while not self._stopped.wait(1):
            for port, frame in self._ports:
                port.send(frame)
