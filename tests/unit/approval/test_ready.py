# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a readiness check tells of approvals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._readiness.approvals import (
    Approvals,
    Seal,
    Standing,
    judge_approvals,
)
from ansible_collections.contingency.infra.plugins.module_utils._readiness.model import CRITICAL, OK, WARNING
from ansible_collections.contingency.infra.plugins.module_utils._readiness.report import Report
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_ready import read_approvals

from tests.unit.approval.conftest import Keys
from tests.unit.approval.samples import NOW

DAY = 86400.0
STANDING = {"procedure": "staged_shutdown", "targets": ["mains"], "until": "2099-01-01", "by": "lead"}


def judged(**found: Any) -> list[tuple[str, str]]:
    findings = judge_approvals(Approvals(**{"required": 1, **found}), "controller", NOW)
    return [(each.check, each.severity) for each in findings if each.severity != OK]


@pytest.mark.parametrize(
    ("days", "severity"), [(-1, CRITICAL), (0, CRITICAL), (1, WARNING), (29.9, WARNING), (30, None), (300, None)]
)
def test_a_standing_approval_is_told_30_days_before_it_ends(days: float, severity: str | None) -> None:
    found = judged(standing=(Standing("staged_shutdown mains", NOW + days * DAY, "the end"),))
    assert found == ([] if severity is None else [("standing", severity)])


def test_a_loss_of_mains_without_a_standing_approval_is_told_where_approvals_are_asked_for() -> None:
    assert judged(mains=False) == [("standing", WARNING)]
    assert judged(mains=False, required=0) == []


def test_approvers_that_are_too_few_stand_in_the_way() -> None:
    assert judged(signers_trouble="two are needed") == [("approvers", CRITICAL)]
    assert judged(signers_trouble="two are needed", required=0) == []


def test_what_was_unsealed_is_told_and_an_altered_record_stands_in_the_way() -> None:
    assert judged(seals=(Seal("his", "then", "wang"),), required=0) == [("seal", WARNING)]
    assert judged(seals_trouble="line 2") == [("seal", CRITICAL)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_of_it_can_be_said(language: str) -> None:
    found = Approvals(
        1, "few", "wrong", (Standing("s", NOW, "e"),), mains=False, seals_trouble="x", seals=(Seal("h", "t", "w"),)
    )
    report = Report(judge_approvals(found, "controller", NOW), language)
    assert len(report.shown) == 9


def test_it_is_read_from_the_site(tmp_path: Path, keys: Keys) -> None:
    options = {"required": 2, "allowed_signers": str(keys.allowed), "standing": [STANDING], "directory": str(tmp_path)}
    found = read_approvals(options, "en")
    assert (found.signers_trouble, found.standing_trouble, found.mains, found.seals) == ("", "", True, ())
    assert found.standing[0].subject == "staged_shutdown mains"


def test_what_is_wrong_is_read_as_sentences(tmp_path: Path) -> None:
    options = {"required": 2, "allowed_signers": "", "standing": [{}], "directory": str(tmp_path)}
    found = read_approvals(options, "zh")
    assert "contingency_allowed_signers" in found.signers_trouble
    assert "contingency_standing_approvals[0].procedure" in found.standing_trouble
    assert not found.mains


@pytest.mark.parametrize("written", ["two", "", 3, -1])
def test_a_number_of_approvals_that_is_none_stands_in_the_way(tmp_path: Path, written: Any) -> None:
    found = read_approvals({"required": written, "directory": str(tmp_path)}, "en")
    assert found.signers_trouble.startswith("contingency_approvals is ")
    assert [each.severity for each in judge_approvals(found, "controller", NOW) if each.check == "approvers"] == [
        CRITICAL
    ]


def test_a_record_of_seals_that_cannot_be_looked_at_is_not_an_empty_one(tmp_path: Path) -> None:
    """A file in place of the directory: root, as whom tests may run, is let into every directory."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    options = {"required": 0, "directory": str(tmp_path / "file")}
    assert "Not a directory" in read_approvals(options, "en").seals_trouble
    assert read_approvals({**options, "directory": str(tmp_path / "none")}, "en").seals_trouble == ""


def test_seals_and_damage_are_read_from_the_record(tmp_path: Path) -> None:
    path = tmp_path / "break_glass.jsonl"
    fields = {"name": "his", "by": "wang", "reason": "r", "sealed_sha256": "s", "salt": "00", "hash": "h"}
    chain.append(str(path), "opened", fields)
    chain.append(str(path), "opened", {**fields, "name": "lis"})
    found = read_approvals({"required": 1, "directory": str(tmp_path)}, "en")
    assert ([seal.name for seal in found.seals], found.seals_trouble) == (["his", "lis"], "")
    path.write_text(path.read_text(encoding="utf-8").replace("wang", "zhao", 1), encoding="utf-8")
    assert read_approvals({"required": 1, "directory": str(tmp_path)}, "en").seals_trouble.startswith(
        "break_glass.jsonl was altered at line 2: "
    )
