# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends a run in its middle, as `kill -9` does, at a place that a test chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer

from tests.lab.mariadb.pair import NamespaceHost


class Killed(BaseException):
    """The run ended in the middle."""


class KilledHost(NamespaceHost):
    """Ends the run at its n-th program, before or after that program did its work."""

    def __init__(self, namespace: str, last: int, done: bool) -> None:
        super().__init__(namespace)
        self.left = last
        self.done = done

    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        self.left -= 1
        if self.left == 0:
            if self.done:
                super().run(command, user=user, timeout=timeout, stdin=stdin, environment=environment)
            raise Killed
        return super().run(command, user=user, timeout=timeout, stdin=stdin, environment=environment)
