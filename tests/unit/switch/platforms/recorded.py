# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session that answers from memory, for outputs that no fake device gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target

UNKNOWN = "% Invalid input\nerror: unknown command\n"


class Recorded(Session):
    """Answers each command with its recorded output; a command that was not recorded is refused."""

    def __init__(self, platform: str, outputs: Mapping[str, str]) -> None:
        super().__init__(Target("access-ward", "192.0.2.1"), PLATFORMS[platform].rejections)
        self._outputs = outputs

    def exchange(self, send: Send) -> str:
        return self._outputs.get(send.command, UNKNOWN)

    @property
    def connection(self) -> Any:
        raise NotImplementedError("a recorded session has no connection")
