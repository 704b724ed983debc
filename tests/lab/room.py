# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts behind two UPSes as the tests use them: run a playbook, look, break something."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.engine import Lab
from lab.power import control

ROOT = Path(__file__).resolve().parents[2]
EARLY = {"lis-web-1", "lis-web-2", "lis-report-1"}
LATER = {"lis-app-1", "lis-app-2", "lis-files-1"}
KEPT = {"lis-db-1", "lis-dns-1"}
ALL = EARLY | LATER | KEPT
UPSES = ("ups-a", "ups-b")
PLANNED = ("-e", "outage=planned", "-e", "contingency_confirm=planned")
LONGEST_RUN = 120


def policy(first: float, second: float, third: float, stable: float = 3) -> tuple[str, str]:
    """Stages by the outage's age in seconds; the margins are small, as the lab's hosts are quick."""
    stages = zip(("not_critical", "application", "critical"), (first, second, third), strict=True)
    described = {
        "stages": [{"name": name, "after_seconds": seconds} for name, seconds in stages],
        "reserve_seconds": 10,
        "poll_seconds": 3,
        "stable_seconds": stable,
        "minimum_charge_percent": 10,
    }
    return "-e", json.dumps({"staged_shutdown_policy": described})


NEVER = policy(3000, 3000, 3000)


@dataclass(frozen=True)
class Played:
    """One run of a playbook."""

    status: int
    output: str

    @property
    def changed(self) -> bool:
        return "changed=1" in self.output

    def line(self, name: str) -> str:
        found = [line for line in self.output.splitlines() if line.startswith(f"{name} ")]
        assert found, self.output
        return found[-1].removeprefix(name).strip()


class Room:
    """One lab with its part power; state and evidence of the runs are in ``work``."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work
        self.environment: dict[str, str] = {}
        """What the playbooks have in their environment beside what they always have."""

    def start(self, name: str, *extra: str) -> subprocess.Popen[str]:
        """Start a playbook in a process group of its own."""
        ansible = str(Path(sys.executable).with_name("ansible-playbook"))
        places = {
            "contingency_state_dir": str(self.work / "state"),
            "contingency_evidence_dir": str(self.work / "evidence"),
        }
        playbook = [ansible, "-i", str(ROOT / "inventories/lab"), f"contingency.infra.{name}", "-e", json.dumps(places)]
        environment = {
            **os.environ,
            "LAB_NAME": self.lab.instance.name,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.work / "ansible"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": f"/run/contingency-lab/{self.lab.instance.name}/cp",
            **self.environment,
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return subprocess.Popen(
            [sys.executable, "-m", "lab", "run", "--", *playbook, *extra],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def kill(self, process: subprocess.Popen[str]) -> None:
        """End a run at once: the playbook, and the worker that is at the outage, in a session of its own."""
        os.killpg(process.pid, signal.SIGKILL)
        lock = self.work / "state" / "outage" / "outage.lock"
        if lock.exists() and (found := re.match(r"process (\d+) ", lock.read_text(encoding="ascii"))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(found[1]), signal.SIGKILL)
        process.communicate()

    def play(self, name: str, *extra: str) -> Played:
        process = self.start(name, *extra)
        output, _errors = process.communicate(timeout=LONGEST_RUN)
        assert "Traceback" not in output, output
        return Played(process.returncode, output)

    def shutdown(self, *extra: str) -> Played:
        return self.play("staged_shutdown", *extra)

    def start_all(self, *extra: str) -> Played:
        """Run the start until the outage is closed; the run that closed it."""
        deadline = time.monotonic() + 60
        while "the outage is closed" not in (played := self.play("staged_startup", *extra)).output:
            assert played.status == 0, played.output
            assert time.monotonic() < deadline, played.output
            time.sleep(1)
        return played

    def on(self) -> set[str]:
        return {host.name for host in control.hosts(self.lab) if host.running()}

    def mains_off(self) -> None:
        for ups in UPSES:
            self.lab.fault("mains-off", ups)
        deadline = time.monotonic() + 10
        while not all("OB" in control.ups(self.lab, ups).variable("ups.status") for ups in UPSES):
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def mains_on(self) -> None:
        for ups in UPSES:
            self.lab.heal("mains-off", ups)

    @contextmanager
    def fault(self, name: str, target: str) -> Iterator[None]:
        self.lab.fault(name, target)
        try:
            yield
        finally:
            self.lab.heal(name, target)

    def report(self) -> dict[str, Any]:
        (path,) = (self.work / "evidence").glob("outage-*.json")
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def charge(self, ups: str) -> float:
        return float(control.ups(self.lab, ups).variable("battery.charge"))
