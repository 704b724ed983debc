# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runbook shows what a staged shutdown and startup show."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.sentences import OUTCOMES, WHOLE
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.start_report import WORDS as START_WORDS
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.words import WORDS as STAGED_WORDS

from tests.unit.docs.pages import ROOT, STAGED_RUNBOOKS, sources, text

STAGED_MESSAGES = [
    "is due: ",
    "The hard trigger has fired for",
    "Nothing is due yet",
    "its shutdown was started, but",
    "it is still on",
    "switch it off by its button or its outlet",
    "it could not be shut down, and",
    "it is not known whether it is off",
    "nobody can confirm that it is off",
    "was not confirmed off",
    "failed before and is tried again",
    "NOT confirmed off",
    "NOT saved",
    "also on the switch",
    "was not saved",
    "NOT SAVED on the switch",
    "waits to be confirmed",
    "left out for lack of time",
    "broken off for lack of time",
    "not begun",
    "cannot be used",
    "which has no command for it",
    "is the machine that this runs on",
    "The batteries are too small for the shutdown",
    "W; take load off it",
    "without the UPS beside it",
    "is unknown (",
    "says low battery and counts as empty",
    "which is kept until the stage",
    "which the batteries do not reach",
    "is not in the inventory; correct the list of hosts",
    "leave out --limit",
    "another run is at work on this site's outage",
    "the state of the outage cannot be kept in",
    "Mains has been back for",
    "is charged to",
    "is on battery; start again when mains is back on it",
    "does not tell its charge",
    "nobody has said that it is over",
    "A shutdown was broken off in its middle",
    "NOT switched on",
    "switch it on by hand, then run this again",
    "NOT healthy",
    "up and healthy",
]
IN_CHINESE = {**WHOLE, **OUTCOMES}
SHOWN = {"names": "his-db-1", "name": "duty", "minutes": "48", "field": "runtime_seconds", "off": 2, "up": 3, "all": 7}
NOT_SHOWN = dict.fromkeys(("percent", "began", "seconds", "why", "at", "path", "age", "how", "id", "count"), "|")


@pytest.mark.parametrize("runbook", STAGED_RUNBOOKS)
@pytest.mark.parametrize("message", STAGED_MESSAGES)
def test_staged_runbook_explains_the_messages_in_their_own_words(runbook: str, message: str) -> None:
    assert message in text(runbook)
    assert message in sources()


@pytest.mark.parametrize(("runbook", "language"), list(zip(STAGED_RUNBOOKS, ("en", "zh"), strict=True)))
@pytest.mark.parametrize("said", [STAGED_WORDS, START_WORDS], ids=["shutdown", "start"])
def test_staged_runbook_shows_each_line_of_the_summary(runbook: str, language: str, said: Any) -> None:
    """The longest part of each line that has no figures of one run in it, and of several sentences one."""
    lines = [words.format(**SHOWN, **NOT_SHOWN) for words in said[language].values()]
    parts = [max(re.split(r"\||\. .*|。.*", line), key=len).strip() for line in lines]
    assert [part for part in parts if part not in text(runbook)] == []


@pytest.mark.parametrize("pattern", IN_CHINESE)
def test_chinese_runbook_shows_what_a_chinese_screen_does(pattern: str) -> None:
    """Where the runbook explains a sentence, one of its clauses stands there as it does on the screen."""
    english = re.sub(r"\(\?.*?\)", "|", pattern).replace("\\", "")
    clauses = [
        clause for clause in re.split("[，。：；（）]", IN_CHINESE[pattern]) if re.search("[\u4e00-\u9fff]{2}", clause)
    ]
    wanted = [re.sub(r"\\{\w+\\}", ".+?", re.escape(clause)) for clause in clauses]
    explained = any(message in english for message in STAGED_MESSAGES)
    assert not explained or any(re.search(each, text(STAGED_RUNBOOKS[1])) for each in wanted)


@pytest.mark.parametrize("runbook", STAGED_RUNBOOKS)
def test_staged_runbook_names_the_task_as_the_screen_does(runbook: str) -> None:
    [task] = re.findall(r"- name: (.*)\n  contingency", text("roles/staged_shutdown/tasks/main.yml"))
    assert f"`{task}`" in text(runbook)


@pytest.mark.parametrize("runbook", STAGED_RUNBOOKS)
def test_staged_runbook_names_only_variables_and_playbooks_that_there_are(runbook: str) -> None:
    example = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "inventories/example").rglob("*.yml"))
    named = set(re.findall(r"(?<![/.])\b(?:staged_)?(?:shutdown|ups)_\w+", text(runbook)))
    assert named >= {"shutdown_feeds", "ups_sources", "staged_shutdown_policy"}
    assert [name for name in named if f"{name}:" not in example] == []
    for playbook in re.findall(r"ansible-playbook contingency\.infra\.(\w+)", text(runbook)):
        assert (ROOT / f"playbooks/{playbook}.yml").exists()
