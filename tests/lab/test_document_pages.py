# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contingency plan and a drill's evaluation in Chromium: they open without a complaint, and print well on A4."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import WORDS as DRILL_WORDS
from ansible_collections.contingency.infra.plugins.plugin_utils.document_page import html_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_document import SHORT, document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import WORDS as PLAN_WORDS

from lab.browser import Opened, opened
from tests.unit.drill.test_drill_page import Held
from tests.unit.plan.example import inputs

PICTURES = Path(__file__).resolve().parents[2] / "build/documents"
PLAN_SECTIONS = ("first", "people", "grading", "clocks", "procedures", "thresholds", "resources", "drills", "inputs")
DRILL_SECTIONS = ("scores", "findings", "comparison", "questions", "review", "output", "evidence")


def squeezed(text: str) -> str:
    """The text without its spaces: a line on paper may end anywhere."""
    return "".join(text.split())


def complaints(found: Opened, sections: Iterable[str], mark: str) -> list[str]:
    """What is wrong with a page: on the screen, on A4, and the sections that are not on paper."""
    wrong = list(found.console)
    if not found.picture.read_bytes().startswith(b"\x89PNG"):
        wrong.append("no picture")
    if not re.search(r"Page size: +59[45]\S* x 84[12]\S* pts \(A4\)", found.paper):
        wrong.append(found.paper)
    whole = squeezed("".join(found.sheets))
    wrong += [section for section in sections if squeezed(section) not in whole]
    for number, sheet in enumerate(found.sheets, 1):
        if mark not in sheet or f"{number}/{len(found.sheets)}" not in squeezed(sheet):
            wrong.append(f"sheet {number} does not say what it is of")
    return wrong


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_plan_opens_without_a_complaint_and_prints_on_a4(language: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page, made_from = PICTURES / f"plan-{language}.html", inputs()
    page.write_text(html_of(document_of(made_from, language)), encoding="utf-8")
    found = opened(page)
    words = PLAN_WORDS[language]
    assert complaints(found, [words[f"section_{name}"] for name in PLAN_SECTIONS], made_from.sha256[:SHORT]) == []
    assert 8 <= len(found.sheets) <= 30


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_evaluation_opens_without_a_complaint_and_prints_on_a4(tmp_path: Path, language: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    held = Held(tmp_path)
    held.end(held.hold(status="refused"), language)
    path = held.hold(Answer("look", "指示灯", points=(1,), seconds=40.0), Answer("next", choice="again", seconds=90.0))
    page = PICTURES / f"drill-{language}.html"
    shutil.copyfile(held.end(path, language).files[0], page)
    found = opened(page)
    words = DRILL_WORDS[language]
    assert complaints(found, [words[f"section_{name}"] for name in DRILL_SECTIONS], Path(path).name) == []
    assert found.dom.count("<svg") == 1
    assert 2 <= len(found.sheets) <= 8
