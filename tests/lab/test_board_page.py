# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notice board in Chromium: it opens without a complaint, and its own script is allowed to tell its age."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.plugin_utils.board import Board
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import whole_plan

from lab.browser import opened
from tests.unit.notice.site import Site, plan_for

PICTURES = Path(__file__).resolve().parents[2] / "build/board"
CHAT = {"kind": "wecom", "url": "https://hook.example/send?key=0123456789"}


def board(home: Path, name: str, first: str, *, age: float = 0.0) -> Path:
    settings = {"path": "/srv/www/it.html", "refresh": 600, "call": "8000"}
    policy = policy_of(whole_plan(plan_for({"chat": CHAT}, notice_board=settings)))
    path = Site(home, {}).opened("HIS 无响应", place="机房 2", effect="挂号、收费、药房无法使用")
    manual = {"departments": ["registration", "pharmacy"], "state": "started"}
    store.append_event(str(path), "manual_work", manual, by="test@here")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = PICTURES / f"{name}.html"
    incident = store.load(str(path)).incident
    page.write_text(Board(policy, [incident], first, time.time() - age).page(), encoding="utf-8")
    return page


@pytest.mark.parametrize("first", ["en", "zh"])
def test_fresh_board_opens_without_a_complaint_and_does_not_cry(tmp_path: Path, first: str) -> None:
    found = opened(board(tmp_path, f"board-{first}", first), width=1600, height=900)
    assert found.console == ()
    assert re.search(r'<div id="stale"[^>]*hidden', found.dom)
    assert "转手工的科室: 挂号处、药房" in found.dom
    assert found.picture.read_bytes().startswith(b"\x89PNG")


def test_old_board_says_how_old_it_is(tmp_path: Path) -> None:
    # Its meta element loads it anew after 600 s; 2,500 s is older than four of these.
    found = opened(board(tmp_path, "board-old", "zh", age=2500), width=1600, height=900)
    assert found.console == ()
    assert not re.search(r'<div id="stale"[^>]*hidden', found.dom)
    assert "本页已 <b>41</b> 分钟未更新" in found.dom
