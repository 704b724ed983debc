# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session without a switch: each command has its answer, for outputs that no fake shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target


class _Scripted(Session):
    """Answers each command with its text; with the texts of a list one after the other, the last again and again."""

    def __init__(self, platform: Platform, answers: Mapping[str, str | Sequence[str]], unknown: str = "") -> None:
        super().__init__(Target(name="sw1", host="192.0.2.1"), platform.rejections)
        self._answers = {command: [text] if isinstance(text, str) else list(text) for command, text in answers.items()}
        self._unknown = unknown
        self.asked: list[str] = []

    @property
    def connection(self) -> Any:
        raise AssertionError("this session has no connection")

    @property
    def addresses(self) -> tuple[str, str]:
        return "192.0.2.9", "192.0.2.1"

    def exchange(self, send: Send) -> str:
        self.asked.append(send.command)
        texts = self._answers.get(send.command, [self._unknown])
        return texts.pop(0) if len(texts) > 1 else texts[0]


def scripted(platform: Platform, answers: Mapping[str, str | Sequence[str]], unknown: str = "") -> Any:
    """Return a session of the platform that gives these answers."""
    return _Scripted(platform, answers, unknown)
