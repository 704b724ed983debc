# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two cores and a management network around the guest, each in a network namespace of its own."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from lab import kernel
from lab.commands import run
from lab.instance import NAMESPACES
from lab.network import host_namespaces

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
        with host_namespaces():
            for namespace in self._namespaces():
                ip("netns", "add", namespace)
        for core, address in CORES.items():
            namespace = self.core(core)
            ip("-n", namespace, "link", "set", "lo", "up")
            ip("-n", namespace, "link", "add", "br0", "type", "bridge", "stp_state", "0")
            ip("-n", namespace, "address", "add", address, "dev", "br0")
            ip("-n", namespace, "link", "set", "br0", "up")
        self._join_cores()
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
        with host_namespaces():
            for namespace in self._namespaces():
                if namespace_path(namespace).exists():
                    ip("netns", "delete", namespace)

    def _namespaces(self) -> list[str]:
        return [self.management, *(self.core(core) for core in CORES)]

    def _join_cores(self) -> None:
        first, second = (self.core(core) for core in CORES)
        ip("-n", first, "link", "add", "swp1", "type", "veth", "peer", "name", "swp1", "netns", second)
        for namespace in (first, second):
            ip("-n", namespace, "link", "set", "swp1", "master", "br0", "up")

    @staticmethod
    def _tap(namespace: str, device: str) -> int:
        with kernel.network_namespace(namespace_path(namespace)):
            descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        request = struct.pack("16sH22x", device.encode(), IFF_TAP_WITHOUT_HEADER)
        fcntl.ioctl(descriptor, TUNSETIFF, request)
        return descriptor


def ip(*words: str) -> str:
    return run(["ip", *words])


def namespace_path(namespace: str) -> Path:
    return NAMESPACES / namespace
