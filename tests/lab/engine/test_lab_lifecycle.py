# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Up, down and what is left behind, also after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Lab, cgroups, cleaner
from lab.instance import NAMESPACES, STATE_ROOT, Instance
from lab.kinds.light import LightMachine
from lab.topology import load

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def second() -> Iterator[Lab]:
    """Another instance of the same lab, with the same addresses."""
    lab = Lab(Instance(f"pytest-{os.getpid()}-2"), load())
    yield lab
    lab.down()


def left_over(lab: Lab) -> list[str]:
    """Everything on this machine that belongs to an instance."""
    names = [path.name for path in NAMESPACES.glob("*") if path.name.startswith(lab.instance.prefix)]
    processes = [f"process {pid}" for pid in cleaner.processes(lab.instance)]
    mounted = [
        line for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines() if lab.instance.name in line
    ]
    files = [str(path) for path in STATE_ROOT.glob(f"{lab.instance.name}*")]
    groups = [str(path) for tree in cgroups.hierarchies() for path in tree.glob(f"*{lab.instance.prefix}*")]
    return [*names, *processes, *mounted, *files, *groups]


def interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


def lab_command(lab: Lab, *words: str, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    environment = {**os.environ, "LAB_NAME": lab.instance.name}
    return subprocess.Popen([sys.executable, "-m", "lab", *words], cwd=ROOT, env=environment, stdout=stdout, text=True)


def test_two_instances_live_side_by_side_and_down_leaves_nothing(lab: Lab, second: Lab) -> None:
    before = interfaces()
    second.up(parts=["network"])
    second.machine("core-a").power_off()
    lab.wait_for_network()
    assert interfaces() == before
    second.down()
    assert left_over(second) == []
    assert interfaces() == before
    lab.wait_for_network()


def test_up_twice_is_quick_and_changes_nothing(lab: Lab) -> None:
    pids = {name: machine.running_pid() for name, machine in lab.machines.items() if isinstance(machine, LightMachine)}
    started = time.monotonic()
    lab.up()
    assert time.monotonic() - started < 3
    assert pids == {name: machine.pid() for name, machine in lab.machines.items() if isinstance(machine, LightMachine)}


def test_down_leaves_nothing_of_servers_that_are_on_off_or_asleep(second: Lab) -> None:
    before = interfaces()
    second.up(parts=["standby"])
    second.machine("his-db-2").power_off()
    second.machine("bmc-db-2").power_off()
    second.down()
    assert left_over(second) == []
    assert interfaces() == before


@pytest.mark.parametrize("after", [0.4, 0.9, 1.6, 2.5])
def test_down_cleans_up_after_an_up_that_was_killed(second: Lab, after: float) -> None:
    building = lab_command(second, "up")
    time.sleep(after)
    assert building.poll() is None, "it ended before it was killed"
    building.send_signal(signal.SIGKILL)
    building.wait()
    second.down()
    assert left_over(second) == []


def test_up_works_after_an_up_that_was_killed(second: Lab) -> None:
    building = lab_command(second, "up")
    time.sleep(1.2)
    assert building.poll() is None, "it ended before it was killed"
    building.send_signal(signal.SIGKILL)
    building.wait()
    second.up()
    second.wait_for_network()


def test_without_root_one_sentence_says_so() -> None:
    argv = ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-m", "lab", "up"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "needs root" in done.stderr
