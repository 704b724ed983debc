# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal that cannot be written is told and is never in the way."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._journal.place import (
    PATIENCE,
    QUIET,
    Place,
    adopt_broken_off,
    run_name,
    runs_in,
)
from ansible_collections.contingency.infra.plugins.module_utils._journal.recorder import GAP, Complaints, Recorder
from ansible_collections.contingency.infra.plugins.module_utils._journal.sync import Sync
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import INTACT, verify
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

RUN = "20261122T020000Z-test-000001"


class Told:
    """What was complained about."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.complaints = Complaints(lambda path, why: self.shown.append((path, why)))


def recorder_in(folder: Path, told: Told, *, quiet: bool = False) -> Recorder:
    return Recorder(Place(str(folder), RUN, quiet), told.complaints)


def in_a_child(work: Callable[[], int]) -> int:
    """Do it in a process of its own, whose limits may be set, and return what it returned."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = work()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_full_disk_is_told_once_and_what_is_missing_is_told_when_there_is_room_again(tmp_path: Path) -> None:
    def full_for_a_while() -> int:
        told = Told()
        recorder = recorder_in(tmp_path, told)
        recorder.begin({"run": RUN})
        size = (tmp_path / "runs" / RUN / "journal.jsonl").stat().st_size
        # The disk has room for half a line.
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
        for number in range(3):
            recorder.write("result", {"task": f"lost {number}"})
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        recorder.write("result", {"task": "there again"})
        recorder.end({"status": "ok"})
        return len(told.shown)

    assert in_a_child(full_for_a_while) == 1
    verdict = verify(str(tmp_path / "runs" / RUN))
    assert verdict.state == INTACT
    assert [line["kind"] for line in verdict.lines] == ["run_begun", GAP, "result", "run_ended"]
    assert verdict.lines[1]["missing"] == 3
    assert [remark.said("en") for remark in verdict.remarks] == ["3 lines could not be written when they were due"]


def test_a_disk_that_was_full_from_the_first_line_on_leaves_a_journal_that_says_whose_it_is(tmp_path: Path) -> None:
    def full_at_first() -> int:
        told = Told()
        recorder = recorder_in(tmp_path, told)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        recorder.begin({"run": RUN})
        recorder.write("result", {"task": "lost"})
        recorder.mark()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        recorder.write("result", {"task": "there"})
        recorder.end({"status": "ok"})
        return len(told.shown)

    assert in_a_child(full_at_first) == 1
    verdict = verify(str(tmp_path / "runs" / RUN))
    assert (verdict.state, verdict.findings) == (INTACT, ())
    assert [line["kind"] for line in verdict.lines] == ["run_begun", GAP, "result", "run_ended"]
    assert verdict.lines[1]["missing"] == 1


def test_what_cannot_be_begun_is_told_and_nothing_more_happens(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("", encoding="utf-8")
    told = Told()
    recorder = recorder_in(tmp_path, told)
    assert not recorder.begin({"run": RUN})
    recorder.write("result", {"task": "x"})
    recorder.keep()
    recorder.mark()
    recorder.end({"status": "ok"})
    assert len(told.shown) == 1


def test_an_index_that_another_process_holds_is_not_waited_for_long(tmp_path: Path) -> None:
    told = Told()
    (tmp_path / "runs").mkdir(parents=True)
    with chain.locked(str(tmp_path / "runs/index.jsonl")):
        began = time.monotonic()
        recorder = recorder_in(tmp_path, told)
        assert recorder.begin({"run": RUN})
        assert time.monotonic() - began < PATIENCE + 1
    recorder.write("result", {"task": "x"})
    recorder.end({"status": "ok"})
    assert [why for _path, why in told.shown] == ["another process has held it for too long"]
    assert [line["kind"] for line in verify(recorder.place.directory).lines] == ["run_begun", "result", "run_ended"]


def test_a_quiet_run_is_there_for_others_once_it_is_worth_it(tmp_path: Path) -> None:
    told = Told()
    recorder = recorder_in(tmp_path, told, quiet=True)
    assert recorder.begin({"run": RUN})
    assert runs_in(str(tmp_path)) == []
    recorder.write("result", {"status": "changed"})
    recorder.keep()
    assert [os.path.basename(run) for run in runs_in(str(tmp_path))] == [RUN]
    recorder.write("result", {"status": "ok"})
    recorder.end({"status": "ok"})
    assert verify(recorder.place.directory).state == INTACT
    assert told.shown == []


def test_a_quiet_run_that_goes_on_is_left_to_itself(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path, Told(), quiet=True)
    recorder.begin({"run": RUN})
    assert adopt_broken_off(str(tmp_path)) == []
    assert (tmp_path / "runs" / f"{QUIET}{RUN}").is_dir()
    recorder.end({"status": "ok"})


def test_a_quiet_run_that_just_begins_is_not_taken_for_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopted: list[str] = []

    class Slow(chain.Writer):
        def __init__(self, path: str, patience: float = PATIENCE) -> None:
            # Another timer's run begins at the same second, before this one has the lock of its journal.
            adopted.extend(adopt_broken_off(str(tmp_path)))
            super().__init__(path, patience)

    monkeypatch.setattr(chain, "Writer", Slow)
    told = Told()
    recorder = recorder_in(tmp_path, told, quiet=True)
    assert recorder.begin({"run": RUN})
    recorder.end({"status": "ok"})
    assert (adopted, told.shown, list((tmp_path / "runs").iterdir())) == ([], [], [])


def test_of_a_killed_quiet_run_that_was_adopted_a_cut_is_seen(tmp_path: Path) -> None:
    killed = tmp_path / "runs" / f"{QUIET}{RUN}" / "journal.jsonl"
    killed.parent.mkdir(parents=True)
    for kind in ("run_begun", "result"):
        chain.append(str(killed), kind, {"run": RUN})
    assert adopt_broken_off(str(tmp_path)) == [RUN]
    assert verify(str(tmp_path / "runs" / RUN)).state == INTACT
    journal = tmp_path / "runs" / RUN / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    assert [finding.key for finding in verify(str(journal.parent)).findings] == ["cut"]


def test_names_of_runs_are_in_the_order_of_time_and_no_two_are_the_same() -> None:
    names = [run_name("contingency.infra/../core switch", epoch) for epoch in (1.0, 1.0, 2.0)]
    assert names[0].startswith("19700101T000001Z-contingency.infra_.._core_switch-")
    assert len(set(names)) == 3
    assert all("/" not in name and not name.startswith(".") for name in names)
    assert run_name("...", 0.0).startswith("19700101T000000Z-run-")


def test_the_disk_is_waited_for_by_a_thread_and_at_the_end() -> None:
    calls: list[str] = []
    sync = Sync(lambda: calls.append(threading.current_thread().name), interval=0.01)
    sync.asked()
    deadline = time.monotonic() + 5
    while not calls and time.monotonic() < deadline:
        time.sleep(0.01)
    assert calls == ["journal"]
    sync.finished()
    assert calls[1:] == [threading.current_thread().name]


def asked_for_five_seconds(sync: Sync) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        time.sleep(0.02)
        sync.asked()


def test_what_the_disk_refuses_is_told_with_the_next_line() -> None:
    def refuse() -> None:
        raise OSError(5, "Input/output error")

    sync = Sync(refuse, interval=0.01)
    sync.asked()
    with pytest.raises(OSError, match="Input/output"):
        asked_for_five_seconds(sync)
    with pytest.raises(OSError, match="Input/output"):
        sync.finished()
