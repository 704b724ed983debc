# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a host of the inventory whether it reaches an address."""

from __future__ import annotations

import ipaddress
from typing import Optional

from .errors import SwitchError
from .model import Send
from .session import ShellSession
from .target import Target


class HostProbe:
    """A Linux host that pings for us; its session is opened at the first question and kept."""

    def __init__(self, target: Target) -> None:
        self.name = target.name
        self._target = target
        self._session: Optional[ShellSession] = None

    def reaches(self, address: str) -> bool:
        """Does the host get an answer from the address? A host that cannot be asked is an error."""
        ipaddress.ip_address(address)
        if self._session is None:
            self._session = ShellSession(self._target, (r"^% exit status (?:126|127)",))
        output = self._session.exchange(Send(f"ping -n -c 1 -W 1 {address}", timeout=10))
        if output.startswith("% exit status 12"):
            raise SwitchError(self.name, "has no ping to answer with; install it or name another probe host")
        return not output.startswith("% exit status")

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
