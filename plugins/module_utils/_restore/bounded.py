# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose programs have to end with the time of a test."""

from __future__ import annotations

from typing import Mapping, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer, Host


class Bounded(Host):
    """The host, where no program runs longer than until a deadline of its clock."""

    def __init__(self, host: Host, deadline: float) -> None:
        self._host = host
        self.deadline = deadline

    @property
    def left(self) -> float:
        return self.deadline - self._host.now()

    def run(
        self,
        command: Sequence[str],
        *,
        user: Optional[str] = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Optional[Mapping[str, str]] = None,
    ) -> Answer:
        if self.left <= 0:
            return Answer(TIMED_OUT, "", "the time of the test is over")
        bound = min(timeout, self.left)
        return self._host.run(command, user=user, timeout=bound, stdin=stdin, environment=environment)

    def read(self, path: str) -> Optional[str]:
        return self._host.read(path)

    def write_atomically(self, path: str, text: str, mode: int = 0o600, owner: Optional[str] = None) -> None:
        self._host.write_atomically(path, text, mode, owner)

    def exists(self, path: str) -> bool:
        return self._host.exists(path)

    def free_bytes(self, path: str) -> Optional[int]:
        return self._host.free_bytes(path)

    def now(self) -> float:
        return self._host.now()

    def wall(self) -> float:
        return self._host.wall()

    def sleep(self, seconds: float) -> None:
        self._host.sleep(max(0.0, min(seconds, self.left)))
