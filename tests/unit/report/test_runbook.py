# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages on reports say what the reports say, and the same in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.plugin_utils.report_after import FILE, QUESTIONS
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words import WORDS

ROOT = Path(__file__).resolve().parents[3]
PAGES = {"en": "docs/incident_report.md", "zh": "docs/incident_report.zh-CN.md"}


def text(language: str) -> str:
    return (ROOT / PAGES[language]).read_text(encoding="utf-8")


def test_both_languages_have_the_same_shape() -> None:
    marks = re.compile(r"^(#+ |\| |\d\. |- |    |\*\*)", re.MULTILINE)
    assert marks.findall(text("en")) == marks.findall(text("zh"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_open_point_that_is_explained_is_in_the_words_of_the_report(language: str) -> None:
    words = " ".join(re.sub(r"\{\w+\}", "...", each) for each in WORDS[language].values())
    rows = [line.split("|")[1] for line in text(language).splitlines() if line.startswith("| `")]
    explained = [
        part
        for row in rows[: rows.index(next(r for r in rows if "`incident`" in r))]
        for part in re.findall("`([^`]+)`", row)
    ]
    assert len(explained) >= 14
    for said in explained:
        assert all(part.strip() in words for part in said.split("...")), said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_parts_are_called_as_in_the_report(language: str) -> None:
    parts = ("open", "fault_record", "timeline", "objectives", "curves", "work", "notices", "deadlines", "approvals")
    for key in (*parts, "chronology", "after", "evidence"):
        assert WORDS[language][key] in text(language), key
    assert WORDS["en"]["not_measured"] in text(language)
    assert FILE in text(language)
    assert {"en": "seven", "zh": "七"}[language] in text(language)
    assert len(QUESTIONS) == 7


@pytest.mark.parametrize("language", ["en", "zh"])
def test_variables_are_those_of_the_playbook(language: str) -> None:
    play = (ROOT / "playbooks/incident_report.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text(language).rpartition("**")[2])) - {"en", "zh"}
    assert named
    read = play + (ROOT / "plugins/modules/incident_report.py").read_text(encoding="utf-8")
    assert [name for name in named if not re.search(rf"\b{name}\b", read)] == []
    assert yaml.safe_load(play)
