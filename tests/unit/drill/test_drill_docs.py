# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runbooks of drills and of the plan say what the code says, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import OF_PLAN
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import WORDS
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_scenarios import SCENARIOS
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import WORDS as PLAN_WORDS

ROOT = Path(__file__).resolve().parents[3]
PAGES = ("drill", "plan_document")
SHOWN = {
    "step_command": "",
    "running": "",
    "plan_silent": "{",
    "prompt_choice": "",
    "prompt_text": "",
    "live_stop": "",
    "live_back": "",
    "found_again": "",
    "summary_chain": "{",
    "scenario_changed": "{",
}
ERRORS = ("Somebody else is holding", "Nobody sits at a terminal who could be asked", "cannot ask for a password")


def page(name: str, language: str) -> str:
    ending = ".zh-CN.md" if language == "zh" else ".md"
    return (ROOT / f"docs/{name}{ending}").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_have_the_same_shape(name: str) -> None:
    marks = re.compile(r"^(#+ |\| |    ansible|\*\*\d\.)", re.MULTILINE)
    english, chinese = ([found[1] for found in marks.finditer(page(name, each))] for each in ("en", "zh"))
    assert english == chinese


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", SHOWN)
def test_lines_of_the_screen_are_explained_in_their_own_words(key: str, language: str) -> None:
    said = WORDS[language][key]
    part = max(re.split(r"\{\w+\}", said), key=len).strip(" :：;；.。，,")
    assert part in page("drill", language), part


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", ["same", "stale", "gap_line"])
def test_lines_of_the_plan_are_explained_in_their_own_words(key: str, language: str) -> None:
    part = max(re.split(r"\{\w+\}", PLAN_WORDS[language][key]), key=len).split(";")[0].split("；")[0]
    assert part.strip(" .。:：") in page("plan_document", language)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("message", ERRORS)
def test_refusals_are_explained_in_their_own_words(message: str, language: str) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "plugins/plugin_utils").glob("drill_*.py"))
    assert message in page("drill", language)
    assert message in re.sub(r'"\s*\n\s*f?"', "", sources)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_scenario_and_every_kind_of_answer_is_named(language: str) -> None:
    document = page("drill", language)
    assert [path.stem for path in SCENARIOS.glob("*.yml") if f"`{path.stem}`" not in document] == []
    assert [kind for kind in OF_PLAN if f"`{kind}`" not in document] == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_playbooks_and_variables_that_are_named_are_there(name: str, language: str) -> None:
    document = page(name, language)
    for playbook in re.findall(r"ansible-playbook contingency\.infra\.(\w+)", document):
        assert (ROOT / f"playbooks/{playbook}.yml").exists()
    options = yaml.safe_load((ROOT / f"roles/{name}/meta/argument_specs.yml").read_text(encoding="utf-8"))
    known = set(options["argument_specs"]["main"]["options"])
    named = set(re.findall(rf"\b{name}_\w+", document))
    assert named
    assert named <= known
