# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the approver reads is what is asked."""

from __future__ import annotations

import json
import shlex

import pytest
from ansible import context
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.store import Request
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_shown import Shown, command

from tests.unit.approval.samples import NOW


@pytest.mark.parametrize("hiding", ["\x1b[2K\rfine", "a\nb", "a\u202eb", "a\x9b2Jb"])
def test_nothing_in_a_plan_moves_the_cursor_of_the_approver(hiding: str) -> None:
    plan = Plan("pacs_move", hiding, {"to": hiding, "list": [hiding]}, {"pacs-1": {"volume": hiding}, hiding: {}})
    request = Request(plan, 1, NOW, hiding, hiding)
    say_it = Shown("en")
    lines = [*say_it.plan(request), *say_it.request(request, False), say_it.listed(request, [])]
    assert all(line.isprintable() for line in lines), lines


def test_what_is_written_in_chinese_stays_so() -> None:
    plan = Plan("pacs_move", "影像-1", {"note": "两台\n服务器"}, {})
    lines = Shown("en").plan(Request(plan, 1, NOW, "li"))
    assert "pacs_move of 影像-1" in lines[1]
    assert lines[2] == "Arguments: note=两台\\n服务器"


@pytest.mark.parametrize("moved", [("contingency_approval_dir=/mnt/a b",), (), ("failed=core-a",)])
def test_the_approver_is_sent_where_the_command_line_put_the_request(
    monkeypatch: pytest.MonkeyPatch, moved: tuple[str, ...]
) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"inventory": ("/srv/site",), "extra_vars": moved})
    words = shlex.split(command(Plan("pacs_move", "pacs-1", {}, {}), "/mnt/a b"))
    given = [json.loads(word) for word in words if word.startswith("{")]
    assert given == ([{"contingency_approval_dir": "/mnt/a b"}] if "dir" in str(moved) else [])


def test_the_approver_reads_the_language_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": ("failed=core-a contingency_language=zh",)})
    assert "-e contingency_language=zh -e request=" in command(Plan("pacs_move", "pacs-1", {}, {}), "/srv")
