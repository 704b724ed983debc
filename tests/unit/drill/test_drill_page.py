# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill, in both languages, as a page and as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer
from ansible_collections.contingency.infra.plugins.module_utils._drill.scenario import named
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.plugin_utils import drill_end, drill_record
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_end import End
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_plan import answered_by_plan
from ansible_collections.contingency.infra.plugins.plugin_utils.report_gather import places_of

from tests.unit.drill.examples import FAILOVER, PLAN, scenario

NOW = 1_800_000_000.0
EVIL = "<script>alert(1)</script>"


class Held:
    """A drill at the table that was held, and is judged."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "drills"
        self.places = places_of(str(folder), None, None)
        self.scenario = answered_by_plan(named(scenario(), {"core": "core-a"}), policy_of(PLAN))

    def hold(self, *answers: Answer, status: str = "ok", mode: str = "tabletop") -> str:
        fields = {"title": "small", "discovered_epoch": NOW}
        path = store.open_incident(str(self.root), fields, by="duty@desk", now=NOW, timezone="UTC", drill=True).path
        begun = {"scenario": "small", "mode": mode, "targets": {"core": "core-a"}, "sha256": "5ca1e", "path": "s.yml"}
        drill_record.write(path, "scenario", {**begun, "participants": ["Wang", "Li"]}, "duty@desk")
        played = {"procedure": FAILOVER, "arguments": {"failed": "core-a"}, "status": status, "why": "port is shut"}
        drill_record.write(path, "played", {**played, "output": ["would shut eth1", EVIL]}, "duty@desk")
        for answer in answers:
            drill_record.write(path, "answer", answer.as_fields(), "duty@desk")
        return path

    def end(self, path: str, language: str = "en") -> End:
        record = drill_record.read_record(path)
        titles = {"lead": "Lead group"}
        return drill_end.ended(self.places, record, self.scenario, PLAN, titles, language, "duty@desk", NOW + 60)


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def page(end: End) -> str:
    return Path(end.files[0]).read_text(encoding="utf-8")


def markdown(end: End) -> str:
    return Path(end.files[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["DRILL - this was an exercise", "Score by phase", "Hospital", "Wang; Li", "Objectives", "What next?"]),
        ("zh", ["演练——本次为演练", "各阶段得分", "Hospital（中）", "Wang；Li", "What next?（中）", "参演人员评估"]),
    ],
)
def test_all_of_it_is_there_in_each_language(held: Held, language: str, shown: list[str]) -> None:
    end = held.end(held.hold(Answer("look", "lamps", points=(1,))), language)
    told = page(end) + markdown(end)
    assert [part for part in shown if part not in told and part != "Objectives"] == []
    assert 'lang="en"' in page(end) if language == "en" else 'lang="zh-CN"' in page(end)


def test_every_finding_is_in_page_text_and_result(held: Held) -> None:
    end = held.end(held.hold(Answer("look", "lamps", points=(1,)), status="refused"))
    assert f"{FAILOVER} failed=core-a would refuse: port is shut" in end.findings
    for finding in end.findings:
        assert finding in page(end).replace("&#39;", "'")
        assert any(finding in line for line in end.shown)


def test_what_a_device_wrote_is_no_part_of_the_page(held: Held) -> None:
    end = held.end(held.hold(Answer("look", EVIL, points=(1,), by=EVIL)))
    assert EVIL not in page(end)
    assert "&lt;script&gt;" in page(end)


def test_it_is_marked_as_a_drill_on_the_page_and_in_the_record(held: Held) -> None:
    path = held.hold()
    end = held.end(path)
    assert "DRILL" in page(end).partition("<h1>")[0]
    loaded = store.load(path)
    assert loaded.incident.drill
    assert loaded.incident.closed_epoch is not None
    assert "/drills/DRILL-" in path


@pytest.mark.parametrize("mode", ["tabletop", "live"])
def test_a_second_judgement_changes_nothing(held: Held, mode: str) -> None:
    path = held.hold(Answer("next", choice="again"), mode=mode)
    first = held.end(path)
    before = {name: Path(path, name).read_bytes() for name in ("drill.jsonl", "evaluation.html", "events.jsonl")}
    second = held.end(path)
    assert first.changed
    assert not second.changed
    assert {name: Path(path, name).read_bytes() for name in before} == before


def test_a_drill_that_gets_more_answers_is_judged_anew(held: Held) -> None:
    path = held.hold()
    first = held.end(path)
    drill_record.write(path, "answer", Answer("next", choice="again").as_fields(), "duty@desk")
    second = held.end(path)
    assert second.changed
    assert (first.score or 0) < (second.score or 0)


def test_the_second_drill_is_held_against_the_first(held: Held) -> None:
    held.end(held.hold(status="refused"))
    end = held.end(held.hold(Answer("next", choice="again")))
    assert "Mended since" in page(end)
    assert "found again" in page(end)
    assert [line for line in end.shown if "percent points against DRILL-" in line]


def test_what_is_not_known_is_not_told_as_nothing(held: Held) -> None:
    path = held.hold()
    assert any(
        "with --check" in line and line.endswith("| unknown |") for line in markdown(held.end(path)).splitlines()
    )
    assert any("--check" in line and line.endswith("| 不明 |") for line in markdown(held.end(path, "zh")).splitlines())


def test_a_change_that_is_not_known_is_none_of_nothing(held: Held) -> None:
    before = held.hold(Answer("next", choice="again"))
    held.end(before)
    drill_record.write(before, "evaluated", {"score": None, "scores": {}, "findings": []}, "duty@desk")
    end = held.end(held.hold(Answer("next", choice="again")))
    assert "DRILL-20270115-1: ? percent points" in page(end)


def test_an_altered_record_is_told_first(held: Held) -> None:
    path = held.hold(Answer("next", choice="home"))
    record = Path(path, "drill.jsonl")
    record.write_text(record.read_text(encoding="utf-8").replace("port is shut", "it was well"), encoding="utf-8")
    drill_record.write(path, "situation", {"part": "done"}, "duty@desk")
    assert "THE RECORD OF THIS DRILL WAS ALTERED: line" in markdown(held.end(path))


def test_an_altered_record_is_told_in_the_language_of_the_report(held: Held) -> None:
    path = held.hold(Answer("next", choice="home"))
    record = Path(path, "drill.jsonl")
    record.write_text(record.read_text(encoding="utf-8").replace("port is shut", "it was well"), encoding="utf-8")
    drill_record.write(path, "situation", {"part": "done"}, "duty@desk")
    text = markdown(held.end(path, "zh"))
    assert "本次演练的记录被改动过：第 3 行与上一行不衔接" in text


@pytest.mark.parametrize("mode", ["tabletop", "live"])
def test_what_a_drill_shares_with_incidents_is_told_first_where_it_was_altered(held: Held, mode: str) -> None:
    path = held.hold(Answer("next", choice="home"), mode=mode)
    events = Path(path, "events.jsonl")
    store.append_event(path, "note", {"text": "it took 4 hours"}, by="duty@desk")
    store.append_event(path, "note", {"text": "all is done"}, by="duty@desk")
    events.write_text(events.read_text(encoding="utf-8").replace("4 hours", "4 minutes"), encoding="utf-8")
    before, _heading, _after = page(held.end(path)).partition("<h2")
    assert f"The evidence of {events} was altered: line 3" in before
    assert 'class="callout bad"' in before


@pytest.mark.parametrize("mode", ["tabletop", "live"])
def test_the_hash_of_the_last_line_of_each_record_is_in_the_page(held: Held, mode: str) -> None:
    path = held.hold(Answer("next", choice="home"), mode=mode)
    shown = page(held.end(path))
    assert drill_record.read_record(path).head in shown
    *_before, closed, report = store.lines_of(path)
    assert (closed["kind"], report["kind"]) == ("closed", "report")
    assert report["previous"] in shown


@pytest.mark.parametrize("figures", [{"outage_seconds": "fast"}, {"outage_seconds": True}, 4.2, {"x": float("nan")}])
def test_what_is_no_figure_is_refused(held: Held, figures: Any) -> None:
    record = drill_record.read_record(held.hold(mode="live"))
    with pytest.raises(Exception, match="has to be figures by name"):
        drill_end.measured(record, FAILOVER, figures, "duty@desk")


def test_what_was_measured_is_written_once(held: Held) -> None:
    path = held.hold(mode="live")
    for _again in range(2):
        drill_end.measured(drill_record.read_record(path), FAILOVER, {"outage_seconds": "4.5"}, "duty@desk")
    record = drill_record.read_record(path)
    assert record.measured == {FAILOVER: {"outage_seconds": 4.5}}
    assert len(list(record.of("measured"))) == 1
