# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernels of the switches have their uplinks set to, looked at each millisecond."""

from __future__ import annotations

import fcntl
import socket
import struct
import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from lab import kernel
from lab.engine import Lab
from tests.lab.hospital import NEW, OLD

SIOCGIFFLAGS = 0x8913
IFF_UP = 1
REQUEST = struct.Struct("16sh14x")
INTERVAL = 0.001
States = tuple[str, ...]


class UplinkWatch:
    """Notes every combination of enabled uplinks in which a switch was seen, from entering to leaving."""

    def __init__(self, lab: Lab, switches: Iterable[str]) -> None:
        self.seen: dict[str, set[States]] = {switch: set() for switch in switches}
        self.looks = 0
        self._sockets = {switch: _socket_in(lab, switch) for switch in self.seen}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="uplink watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        for opened in self._sockets.values():
            opened.close()

    @property
    def most_at_once(self) -> int:
        return max(len(enabled) for states in self.seen.values() for enabled in states)

    def _look(self) -> None:
        while not self._stop.is_set():
            for switch, opened in self._sockets.items():
                self.seen[switch].add(tuple(port for port in (OLD, NEW) if _is_up(opened, port)))
            self.looks += 1
            time.sleep(INTERVAL)


def _socket_in(lab: Lab, switch: str) -> socket.socket:
    with kernel.network_namespace(lab.instance.namespace_path(switch)):
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _is_up(opened: socket.socket, port: str) -> bool:
    answer = fcntl.ioctl(opened, SIOCGIFFLAGS, REQUEST.pack(port.encode(), 0))
    flags: int = REQUEST.unpack(answer)[1]
    return bool(flags & IFF_UP)
