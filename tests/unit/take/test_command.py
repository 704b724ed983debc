# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a timer starts: its exit status, what it prints, and its metrics."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.command import main
from ansible_collections.contingency.infra.plugins.plugin_utils.backup_program import program

from tests.unit.take.conftest import BEGAN, DAY, Clock, FewFiles, NotTaken, Ordering


@pytest.fixture
def written(tmp_path: Path, order: Ordering) -> Path:
    """A set as the role writes it."""
    values: dict[str, Any] = {
        "name": "his",
        "engine": "few_files",
        "directory": order().directory,
        "copies": [{"directory": order().copies[0].directory}],
        "keep": 2,
        "signing_key": None,
        "metrics_directory": str(tmp_path),
        "options": {},
    }
    path = tmp_path / "his.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def metrics(written: Path) -> dict[str, float]:
    text = (written.parent / "contingency_backup_his.prom").read_text(encoding="utf-8")
    lines = [line.split(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name.removeprefix("contingency_backup_").removesuffix('{set="his"}'): float(value) for name, value in lines}


def test_a_good_run_ends_with_0_and_moves_the_time_of_the_last_good_backup(host: Clock, written: Path) -> None:
    assert main([str(written)], host) == 0
    found = metrics(written)
    assert (found["success"], found["good_copies"], found["bytes"]) == (1, 2, 1500)
    assert found["last_good_timestamp_seconds"] == found["last_run_timestamp_seconds"] == BEGAN


def test_a_backup_from_the_future_does_not_hide_that_none_is_taken_any_more(host: Clock, written: Path) -> None:
    assert main([str(written)], host) == 0
    host.time -= 400 * DAY
    assert main([str(written)], host) == 0
    assert metrics(written)["last_good_timestamp_seconds"] == BEGAN - 400 * DAY


def test_a_failed_run_ends_with_1_and_leaves_that_time_where_it_was(
    host: Clock, written: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(written)], host) == 0
    monkeypatch.setattr(FewFiles, "broken", NotTaken)
    host.time += DAY
    assert main([str(written)], host) == 1
    found = metrics(written)
    assert (found["success"], found["good_copies"]) == (0, 0)
    assert found["last_good_timestamp_seconds"] == BEGAN
    assert found["last_run_timestamp_seconds"] == BEGAN + DAY
    assert "the disk broke" in capsys.readouterr().err


def test_a_run_without_any_backup_says_so_in_its_metrics(
    host: Clock, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FewFiles, "broken", NotTaken)
    assert main([str(written)], host) == 1
    assert metrics(written)["last_good_timestamp_seconds"] == 0


def test_check_writes_nothing_at_all(host: Clock, written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(written)], host) == 0
    assert "would do: write two files" in capsys.readouterr().out
    assert not (written.parent / "contingency_backup_his.prom").exists()


def test_metrics_that_cannot_be_written_are_an_error(
    host: Clock, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = json.loads(written.read_text(encoding="utf-8"))
    written.write_text(json.dumps({**values, "metrics_directory": "/nowhere"}), encoding="utf-8")
    assert main([str(written)], host) == 1
    assert "backup_metrics_directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it is no JSON"),
        ("[]", "it is no backup set"),
        ('{"name": "his"}', "lacks engine, directory"),
        ('{"name": "his", "engine": "tar", "directory": "/b", "kep": 3}', "has no kep"),
    ],
)
def test_a_set_that_is_none_is_said(
    host: Clock, tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "bad.json")], host) == 1
    assert said in capsys.readouterr().err


def test_the_packed_program_runs_by_itself_and_is_the_same_each_time(tmp_path: Path) -> None:
    assert program() == program()
    packed, asked = tmp_path / "backup.pyz", tmp_path / "his.json"
    packed.write_bytes(program())
    asked.write_text('{"name": "his", "engine": "floppy", "directory": "/b"}', encoding="utf-8")
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-S", str(packed), str(asked)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "floppy is no engine that takes backups; there are pg_dump" in done.stderr
