# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of an outage outlives the process that writes it, and its age does not follow a clock that is set."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    OFF,
    SHUTTING,
    Moment,
    NodeState,
    Outage,
    OutageBusy,
    OutageError,
    Store,
    rebased,
)

NOW = Moment(1_800_000_000.0, 5_000.0, "boot-1")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "state"))


def some() -> Outage:
    shut = NodeState(SHUTTING, replace(NOW, epoch=NOW.epoch + 60, boottime=NOW.boottime + 60))
    return Outage.begin(NOW).with_due(("not_critical",), ("ups-a",)).with_node("web-1", shut)


def test_what_was_saved_is_loaded_by_the_next_run(store: Store) -> None:
    assert store.load() is None
    store.save(some())
    assert Store(str(store.path.parent)).load() == some()
    off = some().with_node("web-1", NodeState(OFF, NOW, NOW, "graceful"))
    store.save(off)
    assert store.load() == off
    assert os.stat(store.path).st_mode & 0o077 == 0


def test_a_stage_that_was_due_stays_due() -> None:
    assert some().with_due(("all",)).with_due(()).due_stages == ("not_critical", "all")


@pytest.mark.parametrize(
    ("now", "age"),
    [
        (replace(NOW, epoch=NOW.epoch + 100, boottime=NOW.boottime + 100), 100.0),
        (replace(NOW, epoch=NOW.epoch - 7200, boottime=NOW.boottime + 100), 100.0),
        (replace(NOW, epoch=NOW.epoch + 86_400, boottime=NOW.boottime + 100), 100.0),
        (Moment(NOW.epoch + 300, 40.0, "boot-2"), 300.0),
    ],
)
def test_the_age_of_an_outage_does_not_follow_a_clock_that_is_set(now: Moment, age: float) -> None:
    told = some().for_plan(now)
    assert now.epoch - told["began_at_epoch"] == pytest.approx(age)
    assert now.epoch - told["nodes"]["web-1"]["since_epoch"] == pytest.approx(age - 60)


WITHOUT_TIME = json.dumps({**some().as_dict(), "began": {"epoch": None, "boottime": "1", "boot": "boot-1"}})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"id": 1}', "\x00\x00\x00", '{"nodes": {"a": 1}, "began": {}}', WITHOUT_TIME]
)
def test_a_damaged_file_is_kept_aside_and_the_outage_is_as_old_as_the_file(store: Store, text: str) -> None:
    store.save(some())
    store.path.write_text(text, encoding="utf-8")
    os.utime(store.path, (1, Moment.now().epoch - 600))
    found = store.load()
    assert found is not None
    assert Moment.now().since(found.began) == pytest.approx(600, abs=5)
    (aside,) = store.path.parent.glob("outage-damaged-*.json")
    assert aside.read_text(encoding="utf-8") == text
    assert store.load() is None


def test_an_outage_that_is_over_is_kept_among_the_past_ones(store: Store) -> None:
    past = store.close(replace(some(), ended_at_epoch=NOW.epoch + 900))
    assert store.load() is None
    assert past.name == f"outage-{some().id}.json"
    assert past.exists()


HOLD = """
import sys, time
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import Store
with Store(sys.argv[1]).working():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_told_of_the_first_and_a_killed_one_leaves_no_lock(store: Store) -> None:
    command = [sys.executable, "-c", HOLD, str(store.path.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OutageBusy, match=f"process {other.pid}"), store.working():
            pass
        other.kill()
        other.wait()
    with store.working():
        pass


def test_a_full_disk_keeps_nobody_from_the_lock(store: Store) -> None:
    sizes = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, sizes[1]))
    try:
        with store.working(), pytest.raises(OutageBusy, match="another run"), Store(str(store.path.parent)).working():
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, sizes)


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    blocked = Store(str(tmp_path / "file"))
    with pytest.raises(OutageError, match="staged_shutdown_state_dir"):
        blocked.save(some())
    with pytest.raises(OutageError, match="staged_shutdown_state_dir"), blocked.working():
        pass


@pytest.mark.parametrize("jump", [7200.0, -7200.0])
def test_a_reading_is_as_old_as_it_is_also_after_the_clock_was_set(jump: float) -> None:
    reading = {"name": "ups-a", "read_at_epoch": NOW.epoch - 10, "age_seconds": 3.0}
    later = replace(NOW, epoch=NOW.epoch + 60 + jump, boottime=NOW.boottime + 60)
    (told,) = rebased([reading], NOW, later)
    assert later.epoch - told["read_at_epoch"] == 70
    assert told["age_seconds"] == 3.0


def test_readings_are_left_as_they_are_by_a_clock_that_is_not_set_and_by_a_restart() -> None:
    reading = {"name": "ups-a", "read_at_epoch": NOW.epoch}
    disciplined = replace(NOW, epoch=NOW.epoch + 60.2, boottime=NOW.boottime + 60)
    restarted = Moment(NOW.epoch + 300, 40.0, "boot-2")
    assert rebased([reading], NOW, disciplined) == rebased([reading], NOW, restarted) == [reading]
    assert rebased([{"name": "ups-a"}], NOW, replace(NOW, epoch=0.0)) == [{"name": "ups-a"}]


def test_what_is_remembered_is_told_in_the_time_of_the_present_clock(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Moment, "now", classmethod(lambda _cls: NOW))
    store.remember([{"name": "ups-a", "read_at_epoch": NOW.epoch}])
    later = replace(NOW, epoch=NOW.epoch - 7000, boottime=NOW.boottime + 200)
    monkeypatch.setattr(Moment, "now", classmethod(lambda _cls: later))
    assert store.remembered() == [{"name": "ups-a", "read_at_epoch": later.epoch - 200}]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"at": {}, "readings": []}', '{"at": {"epoch": 1}, "readings": [1]}']
)
def test_readings_that_nobody_can_read_are_forgotten(store: Store, text: str) -> None:
    store.remember([])
    store.path.with_name("readings.json").write_text(text, encoding="ascii")
    assert store.remembered() == []
