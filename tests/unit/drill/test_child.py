# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a procedure is run with --check, and what its output says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Call
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, LocalHost
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_child import (
    Command,
    call_limitation,
    checked,
    lines_of,
    reason_of,
    status_of,
)

CALL = Call("core_switch_failover", {"failed": "core-a"}, "core-a")
COMMAND = Command(("/srv/site",), {"contingency_language": "zh"}, vault="the vault's password")
REFUSAL = """
TASK [contingency.infra.core_switch : Refuse a core that cannot take over] ***
\x1b[0;31m[ERROR]: Task failed: core-b cannot take over: port swp11 is shut. Nothing was moved.\x1b[0m
fatal: [core-b]: FAILED! =>
    changed: false
    msg: 'core-b cannot take over: port swp11 is shut. Nothing was moved.'
"""


class Recorded(LocalHost):
    """A host on which nothing runs; it keeps what was asked of it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: dict[str, Any] = {}

    def run(self, command: Any, **options: Any) -> Answer:
        type(self).last = {"command": list(command), **options}
        return self.answer

    last: dict[str, Any]


def test_it_is_checked_and_never_confirmed_and_the_password_is_not_in_its_words() -> None:
    run = checked(CALL, COMMAND.drilled("DRILL-20261122-1"), Recorded(Answer(0, "ok", "")), 60.0)
    words = Recorded.last["command"]
    assert "--check" in words
    assert "contingency_confirm" not in "".join(words)
    given = json.loads(words[words.index("-e") + 1])
    assert given == {"contingency_language": "zh", "failed": "core-a", "contingency_drill": "DRILL-20261122-1"}
    assert words[words.index("-i") + 1] == "/srv/site"
    assert not [word for word in words if "password" in word and not word.startswith("--")]
    assert Recorded.last["stdin"] == "the vault's password"
    assert (run.status, run.why, run.check) == ("ok", "", True)


def test_without_a_typed_password_nothing_is_read_from_standard_input() -> None:
    assert "/dev/stdin" in COMMAND.words(CALL)
    assert "/dev/stdin" not in Command(("/srv/site",)).words(CALL)


def test_the_command_that_is_shown_is_the_one_of_an_incident() -> None:
    shown = "ansible-playbook contingency.infra.core_switch_failover -i /srv/site -e failed=core-a"
    assert COMMAND.shown(CALL) == f"{shown} -e contingency_confirm=core-a"
    marked = COMMAND.drilled("DRILL-20261122-1")
    assert marked.shown(CALL).endswith("-e contingency_confirm=core-a -e contingency_drill=DRILL-20261122-1")
    assert marked.evaluating().endswith("-i /srv/site -e drill=DRILL-20261122-1 -e state=evaluated")


@pytest.mark.parametrize(
    ("answer", "status", "why"),
    [
        (Answer(0, "ok: [core-a]", ""), "ok", ""),
        (Answer(2, REFUSAL, ""), "refused", "core-b cannot take over: port swp11 is shut. Nothing was moved."),
        (
            Answer(2, "", "[ERROR]: Task failed: Action failed: name the core switch."),
            "refused",
            "name the core switch.",
        ),
        (Answer(4, "    msg: Failed to connect\n", ""), "refused", "Failed to connect"),
        (Answer(1, "", "ERROR! no inventory"), "refused", "ERROR! no inventory"),
        (Answer(5, "", ""), "refused", "exit status 5"),
        (
            Answer(124, "", "ansible-playbook did not end within 60 s"),
            "unknown",
            "ansible-playbook did not end within 60 s",
        ),
        (Answer(127, "", "ansible-playbook is not on this host"), "unknown", "ansible-playbook is not on this host"),
    ],
)
def test_how_it_ended_is_told_in_its_own_words(answer: Answer, status: str, why: str) -> None:
    assert status_of(answer) == status
    assert reason_of(answer) == why


def test_lines_have_no_colours_and_no_empty_ones() -> None:
    assert lines_of("\n\x1b[0;33mchanged: [a]\x1b[0m  \n***** \n  - eth1\n") == ["changed: [a]", "  - eth1"]


def test_a_procedure_that_is_not_there_is_told() -> None:
    assert call_limitation(CALL) is None
    assert "there is no playbook core_switch" in str(call_limitation(Call("core_switch")))
