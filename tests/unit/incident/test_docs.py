# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runbook of the incident says what the screen says, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.entries import CONDITIONS
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import COUNTED_FROM, MODES
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import PRESETS
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import SENTENCES
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import WORDS

ROOT = Path(__file__).resolve().parents[3]
PAGES = {"en": ROOT / "docs/incident.md", "zh": ROOT / "docs/incident.zh-CN.md"}
SCREEN = [
    "unknown_time",
    "grade_unknown",
    "grade_no_rule",
    "worse",
    "due",
    "sent",
    "overdue_notice",
    "failed",
    "unanswered_line",
    "needed",
    "next",
    "others",
    "damaged",
    "unreadable",
    "other_plan",
    "gap",
    "record",
]
REFUSALS = [
    "belongs to no name, so something was said in part only",
    "is no time; ",
    "write it as now, 20m ago, 02:40",
    "is no length of time; write it as 30m",
    "is not in the plan; take one of",
    "is neither yes nor no; write true, false or",
    "lies in the future; correct it, or this machine's clock",
    "occurred is later than discovered",
    "is before the fault itself",
    "needs its reason",
    "several incidents are open",
    "no incident is open",
    "is closed; write a note, or open a new incident",
    "is not closed:",
    "The contingency plan cannot be used",
    "WHAT YOU SAID IS RECORDED, word by word",
    "could not be written to",
    "put back",
]


def text(language: str) -> str:
    return PAGES[language].read_text(encoding="utf-8")


def sources() -> str:
    files = [*ROOT.glob("plugins/module_utils/_incident/*.py"), *ROOT.glob("plugins/*/incident*.py")]
    return re.sub(r'"\n\s+f?"', "", "".join(file.read_text(encoding="utf-8") for file in files))


def literal(sentence: str) -> str:
    """Return the first part of a sentence that no value fills and that tells it from others."""
    parts = [part.strip() for part in re.split(r"{\w+}|[.,:;()，。：；（）]", sentence)]
    return next((part for part in parts if len(part) > 2), max(parts, key=len))


def test_both_languages_have_the_same_shape() -> None:
    marks = re.compile(r"^(#+ |\| |\d\. |- |    |\*\*\d\.)", re.MULTILINE)
    english, chinese = ([match[1].strip() for match in marks.finditer(text(each))] for each in PAGES)
    assert english == chinese


@pytest.mark.parametrize("language", list(PAGES))
@pytest.mark.parametrize("word", SCREEN)
def test_each_line_of_the_screen_is_explained(language: str, word: str) -> None:
    assert literal(WORDS[language][word]) in text(language)


@pytest.mark.parametrize("sentence", REFUSALS)
def test_each_refusal_is_explained_in_its_own_words(sentence: str) -> None:
    assert sentence in text("en")
    assert sentence in sources()


def refusals(language: str) -> list[str]:
    """What the page quotes of the refusals, without the rows of names that are misspelt."""
    table = text(language).partition("**6.")[2].partition("\n\n**")[0]
    rows = re.findall(r"^\| `([^`]+)`(?! /)", table, re.MULTILINE)
    return [row.replace("events.jsonl", "{file}") for row in rows]


@pytest.mark.parametrize("language", list(PAGES))
def test_the_page_quotes_the_refusals_of_its_own_language_in_the_same_order(language: str) -> None:
    quoted = [[key for key, sentence in SENTENCES[language].items() if row in sentence] for row in refusals(language)]
    english = [[key for key, sentence in SENTENCES["en"].items() if row in sentence] for row in refusals("en")]
    assert len(quoted) == len(english) == 17
    assert [
        set(here) & set(there) for here, there in zip(quoted, english, strict=True) if not set(here) & set(there)
    ] == []


def test_refusals_say_the_same_in_both_languages() -> None:
    gaps = {
        language: {key: set(re.findall(r"{\w+}", sentence)) for key, sentence in sentences.items()}
        for language, sentences in SENTENCES.items()
    }
    assert gaps["en"] == gaps["zh"]
    assert [key for key, sentence in SENTENCES["zh"].items() if not re.search("[\u4e00-\u9fff]", sentence)] == []


@pytest.mark.parametrize("language", list(PAGES))
def test_whatever_a_plan_may_say_is_explained(language: str) -> None:
    for word in (*PRESETS, *CONDITIONS, *COUNTED_FROM, *MODES):
        assert f"`{word}`" in text(language), word


@pytest.mark.parametrize("language", list(PAGES))
def test_commands_name_playbooks_that_are_there_and_links_lead_to_files(language: str) -> None:
    named = set(re.findall(r"contingency\.infra\.(incident_\w+)", text(language)))
    assert named == {file.stem for file in (ROOT / "playbooks").glob("incident_*.yml")} - {"incident_report"}
    for link in re.findall(r"\]\(([^)#:]+)\)", text(language)):
        assert PAGES[language].parent.joinpath(link).exists(), link


def test_every_option_of_an_update_has_a_name_on_the_command_line() -> None:
    playbook = (ROOT / "playbooks/incident_update.yml").read_text(encoding="utf-8")
    tasks = (ROOT / "roles/incident/tasks/update.yml").read_text(encoding="utf-8")
    passed = set(re.findall(r"{{ (incident_\w+) \| default\((?:omit|''\) \| string)", tasks))
    assert passed - {"incident_class"} == set(re.findall(r"^ +(incident_\w+): ", playbook, re.MULTILINE))
