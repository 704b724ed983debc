# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines without a kernel or systemd of their own: namespaces over a copy-on-write root file system."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from lab import kernel
from lab.boot import BootPlan
from lab.commands import ip_batch
from lab.errors import LabError
from lab.instance import MARK
from lab.machine import Machine
from lab.network import MANAGEMENT_PORT, bridge_address

PACKAGE = Path(__file__).resolve().parents[1]
SSH_PORT = 22
SSHD = "/usr/sbin/sshd"


class LightMachine(Machine):
    """Power, files and readiness; a subclass says what /lab/start does."""

    @abstractmethod
    def start_script(self) -> str:
        """The shell commands that bring the machine up, run once at each power-on."""

    def files(self) -> dict[str, str]:
        """More files for the machine's disk: path to content."""
        return {}

    @property
    def disk(self) -> Path:
        """What the machine has written, over the shared root file system; it survives a loss of power."""
        return self.state / "disk"

    @property
    def ports(self) -> list[str]:
        return [own.name for own, _far_end in self.site.topology.links_of(self.name)]

    @property
    def bridge_address(self) -> str:
        return bridge_address(self.site.topology, self.name)

    def prepare(self) -> None:
        for directory in ("disk", "work", "root"):
            (self.state / directory).mkdir(parents=True)
        hosts = "".join(f"{m.management} {m.name}\n" for m in self.site.topology.machines.values())
        self._write("etc/hosts", f"127.0.0.1 localhost\n{hosts}")
        self._write("etc/hostname", f"{self.name}\n")
        self._write("lab/authorized_keys", self.site.instance.client_key.with_suffix(".pub").read_text("ascii"))
        self._write("lab/init.py", (PACKAGE / "guest/init.py").read_text(encoding="utf-8"))
        self._write("lab/start", f"#!/bin/sh\nset -eu\n{self.start_script()}", mode=0o755)
        for path, content in self.files().items():
            self._write(path, content)
        key = self._place("etc/ssh/ssh_host_ed25519_key")
        shutil.copy(self.state / "host_key", key)
        key.chmod(0o600)

    def _place(self, path: str) -> Path:
        """Make the directories above a file, owned and open as in the shared root file system."""
        target = self.disk / path
        for parent in reversed(target.relative_to(self.disk).parents):
            here, below = self.disk / parent, self.site.rootfs / parent
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

    def start(self) -> None:
        instance = self.site.instance
        plan = BootPlan(
            namespace=str(self.namespace_path),
            hostname=self.name,
            lower=str(self.site.rootfs),
            upper=str(self.disk),
            work=str(self.state / "work"),
            root=str(self.state / "root"),
            pid_file=str(self.state / "pid"),
            console=str(self.state / "console.log"),
            mark_name=MARK,
            mark=instance.mark(self.name),
        )
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), MARK: instance.mark(self.name)}
        argv = [sys.executable, "-S", "-m", "lab.boot", plan.to_json()]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError((done.stderr.strip() or f"{self.name} did not start").splitlines()[-1])

    def pid(self) -> int | None:
        """The machine's first process, or None when the machine is off."""
        try:
            pid = int((self.state / "pid").read_text(encoding="ascii"))
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return None
        return pid if self.site.instance.mark(self.name).encode() in arguments else None

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

    def not_ready(self) -> str | None:
        if not self.running():
            raise LabError(f"{self.name} stopped while it started: see {self.state / 'console.log'}.")
        status = self.inside("run/lab/start.status")
        if not status.exists():
            return "its start script is still running"
        if status.read_text(encoding="ascii").strip() != "0":
            raise LabError(f"The start script of {self.name} failed: see {self.state / 'console.log'}.")
        return None if self.answers_ssh() else "its sshd does not answer yet"

    def answers_ssh(self) -> bool:
        with kernel.network_namespace(self.namespace_path), socket.socket() as client:
            client.settimeout(1)
            try:
                client.connect((self.spec.management, SSH_PORT))
                return client.recv(4) == b"SSH-"
            except OSError:
                return False

    def power_off(self) -> None:
        """The neighbors lose the carrier first, so that no last words of dying processes reach them."""
        ip_batch([f"link set {port} down" for port in (MANAGEMENT_PORT, *self.ports)], namespace=self.namespace)
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            _wait_until_gone(pid)

    def power_on(self) -> None:
        if not self.running():
            self.start()


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        if time.monotonic() > deadline:
            raise LabError(f"Process {pid} did not end within 10 s after SIGKILL.")
        time.sleep(0.002)


def common_start(address: str, prefix_length: int) -> str:
    """The beginning of every start script: loopback, management and sshd."""
    return f"""\
mkdir -p /run/sshd
ip link set lo up
ip addr replace {address}/{prefix_length} dev {MANAGEMENT_PORT}
ip link set {MANAGEMENT_PORT} up
{SSHD}
"""


def start_lldpd(name: str, ports: Sequence[str]) -> str:
    """lldpd tells its name over the data ports, and again each second."""
    return f"""\
printf 'configure lldp tx-interval 1\nconfigure system hostname {name}\n' > /etc/lldpd.d/lab.conf
lldpd -I {",".join(ports)}
"""
