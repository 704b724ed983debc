# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three network namespaces on one bridge: two servers that take turns with a service address, and a client."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.collection_link import ensure_link

NAMES = ("server-a", "server-b", "client")
HOSTS = {name: number for number, name in enumerate(NAMES, start=11)}
WORK = Path(__file__).with_name("work.py")


def run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


@dataclass
class Machine:
    """One namespace with eth0 on the bridge."""

    name: str
    namespace: str
    bridge: str

    def ip(self, *words: str) -> str:
        return run("ip", "-n", self.namespace, *words)

    def run(self, *command: str) -> str:
        return run("ip", "netns", "exec", self.namespace, *command)

    @property
    def mac(self) -> str:
        return str(json.loads(self.ip("-json", "link", "show", "eth0"))[0]["address"])

    def addresses(self) -> list[str]:
        found = json.loads(self.ip("-json", "address", "show", "eth0"))[0]["addr_info"]
        return [f"{one['local']}/{one['prefixlen']}" for one in found if one["scope"] == "global"]

    def neighbor(self, address: str) -> str | None:
        """Return the MAC address at which this machine believes an address to be."""
        found = json.loads(self.ip("-json", "neigh", "show", "to", address) or "[]")
        return found[0].get("lladdr") if found else None

    def start(self, *words: str, user: str | None = None) -> subprocess.Popen[str]:
        """Start a piece of work in this machine: see work.py."""
        become = ("setpriv", f"--reuid={user}", "--clear-groups") if user else ()
        return subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *become, sys.executable, str(WORK), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ensure_link())},
        )

    def result(self, *words: str, user: str | None = None) -> dict[str, Any]:
        with self.start(*words, user=user) as process:
            output, _more = process.communicate(timeout=60)
        found: dict[str, Any] = json.loads(output.splitlines()[-1])
        return found

    def present(self, *addresses: str, **more: Any) -> dict[str, Any]:
        """Without repetition unless asked for: each test waits until nothing runs any more."""
        asked = {"interface": "eth0", "addresses": addresses, "announcements": 0, **more}
        return self.result("present", json.dumps(asked))

    def absent(self, *addresses: str, **more: Any) -> dict[str, Any]:
        return self.result("absent", json.dumps({"interface": "eth0", "addresses": addresses, **more}))

    def cable(self, *, plugged: bool) -> None:
        run("ip", "-n", self.bridge, "link", "set", self.name, "up" if plugged else "down")

    def forwarding(self, *, on: bool) -> None:
        """As with spanning tree: the link is up, and nothing passes the port."""
        run("bridge", "-n", self.bridge, "link", "set", "dev", self.name, "state", "3" if on else "0")

    def processes(self) -> list[str]:
        return run("ip", "netns", "pids", self.namespace).split()


@dataclass
class Network:
    prefix: str = field(default_factory=lambda: f"{os.environ.get('LAB_NAME', 'contingency')}-addr")

    @property
    def bridge(self) -> str:
        return f"{self.prefix}-bridge"

    def machine(self, name: str) -> Machine:
        return Machine(name, f"{self.prefix}-{name}", self.bridge)

    def up(self) -> None:
        self.down()
        run("ip", "netns", "add", self.bridge)
        run("ip", "-n", self.bridge, "link", "add", "lan", "type", "bridge", "stp_state", "0")
        run("ip", "-n", self.bridge, "link", "set", "lan", "up")
        for name, number in HOSTS.items():
            self._plug(self.machine(name), number)

    def _plug(self, machine: Machine, number: int) -> None:
        run("ip", "netns", "add", machine.namespace)
        peer = ("peer", "name", "eth0", "netns", machine.namespace)
        run("ip", "-n", self.bridge, "link", "add", machine.name, "type", "veth", *peer)
        run("ip", "-n", self.bridge, "link", "set", machine.name, "master", "lan", "up")
        machine.ip("link", "set", "lo", "up")
        machine.ip("link", "set", "eth0", "up")
        machine.ip("address", "add", f"10.9.0.{number}/24", "dev", "eth0")
        machine.ip("address", "add", f"fd09::{number}/64", "dev", "eth0", "nodad")

    def down(self) -> None:
        for name in (*(self.machine(name).namespace for name in NAMES), self.bridge):
            if Path("/run/netns", name).exists():
                run("ip", "netns", "del", name)


@contextlib.contextmanager
def network() -> Iterator[Network]:
    made = Network()
    made.up()
    try:
        yield made
    finally:
        made.down()


def until(true: Any, seconds: float = 5.0) -> bool:
    """Wait for a condition; False when the time was over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.01)
    return bool(true())
