# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with systemd units that start, and a clock that only moves when somebody waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, LocalHost


class FakeHost(LocalHost):
    """``units``: ActiveState by name. ``on_command`` answers any other program."""

    def __init__(self, **units: str) -> None:
        self.units = {name.replace("_", "-"): state for name, state in units.items()}
        self.load: dict[str, str] = {}
        self.start_answer = Answer(0, "", "")
        self.becomes = "active"
        self.on_command: Callable[[list[str]], Answer] = lambda command: Answer(0, "", "")
        self.commands: list[list[str]] = []
        self.pauses: list[float] = []
        self.given: list[dict[str, Any]] = []
        self.clock = 100.0

    def run(self, command: Sequence[str], **more: Any) -> Answer:
        words = list(command)
        if words[:2] == ["systemctl", "show"]:
            state = self.units.get(words[-1], "inactive")
            load = self.load.get(words[-1], "loaded" if words[-1] in self.units else "not-found")
            return Answer(0, f"LoadState={load}\nActiveState={state}\nSubState=dead\n", "")
        self.commands.append(words)
        self.given.append(more)
        if words[:2] == ["systemctl", "start"]:
            if self.start_answer.status == 0:
                self.units[words[-1]] = self.becomes
            return self.start_answer
        return self.on_command(words)

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock += seconds
