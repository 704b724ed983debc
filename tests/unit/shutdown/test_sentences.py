# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner says is told in the language of the run, and nothing of it is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.report import Facts, Reporter, Summary
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.sentences import (
    all_told,
    outcome_told,
    progress_told,
    told,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.start import make_start
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.words import WORDS
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import NOT_SAVED, SAVED
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_mend import mended
from ansible_collections.contingency.infra.plugins.plugin_utils.start_run import SHUTDOWN_AT_WORK, STILL_PLANNED

from .describe import NOW, node, outage, planned, policy, reading, silent, stage, ups

TWO = (stage("office", 600), stage("critical", 3600, 300))
PAIR = [node("web", 30, stage="office", feeds=["ups-a"]), node("db", 40, feeds=["ups-a"], after=["web"])]


def state(word: str, **others: Any) -> dict[str, Any]:
    return {"state": word, "since_epoch": NOW - 10, "off_at_epoch": None, "how": "", **others}


CASES = {
    "nothing is due": {"record": outage(60)},
    "by age": {"record": outage(700)},
    "of unknown age": {"record": outage(60, began_at_epoch=None)},
    "by runtime": {"record": outage(60), "readings": [reading(charge_percent=20.0)]},
    "because it was": {"record": outage(60, due_stages=["office"])},
    "because a later one is": {"record": outage(60, due_stages=["critical"])},
    "planned": {"record": outage(60, cause="planned")},
    "hard": {"record": outage(60), "readings": [reading(status="low_battery")]},
    "too late": {"record": outage(60), "readings": [reading(charge_percent=1.0)]},
    "mains is back": {
        "record": outage(60, nodes={"web": state("shutting")}),
        "readings": [reading(status="online")],
    },
    "mains is back and nothing flies": {"record": outage(60), "readings": [reading(status="online")]},
    "failed": {"record": outage(700, nodes={"web": state("failed", how="BMC is silent")})},
    "unknown": {"record": outage(60), "readings": [silent()]},
    "silent since": {
        "record": outage(60),
        "readings": [reading(read_at_epoch=NOW - 20), silent()],
    },
    "overloaded": {"record": outage(60), "upses": [ups(watts=150)], "readings": [reading(load_percent=200.0)]},
}


WRONG_ORDER = [node("web", 30, stage="office", feeds=["ups-a"], after=["db"]), node("db", 40, feeds=["ups-a"])]
ORDINARY = {
    "a stage out of reach": (PAIR, (stage("office", 600), stage("critical", 36000, None))),
    "an order against the stages": (WRONG_ORDER, TWO),
}


@pytest.mark.parametrize(("nodes", "stages"), ORDINARY.values(), ids=ORDINARY)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_an_ordinary_day_it_is_told_what_would_not_go_as_planned(
    nodes: list[dict[str, Any]], stages: Any, language: str
) -> None:
    plan = planned(nodes, rules=policy(*stages), readings=[reading(status="online")], record=None)
    shown = Reporter(Facts("online", [], ["web", "db"], mode="check", plan=plan, now_epoch=NOW), language).summary()
    assert shown.title == WORDS[language]["title_problems"]
    assert len(shown.closing) == 1 + len(plan["problems"]) > 1
    assert all(max(text) >= "\u4e00" for text in shown.closing) == (language == "zh")


def test_on_an_ordinary_day_nothing_is_told_where_nothing_is_wrong() -> None:
    alone = [node("db", 40, feeds=["ups-a"])]
    plan = planned(alone, rules=policy(stage("critical", 300)), readings=[reading(status="online")])
    shown = Reporter(Facts("online", [], ["db"], mode="check", plan=plan, now_epoch=NOW), "en").summary()
    assert (shown.title, list(shown.closing)) == (WORDS["en"]["title_none"], [WORDS["en"]["next_none"]])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_sentence_of_a_plan_is_told_in_chinese_with_its_figures(case: dict[str, Any]) -> None:
    plan = planned(PAIR, rules=policy(*TWO), **case)
    sentences = [*plan["why"], *plan["problems"]]
    assert sentences
    for sentence, chinese in zip(sentences, all_told(sentences, "zh"), strict=True):
        assert chinese != sentence
        assert re.search("[\u4e00-\u9fff]", chinese), chinese
        assert not re.search(r"\b(the|is|and|due|goes)\b", chinese.replace("its driver is not connected", "")), chinese
        assert set(re.findall(r"\d+", chinese)) <= set(re.findall(r"\d+", sentence)), chinese


@pytest.mark.parametrize(
    ("since", "charge"), [(NOW - 10, 100.0), (NOW - 1000, 10.0), (NOW - 1000, None)], ids=["stable", "charge", "silent"]
)
def test_why_nothing_is_started_is_told_in_chinese(since: float, charge: float | None) -> None:
    read = [reading(status="online", charge_percent=charge)]
    start = make_start(PAIR, [ups()], policy(*TWO), read, outage(), NOW, since, [])
    assert not re.search(r"\b(the|is|and|to)\b", told(start["limitation"], "zh"))


def test_what_was_mended_in_the_inventory_is_told_in_chinese() -> None:
    wrong = node("web", 30, stage="erly", feeds=["ups-c"], after=["gone"], kind="host")
    _nodes, remarks = mended([wrong], [ups("ups-a"), ups("ups-b")], policy(*TWO))
    assert len(remarks) == 3
    for chinese in all_told([*remarks, "web: it is odd. What can be used of web is used."], "zh"):
        assert re.search("[\u4e00-\u9fff]", chinese), chinese


@pytest.mark.parametrize("sentence", [STILL_PLANNED, SHUTDOWN_AT_WORK])
def test_why_a_start_waits_for_a_person_is_told_in_chinese(sentence: str) -> None:
    assert not re.search(r"\b(the|is|was|and)\b", told(sentence, "zh"))


def test_a_sentence_that_is_not_known_is_told_as_it_is() -> None:
    for sentence in ("The moon is full.", "The stage office is due: the moon is full."):
        assert told(sentence, "zh") == sentence
    assert told("The stage office is due: the outage is planned.", "en").endswith("planned.")


def test_the_screen_and_the_result_of_a_chinese_run_are_chinese() -> None:
    plan = planned(PAIR, rules=policy(*TWO), record=outage(60))
    ran = {**outage(60), "nodes": {}}
    facts = Facts("on_battery", [], ["web", "db"], outage=ran, age=60.0, plan=plan, now_epoch=NOW)
    shown = Reporter(facts, "zh").summary()
    assert "尚无需执行：已停电 60 秒" in "\n".join(shown.shown)
    assert shown.title.endswith("起由电池供电（1 分钟）")
    assert "Nothing is due yet" not in "\n".join(shown.shown)


def test_the_result_has_one_full_stop_after_each_sentence() -> None:
    assert Summary("title", [], ["It is due.", "Next: nothing"]).message == "It is due. Next: nothing"
    assert Summary("Nothing was shut down", [], []).message == "Nothing was shut down"


@pytest.mark.parametrize(
    "how",
    [
        *(f"off ({how}, by bmc)" for how in ("graceful", "bmc_graceful", "forced", "already")),
        *(
            "shuts down now",
            "NOT confirmed off",
            "not confirmed off",
            "up and healthy",
            "NOT switched on",
            "NOT healthy",
        ),
        *("left out for lack of time", "broken off for lack of time"),
        *("not begun", SAVED, f"{SAVED}, also on the switch", NOT_SAVED),
    ],
)
def test_what_became_of_a_host_is_told_in_chinese(how: str) -> None:
    assert outcome_told(how, "en") == how
    assert "一" < outcome_told(how, "zh")[0] <= "鿿"


@pytest.mark.parametrize(
    ("line", "chinese"),
    [
        ("stage office is due", "阶段 office 开始执行"),
        ("his-db-1: database: saving", "his-db-1: database：正在保存"),
        ("web: shutting", "web：正在关机"),
        ("web: starting", "web：正在开机"),
        ("web: broken off for lack of time", "web：时间不足，已中断"),
        ("his-db-1: database: saved after 20 s", "his-db-1: database：已保存，20 秒"),
        ("web: off (graceful, by bmc) after 42 s", "web：已正常关机（由 bmc 证实），42 秒"),
        (
            "web: NOT confirmed off after 300 s web: its shutdown was started, but after 300 s it is still on.",
            "web：未确认关机，300 秒。web: its shutdown was started, but after 300 s it is still on.",
        ),
        ("web: the disk is full", "web: the disk is full"),
    ],
)
def test_what_goes_on_is_told_in_chinese(line: str, chinese: str) -> None:
    assert progress_told(line, "zh") == chinese
    assert progress_told(line, "en") == line


def test_the_lines_of_hosts_on_a_chinese_screen_are_chinese() -> None:
    outcomes = [{"name": "web", "state": "off", "how": "off (graceful, by bmc)", "seconds": 42.0, "message": ""}]
    facts = Facts("on_battery", [], ["web", "db"], outage={**outage(60), "nodes": {}}, outcomes=outcomes, now_epoch=NOW)
    assert list(Reporter(facts, "zh").summary().lines) == [("web", "已正常关机（由 bmc 证实），42 秒")]
    assert list(Reporter(facts, "en").summary().lines) == [("web", "off (graceful, by bmc), 42 s")]
