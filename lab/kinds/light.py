# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines without a kernel or systemd of their own: namespaces over a copy-on-write root file system."""

from __future__ import annotations

import os
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from lab import rootfs
from lab.boot import BootPlan
from lab.errors import LabError
from lab.instance import MARK
from lab.kinds.layered import PACKAGE, SSHD, LayeredMachine, kill
from lab.network import MANAGEMENT_PORT, bridge_address


class LightMachine(LayeredMachine):
    """Power and readiness; a subclass says what /lab/start does."""

    recipe = rootfs.LIGHT

    @abstractmethod
    def start_script(self) -> str:
        """The shell commands that bring the machine up, run once at each power-on."""

    @property
    def bridge_address(self) -> str:
        return bridge_address(self.site.topology, self.name)

    def programs(self) -> dict[str, str]:
        return {"lab/start": f"#!/bin/sh\nset -eu\n{self.start_script()}"}

    def prepare(self) -> None:
        super().prepare()
        self._write("lab/init.py", (PACKAGE / "guest/init.py").read_text(encoding="utf-8"))

    def start(self) -> None:
        instance = self.site.instance
        plan = BootPlan(
            namespace=str(self.namespace_path),
            hostname=self.name,
            lower=str(self.recipe.path),
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

    def not_ready(self) -> str | None:
        if not self.running():
            raise LabError(f"{self.name} stopped while it started: see {self.state / 'console.log'}.")
        status = self.inside("run/lab/start.status")
        if not status.exists():
            return "its start script is still running"
        if status.read_text(encoding="ascii").strip() != "0":
            raise LabError(f"The start script of {self.name} failed: see {self.state / 'console.log'}.")
        return None if self.answers_ssh() else "its sshd does not answer yet"

    def power_off(self) -> None:
        self.links_down()
        pid = self.pid()
        if pid is not None:
            kill([pid])

    def power_on(self) -> None:
        if not self.running():
            self.start()


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
