# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README and runbook show what a standby procedure shows."""

from __future__ import annotations

import re

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import WORDS as STANDBY_WORDS

from tests.unit.docs.pages import READMES, STANDBY_RUNBOOKS, sources, text

STANDBY_MESSAGES = [
    "Nothing was changed",
    "is not proven to be off, so",
    "was NOT promoted",
    "write which host is off",
    "what it committed in between is lost",
    "so the loss cannot be bounded",
    "accept_data_loss",
    "The primary told of",
    "of WAL that never came",
    "yet the standby heard of it",
    "a takeover is under way, started by",
    "its data directory",
    "and the limit is",
    "received and not yet replayed",
    "Replay is paused",
    "on the server that shall be promoted",
    "gives no usable answer",
    "cannot be reached, so nothing was changed",
    "does not answer and could not be switched on",
    "the server takes writes, but",
    "is answered by",
    "has no carrier",
    "is down; bring it up",
    "cannot be written",
    "does not answer IPMI",
    "does not accept the password of",
    "leave out --limit",
    "is no database server of this inventory",
    "it cannot be told which server takes over",
    "cannot be asked as",
    "is a standby itself and can feed nobody safely",
    "No standby streams from the primary",
    "a planned switchover of MariaDB is not automated",
    "is in use",
]


@pytest.mark.parametrize("runbook", STANDBY_RUNBOOKS)
@pytest.mark.parametrize("message", STANDBY_MESSAGES)
def test_standby_runbook_explains_the_messages_in_their_own_words(runbook: str, message: str) -> None:
    assert message in text(runbook)
    assert message in sources()


@pytest.mark.parametrize(("readme", "language"), list(zip(READMES, ("en", "zh"), strict=True)))
def test_sample_of_the_standby_summary_is_in_its_words(readme: str, language: str) -> None:
    shown = standby_lines(language, service="his-app.service")
    assert [part for part in shown if part not in text(readme)] == []


@pytest.mark.parametrize(("runbook", "language"), list(zip(STANDBY_RUNBOOKS, ("en", "zh"), strict=True)))
def test_standby_runbook_explains_each_kind_of_line_of_the_summary(runbook: str, language: str) -> None:
    words = STANDBY_WORDS[language]
    names = {"failed": "his-db-1", "target": "his-db-2"}
    back = {"failed": "his-db-2", "target": "his-db-1"}
    shown = [
        *standby_lines(language, service="his-app.service"),
        words["fence_none"],
        words["fence_before"],
        words["primary_already"],
        words["loss_none"],
        words["result_failed"].format(names="his-app-1"),
        re.split("[;；]", words["not_tried"])[0],
        words["failed"].format(why="").strip(" :："),
        words["unreachable"].partition(words["failed"].format(why=""))[2].partition("{")[0].strip(" (（"),
        re.split("[:。]", words["plan"])[0],
        words["record"].format(path="..."),
        words["rejoined"].format(steps="...", **names),
        words["result_rejoin"].format(**names),
        words["released"].format(what="shut down cleanly, last record at ..."),
        words["reclaimed"].format(seconds="...", **back),
    ]
    assert [part for part in shown if part not in text(runbook)] == []


@pytest.mark.parametrize("runbook", STANDBY_RUNBOOKS)
def test_standby_runbook_names_the_tasks_as_the_screen_does(runbook: str) -> None:
    tasks = [
        name.replace("{{ standby_failed }}", "his-db-1")
        for file in ("takeover", "services")
        for name in re.findall(
            r'- name: "?(Promote .*?|Start what .*?)"?$', text(f"roles/standby/tasks/{file}.yml"), re.M
        )
    ]
    assert len(tasks) == 2
    assert [name for name in tasks if f"`{name}`" not in text(runbook)] == []


@pytest.mark.parametrize("runbook", STANDBY_RUNBOOKS)
def test_standby_runbook_names_only_variables_that_there_are(runbook: str) -> None:
    options = text("roles/standby/meta/argument_specs.yml")
    named = set(re.findall(r"\bstandby_(?!failover|switchover|rejoin)\w+", text(runbook)))
    assert named
    assert [name for name in named if f"{name}:" not in options] == []


def standby_lines(language: str, service: str) -> list[str]:
    """Return what the summary of a failover shows, without the figures of one run."""
    words = STANDBY_WORDS[language]
    names = {"failed": "his-db-1", "target": "his-db-2"}
    return [
        words["title_failover"].format(**names),
        next(
            part for part in words["fence"].format(method="bmc", at="|", what="|").split("|") if "bmc" in part
        ).strip(),
        words["primary"],
        words["address"].partition("{")[0],
        words["loss"].format(seconds="0.3"),
        words["service"].format(names=service),
        words["result"].format(**names),
    ]
