# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary and the page of all sets: the worst first, nothing good that is not proven, both languages whole."""

from __future__ import annotations

import re
import string
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import STAGES
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import UNITS, WORDS
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_page import rendered
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_report import (
    Report,
    by_month,
    known,
    months,
    result_of,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.restore.memory import HOUR, NOW
from tests.unit.restore.sets import of_each_verdict


def report(language: str = "en") -> Report:
    return Report([result_of(name, each, language) for name, each in of_each_verdict().items()], language)


def gaps(text: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_gaps() -> None:
    assert set(WORDS["en"]) == set(WORDS["zh"])
    assert set(UNITS["en"]) == set(UNITS["zh"])
    for key, text in WORDS["en"].items():
        assert gaps(text) == gaps(WORDS["zh"][key]), key
    same = {key for key, text in WORDS["zh"].items() if text == WORDS["en"][key]}
    assert same == {"objective"}
    assert {f"stage_{name}" for name in STAGES} <= set(WORDS["en"])


def test_the_worst_comes_first_and_what_to_do_last() -> None:
    shown = report().shown
    assert [line.split()[0] for line in shown[2:8]] == ["pacs", "archive", "finance", "mail", "lis", "his"]
    assert shown[8] == "2 of 6 backup sets are proven good"
    assert shown[9].startswith("REPORT AT ONCE: no copy of pacs is good.")
    assert report().named("not_run") == ["archive", "finance", "mail"]


@pytest.mark.parametrize(
    ("registered", "why"),
    [
        (None, "it was not tested in this run"),
        ({"unreachable": True, "msg": "Task failed: no route"}, "its scratch host cannot be reached (no route)"),
        (
            {"failed": True, "msg": "Task failed: Module failed: jobs is 0; write 1 or more."},
            "jobs is 0; write 1 or more",
        ),
        ({"failed": True}, "it was not tested in this run"),
        ({"verdict": "splendid"}, "it was not tested in this run"),
        (
            {
                "failed": True,
                "msg": "Module result deserialization failed",
                "module_stderr": "\nsh: python9: not found\n",
            },
            "its host could not run the test: sh: python9: not found; check ansible_python_interpreter (3.9 or newer)",
        ),
    ],
)
def test_whatever_did_not_come_back_counts_as_not_run(registered: Any, why: str) -> None:
    result = result_of("his", registered, "en")
    assert (result["verdict"], result["not_run"]) == ("not_run", why)


@given(
    st.none()
    | st.dictionaries(st.sampled_from(["msg", "failed", "unreachable", "rc", "verdict"]), st.text() | st.booleans())
)
def test_only_a_verdict_makes_a_set_good(registered: dict[str, Any] | None) -> None:
    verdict = result_of("his", registered, "en")["verdict"]
    assert verdict == "not_run" or verdict == (registered or {}).get("verdict")


class Outline(HTMLParser):
    """Collects the tags that are open, so that one that is not closed shows."""

    VOID = {"meta", "br", "rect", "path"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_by_itself_and_tells_of_every_set(language: str) -> None:
    page = rendered(report(language), NOW)
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert outline.addresses == []
    assert "url(" not in page
    for name in of_each_verdict():
        assert outline.texts.count(name) == 1
        assert f"<h2>{name} " in page
    assert "his.dump: sha256 09ff, expected sha256 7d1a" in page
    assert "building C offsite-1 /backup/offsite/his.dump" in page
    for verdict in ("passed", "degraded", "failed", "not_run"):
        assert f">{WORDS[language][verdict]}</span>" in page
    assert page.count('<svg width="132"') == 6
    assert not re.search(r"\{\w+\}", page.split("</style>")[1])


def test_what_a_backup_is_called_cannot_become_a_part_of_the_page() -> None:
    evil = {**of_each_verdict()["his"], "findings": ["<script>x</script>"], "verdict": "failed"}  # type: ignore[dict-item]
    evil["copies"][0]["path"] = "<img src=x>"
    page = rendered(Report([result_of("<b>", evil, "en")], "en"), NOW)
    assert "<script" not in page
    assert "<img" not in page
    assert "<h2>&lt;b&gt;" in page


def test_no_objective_is_called_met_where_nothing_was_restored() -> None:
    table = rendered(report(), NOW).partition("</table>")[0]
    rows = {re.findall(r"<b>(.*?)</b>", row)[0]: row for row in table.split("<tr>")[2:]}
    assert "met" in rows["his"]
    assert "MISSED" in rows["lis"]
    assert "MISSED" in rows["pacs"]
    assert rows["archive"].count("unknown") == 2


def test_twelve_months_end_with_this_one() -> None:
    at = time.mktime((2026, 1, 31, 12, 0, 0, 0, 0, -1))
    assert months(at) == [f"2025-{month:02}" for month in range(2, 13)] + ["2026-01"]
    history = [
        {"began_at_epoch": at - days * 86400, "verdict": each}
        for days, each in ((366, "passed"), (2, "failed"), (1, "passed"))
    ]
    there = dict(by_month(history, at))
    assert there["2026-01"] == history[2]
    assert there["2025-12"] is None
    assert there["2025-11"] is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_look_tells_what_is_known(language: str) -> None:
    look = {"last_success_epoch": None, "copies": [{"current_at_epoch": NOW - 3 * HOUR}]}
    words = WORDS[language]
    [_blank, title, one, two] = known({"his": {"look": look}, "lis": None}, language, NOW)
    assert title == words["look"]
    assert words["never"] in one
    assert f"3 {UNITS[language]['h']}" in one
    assert words["not_tested"] in two
