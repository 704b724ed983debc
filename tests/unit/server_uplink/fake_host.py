# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is a story: a bond, its switches and its gateway, told by the test."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import Answer, Host

BONDING = "/sys/class/net/bond0/bonding"
MODES = {
    "active-backup": ("1", "fault-tolerance (active-backup)"),
    "balance-rr": ("0", "load balancing (round-robin)"),
    "802.3ad": ("4", "IEEE 802.3ad Dynamic link aggregation"),
}


@dataclass
class FakeHost(Host):
    """Files and programs by name; time passes only by sleeping."""

    files: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[str, ...], Answer] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    writes: list[tuple[str, str]] = field(default_factory=list)
    time: float = 0.0
    frames: list[tuple[str, bytes]] = field(default_factory=list)

    def send_frame(self, device: str, frame: bytes) -> None:
        self.frames.append((device, frame))

    def has_program(self, name: str) -> bool:
        return any(command[0] == name for command in self.answers)

    def run(self, command: Sequence[str]) -> Answer:
        self.commands.append(" ".join(command))
        fitting = [known for known in self.answers if tuple(command[: len(known)]) == known]
        if not fitting:
            return Answer(127, "", f"{command[0]} is not on this host")
        return self.answers[max(fitting, key=len)]

    def read(self, path: str) -> str | None:
        text = self.files.get(path)
        return None if text is None else text.strip()

    def write(self, path: str, text: str) -> None:
        self.writes.append((path, text))
        self.files[path] = text

    def names(self, path: str) -> list[str]:
        prefix = path + "/"
        return sorted({name[len(prefix) :].split("/")[0] for name in self.files if name.startswith(prefix)})

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class FakeServer(FakeHost):
    """A server with a bond of the kernel, eth0 to core-a, eth1 to core-b."""

    mode: str = "active-backup"
    active: str | None = "eth0"
    primary: str = ""
    reselect: str = "always"
    carriers: dict[str, bool] = field(default_factory=lambda: {"eth0": True, "eth1": True})
    neighbors: dict[str, str] = field(default_factory=lambda: {"eth0": "core-a", "eth1": "core-b"})
    answering: Callable[[str | None], bool] = lambda active: True
    after_write: Callable[[FakeServer], None] = lambda server: None
    lldp: bool = True
    route_device: str = "bond0"

    def has_program(self, name: str) -> bool:
        return self.lldp if name == "lldpcli" else False

    def read(self, path: str) -> str | None:
        return self._attributes().get(path)

    def names(self, path: str) -> list[str]:
        return ["lower_bond0"] if path == "/sys/class/net/bond0.10" else []

    def write(self, path: str, text: str) -> None:
        self.writes.append((path, text))
        if not self.carriers[text]:
            raise OSError(errno.EINVAL, "Invalid argument")
        if path == f"{BONDING}/primary":
            self.primary = text
            self.active = text if self.reselect == "always" else self.active
        else:
            self.active = text
        self.after_write(self)

    def run(self, command: Sequence[str]) -> Answer:
        self.commands.append(" ".join(command))
        if command[0] == "ip":
            return Answer(0, f"{command[-1]} dev {self.route_device} src 10.9.0.31 uid 0 \\    cache \n", "")
        if command[0] == "lldpcli":
            name = self.neighbors.get(command[-1])
            lines = f"lldp.{command[-1]}.via=LLDP\nlldp.{command[-1]}.chassis.name={name}\n" if name else ""
            return Answer(0, lines, "")
        assert command[0] == "ping"
        return Answer(0 if self.answering(self.active) else 1, "", "")

    def pull(self, card: str) -> None:
        """Pull a cable; an active-backup bond moves to a member that has carrier."""
        self.carriers[card] = False
        if self.active == card:
            self.active = next((name for name, carrier in self.carriers.items() if carrier), None)

    @property
    def written(self) -> list[str]:
        return [f"{path.rsplit('/', 1)[1]}={text}" for path, text in self.writes]

    def _attributes(self) -> dict[str, str]:
        number, words = MODES[self.mode]
        carriers = {f"/sys/class/net/{name}/carrier": str(int(up)) for name, up in self.carriers.items()}
        return {
            f"{BONDING}/mode": f"{self.mode} {number}",
            f"{BONDING}/primary": self.primary,
            f"{BONDING}/primary_reselect": f"{self.reselect} 0",
            f"{BONDING}/fail_over_mac": "none 0",
            f"{BONDING}/num_grat_arp": "1",
            "/sys/class/net/bond0/flags": "0x1443",
            "/proc/net/bonding/bond0": self._status(words),
            **carriers,
        }

    def _status(self, words: str) -> str:
        lines = ["Ethernet Channel Bonding Driver: v6.1.0-56-cloud-amd64", "", f"Bonding Mode: {words}"]
        lines += [
            f"Primary Slave: {self.primary or 'None'}",
            f"Currently Active Slave: {self.active}",
            "MII Status: up",
        ]
        for name, up in self.carriers.items():
            lines += ["", f"Slave Interface: {name}", f"MII Status: {'up' if up else 'down'}", "Speed: 10000 Mbps"]
        return "\n".join(lines)
