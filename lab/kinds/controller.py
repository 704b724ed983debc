# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that Ansible runs on: a network namespace with the host's own file system."""

from __future__ import annotations

from collections.abc import Sequence

from lab import kernel
from lab.errors import LabError
from lab.machine import Machine


class Controller(Machine):
    """Nothing runs in it until `python -m lab run` does."""

    kind = "controller"

    def prepare(self) -> None:
        pass

    def start(self) -> None:
        pass

    def not_ready(self) -> str | None:
        return None if self.running() else "its network namespace is gone"

    def running(self) -> bool:
        return self.namespace_path.exists()

    def power_off(self) -> None:
        raise LabError("The controller has no power switch: it is where Ansible runs.")

    def power_on(self) -> None:
        raise LabError("The controller has no power switch: it is where Ansible runs.")

    def command(self, argv: Sequence[str]) -> list[str]:
        return ["nsenter", f"--net={self.namespace_path}", "--", *argv]


def enter(namespace_path: str) -> None:
    """Put the calling process into a network namespace for good."""
    kernel.setns(namespace_path, kernel.CLONE_NEWNET)
