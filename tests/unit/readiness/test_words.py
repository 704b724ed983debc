# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words: whole in both languages, and every finding can be said in them."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._readiness import model
from ansible_collections.contingency.infra.plugins.module_utils._readiness.group import judge_group
from ansible_collections.contingency.infra.plugins.module_utils._readiness.machine import judge_machine
from ansible_collections.contingency.infra.plugins.module_utils._readiness.report import Report, nothing_looked_at
from ansible_collections.contingency.infra.plugins.module_utils._readiness.words import WORDS

from tests.unit.readiness.pair import of_server, primary, standby

AREA = Path(model.__file__).parent


def gaps(text: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_gaps() -> None:
    assert set(WORDS["en"]) == set(WORDS["zh"])
    for key, text in WORDS["en"].items():
        assert gaps(text) == gaps(WORDS["zh"][key]), key


def test_chinese_is_chinese() -> None:
    same = {key for key, text in WORDS["zh"].items() if text == WORDS["en"][key]}
    assert same <= {"check_bmc", "why", "power_on", "primary_one"}


def test_every_key_that_is_said_is_there_and_every_key_is_said() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in AREA.glob("*.py") if "words_" not in path.name)
    source += (AREA.parents[1] / "action" / "readiness_summary.py").read_text(encoding="utf-8")
    said = set(re.findall(r'"([a-z_]+)"', source))
    built = {f"bmc_{kind}_do" for kind in ("unreachable", "login", "refused", "config")}
    heads = {f"head_{name}" for name in ("severity", "subject", "check", "seen", "expected", "remedy")}
    checks = {key for key in WORDS["en"] if key.startswith("check_")}
    assert set(WORDS["en"]) <= said | built | heads | checks
    assert set(re.findall(r'say\("([a-z_]+)"', source)) <= set(WORDS["en"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_problems_come_first_and_what_is_fine_is_one_line(language: str) -> None:
    broken = of_server(standby(), streaming=False, receiver=None, version="15.19")
    findings = [*judge_machine(primary()), *judge_machine(broken), *judge_group([primary(), broken])]
    report = Report(findings, language)
    _blank, title, *problems, closing = report.shown
    assert title == WORDS[language]["title"]
    assert [line.split("  ")[:2] for line in problems] == [
        [WORDS[language]["critical"], "his-db-2"],
        [WORDS[language]["warning"], "his-db-2"],
    ]
    assert closing == report.closing
    assert not report.ready
    assert all("\n" not in line and "{" not in line for line in report.shown)
    assert len(report.record["findings"]) == len(findings)
    assert report.markdown.count("\n| ") == len(findings) + 2


def test_warnings_do_not_stand_in_the_way_and_nothing_at_all_does() -> None:
    older = of_server(standby(), version="15.19")
    assert Report(judge_group([primary(), older]), "en").ready
    assert not Report([], "en").ready
    assert not Report(nothing_looked_at("controller"), "en").ready


def test_what_a_program_said_stays_in_its_line() -> None:
    broken = of_server(standby(), refusal="its replay is\npaused | since noon.")
    report = Report(judge_group([primary(), broken]), "en")
    assert "paused | since noon; expected" in report.problems[0]
    assert "paused / since noon" in report.markdown
