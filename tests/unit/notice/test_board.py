# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notice board says what is so, in both languages, and when it may not be so any more."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.escalate import board_of
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.plugin_utils.board import SCRIPT, Board, board_limitation
from ansible_collections.contingency.infra.plugins.plugin_utils.board_words import BOARD
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import whole_plan

from tests.unit.notice.site import PEOPLE, Site, plan_for

CHAT = {"kind": "wecom", "url": "https://hook.example/send?key=planted-board-key"}
VOID = {"meta"}


@pytest.fixture(scope="module")
def policy() -> Policy:
    board = {"path": "/srv/www/it.html", "refresh": 20, "call": "8000"}
    return policy_of(whole_plan(plan_for({"chat": CHAT}, notice_board=board)))


def incident(home: Path, *events: tuple[str, dict[str, Any]], drill: bool = False, **fields: Any) -> Incident:
    path = Site(home, {}).opened(fields.pop("title", "HIS <script>alert(1)</script>"), drill=drill, **fields)
    for kind, told in events:
        store.append_event(str(path), kind, told, by="test@here")
    return store.load(str(path)).incident


def page(policy: Policy, *incidents: Incident, first: str = "zh", later: float = 0.0) -> str:
    return Board(policy, incidents, first, time.time() + later).page()


class Reader(HTMLParser):
    """Reads tags and text; an element that is not closed, or closed twice, is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)


def read(text: str) -> tuple[list[str], str]:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader.tags, " ".join(reader.words)


def test_both_languages_have_the_same_words() -> None:
    assert set(BOARD["en"]) == set(BOARD["zh"])


@pytest.mark.parametrize("first", ["en", "zh"])
def test_nothing_open_says_so_in_both_languages_the_sites_own_first(policy: Policy, first: str) -> None:
    _tags, text = read(page(policy, first=first))
    places = [text.index(BOARD[language]["fine"]) for language in ("en", "zh")]
    assert (places[0] < places[1]) == (first == "en")
    assert "8000" in text


def test_who_works_by_hand_is_named_in_both_languages(policy: Policy, tmp_path: Path) -> None:
    manual = ("manual_work", {"departments": ["registration", "pharmacy"], "state": "started"})
    _tags, text = read(page(policy, incident(tmp_path, manual, effect="no prescriptions", place="house 2")))
    for part in ("转手工的科室: 挂号处、药房", "Work by hand: Registration, Pharmacy", "no prescriptions", "house 2"):
        assert part in text
    assert "网络整体瘫痪" in text
    assert "Network down as a whole" in text


def test_fault_without_manual_work_says_to_go_on(policy: Policy, tmp_path: Path) -> None:
    _tags, text = read(page(policy, incident(tmp_path)))
    assert "Work by hand: Nobody. Go on working" in text


def test_recovery_says_since_when_and_who_goes_back(policy: Policy, tmp_path: Path) -> None:
    events = [
        ("manual_work", {"departments": ["pharmacy"], "state": "started"}),
        ("recovered", {}),
        ("manual_work", {"departments": ["pharmacy"], "state": "ended"}),
    ]
    _tags, text = read(page(policy, incident(tmp_path, *events)))
    for part in ("系统已恢复", "Systems are back", "恢复系统操作的科室: 药房", "Back to normal work: Pharmacy"):
        assert part in text
    assert "Expected back" not in text


def test_end_that_has_passed_is_no_promise(policy: Policy, tmp_path: Path) -> None:
    found = incident(tmp_path)
    assert "later than" not in page(policy, found)
    assert "later than" in page(policy, found, later=7200)
    unknown = incident(tmp_path / "other", ("updated", {"expected_outage_seconds": None}))
    assert "not known yet" in page(policy, unknown)


@pytest.mark.parametrize("drill", [True, False])
def test_drill_is_marked(policy: Policy, tmp_path: Path, drill: bool) -> None:
    _tags, text = read(page(policy, incident(tmp_path, drill=drill)))
    assert ("DRILL" in text) == drill
    assert ("演练" in text) == drill


def test_what_somebody_typed_becomes_no_code_and_names_nobody(policy: Policy, tmp_path: Path) -> None:
    text = page(policy, incident(tmp_path))
    tags, shown = read(text)
    assert tags.count("script") == 1
    assert "HIS <script>alert(1)</script>" in shown
    assert "planted-board-key" not in text
    assert not any(name in shown for name in PEOPLE)


def test_page_loads_itself_anew_and_runs_only_its_own_script(policy: Policy) -> None:
    text = page(policy)
    assert '<meta http-equiv="refresh" content="20">' in text
    [script] = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert script == SCRIPT
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"sha256-{digest}" in text.replace("&#43;", "+")
    assert "default-src 'none'" in text.replace("&#39;", "'")


def test_age_of_the_page_is_in_it(policy: Policy) -> None:
    now = time.time()
    [epoch] = re.findall(r'data-epoch="(\d+)"', page(policy))
    assert abs(int(epoch) - now) < 5
    assert 'data-stale="300"' in page(policy)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, None),
        ({"path": "/srv/www/it.html"}, None),
        ({"path": "it.html"}, "notice_board.path is 'it.html'"),
        ({"refresh": 30}, "notice_board.path is None"),
        ({"path": "/a", "refresh": 1}, "notice_board.refresh is 1"),
        ({"path": "/a", "refresh": "soon"}, "notice_board.refresh is 'soon'"),
        ({"path": "/a", "colour": "red"}, "notice_board has colour"),
    ],
)
def test_mistake_in_the_plan_is_named(settings: dict[str, Any], said: str | None) -> None:
    found = board_limitation(settings)
    assert found is None if said is None else said in str(found)


def test_record_that_cannot_be_read_is_no_good_news(policy: Policy, tmp_path: Path) -> None:
    places = {"incident_dir": str(tmp_path / "incidents"), "drill_dir": str(tmp_path / "drills"), "language": "en"}
    assert BOARD["en"]["fine"] in board_of(policy, places, time.time()).page()
    broken = tmp_path / "incidents/INC-20261122-1"
    broken.mkdir(parents=True)
    (broken / "events.jsonl").write_text("garbage\n")
    found = board_of(policy, places, time.time()).page()
    assert BOARD["en"]["fine"] not in found
    assert all(BOARD[language]["not_known"] in found for language in BOARD)
