# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs on this machine: their end is told, whatever it is, and none outlives its time."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, LocalHost

HOST = LocalHost()


def test_output_error_and_status_are_told_apart() -> None:
    assert HOST.run(["sh", "-c", "cat; echo wrong >&2; exit 3"], stdin="in") == (3, "in", "wrong\n")


def test_the_environment_is_a_known_one() -> None:
    answer = HOST.run(["sh", "-c", "echo $LC_ALL $PGUSER $PYTHONPATH"], environment={"PGUSER": "postgres"})
    assert answer.output.split() == ["C", "postgres"]


def test_a_program_that_hangs_is_killed_with_its_children() -> None:
    began = time.monotonic()
    answer = HOST.run(["sh", "-c", "sleep 60 & echo $!; wait"], timeout=0.3)
    assert answer.status == TIMED_OUT
    assert "did not end within 0.3 s" in answer.complaint
    assert time.monotonic() - began < 5


def test_what_is_missing_is_told() -> None:
    assert HOST.run(["no-such-program"]).status == MISSING
    assert "no user nobody-of-that-name" in HOST.run(["true"], user="nobody-of-that-name").complaint


def test_another_user_runs_it_or_says_why_not() -> None:
    answer = HOST.run(["sh", "-c", "id -un; pwd"], user="nobody")
    if os.geteuid() == 0:
        assert answer.output.split() == ["nobody", "/"]
    else:
        assert answer.status != 0
        assert answer.complaint


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("before", encoding="utf-8")
    HOST.write_atomically(str(path), "after")
    assert HOST.read(str(path)) == "after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


def test_what_is_not_there_is_none() -> None:
    assert HOST.read("/no/such/file") is None
    assert HOST.free_bytes("/no/such/place") is None
    assert not HOST.exists("/no/such/file")
    assert (HOST.free_bytes("/") or 0) > 0


def test_names_that_are_not_utf_8_pass_through_whole(tmp_path: Path) -> None:
    name = "患者".encode("gbk")
    (tmp_path / os.fsdecode(name)).touch()
    listed = HOST.run(["ls", str(tmp_path)]).output.strip()
    assert os.fsencode(listed) == name
    assert os.fsencode(HOST.run(["cat"], stdin=listed).output) == name
    # A sentence is for people, and is written to a report.
    assert HOST.run(["ls", str(tmp_path)]).complaint.encode("utf-8")


def test_a_file_with_such_a_name_in_it_is_written_as_json_escapes_it(tmp_path: Path) -> None:
    HOST.write_atomically(str(tmp_path / "state"), '"\udce4"')
    assert (tmp_path / "state").read_text(encoding="utf-8") == '"\\udce4"'


RUNS = """
import signal, sys
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

def broken_off(number, frame):
    raise SystemExit(3)

signal.signal(signal.SIGTERM, broken_off)
LocalHost(){mortal}.run(["sh", "-c", "echo $$ > {file}; sleep 600 & echo $! >> {file}; wait"], timeout=600)
"""
ASKED_AT_ONCE = """
import os, subprocess, time

class Asked(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        while not os.path.exists("{file}") or len(open("{file}").read().split()) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

subprocess.Popen = Asked
"""
ONE = RUNS.replace("sleep 600 & echo $! >> {file}; wait", "exec sleep 600")


@pytest.fixture
def running(tmp_path: Path) -> Callable[[str], tuple[subprocess.Popen[bytes], list[int]]]:
    """A process that runs a program on its host, and the numbers of what it started."""

    def started(source: str) -> tuple[subprocess.Popen[bytes], list[int]]:
        file = tmp_path / "numbers"
        path = os.pathsep.join(entry for entry in sys.path if entry)
        parent = subprocess.Popen(
            [sys.executable, "-c", source.replace("{file}", str(file))], env={**os.environ, "PYTHONPATH": path}
        )
        wanted = 2 if "wait" in source else 1
        _until(lambda: file.exists() and len(file.read_text().split()) == wanted)
        return parent, [int(number) for number in file.read_text().split()]

    return started


def test_a_program_ends_with_its_children_where_this_process_is_asked_to_end(
    running: Callable[[str], tuple[subprocess.Popen[bytes], list[int]]],
) -> None:
    parent, children = running(RUNS.replace("{mortal}", ""))
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(10) == 3
    _until(lambda: not any(map(_runs, children)))


def test_a_program_that_had_only_begun_when_this_process_was_asked_to_end_ends_too(
    running: Callable[[str], tuple[subprocess.Popen[bytes], list[int]]],
) -> None:
    imports, _, rest = RUNS.replace("{mortal}", "").lstrip().partition("\n")
    parent, children = running(imports + ASKED_AT_ONCE + rest)
    assert parent.wait(10) == 3
    _until(lambda: not any(map(_runs, children)))


def test_signals_are_this_process_s_again_when_the_program_has_ended() -> None:
    handler = signal.getsignal(signal.SIGINT)
    HOST.run(["true"])
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_program_of_a_test_ends_also_where_this_process_is_killed(
    running: Callable[[str], tuple[subprocess.Popen[bytes], list[int]]],
) -> None:
    parent, children = running(ONE.replace("{mortal}", ".ending_programs()"))
    parent.kill()
    parent.wait()
    _until(lambda: not any(map(_runs, children)))


def _runs(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


def _until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
