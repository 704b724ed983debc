# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs on this machine: their end is told, whatever it is, and none outlives its time."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

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
