# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of a playbook left: its status, what it printed, its record."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+)", re.MULTILINE)
_TITLE = re.compile(r"^(?:Core switch fail(?:over|back)|Standby (?:failover|switchover|rejoin)): .*$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    status: int
    output: str
    seconds: float
    record_file: Path | None

    @cached_property
    def changed(self) -> dict[str, int]:
        """How many tasks changed something, by host, from the recap."""
        return {host: int(count) for host, count in _RECAP.findall(self.output)}

    @cached_property
    def record(self) -> dict[str, Any]:
        assert self.record_file is not None, self.output
        found: dict[str, Any] = json.loads(self.record_file.read_text(encoding="utf-8"))
        return found

    def result(self, host: str) -> dict[str, Any]:
        """What the host's task returned, from the record."""
        found: dict[str, Any] = next(line["result"] for line in self.record["hosts"] if line["host"] == host)
        return found

    def line(self, host: str) -> str:
        """The host's line of the summary."""
        found = re.search(rf"^{re.escape(host)}  +(?! *:)(.*)$", self.summary, re.MULTILINE)
        assert found, f"no line of {host} in:\n{self.output}"
        return found.group(1)

    @cached_property
    def summary(self) -> str:
        """What the person on duty reads last."""
        title = _TITLE.search(self.output)
        assert title, self.output
        return self.output[title.start() :].partition("PLAY RECAP")[0]

    def planned(self, host: str) -> list[str]:
        """The commands that the plan shows for a host."""
        _before, marker, commands = self.line(host).partition("would send: ")
        return commands.split("; ") if marker else []

    @property
    def has_traceback(self) -> bool:
        return "Traceback" in self.output
