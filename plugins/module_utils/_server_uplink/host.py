# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as the rest of this area sees it: programs, small files and a clock."""

from __future__ import annotations

import os
import shutil
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class Answer(NamedTuple):
    """What a program answered."""

    status: int
    output: str
    error: str

    @property
    def complaint(self) -> str:
        """The first line of what the program complained about, for an error sentence."""
        lines = (self.error.strip() or self.output.strip() or "no message").splitlines()
        return lines[0].strip()


class Host(ABC):
    """Everything that reads from or changes the machine goes through here."""

    @abstractmethod
    def has_program(self, name: str) -> bool: ...

    @abstractmethod
    def run(self, command: Sequence[str]) -> Answer: ...

    @abstractmethod
    def read(self, path: str) -> str | None:
        """The content of a small file, stripped; None where the kernel gives none."""

    @abstractmethod
    def write(self, path: str, text: str) -> None:
        """Write to a kernel attribute; raises OSError as the kernel gives it."""

    @abstractmethod
    def names(self, path: str) -> list[str]:
        """The names in a directory, none where it does not exist."""

    @abstractmethod
    def send_frame(self, device: str, frame: bytes) -> None:
        """Send an Ethernet frame out of a device; raises OSError as the kernel gives it."""

    @abstractmethod
    def now(self) -> float: ...

    @abstractmethod
    def sleep(self, seconds: float) -> None: ...


class LocalHost(Host):
    """The machine that the module runs on."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def has_program(self, name: str) -> bool:
        return shutil.which(name, path=self._search_path()) is not None

    def run(self, command: Sequence[str]) -> Answer:
        program = shutil.which(command[0], path=self._search_path())
        if program is None:
            return Answer(127, "", f"{command[0]} is not on this host")
        status, output, error = self._module.run_command(
            [program, *command[1:]], environ_update={"LC_ALL": "C", "LANG": "C"}
        )
        return Answer(status, output, error)

    def read(self, path: str) -> str | None:
        try:
            with open(path, encoding="utf-8") as attribute:
                return attribute.read().strip()
        except OSError:
            return None

    def write(self, path: str, text: str) -> None:
        with open(path, "w", encoding="utf-8") as attribute:
            attribute.write(text)

    def names(self, path: str) -> list[str]:
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def send_frame(self, device: str, frame: bytes) -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind((device, 0))
            raw.send(frame)

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    @staticmethod
    def _search_path() -> str:
        return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/bin", "/bin"])
