# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with a disk of their own: what they write lies over a root file system that they share."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from lab import kernel, rootfs
from lab.commands import ip_batch
from lab.errors import LabError
from lab.machine import Machine
from lab.network import MANAGEMENT_PORT

SSH_PORT = 22
SSHD = "/usr/sbin/sshd"
PACKAGE = Path(__file__).resolve().parents[1]


class LayeredMachine(Machine):
    """Disk, processes and readiness; a subclass says how it starts."""

    recipe: ClassVar[rootfs.Recipe]

    @abstractmethod
    def pid(self) -> int | None:
        """The machine's first process as the host numbers it, or None when there is none."""

    def files(self) -> dict[str, str]:
        """More files for the machine's disk: path to content."""
        return {}

    def programs(self) -> dict[str, str]:
        """The same for files that are executed."""
        return {}

    @classmethod
    def recipes(cls) -> tuple[rootfs.Recipe, ...]:
        return (cls.recipe,)

    @property
    def disk(self) -> Path:
        """What the machine has written; it survives a loss of power."""
        return self.state / "disk"

    @property
    def ports(self) -> list[str]:
        return [own.name for own, _far_end in self.site.topology.links_of(self.name)]

    def prepare(self) -> None:
        for directory in ("disk", "work", "root"):
            (self.state / directory).mkdir(parents=True)
        hosts = "".join(f"{m.management} {m.name}\n" for m in self.site.topology.machines.values())
        self._write("etc/hosts", f"127.0.0.1 localhost\n{hosts}")
        self._write("etc/hostname", f"{self.name}\n")
        self._write("lab/authorized_keys", self.site.instance.client_key.with_suffix(".pub").read_text("ascii"))
        for path, content in self.files().items():
            self._write(path, content)
        for path, content in self.programs().items():
            self._write(path, content, mode=0o755)
        key = self._place("etc/ssh/ssh_host_ed25519_key")
        shutil.copy(self.state / "host_key", key)
        key.chmod(0o600)

    def _place(self, path: str) -> Path:
        """Make the directories above a file, owned and open as in the shared root file system."""
        target = self.disk / path
        for parent in reversed(target.relative_to(self.disk).parents):
            here, below = self.disk / parent, self.recipe.path / parent
            if not here.exists():
                here.mkdir()
            if below.exists():
                shutil.copystat(below, here)
                os.chown(here, below.stat().st_uid, below.stat().st_gid)
        return target

    def _write(self, path: str, content: str, mode: int = 0o644) -> None:
        target = self._place(path)
        target.write_text(content, encoding="utf-8")
        target.chmod(mode)

    def running(self) -> bool:
        return self.pid() is not None

    def running_pid(self) -> int:
        pid = self.pid()
        if pid is None:
            raise LabError(f"{self.name} is off: power it on with python -m lab heal power-off {self.name}.")
        return pid

    def inside(self, path: str) -> Path:
        """A file of the running machine as the host sees it."""
        return Path(f"/proc/{self.running_pid()}/root") / path.lstrip("/")

    def command(self, argv: Sequence[str]) -> list[str]:
        enter = ["nsenter", f"--target={self.running_pid()}", "--mount", "--pid", "--net", "--uts", "--ipc", "--"]
        environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"]
        return [*enter, *environment, *argv]

    def answers_ssh(self) -> bool:
        with kernel.network_namespace(self.namespace_path), socket.socket() as client:
            client.settimeout(1)
            try:
                client.connect((self.spec.management, SSH_PORT))
                return client.recv(4) == b"SSH-"
            except OSError:
                return False

    def answers(self, port: int) -> bool:
        """Whether something listens to that TCP port of its management address."""
        with kernel.network_namespace(self.namespace_path), socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex((self.spec.management, port)) == 0

    def links_down(self) -> None:
        """The neighbors lose the carrier, so that no last words of dying processes reach them."""
        ip_batch([f"link set {port} down" for port in (MANAGEMENT_PORT, *self.ports)], namespace=self.namespace)


def kill(pids: Iterable[int]) -> None:
    """SIGKILL all, and wait until none of them is more than an entry that its parent has not read."""
    pids = list(pids)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    deadline = time.monotonic() + 10
    while left := [pid for pid in pids if is_alive(pid)]:
        if time.monotonic() > deadline:
            raise LabError(f"Process {left[0]} did not end within 10 s after SIGKILL.")
        time.sleep(0.002)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def process_of(pid_file: Path, argument: str) -> int | None:
    """The process that a file names, if it is alive and has such words among its arguments."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        arguments = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid if argument in arguments and is_alive(pid) else None
