# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One port of a switch of the inventory: shutting it, and reading whether it has a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session
from ansible_collections.contingency.infra.plugins.module_utils._switch.shut import shut_port
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_action import (
    Variables,
    platform_name,
    target_from,
)

__all__ = ["LinkReader", "SwitchError", "shut"]


def shut(switch: str, port: str, inventory: Mapping[str, Any]) -> bool:
    """Shut, read back and save; returns whether it was not shut before. SwitchError where that is not done."""
    variables = Variables(switch, inventory)
    platform = platform_named(switch, platform_name(variables, {}))
    return shut_port(target_from(variables, {}), platform, port)


class LinkReader:
    """Reads the link of one port again and again in one login; a login that broke is made anew."""

    def __init__(self, switch: str, port: str, inventory: Mapping[str, Any]) -> None:
        variables = Variables(switch, inventory)
        self._platform = platform_named(switch, platform_name(variables, {}))
        self._target = target_from(variables, {})
        self._port = port
        self._session: Session | None = None

    def read(self) -> bool:
        """Return whether it has a link; OSError with the reason where that cannot be read.

        A port that was shut administratively has none whatever the host does, and is such a reason.
        """
        try:
            if self._session is None:
                self._session = self._platform.open(self._target)
            port = self._platform.read_states(self._session, [self._port])[self._port]
        except SwitchError as error:
            self.close()
            raise OSError(str(error)) from error
        if not port.enabled:
            raise OSError(f"{self._target.name}: {self._port} is shut, so its link says nothing; open it")
        return bool(port.link)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
