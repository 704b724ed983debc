# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MariaDB server as Host sees it: answers in order, and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, Host


class FakeHost(Host):
    """Programs answer from lists by their name, the last answer for ever; a clock that only sleeping moves."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers = answers
        self.ran: list[tuple[list[str], str]] = []
        self.files: dict[str, str] = {}
        self.clock = 0.0

    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        self.ran.append((list(command), stdin))
        self.clock += 0.01
        known = self.answers.get(command[0].rpartition("/")[2], [Answer(127, "", f"{command[0]} is not on this host")])
        return known.pop(0) if len(known) > 1 else known[0]

    def read(self, path: str) -> str | None:
        return self.files.get(path)

    def write_atomically(self, path: str, text: str, mode: int = 0o600, owner: str | None = None) -> None:
        self.files[path] = text

    def exists(self, path: str) -> bool:
        return path in self.files

    def free_bytes(self, path: str) -> int | None:
        return 1 << 40

    def now(self) -> float:
        return self.clock

    def wall(self) -> float:
        return 1000.0 + self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
