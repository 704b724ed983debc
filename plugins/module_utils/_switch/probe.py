# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a host of the inventory whether it reaches an address."""

from __future__ import annotations

from typing import Optional

from .errors import SessionLost, SwitchError, Unreachable
from .model import Send
from .session import ShellSession
from .target import Target


class HostProbe:
    """A Linux host that pings for us. Its own way may be the one that is moved, so its session may be cut."""

    def __init__(self, target: Target) -> None:
        self.name = target.name
        self._target = target
        self._session: Optional[ShellSession] = None

    def prepare(self) -> None:
        """Open the session before anything is changed; SwitchError where the host cannot be asked."""
        if self._exchange("command -v ping").startswith("% exit status"):
            raise SwitchError(self.name, "has no ping to answer with; install it or name another probe host")

    def reaches(self, address: str) -> bool:
        """Does the host get an answer from the address? A host that cannot be asked any more gets none."""
        try:
            output = self._exchange(f"ping -n -c 1 -W 1 {address}")
        except (SessionLost, Unreachable):
            self.close()
            return False
        return not output.startswith("% exit status")

    def _exchange(self, command: str) -> str:
        if self._session is None:
            self._session = ShellSession(self._target, (r"^% exit status",))
        return self._session.exchange(Send(command, timeout=10))

    def close(self) -> None:
        """End the session; the next question opens another."""
        if self._session is not None:
            self._session.close()
            self._session = None
