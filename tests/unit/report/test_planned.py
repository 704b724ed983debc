# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that only showed its plan did nothing, and makes nothing good; nor does one about something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import step
from ansible_collections.contingency.infra.plugins.plugin_utils import report_events
from ansible_collections.contingency.infra.plugins.plugin_utils import report_gather as gather
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Table
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import markdown_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_open import points
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_summary import headline

from tests.unit.report import samples
from tests.unit.report.samples import BEGAN, INCIDENT, Told, begun, ended, marked, result

BY = {"by": "zhang@duty"}
OPENED: Told = (
    BEGAN,
    "opened",
    {"id": INCIDENT, "title": "core", "occurred_epoch": BEGAN, "discovered_epoch": BEGAN, **BY},
)


def failover(after: float, confirm: str | None, status: str = "ok", phase: str = "handling") -> list[Told]:
    at = BEGAN + after
    return [
        begun(at, "core_switch_failover", confirm=confirm),
        result(at + 1, samples.ward(1), "Make active the uplink to core-b", "changed"),
        marked(at + 2, phase=phase, text="7 switches", procedure="core_switch_failover"),
        ended(at + 30, status),
    ]


def subject(root: Path, *runs: Sequence[Told], events: Sequence[Told] = (), language: str = "en") -> Subject:
    for number, told in enumerate(runs):
        samples.write_run(root, f"20261122T06051{number}Z-core_switch_failover-1a2b3c", told)
    samples.write_chain(root / "incidents" / INCIDENT / "events.jsonl", [OPENED, *events])
    made = gather.Made(language, BEGAN + 86400, "zhang@duty")
    return gather.of_incident(gather.places_of(str(root), None, None), INCIDENT, samples.PLAN, made)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_run_that_nobody_confirmed_is_told_as_planned(tmp_path: Path, language: str) -> None:
    found = subject(tmp_path, failover(60, None, phase="activation"), language=language)
    told, voice = markdown_of(document_of(found)), found.voice
    ends = [
        voice.say("run_ended", playbook=found.procedure("core_switch_failover"), status=said, took=voice.duration(31))
        for said in (voice.say("status_ok_check"), voice.say("status_ok"))
    ]
    assert [each in told for each in ends] == [True, False]
    assert voice.say("count_of", status=voice.say("result_would"), count=1) in told
    assert f"| {voice.say('count_of', status=voice.say('result_changed'), count=1)}" not in told
    assert found.objectives == ()


def test_a_plan_that_was_shown_makes_no_failure_good(tmp_path: Path) -> None:
    found = subject(tmp_path, failover(60, "core-a", "failed"), failover(120, None, phase="activation"))
    assert "Core switch failover (14:03:07) failed. See what it says, and run it again." in points(found)


def test_a_run_alone_that_only_planned_and_failed_says_both(tmp_path: Path) -> None:
    directory = samples.write_run(
        tmp_path, "20261122T060510Z-core_switch_failover-1a2b3c", failover(60, None, "failed", "activation")
    )
    made = gather.Made("en", BEGAN + 86400, "zhang@duty")
    assert "with problems" in headline(gather.of_run(str(directory), samples.PLAN, made))


def test_a_success_on_another_machine_makes_no_failure_good(tmp_path: Path) -> None:
    failed, other, again = (
        failover(60, "core-a", "failed"),
        failover(120, "core-b"),
        failover(180, "core-a"),
    )
    said = "Core switch failover (14:03:07) failed. See what it says, and run it again."
    assert said in points(subject(tmp_path / "other", failed, other))
    assert said not in points(subject(tmp_path / "again", failed, other, again))
    refused = failover(60, None, "failed")
    assert said not in points(subject(tmp_path / "confirmed", refused, other))


def test_a_run_that_went_on_meanwhile_makes_no_failure_good(tmp_path: Path) -> None:
    failed, meanwhile = failover(60, "core-a", "failed"), failover(70, "core-a")
    said = "Core switch failover (14:03:07) failed. See what it says, and run it again."
    assert said in points(subject(tmp_path / "meanwhile", failed, meanwhile))
    assert said not in points(subject(tmp_path / "after", failed, meanwhile, failover(120, "core-a")))


def test_of_a_long_chronology_what_the_incident_tells_is_kept(tmp_path: Path) -> None:
    at = BEGAN + 60
    many = [marked(at + n, phase="handling", text=f"step {n}", procedure="own") for n in range(500)]
    run = [begun(at, "own"), *many, ended(at + 600)]
    found = subject(tmp_path, run, events=[(BEGAN + 5000, "recovered", BY), (BEGAN + 6000, "closed", BY)])
    [table] = report_events.section_of(found).blocks
    assert isinstance(table, Table)
    told = [row[1] or row[0] for row in table.rows]
    assert told[:3] == ["The fault occurred", "The fault was discovered: core", "own began"]
    assert told[-3:] == ["Service recovered", "The incident was closed", "and 106 more"]
    assert len(told) == report_events.MOST + 1


@pytest.mark.parametrize(
    ("figure", "shown"), [("recovery_seconds", True), ("outage_seconds", False), ("restore_seconds", False)]
)
def test_what_was_counted_from_the_start_of_a_run_is_told_as_that(tmp_path: Path, figure: str, shown: bool) -> None:
    told = step("verification", "moved", procedure="core_switch_failover", figures={figure: 31.0})
    run = [begun(BEGAN + 7200, "core_switch_failover"), (BEGAN + 7231, "step", told), ended(BEGAN + 7231)]
    text = markdown_of(document_of(subject(tmp_path, run)))
    assert ("counted from the start of this run, not from the fault" in text) is shown
