# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing the report: once where nothing changed, for its owner only, never over what people wrote."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.contingency.infra.plugins.action.incident_report import (
    checked,
    plan_of,
    result_of,
    subject_of,
    written,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.plugin_utils import report_gather as gather
from ansible_collections.contingency.infra.plugins.plugin_utils.report_after import FILE
from ansible_collections.contingency.infra.plugins.plugin_utils.report_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_files import Files, files_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_open import points

from tests.unit.report import samples

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def incident(tmp_path: Path) -> Path:
    return samples.hospital(tmp_path / "evidence")


def arguments(where: Path, **more: Any) -> dict[str, Any]:
    given = {"incident": samples.INCIDENT, "evidence_dir": str(where.parents[1]), "plan": samples.PLAN}
    return checked({**given, **more})


def made(incident: Path, now: float = samples.NOW, **more: Any) -> tuple[dict[str, Any], Files]:
    """Do what the task does, and return its result and the files."""
    subject, directory = subject_of(arguments(incident, **more), gather.Made("en", now, "zhang@duty"))
    files = files_of(document_of(subject), more.get("dest") or directory, "report")
    if files.changed:
        written(subject, files, directory)
    return result_of(subject, files), files


def reports(incident: Path) -> list[dict[str, Any]]:
    return [line for line in samples.lines_of(incident / "events.jsonl") if line["kind"] == "report"]


NOBODY_SET = trust_as_template("{{ nobody_set_this }}")


@pytest.mark.parametrize("plan", [{**samples.PLAN, "timezone": NOBODY_SET}, "hospital"])
def test_a_plan_that_cannot_be_read_is_told_and_the_report_is_made(incident: Path, plan: Any) -> None:
    templar = Templar(loader=DataLoader(), variables={})
    found = plan_of(templar, {"contingency_plan": plan})
    subject, _directory = subject_of({**arguments(incident), "plan": found}, gather.Made(*samples.MADE))
    assert any("The contingency plan in the inventory cannot be used" in each for each in points(subject))


def test_a_title_that_was_typed_in_another_encoding_does_not_keep_the_report_from_being_made(incident: Path) -> None:
    store.append_event(str(incident), "updated", {"title": os.fsdecode("核心".encode("gbk"))}, by="zhang@duty")
    _result, files = made(incident)
    assert [Path(path).read_text(encoding="utf-8") == text for path, text in files.texts.items()] == [True, True]
    assert not made(incident)[1].changed


def test_no_secret_of_the_plan_is_read(incident: Path) -> None:
    channels = {**samples.PLAN["channels"], "mail": {"kind": "smtp", "host": "mail.example", "password": NOBODY_SET}}
    templar = Templar(loader=DataLoader(), variables={})
    found = plan_of(templar, {"contingency_plan": {**samples.PLAN, "channels": channels}})
    assert not isinstance(found, str)
    subject, _directory = subject_of({**arguments(incident), "plan": found}, gather.Made(*samples.MADE))
    assert subject.policy is not None


def test_a_second_report_changes_nothing_until_something_happened(incident: Path) -> None:
    first, _files = made(incident)
    assert first["changed"]
    page = (incident / "report.html").read_bytes()
    again, _files = made(incident, now=samples.NOW + 3600)
    assert not again["changed"]
    assert (incident / "report.html").read_bytes() == page
    assert len(reports(incident)) == 1
    store.append_event(str(incident), "note", {"text": "the vendor was here"}, by="li@duty")
    assert made(incident, now=samples.NOW + 7200)[0]["changed"]
    assert b"the vendor was here" in (incident / "report.html").read_bytes()
    assert len(reports(incident)) == 2


def test_the_incident_holds_the_hash_of_the_report(incident: Path) -> None:
    result, _files = made(incident)
    told = reports(incident)[0]
    assert told["path"] == result["files"][0] == str(incident / "report.html")
    assert told["sha256"] == result["sha256"]
    assert store.load(str(incident)).damage is None


def test_a_report_that_was_tampered_with_is_written_anew(incident: Path) -> None:
    made(incident)
    path = incident / "report.html"
    path.write_text(path.read_text(encoding="utf-8").replace("7 min 3 s", "3 s"), encoding="utf-8")
    assert made(incident)[0]["changed"]
    assert "7 min 3 s" in path.read_text(encoding="utf-8")


def test_a_text_that_is_gone_is_written_anew_though_the_page_is_there(incident: Path) -> None:
    made(incident)
    (incident / "report.md").unlink()
    assert made(incident, now=samples.NOW + 3600)[0]["changed"]
    for name in ("report.md", "report.html"):
        assert "made 2026-11-25 15:02:07" in (incident / name).read_text(encoding="utf-8")


def test_making_the_report_meets_the_deadline_for_it_and_the_report_says_so(incident: Path) -> None:
    details = {"cause": "a", "handling": "b", "prevention": "c"}
    samples.write_chain(
        incident / "events.jsonl",
        [*samples.events(incident.parents[1]), (samples.BEGAN + 7000, "updated", {**details, "by": "z@duty"})],
    )
    made(incident, now=samples.BEGAN + 8000)
    text = (incident / "report.md").read_text(encoding="utf-8")
    assert re.search(r"Report: cause, handling, prevention \| 11-24 14:09:10 \| 16:15:27 \| \*\*kept\*\*", text)
    assert not made(incident, now=samples.BEGAN + 8100)[0]["changed"]


def test_the_review_is_made_once_and_never_written_again(incident: Path) -> None:
    made(incident)
    review = incident / FILE
    assert "## What went well?" in review.read_text(encoding="utf-8")
    review.write_text("## What went well?\n\nEverything.\n", encoding="utf-8")
    assert made(incident)[0]["changed"]
    assert review.read_text(encoding="utf-8") == "## What went well?\n\nEverything.\n"
    assert "Everything." in (incident / "report.md").read_text(encoding="utf-8")


def test_all_of_it_is_for_its_owner_only(incident: Path, tmp_path: Path) -> None:
    result, _files = made(incident, dest=str(tmp_path / "elsewhere"))
    paths = [*map(Path, result["files"]), incident / FILE]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o700


def test_a_diff_shows_what_changed_in_words(incident: Path) -> None:
    made(incident)
    store.append_event(str(incident), "note", {"text": "new words"}, by="li@duty")
    _result, files = made(incident)
    assert "new words" in files.diff[0]["after"]
    assert "new words" not in files.diff[0]["before"]


def test_a_report_that_cannot_be_written_says_what_to_do(incident: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AnsibleActionFail, match=r"could not be written to .*; free space, .* or set dest"):
        made(incident, dest=str(tmp_path / "file" / "below"))


def test_an_incident_and_a_run_are_not_asked_for_at_once(incident: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="mutually exclusive"):
        arguments(incident, run="/x")
    with pytest.raises(AnsibleActionFail, match="There is no journal of a run in /nowhere"):
        subject_of(checked({"evidence_dir": "/nowhere", "run": "/nowhere"}), gather.Made("en", 0, "x"))


def play(incident: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the playbook as people do."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "HOME": str(incident.parents[2])}
    variables = {"contingency_evidence_dir": str(incident.parents[1]), "contingency_plan": samples.PLAN}
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-e", json.dumps(variables), *options]
    done = subprocess.run(
        [*argv, "contingency.infra.incident_report"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, done.stdout


def test_the_playbook_writes_the_report_of_the_open_incident_and_says_where(incident: Path) -> None:
    done, said = play(incident, "--check", "-e", '{"contingency_drill": true}')
    assert done.returncode == 0, said + done.stderr
    assert "Service was gone for 7 min 3 s and is back." in said
    assert not (incident / "report.html").exists()
    done, said = play(incident, "-e", "contingency_language=zh")
    assert done.returncode == 0, said + done.stderr
    assert f"报告：{incident}/report.html" in said
    assert "业务中断 7 分 3 秒，现已恢复。" in (incident / "report.html").read_text(encoding="utf-8")
    done, said = play(incident, "-e", "contingency_language=zh", "-e", f"contingency_incident={samples.INCIDENT}")
    assert "changed=0" in said
    done, said = play(incident, "-e", f"run={incident.parents[1]}/runs/{samples.FAILOVER}")
    assert (incident.parents[1] / "runs" / samples.FAILOVER / "report.md").exists(), said + done.stderr
    done, said = play(incident, "-e", "contingency_incident=INC-20200101-1")
    assert done.returncode != 0
    assert "name it with -e incident=, one of: INC-20261122-1" in said + done.stderr
