# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README and runbook show what a restore test shows."""

from __future__ import annotations

import re

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import metrics as restore_metrics
from ansible_collections.contingency.infra.plugins.module_utils._restore.engines import ENGINES
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import STAGES
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import UNITS
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import WORDS as RESTORE_WORDS

from tests.unit.docs.pages import READMES, RESTORE_RUNBOOKS, sources, text
from tests.unit.restore.sets import of_each_verdict

RESTORE_MESSAGES = [
    "altered",
    "age of the backup",
    "told by nobody",
    "time of the backup",
    "as its manifest says",
    "of as many rows",
    "that can be compared",
    "as in the last good test",
    "in reserve; free space there, or set scratch_directory to a larger disk",
    "of which other tests take",
    "can be written by others",
    "belongs to user",
    "the host of the test lacks space",
    "MiB in reserve while the test failed",
    "a program of the test was killed",
    "for want of memory",
    "another test of",
    "a part of the backup itself",
    "and no part of the backup",
    "amcheck is not on this host",
    "raise limits.memory",
    "the test of this copy took longer than",
    "and ended before",
    "broke off:",
    "cannot be reached over ssh",
    "cannot be read as the last good test",
    "is no time; write it as 90s, 15m, 26h or 2d",
    "correct copies",
    "nothing says how old the backup of",
    "leave out --limit",
    "the dead man's switch was not told of",
    "could not be written",
    "there is no manifest to compare it with",
    "that nothing became less",
    "manifest of the backup",
]


@pytest.mark.parametrize(("readme", "language"), list(zip(READMES, ("en", "zh"), strict=True)))
def test_sample_of_the_restore_summary_is_in_its_words(readme: str, language: str) -> None:
    words = RESTORE_WORDS[language]
    shown = [
        words["title_one"],
        words["line"].format(verdict=words["degraded"], said=words["line_degraded"].partition("{recovery}")[0]),
        words["result"].format(good=1, all=1),
        words["next_degraded"].format(names="hospital"),
    ]
    assert [part.format(copy=2) for part in shown if part.format(copy=2) not in text(readme)] == []


@pytest.mark.parametrize("runbook", RESTORE_RUNBOOKS)
@pytest.mark.parametrize("message", RESTORE_MESSAGES)
def test_restore_runbook_explains_the_messages_in_their_own_words(runbook: str, message: str) -> None:
    assert message in text(runbook)
    assert message in sources()


@pytest.mark.parametrize(("runbook", "language"), list(zip(RESTORE_RUNBOOKS, ("en", "zh"), strict=True)))
def test_restore_runbook_shows_each_line_of_the_summary(runbook: str, language: str) -> None:
    words, units = RESTORE_WORDS[language], UNITS[language]
    said = {
        name: words["line"].format(verdict=words[name], said=words[f"line_{name}"])
        for name in ("passed", "degraded", "failed", "not_run")
    }
    shown = [
        words["title"].format(count=6),
        said["passed"]
        .format(recovery=f"42 {units['min']}", age="|")
        .split("|")[0]
        .rpartition("，" if language == "zh" else ",")[0],
        said["degraded"].format(copy=2, recovery="|", age="", why="").split("，" if language == "zh" else ",")[0],
        re.split("[;；]", said["failed"])[0],
        re.split("[;；]", said["not_run"])[0],
        words["missed"].format(objective="RTO", limit=f"2 {units['h']}"),
        words["unproven"].format(count=2),
        words["result"].format(good=5, all=6),
        re.match("[^.。]+[.。]", words["next_failed"].format(names="pacs"))[0],  # type: ignore[index]
        words["next_degraded"].format(names="his"),
        words["next_not_run"].format(names="mail"),
        words["not_tested"],
        re.split("[(（]", words["unreachable"])[0].strip(),
        words["look"],
        re.split("[;；]", words["line_look"])[0].format(at=words["never"]),
        words["record"].format(path="..."),
    ]
    assert [part for part in shown if part not in text(runbook)] == []


@pytest.mark.parametrize("runbook", RESTORE_RUNBOOKS)
def test_restore_runbook_says_what_to_do_at_each_stage_and_names_what_there_is(runbook: str) -> None:
    document = text(runbook)
    assert [stage for stage in STAGES if f"`{stage}`" not in document and f"{stage}" not in document] == []
    assert [engine for engine in ENGINES if f"| `{engine}`" not in document and f"/ `{engine}`" not in document] == []
    options = text("roles/restore_test/meta/argument_specs.yml") + text("roles/readiness/meta/argument_specs.yml")
    named = set(re.findall(r"(?<![/._])\brestore_test_(?!DATE)\w+", document))
    assert [name for name in named if f"{name}:" not in options] == []
    [task] = re.findall(r'- name: "?(Restore .*?)"?$', text("roles/restore_test/tasks/main.yml"), re.M)
    assert f"`{task}`" in document


@pytest.mark.parametrize("runbook", RESTORE_RUNBOOKS)
def test_restore_runbook_names_every_metric_and_no_other(runbook: str) -> None:
    made = set(re.findall(rf"^# TYPE {restore_metrics.PREFIX}_(\w+)", metrics_of_a_test(), re.M))
    named = set(re.findall(rf"\b{restore_metrics.PREFIX}_(\w+)", text(runbook)))
    assert named == made


def metrics_of_a_test() -> str:
    good = of_each_verdict()["his"]
    assert good is not None
    return restore_metrics.rendered(good, 0.0)
