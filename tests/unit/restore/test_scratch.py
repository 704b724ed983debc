# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed test left is removed, and only that: not another's process, directory or lock."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import limits, remains, scratch, scratches
from ansible_collections.contingency.infra.plugins.module_utils._restore.bounded import Bounded
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Limits, NotRunnable, Order

from tests.unit.postgresql.fake_host import FakeHost


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "300"])
    yield process
    process.kill()
    process.wait()


def _left(base: Path, label: str, name: str, **entry: object) -> Path:
    record = remains.record_path(str(base), label)
    remains.note(record, name=name, boot=remains.boot_id())
    if entry:
        remains.note(record, **entry)
    directory = base / label
    directory.mkdir()
    (directory / "data").write_text("x")
    return directory


def test_what_a_killed_test_left_is_removed_with_its_process(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    directory = _left(tmp_path, "his-00000001", "his", pid=sleeper.pid, start=remains.start_time(sleeper.pid))
    assert scratch.sweep(str(tmp_path)) == (str(directory),)
    assert sleeper.wait(5) == -9
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_got_the_same_number_later_lives(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    _left(tmp_path, "his-00000001", "his", pid=sleeper.pid, start="1")
    scratch.sweep(str(tmp_path))
    assert sleeper.poll() is None


def test_after_a_reboot_no_process_is_touched(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    record = remains.record_path(str(tmp_path), "his-00000001")
    remains.note(record, name="his", boot="another")
    remains.note(record, pid=sleeper.pid, start=remains.start_time(sleeper.pid))
    scratch.sweep(str(tmp_path))
    assert sleeper.poll() is None
    assert list(tmp_path.iterdir()) == []


def test_what_no_record_names_stays(tmp_path: Path) -> None:
    (tmp_path / "his-00000002").mkdir()
    (tmp_path / "his-00000002" / "precious").write_text("x")
    _left(tmp_path, "his-00000001", "his")
    scratch.sweep(str(tmp_path))
    assert (tmp_path / "his-00000002" / "precious").read_text() == "x"
    assert not (tmp_path / "his-00000001").exists()


def test_a_test_that_runs_is_left_alone(tmp_path: Path) -> None:
    directory = _left(tmp_path, "his-00000001", "his")
    other = _left(tmp_path, "lab-00000001", "lab")
    with open(tmp_path / ".lock-his", "w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert scratch.sweep(str(tmp_path)) == (str(other),)
    assert (directory / "data").exists()


def test_a_record_whose_last_line_was_cut_is_read_so_far(tmp_path: Path) -> None:
    directory = _left(tmp_path, "his-00000001", "his")
    with open(remains.record_path(str(tmp_path), "his-00000001"), "a", encoding="ascii") as record:
        record.write('{"pid": 12')
    assert remains.read(record.name).processes == ()
    assert scratch.sweep(str(tmp_path)) == (str(directory),)


def test_a_link_in_a_scratch_is_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "production").write_text("x")
    base = tmp_path / "base"
    base.mkdir()
    (_left(base, "his-00000001", "his") / "link").symlink_to(outside)
    scratch.sweep(str(base))
    assert (outside / "production").exists()


@pytest.mark.parametrize("name", ["his", "患者", "a/../b", "x" * 60, ".hidden", "..", "a b"])
def test_a_sets_name_is_a_short_part_of_a_path_whatever_it_is(name: str) -> None:
    plain = scratches.plain(name)
    assert 0 < len(plain) <= scratches.LABEL_LENGTH
    assert "/" not in plain
    assert not plain.startswith(".")
    # A record whose content was lost still leads to the same lock.
    assert scratches.plain(plain) == plain


def test_names_that_look_alike_have_locks_of_their_own() -> None:
    assert len({scratches.plain(name) for name in ("a b", "a_b", "a/b", "x" * 60, "x" * 61)}) == 5


def test_programs_end_with_the_test() -> None:
    host = FakeHost()
    bounded = Bounded(host, host.now() + 10)
    host.sleep(11)
    assert bounded.run(["true"]).status == 124
    assert host.commands == []


@pytest.mark.parametrize(
    ("memory", "available", "said"),
    [
        (None, 8 << 20, None),
        (None, 100 << 10, "are available"),
        (1 << 20, 8 << 20, "at least"),
        (4 << 30, 1 << 20, "available"),
    ],
)
def test_a_test_does_not_begin_with_too_little_memory(memory: int | None, available: int, said: str | None) -> None:
    host = FakeHost(files={"/proc/meminfo": f"MemTotal: 1 kB\nMemAvailable:   {available} kB\n"})
    reason = limits.memory_limitation(host, Limits(memory_bytes=memory))
    assert (reason is None) if said is None else (reason is not None and said in reason)


def test_the_group_is_systemds_where_it_runs_and_else_the_kernels() -> None:
    systemd = limits.group_for(FakeHost(files={"/run/systemd/system/x": ""}), "restore-1", 1 << 30)
    assert systemd is not None
    assert systemd.command(3)[:2] == ["systemd-run", "--scope"]
    # All programs of the test share one limit: it is of their slice.
    assert systemd.command(3)[3:6] == ["--collect", "--slice=restore_1.slice", "--unit=restore-1-3"]
    assert f"--property=MemoryMax={1 << 30}" in systemd.command(3)
    assert systemd.limit_command()[:4] == ["systemctl", "set-property", "--runtime", "restore_1.slice"]
    assert f"MemoryMax={1 << 30}" in systemd.limit_command()
    second = limits.group_for(FakeHost(files={"/sys/fs/cgroup/cgroup.controllers": "cpu io memory\n"}), "r", 1 << 30)
    assert second is not None
    assert second.directories == (("/sys/fs/cgroup/r", (("memory.max", str(1 << 30)), ("io.weight", "10"))),)
    assert limits.group_for(FakeHost(), "r", 1 << 30) is None


def test_a_limit_of_the_site_is_kept_or_the_test_is_not_run() -> None:
    order = Order("his", "pg_dump", (), "/s", "/h", limits=Limits(memory_bytes=1 << 30))
    with pytest.raises(NotRunnable, match=r"limits\.memory cannot be kept"):
        scratch._limited(FakeHost(), None, order)


def test_a_directory_of_scratches_that_is_not_there_has_nothing_left(tmp_path: Path) -> None:
    assert scratch.sweep(os.path.join(tmp_path, "none")) == ()
