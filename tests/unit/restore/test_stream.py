# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is given to a program: whole, or with what went wrong on either side, and never without end."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.program import PIPE, start
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import (
    MAGIC,
    StreamBroken,
    fill,
    read_through,
)

MORE_THAN_A_PIPE_HOLDS = bytes(4 << 20)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "dump.sql"
    path.write_bytes(gzip.compress(MORE_THAN_A_PIPE_HOLDS))
    return path


def test_a_program_gets_the_whole_content_decompressed(packed: Path, tmp_path: Path) -> None:
    answer = fill(start(["sh", "-c", f"wc -c > {tmp_path}/size"], stdin=PIPE), str(packed), 10.0)
    assert answer.status == 0
    assert (tmp_path / "size").read_text(encoding="utf-8").strip() == str(len(MORE_THAN_A_PIPE_HOLDS))


def test_a_program_that_ends_early_says_why(packed: Path) -> None:
    answer = fill(start(["sh", "-c", "echo syntax error >&2; exit 3"], stdin=PIPE), str(packed), 10.0)
    assert (answer.status, answer.complaint) == (3, "syntax error")


def test_a_program_that_reads_no_more_is_killed_in_time(packed: Path) -> None:
    began = time.monotonic()
    program = start(["sleep", "600"], stdin=PIPE)
    assert fill(program, str(packed), 0.3).status != 0
    assert time.monotonic() - began < 10
    assert not program.running


def test_a_stream_that_breaks_ends_the_program(packed: Path) -> None:
    packed.write_bytes(packed.read_bytes()[:-20])
    program = start(["sh", "-c", "cat >/dev/null"], stdin=PIPE)
    with pytest.raises(StreamBroken, match="gzip"):
        fill(program, str(packed), 10.0)
    assert not program.running


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("no-such-program", "-d"), "no-such-program is not on this host; install it"),
        (("sh", "-c", "kill -9 $$"), "was killed"),
        (("sh", "-c", "echo No space left on device >&2; exit 1"), "free space"),
    ],
)
def test_what_this_host_lacks_is_no_broken_stream(
    packed: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], why: str
) -> None:
    monkeypatch.setitem(MAGIC, b"\x1f\x8b", command)
    with pytest.raises(NotRunnable, match=why):
        read_through(str(packed))
