# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time per switch: between processes, and also when one of them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch import lock
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import Busy

HOLDER = """
import sys, time
from ansible_collections.contingency.infra.plugins.module_utils._switch.lock import only_run
with only_run(sys.argv[1], sys.argv[2], 0):
    print("held", flush=True)
    time.sleep(60)
"""
Holder = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    """Starts other processes that hold the lock of a switch."""
    started: list[subprocess.Popen[str]] = []

    def start(switch: str) -> subprocess.Popen[str]:
        collections = Path(lock.__file__).resolve().parents[3] / "build/collections"
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, switch, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(collections)},
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def held(switch: str, directory: Path, patience: float = 0.0) -> bool:
    try:
        with lock.only_run(switch, str(directory), patience):
            return False
    except Busy:
        return True


def test_a_second_run_on_the_same_switch_is_refused_with_what_to_do(holder: Holder, tmp_path: Path) -> None:
    holder("access-ward")
    with pytest.raises(Busy) as caught, lock.only_run("access-ward", str(tmp_path), 0.0):
        pass
    assert "access-ward: another run on this controller is still working on it" in str(caught.value)
    assert "wait until it has ended" in str(caught.value)


def test_another_switch_is_free(holder: Holder, tmp_path: Path) -> None:
    holder("access-ward")
    assert not held("access-lab", tmp_path)


def test_a_killed_holder_leaves_nothing_to_clean_up(holder: Holder, tmp_path: Path) -> None:
    process = holder("access-ward")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not held("access-ward", tmp_path)


def test_a_run_waits_for_another_one_that_ends_in_time(holder: Holder, tmp_path: Path) -> None:
    process = holder("access-ward")
    process.send_signal(signal.SIGTERM)
    assert not held("access-ward", tmp_path, patience=10)


def test_waiting_has_an_end(holder: Holder, tmp_path: Path) -> None:
    holder("access-ward")
    started = time.monotonic()
    assert held("access-ward", tmp_path, patience=0.3)
    assert 0.3 <= time.monotonic() - started < 3


def test_the_lock_is_free_after_a_failed_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), lock.only_run("access-ward", str(tmp_path), 0.0):
        raise RuntimeError
    assert not held("access-ward", tmp_path)


def test_no_name_of_a_switch_leaves_the_directory(tmp_path: Path) -> None:
    with lock.only_run("../../etc/x", str(tmp_path / "locks"), 0.0):
        assert os.listdir(tmp_path) == ["locks"]
