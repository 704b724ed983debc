# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report that is made anew counts as the one that the plan demands; one made before the clock ran does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Delivery, Incident
from ansible_collections.contingency.infra.plugins.plugin_utils import report_gather as gather
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import block_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_after import (
    QUESTIONS,
    answers_of,
    blank,
    section_of,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_told import notices_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_voice import voice_of

from tests.unit.report import samples
from tests.unit.report.samples import BEGAN, INCIDENT, Told

BY = {"by": "zhang@duty"}
DETAILS = {"cause": "power supply", "handling": "moved", "prevention": "second supply"}


def events(*reports: float) -> list[Told]:
    opened = {"id": INCIDENT, "title": "core", "occurred_epoch": BEGAN, "discovered_epoch": BEGAN, **BY}
    told: list[Told] = [
        (BEGAN, "opened", opened),
        (BEGAN + 1, "graded", {"severity": "class_1", "rule": "by_hand", "why": "seen", **BY}),
        (BEGAN + 2, "updated", {**DETAILS, **BY}),
        (BEGAN + 600, "recovered", BY),
        *((at, "report", {"path": "report.html", "sha256": "0", **BY}) for at in reports),
    ]
    return sorted(told, key=lambda each: each[0])


def report_deadline(root: Path, now: float, *reports: float) -> tuple[str, float | None]:
    samples.write_chain(root / "incidents" / INCIDENT / "events.jsonl", events(*reports))
    made = gather.Made("en", now, "zhang@duty")
    subject = gather.of_incident(gather.places_of(str(root), None, None), INCIDENT, samples.PLAN, made)
    [found] = [each for each in subject.deadlines if each.key == "report"]
    return found.state, found.met_epoch


def test_a_report_made_before_the_recovery_is_not_the_one_that_is_demanded_after_it(tmp_path: Path) -> None:
    assert report_deadline(tmp_path, BEGAN + 3600) == ("met", BEGAN + 3600)
    assert report_deadline(tmp_path, BEGAN + 3600, BEGAN + 300) == ("met", BEGAN + 3600)
    assert report_deadline(tmp_path, BEGAN + 7 * 86400, BEGAN + 300) == ("missed", BEGAN + 7 * 86400)


def test_a_report_made_in_time_stays_in_time(tmp_path: Path) -> None:
    assert report_deadline(tmp_path, BEGAN + 7 * 86400, BEGAN + 3600) == ("met", BEGAN + 3600)


@pytest.mark.parametrize(("answered", "shown"), [(90.0, True), (200.0, True), (30.0, False)])
def test_who_answered_before_a_notice_went_out_has_not_read_that_one(answered: float, shown: bool) -> None:
    sent = Delivery("lead", "wang", "sent", 60.0, channel="mail", sent_epoch=60.0)
    incident = Incident(INCIDENT, 0.0, 0.0, acknowledged={"wang": answered}, deliveries={("lead", "wang"): sent})
    [table] = notices_of(Subject(voice_of("en"), 300.0, incident=incident)).blocks
    assert ("read " in block_of(table)) is shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_that_was_written_into_the_review_is_left_out(language: str) -> None:
    ask = voice_of(language).say("ask_actions")
    text = blank(language, "core").replace(f"## {ask}\n", f"## {ask}\n\nLi: spare part\n\n## {ask}\n\nWang: drill\n")
    text = text.replace("-->", "-->\n\nWe met on Monday.")
    incident = Incident(INCIDENT, 0.0, 0.0)
    section = section_of(Subject(voice_of(language), 300.0, incident=incident, answers=answers_of(text)))
    assert section is not None
    told = block_of(section)
    assert [part in told for part in ("Li: spare part", "Wang: drill", "We met on Monday.")] == [True, True, True]
    assert answers_of(blank(language, "core")) == dict.fromkeys(QUESTIONS, "")
