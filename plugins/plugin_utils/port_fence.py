# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fencing a host by its port of a switch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.plugin_utils.fencing import Fence, NotFenced, Proof


class PortFence(Fence):
    """The port is shut, read back and saved."""

    method = "switch_port"

    def __init__(self, host: str, switch: str, port: str, hostvars: Mapping[str, Any]) -> None:
        self._host = host
        self._switch = switch
        self._port = port
        self._hostvars = hostvars

    def prepare(self) -> None:
        """A login to a switch that is perhaps never needed would only take time."""

    def fence(self) -> Proof:
        if self._switch not in self._hostvars:
            raise NotFenced(f"{self._switch} is not in the inventory; check standby_switch_port of {self._host}")
        # Not at the top: Netmiko costs 0.2 s to load, and where the BMC answers nobody needs it.
        from ansible_collections.contingency.infra.plugins.plugin_utils.switch_port import SwitchError, shut

        try:
            changed = shut(self._switch, self._port, self._hostvars[self._switch])
        except SwitchError as error:
            raise NotFenced(str(error)) from error
        seen = "shut" if changed else "was shut already"
        what = f"{self._host}: port {self._port} of {self._switch} {seen} and saved"
        return Proof(self.method, what, time.time(), already=not changed)

    def plan(self) -> str:
        return f"shut port {self._port} of {self._switch}, to which {self._host} is connected, and save that"
