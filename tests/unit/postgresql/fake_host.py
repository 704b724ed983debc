# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is a story: files and answers of programs, told by the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Answer, Host


@dataclass
class FakeHost(Host):
    """Programs answer by their last path element; time passes only by sleeping."""

    files: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    commands: list[list[str]] = field(default_factory=list)
    time: float = 1000.0
    free: int = 10**12

    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        self.commands.append(list(command))
        name = command[0].rsplit("/", 1)[-1]
        return self.answers.get(name, Answer(MISSING, "", f"{name} is not on this host"))

    def read(self, path: str) -> str | None:
        return self.files.get(path)

    def write_atomically(self, path: str, text: str, mode: int = 0o600, owner: str | None = None) -> None:
        self.files[path] = text

    def exists(self, path: str) -> bool:
        return any(name == path or name.startswith(f"{path}/") for name in self.files)

    def free_bytes(self, path: str) -> int | None:
        return self.free

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
