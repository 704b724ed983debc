# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that run beside this one, and streams from one into the next."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.program import (
    PIPE,
    NotStarted,
    missing,
    pipeline,
    start,
)

BESIDE = """
import sys
from ansible_collections.contingency.infra.plugins.module_utils._host.program import start
program = start(["sleep", "600"])
print(program.process.pid, flush=True)
sys.stdin.read()
"""


def stream(first: str, second: str, timeout: float = 10.0) -> tuple[int, str]:
    source = start(["sh", "-c", first], stdout=PIPE)
    with source.output as pipe:
        target = start(["sh", "-c", second], stdin=pipe)
    answer = pipeline([source, target], timeout)
    assert not source.running
    assert not target.running
    return answer.status, answer.error


def test_a_stream_that_ends_well_is_good() -> None:
    assert stream("seq 100000", "cat >/dev/null") == (0, "")


def test_a_source_that_breaks_is_an_error_also_where_its_reader_is_content() -> None:
    assert stream("echo half; echo lost >&2; exit 3", "cat >/dev/null") == (3, "lost\n")


def test_a_reader_that_breaks_tells_why_and_not_the_source_that_lost_it() -> None:
    assert stream("seq 10000000", "echo no space >&2; exit 5") == (5, "no space\n")


def test_a_stream_that_hangs_is_ended_with_all_its_programs() -> None:
    began = time.monotonic()
    status, error = stream("sleep 600", "cat >/dev/null", timeout=0.3)
    assert (status, error) == (124, "sh did not end within 0.3 s")
    assert time.monotonic() - began < 10


def test_a_program_that_is_not_there() -> None:
    assert missing(start(["no-such-program"]).wait(10))
    with pytest.raises(NotStarted, match="there is no user nobody-like-this on this host"):
        start(["true"], user="nobody-like-this")


def test_many_complaints_do_not_block_and_the_last_are_kept() -> None:
    answer = start(["sh", "-c", "seq 1000000 >&2; exit 1"]).wait(30)
    assert answer.status == 1
    assert answer.error.endswith("\n1000000\n")
    assert len(answer.error) <= 4000


def test_a_log_gets_all_that_is_said_after_what_is_in_it(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("before\n", encoding="utf-8")
    answer = start(["sh", "-c", "echo hello; echo trouble >&2; exit 4"], log=str(log)).wait(10)
    assert log.read_text(encoding="utf-8") == "before\nhello\ntrouble\n"
    assert answer.status == 4


def test_to_end_one_twice_does_nothing() -> None:
    program = start(["sleep", "600"])
    program.kill()
    program.kill()
    assert not program.running


def test_an_inherited_directory_is_reached_without_a_way_to_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed" / "open"
    closed.mkdir(parents=True)
    handle = os.open(closed, os.O_RDONLY | os.O_DIRECTORY)
    try:
        answer = start(["sh", "-c", f"cd / && echo here > /proc/self/fd/{handle}/file"], handles=[handle]).wait(10)
    finally:
        os.close(handle)
    assert answer.status == 0
    assert (closed / "file").read_text(encoding="utf-8") == "here\n"


def test_a_program_ends_with_the_one_that_started_it_also_when_that_is_killed() -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    parent = subprocess.Popen(
        [sys.executable, "-c", BESIDE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        deadline = time.monotonic() + 10
        # Until setpriv has become it, nothing has been agreed with the kernel.
        while _name(child) != "sleep" and time.monotonic() < deadline:
            time.sleep(0.01)
        parent.kill()
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def _name(process: int) -> str:
    return Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip()


def _runs(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
