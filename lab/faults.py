# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong on demand, and how each of it is put right again.

A fault is one class: `strike` makes it, `heal` undoes it. `python -m lab fault NAME MACHINE` or
`lab.fault(NAME, MACHINE)`; what has been struck and not healed is remembered in the instance's state.
"""

from __future__ import annotations

import json
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from lab.commands import ip_batch
from lab.errors import LabError
from lab.instance import MANAGEMENT
from lab.network import MANAGEMENT_PORT, management_port
from lab.topology import Port

if TYPE_CHECKING:
    from lab.engine import Lab

FAULTS: dict[str, type[Fault]] = {}
GUEST = Path(__file__).with_name("guest")


class Fault(ABC):
    """`target` is a machine, or a port where that is said."""

    name: ClassVar[str]
    lasting: ClassVar[bool] = True
    rank: ClassVar[int] = 2
    """What is healed first when all is healed: mains, then the power of machines, then what is inside machines."""

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            FAULTS[cls.name] = cls

    def __init__(self, lab: Lab, target: str) -> None:
        self.lab = lab
        self.target = target

    @abstractmethod
    def strike(self) -> None:
        """Make it happen."""

    @abstractmethod
    def heal(self) -> None:
        """Put it right; nothing happens when it is right already."""

    def inside(self, *argv: str, check: bool = True) -> str:
        return self.lab.exec(self.target, *argv, check=check).stdout


class PowerOff(Fault):
    """The machine loses its power; healed, it starts from its saved configuration."""

    name = "power-off"
    rank = 1

    def strike(self) -> None:
        self.lab.machine(self.target).power_off()

    def heal(self) -> None:
        machine = self.lab.machine(self.target)
        if not machine.running():
            machine.power_on()


class CutLink(Fault):
    """The cable at a port (machine:port) is cut: both ends lose the carrier and stay administratively up."""

    name = "cut-link"

    def strike(self) -> None:
        for port in self.lab.topology.link_at(Port.parse(self.target)).ends():
            _without_carrier(self.lab.instance.namespace(port.machine), port.name)

    def heal(self) -> None:
        for port in self.lab.topology.link_at(Port.parse(self.target)).ends():
            _with_carrier(self.lab.instance.namespace(port.machine), port.name)


class CutManagement(Fault):
    """The cable between the machine and the management network is cut."""

    name = "cut-management"

    def _ends(self) -> Iterator[tuple[str, str]]:
        machine = self.lab.machine(self.target)
        yield machine.namespace, MANAGEMENT_PORT
        yield self.lab.instance.namespace(MANAGEMENT), management_port(self.lab.topology, machine.name)

    def strike(self) -> None:
        for namespace, port in self._ends():
            _without_carrier(namespace, port)

    def heal(self) -> None:
        for namespace, port in self._ends():
            _with_carrier(namespace, port)


class SaveFails(Fault):
    """The place where the configuration is saved has become read-only, as flash memory does when it dies."""

    name = "save-fails"
    directory = "/etc/frr"

    def strike(self) -> None:
        if not self._read_only():
            self.inside("mount", "--bind", self.directory, self.directory)
            self.inside("mount", "-o", "remount,bind,ro", self.directory)

    def heal(self) -> None:
        if self._read_only():
            self.inside("umount", self.directory)

    def _read_only(self) -> bool:
        return f" {self.directory} " in self.inside("cat", "/proc/self/mounts")


class Slow(Fault):
    """Logins and commands take several times as long; forwarding is as fast as ever."""

    name = "slow"
    still_ms = 180
    pid_file = "/run/lab/slow.pid"

    def strike(self) -> None:
        script = (GUEST / "slow.py").read_text(encoding="utf-8")
        start = f'setsid python3 -I -S -c "$1" {self.still_ms} </dev/null >/dev/null 2>&1 & echo $! > {self.pid_file}'
        if not self.inside("sh", "-c", f"cat {self.pid_file} 2>/dev/null || true"):
            self.inside("sh", "-c", start, "slow", script)

    def heal(self) -> None:
        stop = f"[ ! -e {self.pid_file} ] || {{ kill $(cat {self.pid_file}); rm {self.pid_file}; }}"
        self.inside("sh", "-c", stop)


class Hang(Fault):
    """Everything behind sshd stands still: connections are accepted and nothing is ever said."""

    name = "hang"

    def strike(self) -> None:
        self.inside("pkill", "-STOP", "-x", "sshd|vtysh|bash")

    def heal(self) -> None:
        self.inside("pkill", "-CONT", "-x", "sshd|vtysh|bash", check=False)


class CutSession(Fault):
    """The SSH sessions that are open are killed, and new ones are let in."""

    name = "cut-session"
    lasting = False

    def strike(self) -> None:
        listener = self.inside("cat", "/run/sshd.pid").strip()
        self.inside("pkill", f"-{signal.SIGKILL.name[3:]}", "--parent", listener, check=False)

    def heal(self) -> None:
        """Whoever was cut off connects again."""


def _without_carrier(namespace: str, port: str) -> None:
    """To the kernel a dormant link has no carrier, while it stays administratively up."""
    ip_batch([f"link set {port} mode dormant", f"link set {port} state dormant"], namespace=namespace)


def _with_carrier(namespace: str, port: str) -> None:
    ip_batch([f"link set {port} mode default", f"link set {port} state up"], namespace=namespace)


def create(lab: Lab, name: str, target: str) -> Fault:
    if name not in FAULTS:
        raise LabError(f"There is no fault {name}: known are {', '.join(sorted(FAULTS))}.")
    lab.machine(target.partition(":")[0])
    return FAULTS[name](lab, target)


class Record:
    """Which faults have been struck and not healed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[tuple[str, str]]:
        if not self.path.exists():
            return []
        return [(entry[0], entry[1]) for entry in json.loads(self.path.read_text(encoding="utf-8"))]

    def add(self, name: str, target: str) -> None:
        self._write([*(entry for entry in self.read() if entry != (name, target)), (name, target)])

    def remove(self, name: str, target: str) -> None:
        self._write([entry for entry in self.read() if entry != (name, target)])

    def _write(self, entries: list[tuple[str, str]]) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(entries), encoding="utf-8")
        new.rename(self.path)
