# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of scratches: nobody else's word counts there, and its free space is given away once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore import limits, remains, scratches
from ansible_collections.contingency.infra.plugins.module_utils._restore.bounded import Bounded
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Limits, NotRunnable, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import (
    Scratch,
    _make_private,
    open_scratch,
)

from tests.unit.postgresql.fake_host import FakeHost

MIB = 1 << 20


@pytest.fixture
def base(tmp_path: Path) -> Path:
    found = tmp_path / "scratch"
    scratches.make(str(found), str(found))
    return found


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775, 0o2770])
def test_a_directory_that_others_write_in_is_not_trusted(base: Path, mode: int) -> None:
    base.chmod(mode)
    with pytest.raises(
        NotRunnable, match=rf"can be written by others \(mode {mode:o}\); chown .* set scratch_directory"
    ):
        scratches.make(str(base), str(base))


def test_a_directory_of_somebody_else_is_not_trusted(base: Path) -> None:
    os.chown(base, 65534, -1)
    with pytest.raises(NotRunnable, match="belongs to user 65534, and the test runs as user"):
        scratches.make(str(base), str(base))


@pytest.mark.parametrize("label", ["..", "foo-x", "..-1", "", "a b-00000001", "his-0000000g", "his-000000001", "his"])
def test_a_label_that_no_scratch_has_is_no_record(base: Path, label: str) -> None:
    remains.note(remains.record_path(str(base), label), name="his", boot=remains.boot_id())
    assert remains.swept(str(base)) == []


def test_a_record_of_somebody_else_is_none(base: Path) -> None:
    record = remains.record_path(str(base), "his-00000001")
    remains.note(record, name="his")
    assert remains.swept(str(base)) == [record]
    os.chmod(record, 0o620)
    assert remains.swept(str(base)) == []
    os.chmod(record, 0o600)
    os.chown(record, 65534, -1)
    assert remains.swept(str(base)) == []


def test_a_link_is_no_record(base: Path, tmp_path: Path) -> None:
    remains.note(str(tmp_path / "elsewhere"), name="his")
    os.symlink(tmp_path / "elsewhere", remains.record_path(str(base), "his-00000001"))
    assert remains.swept(str(base)) == []


def test_only_root_and_the_engines_user_pass_into_a_scratch(base: Path) -> None:
    before = os.umask(0o077)
    try:
        _make_private(str(base / "his-00000001"), "nobody")
    finally:
        os.umask(before)
    found = (base / "his-00000001").stat()
    assert (found.st_mode & 0o777, found.st_uid) == (0o710, os.geteuid())
    assert found.st_gid == 65534


@pytest.fixture
def opening(base: Path) -> Callable[[str, int], Scratch]:
    """A test's scratch on a disk with so many MiB free, with 100 MiB in reserve."""

    def opened(name: str, free: int) -> Scratch:
        path = base / f"{name}-00000001"
        path.mkdir()
        order = Order(name, "tar", (), str(base), "/h", limits=Limits(disk_reserve_bytes=100 * MIB))
        host = FakeHost(free=free * MIB)
        record = remains.record_path(str(base), path.name)
        return Scratch(Bounded(host, host.now() + 100), order, str(path), record, 1 << 30, -1)

    return opened


def test_what_another_test_reserved_and_has_not_written_is_not_free(opening: Callable[[str, int], Scratch]) -> None:
    assert opening("his", 1000).space_limitation(600 * MIB) is None
    reason = opening("lab", 1000).space_limitation(600 * MIB)
    assert reason is not None
    assert "1000 MiB free, of which other tests take 600 MiB, and the test needs 600 MiB" in reason
    assert opening("pacs", 1000).space_limitation(300 * MIB) is None


def test_what_another_test_has_written_is_not_counted_twice(opening: Callable[[str, int], Scratch]) -> None:
    first = opening("his", 1000)
    Path(first.path, "fetched").write_bytes(bytes(4 * MIB))
    assert first.space_limitation(3 * MIB) is None
    Path(first.path, "data").write_bytes(bytes(2 * MIB))
    taken = scratches.promised(os.path.dirname(first.path), "")
    assert taken == MIB
    Path(first.path, "more").write_bytes(bytes(9 * MIB))
    assert scratches.promised(os.path.dirname(first.path), "") == 0


def test_a_tests_own_reservation_gives_way_to_its_next(opening: Callable[[str, int], Scratch]) -> None:
    scratch = opening("his", 1000)
    assert scratch.space_limitation(600 * MIB) is None
    assert scratch.space_limitation(800 * MIB) is None
    assert scratches.promised(os.path.dirname(scratch.path), "") == 800 * MIB


def test_nothing_is_left_of_the_counting(opening: Callable[[str, int], Scratch], base: Path) -> None:
    opening("his", 1000).space_limitation(1)
    assert not (base / scratches.ALONE).exists()


def test_a_program_without_walls_joins_the_group_before_it_becomes_its_user(
    opening: Callable[[str, int], Scratch],
) -> None:
    scratch = opening("his", 1000)
    scratch.group = limits.Group(1 << 30, directories=(("/sys/fs/cgroup/r", (("memory.max", "1"),)),))
    scratch.outside(["pgbackrest", "restore"], user="nobody")
    command = scratch.host._host.commands[-1]  # type: ignore[attr-defined]
    assert command[:2] == ["sh", "-c"]
    assert "/sys/fs/cgroup/r/cgroup.procs" in command
    after = command[command.index("ionice") :]
    assert after[: len(limits.BACKGROUND)] == list(limits.BACKGROUND)
    # With the change of user the kernel would forget the signal.
    assert after[len(limits.BACKGROUND) :][:4] == ["setpriv", "--pdeathsig", "KILL", "--reuid=65534"]
    assert after[-3:] == ["--", "pgbackrest", "restore"]


def test_where_systemd_runs_all_scopes_of_a_killed_test_are_ended_before_its_files_go(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = FakeHost(answers={"systemctl": Answer(0, "", "")})
    monkeypatch.setattr(remains, "LocalHost", lambda: host)
    record = remains.record_path(str(base), "his-00000001")
    remains.note(record, name="his", boot=remains.boot_id())
    remains.note(record, slice="contingency_restore_his_00000001.slice")
    remains.remove(remains.read(record))
    assert [command[1] for command in host.commands] == ["kill", "stop", "revert"]
    assert all(command[-1] == "contingency_restore_his_00000001.slice" for command in host.commands)
    assert not os.path.exists(record)


def test_a_scope_that_does_not_end_keeps_its_record(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost(answers={"systemctl": Answer(1, "", "Connection timed out")})
    monkeypatch.setattr(remains, "LocalHost", lambda: host)
    record = remains.record_path(str(base), "his-00000001")
    remains.note(record, name="his", boot=remains.boot_id())
    remains.note(record, slice="x.slice")
    with pytest.raises(NotRunnable, match=r"x\.slice does not end: Connection timed out; stop it with systemctl"):
        remains.remove(remains.read(record))
    assert os.path.exists(record)


def test_a_set_that_another_test_clears_up_after_does_not_pass_for_running(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = FakeHost(answers={name: Answer(0, "", "") for name in ("sh", "setpriv", "test")})
    remains.note(remains.record_path(str(base), "lab-00000001"), name="lab", boot=remains.boot_id())
    removing, remove = threading.Event(), remains.remove

    def slowly(left: remains.Remains) -> None:
        removing.set()
        time.sleep(0.3)
        remove(left)

    def opened(name: str) -> Scratch:
        return open_scratch(host, Order(name, "tar", (), str(base), "/h"), "nobody")

    monkeypatch.setattr(remains, "remove", slowly)
    first: list[Scratch] = []
    other = threading.Thread(target=lambda: first.append(opened("his")))
    other.start()
    assert removing.wait(5)
    made = opened("lab")
    other.join()
    for each in (made, *first):
        each.close()
    assert list(base.iterdir()) == []
