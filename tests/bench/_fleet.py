# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many fake devices, one uplink swap each: ours against a thread pool, an ordinary module, and Ansible's floor."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.bench._cost import ROOT, Cost, cost

PLAYBOOKS = ROOT / "tests/bench/playbooks"
FORKS = 10
CORES = ("core-b", "core-a")


class Fleet:
    """Fake devices that run in a process of their own."""

    def __init__(self, directory: Path, count: int) -> None:
        self.directory = directory
        self.inventory = directory / "fakes.yml"
        self.control = directory / "control"
        self.count = count
        self.turn = 0

    @property
    def to(self) -> str:
        """Return the core that the next swap goes to."""
        return CORES[self.turn % 2]

    def hosts(self) -> list[dict[str, Any]]:
        """Return the devices' variables."""
        inventory = yaml.safe_load(self.inventory.read_text(encoding="utf-8"))
        return list(inventory["all"]["children"]["access_switches"]["hosts"].values())

    def ask(self, **request: str) -> Any:
        """Ask the fakes' control socket."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.control))
            client.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(client.makefile().readline())["result"]

    def lines_of_last_session(self) -> list[str]:
        """Return what the first device received in its last session, after the login."""
        log = self.ask(do="log", device=next(iter(self.ask(do="list"))))
        last = max(entry["session"] for entry in log)
        lines = [entry["line"] for entry in log if entry["session"] == last and entry["line"]]
        return [line for line in lines if not line.startswith("terminal ")]

    def swap(self) -> Cost:
        """Swap every uplink by our playbook."""
        spent = self._play("swap.yml", "-e", f"to={self.to}")
        self.turn += 1
        return spent

    def floor(self) -> Cost:
        """Run a play of one debug task."""
        return self._play("floor.yml")

    def module(self, lines: list[str]) -> Cost:
        """Send the lines by an ordinary module that imports Netmiko."""
        spent = self._play("module.yml", "-e", json.dumps({"lines": lines}))
        self.turn += 1
        return spent

    def pool(self, lines: list[str]) -> Cost:
        """Send the lines by a thread pool."""
        (self.directory / "hosts.json").write_text(json.dumps(self.hosts()), encoding="utf-8")
        (self.directory / "lines.json").write_text(json.dumps(lines), encoding="utf-8")
        script = str(ROOT / "tests/bench/_thread_pool.py")
        spent = cost([sys.executable, script, str(self.directory / "hosts.json"), str(self.directory / "lines.json")])
        self.turn += 1
        return spent

    def _play(self, playbook: str, *extra: str) -> Cost:
        ansible = str(Path(sys.executable).with_name("ansible-playbook"))
        argv = [ansible, "-i", str(self.inventory), "-f", str(FORKS), str(PLAYBOOKS / playbook), *extra]
        return cost(argv)


@contextlib.contextmanager
def fleet(count: int) -> Iterator[Fleet]:
    """Start fake devices and end them."""
    with tempfile.TemporaryDirectory() as name:
        made = Fleet(Path(name), count)
        argv = [sys.executable, "-m", "lab.fakes", "--platform", "cisco_ios", "--count", str(count)]
        argv += ["--inventory", str(made.inventory), "--control", str(made.control)]
        with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            if not process.stdout.readline().startswith("ready"):
                sys.exit("the fake devices did not start")
            try:
                yield made
            finally:
                process.terminate()
