# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller whose disk is full or read-only: the failover goes on, and nobody is told what is not so."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.action.switch_backup import ActionModule
from ansible_collections.contingency.infra.plugins.module_utils._switch import lock
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.failover import target_limitations
from ansible_collections.contingency.infra.plugins.module_utils._switch.report import Reporter

from tests.unit.switch.fake_switch import TARGET, FakePlatform, FakeSwitch

ROOT = Path(__file__).resolve().parents[3]


class Core(FakePlatform):
    """A core switch with a port to an access switch."""

    name = "linux_frr"


def backed_up(directory: Path, optional: bool = True) -> dict[str, Any]:
    """Return what switch_backup returns of a core that can be read."""
    action = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(check_mode=False)
    arguments = {"dest": str(directory), "keep": 3, "optional": optional, "gather": ["ports", "neighbors", "addresses"]}
    return action.work(TARGET, Core(FakeSwitch({"swp11": True})), arguments)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file fail when it is written out, as a full disk does."""

    def refuse(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)


def blocked(directory: Path) -> Path:
    """Return a directory that cannot be made, also not by root."""
    (directory / "file").write_text("", encoding="utf-8")
    return directory / "file" / "inside"


class TestBackup:
    def test_a_switch_that_could_be_read_is_had_though_nothing_was_stored(
        self, tmp_path: Path, full_disk: None
    ) -> None:
        result = backed_up(tmp_path)
        assert result["had"]
        assert not result["failed"]
        assert not result["changed"]
        assert "no space left on device" in result["not_stored"]
        assert str(tmp_path) in result["not_stored"]
        assert "None" not in result["not_stored"]
        assert "free space" in result["not_stored"]
        assert result["files"] == []
        assert not list(tmp_path.rglob("*.txt"))

    def test_a_directory_that_cannot_be_made_is_told_in_the_same_way(self, tmp_path: Path) -> None:
        result = backed_up(blocked(tmp_path))
        assert (result["had"], result["failed"], result["files"]) == (True, False, [])
        assert "not a directory" in result["not_stored"]

    def test_the_failover_goes_on_and_says_that_there_is_no_backup(self, tmp_path: Path, full_disk: None) -> None:
        result = backed_up(tmp_path)
        assert target_limitations(result, ["swp11"], ["core-a"], ["10.77.0.21"]) == []
        for language, words in (("en", "NOT BACKED UP"), ("zh", "未能备份")):
            reporter = Reporter("core-a", "core-b", "failover", "run", language)
            shown = reporter.summary(result, result, {}, {}, "core-a").shown
            assert sum(words in line for line in shown) == 2, shown
            assert sum("no space left on device" in line for line in shown) == 2

    def test_the_procedure_asks_for_it_in_this_way(self) -> None:
        tasks = yaml.safe_load((ROOT / "roles/core_switch/tasks/cores.yml").read_text(encoding="utf-8"))
        (task,) = [each for each in tasks if "contingency.infra.switch_backup" in each]
        assert task["contingency.infra.switch_backup"]["optional"] is True

    def test_where_the_backup_is_what_was_asked_for_it_fails(self, tmp_path: Path, full_disk: None) -> None:
        result = backed_up(tmp_path, optional=False)
        assert result["failed"]
        assert result["had"]
        assert "the backup was read but not stored" in result["msg"]


class TestLock:
    def test_a_directory_that_cannot_be_written_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(SwitchError) as caught, lock.only_run("access-ward", str(blocked(tmp_path)), 0.0):
            pass
        assert str(caught.value).startswith("access-ward: the lock ")
        assert "cannot be made: not a directory" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_file_system_without_locks_is_one_sentence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(file: object, operation: int) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "flock", refuse)
        with pytest.raises(SwitchError) as caught, lock.only_run("access-ward", str(tmp_path), 0.0):
            pass
        assert "no locks available" in str(caught.value)
        assert "\n" not in str(caught.value)
