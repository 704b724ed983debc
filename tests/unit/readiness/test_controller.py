# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at on the controller: backups, the place for records, clocks and BMCs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.readiness_check import (
    IMPATIENT,
    impatient,
    offset,
    read_power,
    secrets,
)
from ansible_collections.contingency.infra.plugins.module_utils._readiness.controller import (
    judge_backups,
    judge_evidence,
    read_backups,
    read_evidence,
)
from ansible_collections.contingency.infra.plugins.module_utils._readiness.model import CRITICAL, OK

NOW = 1_700_000_000.0


def backup(
    directory: Path, switch: str, hours: float, text: str = "hostname x\n", stamp: str = "20261121T214500Z"
) -> None:
    path = directory / switch / f"running-{stamp}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (NOW, NOW - hours * 3600))


def severities(directory: Path, *switches: str) -> dict[str, str]:
    return {each.subject: each.severity for each in judge_backups(read_backups(str(directory), switches, NOW), 26)}


def test_fresh_old_empty_and_missing_backups(tmp_path: Path) -> None:
    backup(tmp_path, "fresh", 25)
    backup(tmp_path, "old", 27)
    backup(tmp_path, "empty", 1, text="")
    backup(tmp_path, "renewed", 400)
    backup(tmp_path, "renewed", 1, stamp="20261122T214500Z")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "startup-20261121T214500Z.txt").write_text("x", encoding="utf-8")
    found = severities(tmp_path, "fresh", "old", "empty", "renewed", "odd", "missing")
    assert found == {
        **dict.fromkeys(("fresh", "renewed"), OK),
        **dict.fromkeys(("old", "empty", "odd", "missing"), CRITICAL),
    }


def test_a_name_is_made_a_directory_as_the_backup_does(tmp_path: Path) -> None:
    backup(tmp_path, "core_a_1", 1)
    assert severities(tmp_path, "core a/1") == {"core a/1": OK}


def test_a_place_for_records_is_judged_without_writing_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for directory, severity in ((tmp_path, OK), (tmp_path / "not" / "yet", OK), (tmp_path / "file" / "x", CRITICAL)):
        (finding,) = judge_evidence(read_evidence(str(directory)), "controller")
        assert finding.severity == severity, directory
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_full_disk_is_no_place_for_records(tmp_path: Path) -> None:
    (finding,) = judge_evidence({"directory": str(tmp_path), "trouble": None, "free": 1024}, "controller")
    assert finding.severity == CRITICAL


def test_a_clock_is_compared_without_the_way_there_and_back() -> None:
    assert offset(100.0, 110.5, 111.0, 101.5) == {"seconds": 10.0, "uncertainty": 0.5}
    assert offset(100.0, 100.5, 101.0, 101.5)["seconds"] == 0.0


def test_a_bmc_that_is_described_wrongly_is_a_finding_and_no_crash() -> None:
    assert read_power({}) == {}
    assert read_power({"protocol": "smoke signals"})["kind"] == "config"
    assert read_power({"protocol": "ipmi", "host": "h"})["kind"] == "config"
    assert read_power({"protocol": "wake_on_lan", "mac": "02:00:00:00:00:01"})["error"] is None


def test_secrets_are_found_wherever_they_are() -> None:
    services: list[dict[str, Any]] = [{"unit": "a"}, {"health": {"password": "one"}}, {"health": None}]
    assert secrets(services, {"password": "two"}) == {"one", "two"}


@pytest.mark.parametrize(("transport", "set_to"), [("ssh", f"-4 {IMPATIENT}"), ("local", "-4")])
def test_only_a_connection_by_ssh_is_told_to_be_impatient(transport: str, set_to: str) -> None:
    class Connection:
        def __init__(self) -> None:
            self.transport = transport
            self.extra = "-4"

        def get_option(self, name: str) -> str:
            return self.extra

        def set_option(self, name: str, value: str) -> None:
            self.extra = value

    connection = Connection()
    impatient(connection)
    assert connection.extra == set_to
