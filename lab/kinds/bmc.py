# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The management controller (BMC) of a server: its own address, its own power, and the server's power switch."""

from __future__ import annotations

import os
import socket
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lab import kernel, options, rootfs
from lab.commands import ip_batch, spawn
from lab.errors import LabError
from lab.instance import MARK
from lab.kinds.debian import Debian
from lab.kinds.layered import PACKAGE, is_alive, kill
from lab.machine import Machine, Site, create
from lab.network import MANAGEMENT_PORT, management_address
from lab.topology import MachineSpec

USER = "admin"
PASSWORD = "lab-only"
IPMI_PORT = 623
REDFISH_PORT = 443


def system_id(machine: str) -> str:
    """What a Redfish controller calls a machine."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, machine))


@dataclass(frozen=True)
class BmcOptions:
    """What topology.yml may say of a management controller."""

    protocol: Literal["ipmi", "redfish"]
    controls: tuple[str, ...]


class Bmc(Machine):
    """A process of the lab in the controller's network namespace; lab/bmc has what it serves."""

    kind = "bmc"

    def __init__(self, spec: MachineSpec, site: Site) -> None:
        super().__init__(spec, site)
        self.options = options.parse(BmcOptions, dict(spec.options), f"machine {spec.name}")
        unknown = [name for name in self.options.controls if name not in site.topology.machines]
        if unknown:
            raise LabError(f"machine {spec.name} controls {', '.join(unknown)}, which the topology does not have.")
        if len(self.options.controls) != 1 and self.options.protocol == "ipmi":
            raise LabError(f"machine {spec.name} must control one machine: an IPMI controller belongs to one.")

    @classmethod
    def recipes(cls) -> tuple[rootfs.Recipe, ...]:
        return (rootfs.SERVER,)

    @property
    def files(self) -> Path:
        """What it keeps when its power is lost."""
        return self.state / "files"

    def prepare(self) -> None:
        self.files.mkdir()
        self.ipmitool.write_text(
            f'#!/bin/sh\nexec chroot {rootfs.SERVER.path} /usr/bin/ipmitool "$@"\n', encoding="ascii"
        )
        self.ipmitool.chmod(0o755)

    @property
    def ipmitool(self) -> Path:
        """The ipmitool of the controller: out of the servers' root file system, as nothing is installed on the host."""
        return self.files / "ipmitool"

    def start(self) -> None:
        instance = self.site.instance
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), MARK: instance.mark(self.name)}
        argv = [sys.executable, "-m", "lab.bmc", instance.name, self.name]
        pid = spawn(argv, self.state / "console.log", environment)
        (self.state / "pid").write_text(f"{pid}\n", encoding="ascii")

    def pid(self) -> int | None:
        try:
            pid = int((self.state / "pid").read_text(encoding="ascii"))
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return None
        return pid if self.name.encode() in arguments and b"lab.bmc" in arguments and is_alive(pid) else None

    def running(self) -> bool:
        return self.pid() is not None

    def not_ready(self) -> str | None:
        if not self.running():
            raise LabError(f"{self.name} stopped while it started: see {self.state / 'console.log'}.")
        listens = {"ipmi": self._listens_to_datagrams, "redfish": self._accepts}[self.options.protocol]()
        return None if listens else f"its {self.options.protocol} server does not answer yet"

    def _accepts(self) -> bool:
        with kernel.network_namespace(self.namespace_path), socket.socket() as client:
            return client.connect_ex((self.spec.management, REDFISH_PORT)) == 0

    def _listens_to_datagrams(self) -> bool:
        with kernel.network_namespace(self.namespace_path):
            sockets = Path("/proc/thread-self/net/udp").read_text(encoding="ascii")
        return f":{IPMI_PORT:04X} " in sockets

    def power_off(self) -> None:
        ip_batch([f"link set {MANAGEMENT_PORT} down"], namespace=self.namespace)
        pid = self.pid()
        if pid is not None:
            kill([pid])

    def power_on(self) -> None:
        if not self.running():
            self.start()

    def command(self, argv: Sequence[str]) -> list[str]:
        return ["nsenter", f"--net={self.namespace_path}", "--", *argv]

    def describe(self) -> str:
        return f"{self.options.protocol} controller of {', '.join(self.options.controls)}"

    def variables_of_others(self) -> Mapping[str, Mapping[str, Any]]:
        """How the servers that it controls are switched on and off."""
        servers = [create(self.site.topology.machine(name), self.site) for name in self.options.controls]
        return {
            server.name: {server.bmc_variable: self._described(server)}
            for server in servers
            if isinstance(server, Debian)
        }

    def _described(self, server: Debian) -> dict[str, Any]:
        described: dict[str, Any] = {
            "protocol": self.options.protocol,
            "host": self.spec.management,
            "port": {"ipmi": IPMI_PORT, "redfish": REDFISH_PORT}[self.options.protocol],
            "user": USER,
            "password": PASSWORD,
        }
        if self.options.protocol == "ipmi":
            described["ipmitool"] = str(self.ipmitool)
        if self.options.protocol == "redfish":
            described["ca_file"] = str(self.files / "certificate.pem")
        if len(self.options.controls) > 1:
            described["system_id"] = system_id(server.name)
        if server.options.wake_on_lan:
            described["mac"] = management_address(self.site.topology, server.name)
        return described
