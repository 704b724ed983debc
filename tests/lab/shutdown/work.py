# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shutdowns of the lab's machines as users run them, and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lab.engine import Lab
from tests.lab.run_module import results_in
from tools.collection_link import ensure_link

ROOT = Path(__file__).resolve().parents[3]
ACTIONS = Path(__file__).with_name("action")
READY_SECONDS = 60
LONGEST_RUN = 180
HANGING_UNIT = """\
[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sleep {seconds}
TimeoutStopSec=infinity
"""


class Shutdowns:
    """The machines of the part standby; his-cold-1 is off, all others are on."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work
        self.durations = work / "durations.json"

    # -- running ---------------------------------------------------------------------------------------

    def start(self, host: str, arguments: dict[str, Any], *extra: str, module: str = "") -> subprocess.Popen[str]:
        """Start a play of one task in a process group of its own."""
        task = {module or "contingency.infra.host_shutdown": arguments}
        playbook = self.work / f"play-{time.monotonic_ns()}.yml"
        playbook.write_text(json.dumps([{"hosts": host, "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
        ansible = Path(sys.executable).with_name("ansible-playbook")
        command = [str(ansible), "-i", str(ROOT / "inventories/lab"), str(playbook), *extra]
        return subprocess.Popen(
            [sys.executable, "-m", "lab", "run", "--", *command],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, host: str, *extra: str, module: str = "", **arguments: Any) -> dict[str, Any]:
        """What the task returned."""
        given = {"durations_file": str(self.durations), **arguments} if not module else arguments
        output, _errors = self.start(host, given, *extra, module=module).communicate(timeout=LONGEST_RUN)
        assert "Traceback" not in output, output
        results = results_in(output)
        assert len(results) == 1, output
        print(json.dumps(results[0], indent=1))
        return {**results[0], "failed": "FAILED!" in output}

    def kill(self, process: subprocess.Popen[str]) -> None:
        """End a play and its workers at one instant."""
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "LAB_NAME": self.lab.instance.name,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ensure_link()),
            "ANSIBLE_ACTION_PLUGINS": str(ACTIONS),
            "ANSIBLE_STDOUT_CALLBACK": "minimal",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.work / "ansible"),
        }

    # -- looking and preparing -----------------------------------------------------------------------------

    def is_on(self, host: str) -> bool:
        return self.lab.machine(host).running()

    def shell(self, host: str, script: str) -> str:
        return self.lab.exec(host, "sh", "-c", script).stdout

    def boot(self, host: str) -> str:
        return self.shell(host, "cat /proc/sys/kernel/random/boot_id")

    def kept(self, host: str) -> list[dict[str, Any]]:
        """The durations that were kept of a host."""
        if not self.durations.exists():
            return []
        found: list[dict[str, Any]] = json.loads(self.durations.read_text(encoding="utf-8"))["hosts"].get(host, [])
        return found

    def hang_in_shutdown(self, host: str, seconds: float, unit: str = "hanging.service") -> None:
        """Start a unit whose stop takes so long; it is gone with the next start."""
        path = f"/run/systemd/system/{unit}"
        text = HANGING_UNIT.format(seconds=seconds)
        self.shell(host, f"mkdir -p /run/systemd/system; printf '%s' '{text}' > {path}")
        self.shell(host, f"systemctl daemon-reload; systemctl start {unit}")

    def restore(self) -> None:
        """All on and answering, except for the cold standby; nothing kept."""
        self.durations.unlink(missing_ok=True)
        for name, machine in self.lab.machines.items():
            if self.lab.topology.machines[name].power and not machine.running():
                machine.power_on()
                self._wait(name)
        self.lab.heal_all()

    def _wait(self, host: str) -> None:
        until = time.monotonic() + READY_SECONDS
        while reason := self.lab.machine(host).not_ready():
            assert time.monotonic() < until, f"{host}: {reason}"
            time.sleep(0.2)
