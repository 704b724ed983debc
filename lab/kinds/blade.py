# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A light machine that can be shut down: sshd, and a command after which the machine is really off.

A hundred of them run where a few whole Debians would. There is no systemd in it: what takes its time is a pause.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab import options
from lab.kinds.light import LightMachine, common_start
from lab.machine import Site
from lab.topology import MachineSpec

POWEROFF = "/lab/poweroff"
BEGAN = "var/lab-poweroff-began"
"""On the machine's disk: when its shutdown command began, in seconds since the epoch."""
CHASSIS = "chassis"
# reboot(2) in a process namespace of one's own ends that namespace. In the first one it would end the real machine.
SCRIPT = """\
#!/bin/sh
grep -qa /lab/init.py /proc/1/cmdline || exit 1
date +%s.%N > /{began}
sleep {seconds}
exec python3 -I -S -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321fedc)'
"""


@dataclass(frozen=True)
class BladeOptions:
    """What a topology may say of a blade."""

    stage: str
    feeds: tuple[str, ...]
    watts: int
    stop_seconds: int
    after: tuple[str, ...] = ()


class Blade(LightMachine):
    """It has an id of its boot of its own, as a machine has; its chassis says whether it is on."""

    kind = "blade"

    def __init__(self, spec: MachineSpec, site: Site) -> None:
        super().__init__(spec, site)
        self.options = options.parse(BladeOptions, dict(spec.options), f"machine {spec.name}")

    def programs(self) -> dict[str, str]:
        script = SCRIPT.format(began=BEGAN, seconds=self.options.stop_seconds)
        return {**super().programs(), POWEROFF.lstrip("/"): script}

    def files(self) -> dict[str, str]:
        return {"lab/boot_id": f"{uuid.uuid4()}\n"}

    def start_script(self) -> str:
        start = common_start(self.spec.management, self.site.topology.management.prefix.prefixlen)
        return f"mount --bind /lab/boot_id /proc/sys/kernel/random/boot_id\n{start}"

    def began(self) -> float | None:
        """When its shutdown command last began, None where it was not given since that was forgotten."""
        try:
            told = (self.disk / BEGAN).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        return float(told) if told else None

    def forget(self) -> None:
        """Forget when its shutdown command began."""
        (self.disk / BEGAN).unlink(missing_ok=True)

    def login(self) -> Mapping[str, str]:
        return {"ansible_user": "root"}

    def groups(self) -> Sequence[str]:
        return ("shutdown_hosts",)

    def variables(self) -> Mapping[str, Any]:
        return {
            "shutdown_stage": self.options.stage,
            "shutdown_after": list(self.options.after),
            "shutdown_feeds": list(self.options.feeds),
            "shutdown_power_watts": self.options.watts,
            "shutdown_seconds": self.options.stop_seconds,
            "shutdown_command": POWEROFF,
            "shutdown_confirm": {
                "hypervisor": {
                    "host": CHASSIS,
                    "command": self._state_command(),
                    "off": "^shut off$",
                    "on": "^running$",
                }
            },
        }

    def _state_command(self) -> str:
        """What its chassis is asked, on the machine that the lab runs on: is its first process there?"""
        pid_file, mark = self.state / "pid", self.site.instance.mark(self.name)
        return (
            f"pid=$(cat {pid_file}) || exit 1; "
            f"if grep -qsa {mark} /proc/$pid/cmdline; then echo running; else echo shut off; fi"
        )
