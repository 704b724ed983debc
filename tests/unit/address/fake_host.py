# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with interfaces that ip shows and changes, and no network behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, LocalHost

MAC = "02:00:00:00:00:0a"


def interface(name: str = "eth0", *addresses: str, **more: Any) -> dict[str, Any]:
    """One entry of ``ip -json address show``."""
    return {
        "ifname": name,
        "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
        "link_type": "ether",
        "address": MAC,
        "addr_info": [entry(address) for address in addresses],
        **more,
    }


def entry(cidr: str, **more: Any) -> dict[str, Any]:
    local, _separator, length = cidr.partition("/")
    return {"family": "inet6" if ":" in local else "inet", "local": local, "prefixlen": int(length), **more}


class FakeHost(LocalHost):
    """Runs only ip and sh, on the interfaces that it was given."""

    def __init__(self, *interfaces: dict[str, Any], files: Mapping[str, str] | None = None) -> None:
        self.interfaces = {one["ifname"]: one for one in interfaces}
        self.files = dict(files or {})
        self.commands: list[list[str]] = []
        self.answers: dict[str, Answer] = {}

    def run(self, command: Sequence[str], **_more: Any) -> Answer:
        words = list(command)
        line = " ".join(words)
        answer = next((answer for start, answer in self.answers.items() if line.startswith(start)), None)
        if answer is not None:
            return answer
        if words == ["ip", "-json", "address", "show"]:
            return Answer(0, json.dumps(list(self.interfaces.values())), "")
        self.commands.append(words)
        if words[:2] == ["ip", "address"]:
            known = self.interfaces[words[words.index("dev") + 1]]["addr_info"]
            if words[2] == "add":
                known.append(entry(words[3]))
            else:
                known[:] = [one for one in known if f"{one['local']}/{one['prefixlen']}" != words[3]]
        return Answer(0, "", "")

    def read(self, path: str) -> str | None:
        return self.files.get(path)

    def exists(self, path: str) -> bool:
        return path in self.files

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")
