# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: all that the plans ask for is in it, in both languages, and nothing looks better than it is."""

from __future__ import annotations

import shutil
import string
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import Verdict
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.plugin_utils import report_gather as gather
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Callout
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import markdown_of
from ansible_collections.contingency.infra.plugins.plugin_utils.document_page import html_of
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, UNKNOWN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_after import FILE, answers_of, blank
from ansible_collections.contingency.infra.plugins.plugin_utils.report_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_open import points
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import run_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_summary import headline, opening_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_voice import voice_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words import WORDS
from hypothesis import example, given, settings

from tests.unit.report import samples
from tests.unit.report.reader import Page
from tests.unit.report.test_runs import LINES

SECTIONS = {
    "en": [
        "Open points",
        "Fault report",
        "What happened when",
        "Objectives and what was achieved",
        "Measured meanwhile",
        "What was done",
        "Who was told",
        "Deadlines",
        "Approvals",
        "Chronology",
        "Review",
        "Evidence",
    ],
    "zh": [
        "未了事项",
        "故障情况",
        "时间线",
        "目标与实际",
        "期间的测量数据",
        "处置过程",
        "通知情况",
        "时限",
        "审批",
        "经过",
        "总结评估",
        "证据",
    ],
}


def subject(root: Path, language: str = "en", plan: dict[str, Any] | None = None, now: float = samples.NOW) -> Subject:
    places = gather.places_of(str(root), None, None)
    made = gather.Made(language, now, "zhang@duty")
    return gather.of_incident(places, samples.INCIDENT, samples.PLAN if plan is None else plan, made)


def written(root: Path, told: Sequence[samples.Told]) -> None:
    samples.write_chain(root / "incidents" / samples.INCIDENT / "events.jsonl", told)


def kind_of(subject: Subject) -> str:
    callout = opening_of(subject)[0]
    assert isinstance(callout, Callout)
    return callout.kind


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    samples.hospital(tmp_path)
    return tmp_path


def gaps(text: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_gaps() -> None:
    assert set(WORDS["en"]) == set(WORDS["zh"])
    for key, text in WORDS["en"].items():
        assert gaps(text) == gaps(WORDS["zh"][key]), key
    same = {key for key, text in WORDS["zh"].items() if text == WORDS["en"][key]}
    assert same == {"row_run", "step_done", "head_sha256", "count_of"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_every_part_and_can_be_read_by_all(evidence: Path, language: str) -> None:
    document = document_of(subject(evidence, language))
    page = Page(html_of(document))
    assert page.problems == []
    assert [title for level, title in page.headings if level == 2] == SECTIONS[language]
    assert page.all("html") == [{"lang": "zh-CN" if language == "zh" else "en"}]
    markdown = markdown_of(document)
    assert [line[3:] for line in markdown.splitlines() if line.startswith("## ")] == SECTIONS[language]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_and_markdown_tell_the_same_of_the_incident(evidence: Path, language: str) -> None:
    document = document_of(subject(evidence, language))
    page, markdown = Page(html_of(document)).text, markdown_of(document)
    told = {
        "en": [
            "Service was gone for 7 min 3 s and is back.",
            "First People's Hospital",
            "Class 1",
            "Network down as a whole",
            "RTO: service back after",
            "To manual work: Registration, Pharmacy",
            "Core switch failover",
            "access-lab: its neighbor was not seen",
            "attempts: 3",
            "5f1e5f1e5f1e5f1e",
            "NO END RECORDED",
        ],
        "zh": ["业务中断 7 分 3 秒，现已恢复。", "一类", "网络整体瘫痪", "挂号处", "核心交换机切换", "没有结束记录"],
    }[language]
    for each in [*told, "core-a", "14:02:07", "wang@hospital"]:
        assert each in page, each
        assert each in markdown, each


def test_what_devices_and_people_wrote_stays_text(evidence: Path) -> None:
    page = Page(html_of(document_of(subject(evidence))))
    assert "<script>alert(1)</script>" in page.text
    assert "<b>call</b>" in page.text
    assert not {"script", "b"} & {tag for tag, _attributes in page.tags}


def test_the_pictures_show_the_repair_and_the_whole(evidence: Path) -> None:
    page = Page(html_of(document_of(subject(evidence))))
    names = [svg["aria-labelledby"].split()[0] for svg in page.all("svg")]
    assert names == ["repair-title", "timeline-title", *(f"gauge-{n}-title" for n in range(3)), *CURVES]
    assert any("ups-a runtime between 15.4 and 48 minutes, unknown at 5 of its moments" in each for each in page.texts)


CURVES = ["curve-0-title", "curve-1-title"]


# -- nothing looks better than it is ---------------------------------------------------------------


def test_open_points_are_the_gravest_first(evidence: Path) -> None:
    found = points(subject(evidence))
    assert found[0] == "Core switch failover, not done: 6 of 7 switches use core-b"
    assert "Core switch failover, not proven: access-lab: its neighbor was not seen" in found
    assert "Core switch failover, next: move access-lab by hand, then repair core-a" in found
    assert any(each.startswith("Staged shutdown (14:15:07) was broken off or still goes on") for each in found)
    assert "Pharmacy has not confirmed that all works again." in found
    assert "The credential core-a enable was opened and has to be changed and sealed again." in found
    assert "OVERDUE since 11-24 14:09:10: Report: cause, handling, prevention" in found
    assert found[-1] == "The incident is not closed."


def test_a_department_that_entered_again_what_it_wrote_by_hand_is_no_open_point(evidence: Path) -> None:
    lacking = "Registration has not reported that what was written by hand was entered again."
    assert lacking in points(subject(evidence))
    again = {"department": "registration", "what": "31 visits", "by": "zhang@duty"}
    written(evidence, [*samples.events(evidence), (samples.BEGAN + 6100, "reentered", again)])
    assert lacking not in points(subject(evidence))
    assert "Registration has entered again: 31 visits" in markdown_of(document_of(subject(evidence)))


def test_an_altered_record_is_told_first_and_colours_the_page(evidence: Path) -> None:
    assert kind_of(subject(evidence)) == UNKNOWN
    samples.changed_line(evidence / "incidents" / samples.INCIDENT / "events.jsonl", 3, contact="nobody")
    found = subject(evidence)
    assert points(found)[0].startswith("The evidence of ")
    assert "line 4 does not follow from the one before it" in points(found)[0]
    assert "第 4 行" in points(subject(evidence, "zh"))[0]
    assert kind_of(found) == BAD
    assert "NOT WHOLE: 1" in Page(html_of(document_of(found))).text
    callout = opening_of(found)[0]
    assert isinstance(callout, Callout)
    assert callout.sentences[1] == "THE EVIDENCE IS NOT WHOLE: see the first open points."


def test_a_run_whose_record_is_gone_is_told(evidence: Path) -> None:
    shutil.rmtree(evidence / "runs" / samples.FAILOVER)
    assert f"The record of the run {evidence}/runs/{samples.FAILOVER} is not there." in points(subject(evidence))


def test_a_whole_incident_with_nothing_left_is_good(tmp_path: Path) -> None:
    by = {"by": "zhang@duty"}
    details = dict.fromkeys(
        ("cause", "effect", "scope", "handling", "handling_error", "rule_broken", "prevention"), "x"
    )
    written(
        tmp_path,
        [
            samples.events(tmp_path)[0],
            (samples.BEGAN + 61, "graded", {"severity": "class_1", "rule": "r", "why": "w", **by}),
            (samples.BEGAN + 300, "recovered", by),
            (samples.BEGAN + 400, "updated", {**details, "data_loss": False, **by}),
            (samples.BEGAN + 500, "closed", by),
        ],
    )
    found = subject(tmp_path, plan={})
    assert points(found) == []
    assert kind_of(found) == GOOD
    assert "Nothing is left open." in Page(html_of(document_of(found))).text


def test_an_unfinished_end_of_the_record_is_not_called_whole(evidence: Path) -> None:
    path = evidence / "incidents" / samples.INCIDENT / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    found = subject(evidence)
    assert any(
        "events.jsonl is as it was written is not proven: a line is unfinished" in each for each in points(found)
    )
    text = markdown_of(document_of(subject(evidence, "zh")))
    assert "无法证实：1 项" in text
    # Whoever writes next takes the rest of it into a line of its own: nothing is doubtful then, and it is still told.
    chain.append(str(path), "note", {"text": "later", "by": "zhang@duty"})
    text = markdown_of(document_of(subject(evidence)))
    assert "not proven: 1" not in text
    assert "a line is unfinished, as its writer was killed" in text


def test_a_plan_that_cannot_be_used_keeps_no_report_from_being_made(evidence: Path) -> None:
    found = subject(evidence, plan={"preset": "circus"})
    assert any("The contingency plan in the inventory cannot be used" in each for each in points(found))
    assert "class_1" in Page(html_of(document_of(found))).text
    # A mistake in the inventory is no tampering with the records.
    assert "NOT WHOLE" not in markdown_of(document_of(found))


def test_a_drill_is_marked_on_every_report(evidence: Path) -> None:
    opened, *others = samples.events(evidence)
    written(evidence, [samples.with_fields(opened, drill=True), *others])
    for language, mark in (("en", "DRILL"), ("zh", "演练")):
        document = document_of(subject(evidence, language))
        assert document.banner.startswith(mark)
        assert document.title.startswith({"en": "Drill report", "zh": "演练报告"}[language])
        assert document.banner in Page(html_of(document)).text
        assert document.banner in markdown_of(document)


def test_there_is_a_sentence_where_there_is_no_such_incident(evidence: Path) -> None:
    places = gather.places_of(str(evidence), None, None)
    made = gather.Made("en", samples.NOW, "x")
    with pytest.raises(gather.NothingToReport, match=f"name it with -e incident=, one of: {samples.INCIDENT};"):
        gather.of_incident(places, "INC-20261122-7", {}, made)
    assert gather.the_open_one(places) == samples.INCIDENT
    shutil.rmtree(evidence / "incidents")
    with pytest.raises(gather.NothingToReport, match=r"It is not clear what to report on; .*none, neither in"):
        gather.the_open_one(places)


# -- one run ---------------------------------------------------------------------------------------


def of_run(root: Path, name: str) -> Subject:
    return gather.of_run(str(root / "runs" / name), samples.PLAN, gather.Made("en", samples.NOW, "zhang@duty"))


def test_a_run_without_an_incident_has_a_report_too(evidence: Path) -> None:
    found = of_run(evidence, samples.FAILOVER)
    page = Page(html_of(document_of(found)))
    assert page.problems == []
    assert headline(found) == "Core switch failover: done in part. It took 31 s."
    assert kind_of(found) == WARN
    assert "Review" not in [title for _level, title in page.headings]
    assert "43" in page.text


def test_a_run_that_was_broken_off_or_only_planned_says_so(evidence: Path) -> None:
    assert headline(of_run(evidence, samples.SHUTDOWN)) == "Staged shutdown: NO END RECORDED."
    assert kind_of(of_run(evidence, samples.SHUTDOWN)) == UNKNOWN
    assert headline(of_run(evidence, samples.PLANNED)).startswith("Core switch failover: only planned, nothing was")


@settings(max_examples=40)
@given(LINES)
@example([("run_begun", {"epoch": 253402272001})])
@example([("run_begun", {"epoch": -62135596800}), ("run_ended", {"epoch": 5e14})])
@example([("run_begun", {"epoch": 3e10}), ("run_ended", {"epoch": 0})])
def test_whatever_stands_in_a_journal_makes_a_whole_page(lines: list[tuple[str, dict[str, Any]]]) -> None:
    run = run_of(Verdict("run", "/evidence/runs/run", [{"kind": kind, **fields} for kind, fields in lines]))
    document = document_of(Subject(voice_of("zh", "Asia/Shanghai"), samples.NOW, (run,)))
    assert Page(html_of(document)).problems == []
    assert markdown_of(document).startswith("# ")


def test_a_report_of_5000_lines_takes_at_most_two_seconds(tmp_path: Path) -> None:
    directory = samples.write_run(tmp_path, "long", samples.journal_of(5000))
    began = time.process_time()
    document = document_of(gather.of_run(str(directory), samples.PLAN, gather.Made("en", samples.NOW, "x")))
    assert "5000" in html_of(document)
    assert markdown_of(document)
    assert time.process_time() - began <= 2.0


# -- the review ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_people_wrote_in_the_review_is_in_the_report(evidence: Path, language: str) -> None:
    words = WORDS[language]
    text = blank(language, "T").replace(words["ask_well"] + "\n", words["ask_well"] + "\nThe <spare> was *there*.\n")
    (evidence / "incidents" / samples.INCIDENT / FILE).write_text(f"{text}## Costs\n\n12,000\n", encoding="utf-8")
    for other in ("en", "zh"):
        document = document_of(subject(evidence, other))
        page = Page(html_of(document))
        assert "The <spare> was *there*." in page.text
        assert "Costs" in page.text
        assert "12,000" in markdown_of(document)


def test_a_blank_review_has_all_questions_and_no_answer() -> None:
    for language in ("en", "zh"):
        assert set(answers_of(blank(language, "T")).values()) == {""}
        assert len(answers_of(blank(language, "T"))) == 7
    assert answers_of("no heading at all") == {"": "no heading at all"}


def test_a_comment_in_the_review_is_no_answer() -> None:
    answers = answers_of(
        "## What went well?\n\nAll. <!-- ask Li\n## What went badly or took too long, and why?\n-->Yes."
    )
    assert answers == {"well": "All. Yes."}


def test_a_review_that_cannot_be_read_is_told(evidence: Path) -> None:
    (evidence / "incidents" / samples.INCIDENT / FILE).mkdir()
    assert any("cannot be read: Is a directory" in each for each in points(subject(evidence)))
