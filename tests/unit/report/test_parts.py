# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves, approvals and figures, as the procedures and the approvals tell of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import Verdict
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.steps import MEASURED
from ansible_collections.contingency.infra.plugins.plugin_utils import report_work
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Picture, Section
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import markdown_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_approvals import basis, decisions
from ansible_collections.contingency.infra.plugins.plugin_utils.report_curves import sheets_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_open import points
from ansible_collections.contingency.infra.plugins.plugin_utils.report_picture import timeline_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Run, run_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_voice import voice_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words import WORDS
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report import samples

ROOT = Path(__file__).resolve().parents[3]


def run(*lines: dict[str, Any], **said: Any) -> Run:
    begun = {"kind": "run_begun", "playbook": "staged_shutdown", "epoch": samples.BEGAN, **said}
    return run_of(Verdict("run", "/r", [begun, *lines, {"kind": "run_ended", "status": "ok", "epoch": samples.BEGAN}]))


def subject(*runs: Run, language: str = "en") -> Subject:
    return Subject(voice_of(language, samples.ZONE), samples.NOW, runs)


# -- curves ----------------------------------------------------------------------------------------


def measured(name: str, unit: str, *values: tuple[float, float | None]) -> dict[str, Any]:
    return {"kind": "step", "series": [{"name": name, "unit": unit, "points": [list(value) for value in values]}]}


def test_what_the_runs_of_one_outage_measured_is_one_curve() -> None:
    first = run(measured("ups-a load", "percent", (1, 50.0), (2, None)))
    later = run(measured("ups-a load", "percent", (1, 50.0), (2, None), (3, 40.0)))
    (sheet,) = sheets_of([first, later])
    assert [curve.points for curve in sheet.curves] == [((1, 50.0), (2, None), (3, 40.0))]


def test_many_seconds_are_told_in_minutes_with_their_limits() -> None:
    step = {**measured("ups-a runtime", "seconds", (1, 1800.0), (61, 1200.0)), "objectives": {"runtime_seconds": 900}}
    (sheet,) = sheets_of([run({**step, "procedure": "staged_shutdown"})])
    assert (sheet.unit, sheet.curves[0].points) == ("minutes", ((1, 30.0), (61, 20.0)))
    text = markdown_of(document_of(subject(run({**step, "procedure": "staged_shutdown"}))))
    assert "ups-a runtime between 20 and 30 minutes" in text
    assert sheets_of([run(measured("gap", "seconds", (1, 2.5)))])[0].unit == "seconds"


def test_large_values_are_told_in_whole_numbers() -> None:
    lost = {**measured("loss", "packets", (1, 0.0), (2, 1320.4)), "procedure": "core_switch_failover"}
    assert "between 0 and 1320 packets" in markdown_of(document_of(subject(run(lost))))
    nearly = {**lost, "series": [{"name": "loss", "unit": "packets", "points": [[1, 0.0], [2, 999.7]]}]}
    assert "between 0 and 1000 packets" in markdown_of(document_of(subject(run(nearly))))


def test_more_curves_than_can_be_told_apart_have_several_pictures() -> None:
    steps = [measured(f"ups-{number}", "percent", (1, 50.0), (2, 40.0)) for number in range(8)]
    assert [len(sheet.curves) for sheet in sheets_of([run(*steps)])] == [6, 2]


@pytest.mark.parametrize("told", [None, 5, "x", [None], [{"points": 3}], [{"points": [[1], ["a", 2], [True, 2]]}]])
def test_what_is_no_series_is_left_out(told: Any) -> None:
    assert [curve.points for sheet in sheets_of([run({"kind": "step", "series": told})]) for curve in sheet.curves] in (
        [],
        [()],
    )


@pytest.mark.parametrize(
    ("language", "name", "shown"),
    [
        ("zh", "ups-a runtime", "ups-a 剩余供电时间"),
        ("zh", "loss", "丢包"),
        ("en", "ups-a runtime", "ups-a runtime"),
        ("zh", "ups-a title", "ups-a title"),
    ],
)
def test_a_curve_has_a_name_in_the_language_of_the_report(language: str, name: str, shown: str) -> None:
    assert voice_of(language).curve_name(name) == shown


@pytest.mark.parametrize(
    ("language", "name", "shown"),
    [
        ("zh", "Save log and configuration", "保存日志和配置"),
        ("zh", "Make active the uplink to core-b", "启用到 core-b 的上联"),
        ("zh", "contingency.infra.core_switch : Refuse what cannot be meant", "参数不成立时拒绝执行"),
        ("en", "contingency.infra.core_switch : Refuse what cannot be meant", "Refuse what cannot be meant"),
        ("zh", "site : Save log and configuration", "site : Save log and configuration"),
        ("zh", "Call the vendor (own)", "Call the vendor (own)"),
        ("en", "Save log and configuration", "Save log and configuration"),
    ],
)
def test_a_task_has_its_name_in_the_language_of_the_report(language: str, name: str, shown: str) -> None:
    assert voice_of(language).task(name) == shown


def test_each_curve_of_a_shutdown_has_a_chinese_name() -> None:
    for field in MEASURED:
        assert voice_of("zh").curve_name(f"ups-a {field.rpartition('_')[0]}").removeprefix("ups-a ").isascii() is False


def test_an_outage_that_the_start_after_it_tells_once_more_is_drawn_once() -> None:
    during = run(measured("ups-a load", "percent", (1, 50.0), (2, 45.0)))
    after = run(measured("ups-a load", "percent", (1, 50.0), (2, 45.0), (3, 40.0)), playbook="staged_startup")
    (sheet,) = sheets_of([during, after])
    assert (sheet.playbook, len(sheet.curves[0].points)) == ("staged_startup", 3)
    other = run(measured("ups-b load", "percent", (1, 50.0)), playbook="staged_startup")
    assert len(sheets_of([during, other])) == 2


# -- runs that came to nothing ---------------------------------------------------------------------


def waiting(minute: int) -> Run:
    return run({"kind": "step", "text": f"nothing is due, minute {minute}", "phase": "handling"})


def test_runs_that_only_looked_share_a_table_and_say_what_they_saw() -> None:
    moved = run({"kind": "step", "text": "web-1 is off", "phase": "handling", "proven": ["no process is left"]})
    work = report_work.section_of(subject(waiting(1), waiting(2), moved))
    assert [block.anchor for block in work.blocks if isinstance(block, Section)] == ["run-3", "runs-looked"]
    told = markdown_of(document_of(subject(waiting(1), waiting(2), moved)))
    assert "nothing is due, minute 1" in told
    assert "nothing is due, minute 2" in told
    alone = report_work.section_of(subject(waiting(1), moved))
    assert [block.anchor for block in alone.blocks if isinstance(block, Section)] == ["run-1", "run-2"]


@pytest.mark.parametrize(
    "lines",
    [
        [{"kind": "step", "text": "x", "ok": False}],
        [{"kind": "step", "text": "x", "unproven": ["its neighbor"]}],
        [{"kind": "result", "host": "a", "task": "t", "status": "changed", "epoch": samples.BEGAN}],
        [{"kind": "approval", **samples.decision()}],
    ],
)
def test_a_run_that_did_or_missed_something_has_a_section_of_its_own(lines: list[dict[str, Any]]) -> None:
    assert not run(*lines).only_looked


def test_of_many_runs_all_are_in_the_picture() -> None:
    steps = [{"kind": "step", "text": f"step {n}", "proven": ["x"], "epoch": samples.BEGAN + n} for n in range(9)]
    [picture] = timeline_of(subject(*(run(*steps) for _number in range(20)))).blocks
    assert isinstance(picture, Picture)
    drawn = str(picture.svg)
    assert drawn.count("Staged shutdown") >= 20
    assert "step 1" not in drawn


# -- approvals -------------------------------------------------------------------------------------


def approval(**more: Any) -> dict[str, Any]:
    return {"kind": "approval", **samples.decision(), **more}


def text(*lines: dict[str, Any], language: str = "en") -> str:
    return markdown_of(document_of(subject(run(*lines), language=language)))


def test_an_approval_is_told_once_with_who_and_until_when_by_the_clock_of_the_site() -> None:
    assert len(decisions(subject(run(approval(), approval()), run(approval())))) == 1
    told = text(approval())
    assert "**approved** | wang@hospital<br>given 2026-11-22 14:04:47, valid until 2026-11-22 16:04:47" in told
    assert "`5f1e5f1e5f1e5f1e`" in told
    assert "asked for by zhang" in told


def test_who_approved_his_own_plan_is_told() -> None:
    own = {**samples.decision()["approvals"][0], "own": True}
    assert "the person at the keyboard approved it" in text(approval(approvals=[own]))


def test_what_went_on_without_an_approval_is_an_open_point() -> None:
    unavoidable = approval(basis="unavoidable", approvals=[], reasons=["the standing approval has expired"])
    assert basis(unavoidable) == "unavoidable"
    assert "**WITHOUT APPROVAL**" in text(unavoidable)
    assert "the standing approval has expired" in text(unavoidable)
    assert any("went on without an approval" in each for each in points(subject(run(unavoidable))))
    assert points(subject(run(approval()))) == []


def test_approvals_said_on_the_command_line_are_an_open_point() -> None:
    [point] = points(subject(run(approvals={"contingency_approvals": "0"})))
    assert point.endswith(
        "was run with contingency_approvals=0 on the command line. Say in the review who decided it and why."
    )


def test_a_refusal_is_no_approval() -> None:
    assert basis(approval(granted=False)) == "refused"
    assert basis(approval(granted="true")) == "refused"
    assert "**REFUSED**" in text(approval(granted=False, basis="", approvals=[]))


def test_a_standing_approval_says_whose_it_is() -> None:
    standing = {"by": "wang", "until": "2027-01-01T00:00:00Z"}
    assert "standing, by wang until 2027-01-01 08:00:00" in text(
        approval(basis="standing", approvals=[], standing=standing)
    )


# -- figures ---------------------------------------------------------------------------------------


def test_every_figure_of_the_procedures_has_a_name_in_both_languages() -> None:
    sources = [*(ROOT / "plugins/module_utils").glob("*/steps.py"), ROOT / "plugins/plugin_utils/restore_steps.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources if "_record" not in str(path))
    named = set(re.findall(r'"(\w+_(?:seconds|ms|lost|good|moved)|copy_used|sets_\w+)"', text)) | {
        "critical_findings",
        "ok_findings",
    }
    assert len(named) >= 10
    for language in ("en", "zh"):
        assert [name for name in named if f"figure_{name}" not in WORDS[language]] == [], language


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("outage_seconds", 423.0, "7 min 3 s"),
        ("outage_seconds", 0.0, "0 s"),
        ("outage_seconds", 0.25, "250 ms"),
        ("outage_seconds", 9.96, "10 s"),
        ("outage_seconds", 59.6, "1 min"),
        ("outage_seconds", 3600.0, "1 h"),
        ("outage_seconds", 90061.0, "1 d 1 h"),
        ("longest_gap_ms", 2140.0, "2.1 s"),
        ("wal_bytes", 16777216.0, "17 MB"),
        ("charge_percent", 87.0, "87 %"),
        ("charge_percent", 99.6, "100 %"),
        ("wal_bytes", 99700000.0, "100 MB"),
        ("runtime_seconds", -90.0, "-1 min 30 s"),
        ("packets_lost", 43.0, "43"),
        ("packets_lost", None, "not measured"),
    ],
)
def test_figures_are_told_with_their_unit(name: str, value: float | None, said: str) -> None:
    assert voice_of("en").figure(name, value) == said


@given(st.floats(allow_nan=False), st.sampled_from(["en", "zh"]))
def test_every_duration_and_moment_can_be_told(value: float, language: str) -> None:
    voice = voice_of(language, "Asia/Shanghai")
    assert voice.moment(value)
    assert abs(value) > 1e15 or voice.duration(value)


def test_a_time_zone_that_is_not_there_is_the_controllers() -> None:
    assert voice_of("en", "Mars/Olympus").zone == voice_of("en").zone
    assert voice_of("en", "../../etc/passwd").zone == voice_of("en").zone
