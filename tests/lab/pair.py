# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The standby pair of the lab as the tests use it: run a procedure, look at both servers, put everything right."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import postgresql, standby
from lab.engine import Lab
from lab.writer import Writer
from tests.lab.run import Run

ROOT = Path(__file__).resolve().parents[2]
PRIMARY, STANDBY, COLD, APPLICATION = "his-db-1", "his-db-2", "his-cold-1", "his-app-1"
RACK, PRIMARY_PORT = "rack-his", "swp1"
LONGEST_RUN = 120
RECORD = "/var/lib/contingency/takeover.json"
LEASE = "/run/contingency/takeover.lease"
# What a run might have changed on a database server: addresses, the server process, its role, what was written down.
_LOOK = f"""
ip -4 -o addr show dev {standby.PORT} | awk '{{print $4}}'
head -n 3 {postgresql.DATA}/postmaster.pid 2>/dev/null | tr '\\n' ' '
ls {postgresql.DATA}/*.signal 2>/dev/null
cat {RECORD} 2>/dev/null
true
"""
ANOTHER = "another-boot:4711:1"
HELD_BY_ANOTHER = f"""
mkdir -p /run/contingency
python3 -c 'import json, time
now = time.clock_gettime(time.CLOCK_BOOTTIME)
print(json.dumps({{"run": "{ANOTHER}", "who": "colleague on other-controller", "until": now + 60}}))' > {LEASE}
"""
Snapshot = dict[str, str]


def kill_group(process: subprocess.Popen[str]) -> None:
    """End a playbook and its workers at one instant; they are in a process group of their own."""
    os.killpg(process.pid, signal.SIGKILL)


class Pair:
    """his-db-1 is the primary with the service address, his-db-2 its hot standby, his-cold-1 is off."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work

    # -- running ---------------------------------------------------------------------------------------

    def start(
        self, procedure: str, *extra: str, confirm: str = PRIMARY, before: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        """Start a playbook in a process group of its own; `before` are words in front of the command."""
        name = "primary" if procedure == "switchover" else "failed"
        confirmation = ["-e", f"contingency_confirm={confirm}"] if confirm else []
        playbook = [
            *before,
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", str(ROOT / "inventories/lab")),
            f"contingency.infra.standby_{procedure}",
            *("-e", f"{name}={PRIMARY}", *confirmation),
            *("-e", f"contingency_evidence_dir={self.work / 'evidence'}"),
            *extra,
        ]
        environment = {
            **os.environ,
            "LAB_NAME": self.lab.instance.name,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.work / "ansible"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return subprocess.Popen(
            [sys.executable, "-m", "lab", "run", "--", *playbook],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def play(self, procedure: str = "failover", *extra: str, confirm: str = PRIMARY) -> Run:
        """Run a playbook to its end."""
        return self.finished(self.start(procedure, *extra, confirm=confirm))

    def finished(self, process: subprocess.Popen[str]) -> Run:
        """What a playbook that was started left; its record is the one that it names."""
        started = time.monotonic()
        try:
            output, _errors = process.communicate(timeout=LONGEST_RUN)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise
        named = [line.partition(": ")[2] for line in output.splitlines() if line.startswith("Record: ")]
        record = next((Path(name) for name in named if name.endswith(".json")), None)
        run = Run(process.returncode, output, time.monotonic() - started, record)
        assert not run.has_traceback, output
        return run

    # -- looking ---------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Everything that a procedure may change: power, addresses, server processes, roles, records, the port."""
        machines = standby.databases(self.lab)
        with ThreadPoolExecutor() as pool:
            looks = list(pool.map(self._look, (machine.name for machine in machines)))
        seen = {machine.name: look for machine, look in zip(machines, looks, strict=True)}
        return {**seen, RACK: str(self.port_is_up())}

    def _look(self, name: str) -> str:
        if not self.lab.machine(name).running():
            return "off"
        return self.shell(name, _LOOK)

    def shell(self, machine: str, script: str) -> str:
        return self.lab.exec(machine, "sh", "-c", script).stdout

    def port_is_up(self) -> bool:
        """Whether the primary's port at its switch is administratively up."""
        return bool(int(self.shell(RACK, f"cat /sys/class/net/{PRIMARY_PORT}/flags"), 16) & 1)

    def running(self, machine: str) -> bool:
        return self.lab.machine(machine).running()

    def primaries(self) -> list[str]:
        """The database servers that take writes now."""
        answering = [
            m.name for m in standby.databases(self.lab) if m.running() and postgresql.answers(self.lab, m.name)
        ]
        return [name for name in answering if not postgresql.in_recovery(self.lab, name)]

    def lease_is_held(self) -> bool:
        """Whether a takeover is under way on the standby."""
        return "run" in self.shell(STANDBY, f"cat {LEASE} 2>/dev/null || true")

    def service_at(self) -> list[str]:
        return standby.service_at(self.lab)

    def is_on_standby_alone(self) -> None:
        """The standby took over, and nobody else takes a write or has the address."""
        assert self.primaries() == [STANDBY]
        assert self.service_at() == [STANDBY]

    # -- breaking --------------------------------------------------------------------------------------

    def lose_power(self, machine: str = PRIMARY) -> None:
        self.lab.fault("power-off", machine)

    @contextmanager
    def fault(self, name: str, machine: str) -> Iterator[None]:
        self.lab.fault(name, machine)
        try:
            yield
        finally:
            self.lab.heal(name, machine)

    def writing(self) -> Writer:
        """A writer through the service address, 200 rows a second."""
        return Writer(self.lab)

    def synchronous(self) -> None:
        standby.synchronous(self.lab)

    def bmc(self, **changes: object) -> list[str]:
        """Arguments of ansible-playbook that describe the primary's BMC otherwise than the inventory does."""
        inventory = json.loads(self.lab.instance.inventory.read_text(encoding="utf-8"))
        described: dict[str, Any] = inventory["_meta"]["hostvars"][PRIMARY]["standby_bmc"]
        return ["-e", json.dumps({"standby_bmc": {**described, **changes}})]

    # -- putting right ---------------------------------------------------------------------------------

    def restore(self) -> None:
        """As new; quick where nothing was changed."""
        self._open_port()
        if not (self.running(PRIMARY) and self.running(STANDBY)):
            standby.renew(self.lab)
        self.lab.heal_all()
        if self._has_changed():
            standby.renew(self.lab)

    def _open_port(self) -> None:
        if not self.port_is_up():
            lines = ("configure terminal", f"interface {PRIMARY_PORT}", "no shutdown")
            words = " ".join(f"-c '{line}'" for line in lines)
            self.shell(RACK, f"vtysh {words} && vtysh -c 'write memory'")

    def _has_changed(self) -> bool:
        if self.running(COLD) or self.service_at() != [PRIMARY] or self.primaries() != [PRIMARY]:
            return True
        if any(self.shell(name, f"cat {RECORD} 2>/dev/null || true") for name in (PRIMARY, STANDBY)):
            return True
        return postgresql.streaming(self.lab, PRIMARY) != {STANDBY: "async"}
