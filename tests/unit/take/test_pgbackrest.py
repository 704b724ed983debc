# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pgBackRest says of its backups, and what its exit status hides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.pgbackrest import (
    Backup,
    backups_in,
    last_archived,
    status_problem,
)


def backup(label: str, stop: int, key: int | None = 1, error: bool | None = False) -> dict[str, Any]:
    database = {"id": 1} if key is None else {"id": 1, "repo-key": key}
    made: dict[str, Any] = {"label": label, "timestamp": {"start": stop - 9, "stop": stop}, "database": database}
    return made if error is None else {**made, "error": error}


def archive(identifier: int, newest: str, key: int = 1) -> dict[str, Any]:
    return {"id": "15-1", "max": newest, "min": newest, "database": {"id": identifier, "repo-key": key}}


def test_backups_are_in_the_order_in_which_they_ended_with_their_repository_and_their_damage() -> None:
    info = [{"backup": [backup("b", 200, 2), backup("a", 100, error=True), backup("c", 300, None, None)]}]
    assert backups_in(info) == [Backup("a", "1", True), Backup("b", "2", False), Backup("c", "1", False)]


def test_the_last_archived_segment_is_that_of_the_repository_and_of_the_newest_cluster() -> None:
    info = [{"archive": [archive(1, "0000000900000000000000FF"), archive(2, "000000010000000000000004")]}]
    assert last_archived(info, "1") == "000000010000000000000004"
    assert last_archived(info, "2") is None


@pytest.mark.parametrize(
    ("code", "message", "problem"),
    [(0, "ok", None), (2, "no valid backups", None), (1, "missing stanza path", "missing stanza path")],
)
def test_a_stanza_without_backups_is_no_problem_and_one_that_is_missing_is(
    code: int, message: str, problem: str | None
) -> None:
    info = [{"name": "his", "status": {"code": code, "message": message}}]
    assert status_problem(json.dumps(info), "his") == problem
    assert status_problem(json.dumps(info), "pacs") == "no such stanza"


def test_what_is_no_json_is_a_problem() -> None:
    assert "no JSON" in str(status_problem("WARN: none", "his"))
