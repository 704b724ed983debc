# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks staged_shutdown and staged_startup: real upsd, batteries that drain, hosts that really go off."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.engine import Lab
from lab.instance import Instance
from lab.power import control
from lab.topology import load

ROOT = Path(__file__).resolve().parents[2]
EARLY = {"lis-web-1", "lis-web-2", "lis-report-1"}
LATER = {"lis-app-1", "lis-app-2", "lis-files-1"}
KEPT = {"lis-db-1", "lis-dns-1"}
ALL = EARLY | LATER | KEPT
UPSES = ("ups-a", "ups-b")
PLANNED = ("-e", "outage=planned", "-e", "contingency_confirm=planned")
LONGEST_RUN = 120
SEED = int(os.environ.get("CONTINGENCY_SEED", "1"))


def policy(first: float, second: float, third: float) -> tuple[str, str]:
    """Stages by the outage's age in seconds; the margins are small, as the lab's hosts are quick."""
    stages = zip(("not_critical", "application", "critical"), (first, second, third), strict=True)
    described = {
        "stages": [{"name": name, "after_seconds": seconds} for name, seconds in stages],
        "reserve_seconds": 10,
        "poll_seconds": 3,
        "stable_seconds": 3,
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
    """The laboratory's information system behind its two UPSes."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work

    def start(self, name: str, *extra: str) -> subprocess.Popen[str]:
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


@pytest.fixture(scope="module")
def power_lab() -> Iterator[Lab]:
    found = Lab(Instance(f"{os.environ.get('LAB_NAME', 'test')}-power"), load())
    found.up(parts=["power"])
    yield found
    found.down()


@pytest.fixture
def room(power_lab: Lab, tmp_path: Path) -> Room:
    power_lab.heal_all()
    power_lab.up(parts=["power"])
    return Room(power_lab, tmp_path)


def test_stages_go_by_age_and_what_the_policy_keeps_stays_and_all_come_back(room: Room) -> None:
    by_age = policy(4, 12, 600)
    assert room.shutdown(*by_age).line("Staged shutdown:") == "mains is there, nothing to do"
    room.mains_off()
    first = room.shutdown(*by_age)
    assert "0 of 8 hosts are off" in first.output
    time.sleep(4)
    assert room.shutdown(*by_age).status == 0
    assert room.on() == LATER | KEPT
    time.sleep(6)
    last = room.shutdown(*by_age)
    assert "6 of 8 hosts are off" in last.output, last.output
    assert room.on() == KEPT

    before = room.on()
    again = room.shutdown(*by_age)
    assert again.status == 0
    assert not again.changed
    assert room.on() == before
    assert "still on: lis-db-1, lis-dns-1" in again.output
    report = room.report()
    nodes = report["outage"]["nodes"]
    for app in ("lis-app-1", "lis-app-2"):
        for web in ("lis-web-1", "lis-web-2"):
            assert nodes[app]["since"]["epoch"] >= nodes[web]["off_at"]["epoch"]
    assert (room.work / "evidence").joinpath(f"outage-{report['outage']['id']}.svg").exists()

    waits = room.play("staged_startup", *by_age)
    assert "WAITS: ups-" in waits.output
    room.mains_on()
    started = until_closed(room, by_age)
    assert room.on() == ALL
    assert "up and healthy" in started.line("lis-web-1")
    assert "nothing to do" in room.play("staged_startup", *by_age).output


def until_closed(room: Room, by_age: tuple[str, ...]) -> Played:
    deadline = time.monotonic() + 60
    while True:
        played = room.play("staged_startup", *by_age)
        assert played.status == 0, played.output
        if "the outage is closed" in played.output:
            return played
        assert time.monotonic() < deadline, played.output
        time.sleep(1)


def test_a_short_ups_is_left_early_and_nothing_is_running_when_it_is_empty(room: Room) -> None:
    with ExitStack() as stack:
        for ups in UPSES:
            stack.enter_context(room.fault("worn-battery", ups))
        room.mains_off()
        deadline = time.monotonic() + 100
        while "all 8 hosts are off" not in (played := room.shutdown(*NEVER)).output:
            assert played.status == 0, played.output
            assert time.monotonic() < deadline, played.output
            time.sleep(1)
        assert room.on() == set()
        assert "battery of ups-" in (room.work / "evidence").glob("outage-*.svg").__next__().read_text(encoding="utf-8")
        assert all(room.charge(ups) > 0 for ups in UPSES), "none of them lost its power"
        assert {state["how"] for state in room.report()["outage"]["nodes"].values()} == {"off (graceful, by bmc)"}


def test_mains_back_in_the_middle_of_a_stage_ends_it(room: Room) -> None:
    room.mains_off()
    process = room.start("staged_shutdown", *policy(0, 0, 0))
    deadline = time.monotonic() + 30
    while room.on() == ALL:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    room.mains_on()
    output, _errors = process.communicate(timeout=LONGEST_RUN)
    assert process.returncode == 0, output
    assert room.on() >= KEPT
    quiet = room.shutdown(*policy(0, 0, 0))
    assert not quiet.changed
    assert "mains is back" in quiet.output


def test_a_host_that_hangs_is_forced_and_a_dead_controller_leaves_its_host_named_and_tried_again(room: Room) -> None:
    extra = (*PLANNED, *policy(0, 0, 0), "-e", "shutdown_timeout=8")
    with room.fault("shutdown-hangs", "lis-report-1"), room.fault("bmc-dead", "lis-files-1"):
        played = room.shutdown(*extra)
    assert played.status != 0
    assert "forced" in played.line("lis-report-1")
    assert "NOT confirmed off" in played.line("lis-files-1")
    assert "Next: see to lis-files-1" in played.output
    assert room.on() <= {"lis-files-1", "lis-dns-1"}
    again = room.shutdown(*extra)
    assert again.status == 0, again.output
    assert room.on() == set()


@pytest.mark.parametrize("number", range(int(os.environ.get("CONTINGENCY_KILLS", "2"))))
def test_a_killed_run_is_gone_on_with_by_the_next(room: Room, number: int) -> None:
    after = random.Random(SEED + number).uniform(1.0, 9.0)
    process = room.start("staged_shutdown", *PLANNED, *policy(0, 0, 0))
    time.sleep(after)
    room.kill(process)
    print(f"killed after {after:.2f} s, {len(room.on())} of 8 were on")
    played = room.shutdown(*PLANNED, *policy(0, 0, 0))
    assert played.status == 0, played.output
    assert room.on() == set(), played.output
    assert not room.shutdown(*PLANNED, *policy(0, 0, 0)).changed


def test_upses_that_nobody_can_read_shut_nothing_and_are_an_error(room: Room) -> None:
    with ExitStack() as stack:
        for ups in UPSES:
            stack.enter_context(room.fault("cut-management", ups))
        played = room.shutdown(*policy(0, 0, 0))
    assert played.status != 0
    assert "NOT EVERY UPS CAN BE READ" in played.output
    assert played.line("ups-a").startswith("UNKNOWN: ")
    assert room.on() == ALL


def test_a_ups_that_falls_silent_in_an_outage_keeps_it_going(room: Room) -> None:
    room.mains_off()
    room.shutdown(*policy(5, 600, 600))
    with ExitStack() as stack:
        for ups in UPSES:
            stack.enter_context(room.fault("ups-driver-killed", ups))
        time.sleep(4)
        played = room.shutdown(*policy(5, 600, 600))
    assert room.on() == LATER | KEPT, played.output
    assert "UNKNOWN: " in played.output
    assert "its reading of" in played.output, "the plan says by what it judges a silent UPS"


def test_a_plan_and_check_mode_change_nothing(room: Room) -> None:
    plan = room.shutdown("-e", "outage=planned", *policy(0, 0, 0))
    assert plan.status != 0
    assert "would be shut now" in plan.line("lis-web-1")
    assert "contingency_confirm=planned" in plan.output
    room.mains_off()
    check = room.shutdown("--check", *policy(0, 0, 0))
    assert check.status == 0, check.output
    assert "would be shut now" in check.line("lis-web-1")
    assert room.on() == ALL
    assert not (room.work / "state").exists()
    assert not list(room.work.glob("evidence/outage-*"))
