# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full disk and a killed program of the host that tests are no damage of the copy."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore import limits, shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.bounded import Bounded
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.dump import DumpTrial
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.server import ScratchServer
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    NOT_RUN,
    Copy,
    Damaged,
    Finding,
    Limits,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import run

from tests.unit.postgresql.fake_host import FakeHost
from tests.unit.restore.memory import ORDER, Shelf, raising

FULL_DISK = [
    "tar: ./x: Cannot write: No space left on device",
    "ERROR 1114 (HY000) at line 40: The table 'visit' is full",
    'ERROR 3 (HY000) at line 9: Error writing file "./his/x.MYD" (Errcode: 28 "No space left on device")',
    "mbstream: Can't create/write to file 'ibdata1' (errno: 28)",
    "[ERROR] InnoDB: Error number 28 means 'No space left on device'",
    "ignoring error for /a: write /s/restored/a: no space left on device",
    "[Errno 28] No space left on device: 'a'",
    "cp: error writing 'x': Disk quota exceeded",
]
DAMAGE = [
    "tar: Unexpected EOF in archive",
    "ERROR 1064 (42000) at line 28: You have an error in your SQL syntax",
    "Table 'his.full' doesn't exist (errno: 128)",
    "it ended with status 1",
    "Data integrity error: chunk 28 not found",
]


@pytest.mark.parametrize("said", FULL_DISK)
def test_a_full_disk_is_known_by_what_programs_say(said: str) -> None:
    with pytest.raises(NotRunnable, match="free space"):
        shortage.check(Answer(2, "", f"something else\n{said}\nexiting"))


@pytest.mark.parametrize("said", DAMAGE)
def test_damage_is_not_taken_for_a_full_disk(said: str) -> None:
    shortage.check(Answer(2, "", said))


@pytest.mark.parametrize("status", [-9, 137])
def test_a_program_that_was_killed_tells_nothing_of_the_copy(status: int) -> None:
    with pytest.raises(NotRunnable, match=r"was killed .* raise memory"):
        shortage.check(Answer(status, "", "Lost connection"))


def scratch_on(host: FakeHost, path: Path, group: limits.Group | None = None) -> Scratch:
    order = Order("his", "tar", (Copy("/b"),), "/scratch", "/h", limits=Limits(disk_reserve_bytes=1 << 30))
    return Scratch(Bounded(host, host.now() + 100), order, str(path), str(path / "record"), 1 << 30, -1, group)


FOUND = (Finding("restore", "tar -x", "status 0", "Exiting with failure status due to previous errors"),)


@pytest.mark.parametrize(("free", "stage", "blamed"), [(0, "restore", True), (2, "restore", False), (0, "age", False)])
def test_where_the_reserve_is_gone_a_restore_that_fails_is_not_the_copys_fault(
    tmp_path: Path, free: int, stage: str, blamed: bool
) -> None:
    scratch = scratch_on(FakeHost(free=free << 30), tmp_path)
    reason = shortage.fault(scratch, stage, FOUND)
    assert (reason is not None and "has only 0 MiB free of 1024 MiB in reserve" in reason) if blamed else reason is None


@pytest.mark.parametrize(
    ("group", "file"),
    [
        (limits.Group(1, directories=(("/sys/fs/cgroup/r", ()),)), "/sys/fs/cgroup/r/memory.events"),
        (limits.Group(1, directories=(("/sys/fs/cgroup/memory/r", ()),)), "/sys/fs/cgroup/memory/r/memory.oom_control"),
        (limits.Group(1, unit="a-b"), "/sys/fs/cgroup/a_b.slice/memory.events"),
    ],
)
def test_what_the_kernel_ended_for_memory_is_counted(tmp_path: Path, group: limits.Group, file: str) -> None:
    host = FakeHost(files={file: "low 0\noom 3\noom_kill 2\n"})
    reason = shortage.fault(scratch_on(host, tmp_path, group), "content", FOUND)
    assert reason == f"the kernel ended 2 of the test's processes for want of memory; {shortage.MORE_MEMORY}"
    host.files[file] = "low 0\noom 0\noom_kill 0\n"
    assert shortage.fault(scratch_on(host, tmp_path, group), "content", FOUND) is None


def test_a_finding_of_a_test_that_lacked_something_is_no_verdict_on_the_copy() -> None:
    damaged = raising(Damaged(*FOUND))
    for does in (damaged, lambda: Seen(FOUND)):
        shelf = Shelf(*[{"restore": does, "host_fault": lambda: "the disk is full"}] * 2)
        outcome = run(ORDER, shelf.tools())
        assert (outcome.verdict, outcome.why_not) == (NOT_RUN, "the disk is full")
        assert shelf.trials[0].called[-1] == "close"


def test_what_a_test_will_write_is_reserved_before_it_begins() -> None:
    shelf = Shelf({"reserve": lambda: "other tests take it"}, {"reserve": lambda: "other tests take it"})
    outcome = run(ORDER, shelf.tools())
    assert (outcome.verdict, outcome.why_not) == (NOT_RUN, "other tests take it")
    assert "restore" not in shelf.trials[0].called


@pytest.mark.parametrize(("status", "killed"), [(137, True), (-9, True), (1, False), (None, False)])
def test_a_server_that_was_killed_is_no_damage(tmp_path: Path, status: int | None, killed: bool) -> None:
    server = ScratchServer.__new__(ScratchServer)
    server.scratch = scratch_on(FakeHost(), tmp_path)
    process = SimpleNamespace(poll=lambda: status)
    server._program = cast("Any", SimpleNamespace(process=process, running=status is None))
    if killed:
        with pytest.raises(NotRunnable, match="MariaDB: a program of the test was killed"):
            server.check_killed()
    else:
        server.check_killed()


@pytest.mark.parametrize("said", ["ERROR 1114 (HY000) at line 4: The table 'visit' is full", "ERROR 1064 at line 4: x"])
def test_a_dump_that_does_not_fit_is_not_to_blame(said: str) -> None:
    trial = DumpTrial(Order("his", "mariadb_dump", (), "/s", "/h"), Copy("/b"))
    if "full" in said:
        with pytest.raises(NotRunnable, match="free space"):
            trial._refused(Answer(1, "", said))
    else:
        assert isinstance(trial._refused(Answer(1, "", said)), Damaged)
