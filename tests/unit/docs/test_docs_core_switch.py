# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README and runbook show what a core switch procedure shows."""

from __future__ import annotations

import re

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.words import WORDS

from tests.unit.docs.pages import READMES, RUNBOOKS, sources, text

MESSAGES = [
    "Nothing was moved",
    "cannot take over",
    "is shut",
    "does not see",
    "does not have",
    "no answer from",
    "refused user",
    "is not known",
    "do not log in unless this switch was replaced",
    "it must be reached first",
    "leave out --limit",
    "look at its cable, its transceiver and the far end",
    "put back and proven",
    "THIS SWITCH HAS NO UPLINK",
    "moved and working, but NOT SAVED, do not restart it",
    "carries this session and would be shut",
    "state unknown",
    "another run on this controller",
]


@pytest.mark.parametrize(("readme", "language"), list(zip(READMES, ("en", "zh"), strict=True)))
def test_sample_of_the_summary_is_in_the_words_of_the_summary(readme: str, language: str) -> None:
    words = WORDS[language]
    shown = [
        words["title_failover"].format(left="core-a", target="core-b"),
        words["result"].format(done=6, all=6, target="core-b"),
        words["next_failover"].format(left="core-a"),
        words["saved"],
        words["left_dead"].partition("{")[0],
        words["target_ready"].partition("{")[0],
        words["unchanged"].format(after="eth1"),
        words["unproven"].format(names=f"{words['neighbor']}, {words['mac_learned']}"),
        words["proof_link"].format(seen="up"),
        words["proof_neighbor"].format(seen="core-b"),
        words["proof_reachable"].format(subject="10.9.0.31"),
        words["proof_mac_learned"].format(seen="4"),
        words["record"].format(path="/"),
    ]
    assert [part for part in shown if part not in text(readme)] == []


@pytest.mark.parametrize(("runbook", "language"), list(zip(RUNBOOKS, ("en", "zh"), strict=True)))
def test_runbook_explains_each_kind_of_line_of_the_summary(runbook: str, language: str) -> None:
    words = WORDS[language]
    shown = [
        words["title_failover"].format(left="core-a", target="core-b"),
        words["left_dead"].partition("(" if language == "en" else "；")[0].partition(";")[0],
        words["unchanged"].format(after="eth1"),
        words["unproven"].format(names=f"{words['neighbor']}, {words['mac_learned']}"),
        words["saved"],
        words["result"].format(done=6, all=6, target="core-b"),
        words["result_failed"].format(target="core-b", names="access-ward"),
        words["result_unsaved"].format(target="core-b", names="access-lab"),
        re.split("[;；]", words["not_tried"])[0],
        words["unreachable"].partition(words["failed"].format(why=""))[2].partition("{")[0].strip(" (（"),
        re.split("[:。]", words["plan"])[0],
        words["record"].format(path="..."),
    ]
    assert [part for part in shown if part not in text(runbook)] == []


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_runbook_names_the_tasks_as_the_screen_does(runbook: str) -> None:
    tasks = [
        name.replace("{{ core_switch_target }}", "core-b")
        for file in ("cores", "access", "server")
        for name in re.findall(
            r'- name: "?(Make active .*?|Save .*?)"?$', text(f"roles/core_switch/tasks/{file}.yml"), re.M
        )
    ]
    assert len(tasks) == 3
    assert [name for name in tasks if f"`{name}`" not in text(runbook)] == []


@pytest.mark.parametrize("runbook", RUNBOOKS)
@pytest.mark.parametrize("message", MESSAGES)
def test_runbook_explains_the_messages_in_their_own_words(runbook: str, message: str) -> None:
    assert message in text(runbook)
    assert message in sources()
