# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two cores and a management network around the guest, each in a network namespace of its own."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TAP_WITHOUT_HEADER = 0x0002 | 0x1000

CORES = {"core-a": "10.9.0.2/24", "core-b": "10.9.0.3/24"}
SERVER_PORT = "swp21"
MANAGEMENT = "10.77.0.1/24"


class GuestNetwork:
    """Namespaces NAME-core-a, NAME-core-b and NAME-management."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.management = f"{name}-management"

    def core(self, core: str) -> str:
        """The namespace of one of the cores."""
        return f"{self.name}-{core}"

    def up(self) -> None:
        for core, address in CORES.items():
            namespace = self.core(core)
            ip("netns", "add", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
            ip("-n", namespace, "link", "add", "br0", "type", "bridge", "stp_state", "0")
            ip("-n", namespace, "address", "add", address, "dev", "br0")
            ip("-n", namespace, "link", "set", "br0", "up")
        self._join_cores()
        ip("netns", "add", self.management)
        ip("-n", self.management, "link", "set", "lo", "up")

    def taps(self) -> dict[str, int]:
        """Descriptors of the guest's network cards; the devices vanish with the last one who holds them."""
        descriptors = {
            "eth0": self._tap(self.core("core-a"), SERVER_PORT),
            "eth1": self._tap(self.core("core-b"), SERVER_PORT),
            "eth2": self._tap(self.management, "guest"),
        }
        for core in CORES:
            ip("-n", self.core(core), "link", "set", SERVER_PORT, "master", "br0", "up")
        ip("-n", self.management, "address", "add", MANAGEMENT, "dev", "guest")
        ip("-n", self.management, "link", "set", "guest", "up")
        return descriptors

    def down(self) -> None:
        for namespace in namespaces():
            if namespace in (self.management, *(self.core(core) for core in CORES)):
                ip("netns", "delete", namespace)

    def _join_cores(self) -> None:
        first, second = (self.core(core) for core in CORES)
        ip("-n", first, "link", "add", "swp1", "type", "veth", "peer", "name", "swp1", "netns", second)
        for namespace in (first, second):
            ip("-n", namespace, "link", "set", "swp1", "master", "br0", "up")

    @staticmethod
    def _tap(namespace: str, device: str) -> int:
        with inside(namespace):
            descriptor = os.open("/dev/net/tun", os.O_RDWR)
        request = struct.pack("16sH22x", device.encode(), IFF_TAP_WITHOUT_HEADER)
        fcntl.ioctl(descriptor, TUNSETIFF, request)
        return descriptor


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def namespaces() -> list[str]:
    return [entry["name"] for entry in json.loads(ip("-j", "netns", "list") or "[]")]


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """What this thread opens in here, it opens in that network namespace."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        enter(Path("/run/netns", namespace))
        try:
            yield
        finally:
            enter(Path(f"/proc/self/fd/{home}"))
    finally:
        os.close(home)


def enter(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)
