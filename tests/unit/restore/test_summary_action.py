# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run over all sets: what is written, and with which error it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.action.restore_summary import looked, recorded, registered_by
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_report import Report, result_of

from tests.unit.restore.sets import of_each_verdict

DEFAULT = ["failed", "not_run"]


def report(*names: str) -> Report:
    sets = of_each_verdict()
    return Report([result_of(name, sets[name], "en") for name in names], "en")


def ended(folder: Path, *names: str, fail_on: list[str] | None = None) -> bool:
    result = recorded(report(*names), {"dest": str(folder), "fail_on": DEFAULT if fail_on is None else fail_on})
    return bool(result["failed"])


def test_a_run_ends_well_only_where_every_set_was_proven(tmp_path: Path) -> None:
    assert not ended(tmp_path, "his")
    assert not ended(tmp_path, "his", "lis")
    assert ended(tmp_path, "his", "lis", fail_on=[*DEFAULT, "degraded"])
    for name in ("pacs", "archive", "finance", "mail"):
        assert ended(tmp_path, "his", name), name


def test_an_objective_that_was_missed_ends_a_run_badly_where_the_site_wants_it(tmp_path: Path) -> None:
    assert not ended(tmp_path, "his", fail_on=[*DEFAULT, "missed"])
    assert ended(tmp_path, "his", "lis", fail_on=[*DEFAULT, "missed"])
    assert not ended(tmp_path, "pacs", fail_on=["missed"])


def test_a_run_over_no_set_at_all_does_not_end_well(tmp_path: Path) -> None:
    assert ended(tmp_path)


def test_the_record_is_there_in_four_kinds_for_its_owner_only(tmp_path: Path) -> None:
    files = recorded(report(*of_each_verdict()), {"dest": str(tmp_path), "fail_on": DEFAULT})["files"]
    assert [Path(path).suffix for path in files] == [".json", ".md", ".xml", ".html"]
    assert {Path(path).stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_record_that_cannot_be_written_ends_in_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AnsibleActionFail, match="contingency_evidence_dir"):
        ended(tmp_path / "file" / "below", "his")


def test_sets_without_a_result_are_kept(tmp_path: Path) -> None:
    hostvars: dict[str, Any] = {"his": {"restore_test_result": {"verdict": "passed"}}, "lis": {}, "x": {}}
    hostvars["x"]["restore_test_result"] = {"skipped": True}
    assert registered_by(hostvars, ["his", "lis", "x", "gone"]) == {
        "his": {"verdict": "passed"},
        **dict.fromkeys(("lis", "x", "gone")),
    }
    assert looked({"lis": None}, "en") == {"changed": False, "failed": False, "files": []}
