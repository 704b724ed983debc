# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about approvals says what the screen says, in both languages."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from ansible.parsing.splitter import parse_kv
from ansible_collections.contingency.infra.plugins.action.approval import lacking
from ansible_collections.contingency.infra.plugins.module_utils._approval.sealed import reason_limitation
from ansible_collections.contingency.infra.plugins.module_utils._approval.statement import statement_of
from ansible_collections.contingency.infra.plugins.module_utils._approval.words import WORDS
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_action import NAMES, typed_limitation
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_give import not_taken

ROOT = Path(__file__).resolve().parents[3]
PAGES = {"en": "docs/approval.md", "zh": "docs/approval.zh-CN.md"}
KEYS = (
    *("no_approval", "one_more", "other_plan_differs", "not_yet", "expired", "other_incident", "own_approval"),
    *("person_unknown", "bad_signature", "signers_writable", "standing_attended", "not_signed", "not_written"),
    *("rotate_same_file", "rotate_same_content", "rotate_old_works", "rotate_new_fails", "rotate_unknown"),
    *("rotate_no_old", "sealed_password", "unavoidable", "open_since", "signers_pattern", "not_read", "record_damaged"),
)


def text(language: str) -> str:
    return (ROOT / PAGES[language]).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", KEYS)
def test_each_refusal_is_explained_in_its_own_words(language: str, key: str) -> None:
    """Some part between the gaps of a sentence is on the page."""
    said = re.split(r"\{[^}]*\}", WORDS[language][key])
    shown = re.findall(r"`([^`]+)`", text(language))
    parts = [part.strip(" ./。") for each in shown for part in each.split("...") if len(part.strip(" ./。")) > 2]
    assert any(part in piece for part in parts for piece in said), WORDS[language][key]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_lines_of_a_request_are_shown(language: str) -> None:
    words = WORDS[language]
    title = words["request_title"].format(procedure="core_switch_failover", target="core-a", plan="3f9a12bc44d0")
    assert title in text(language)
    assert words["request_needs"].format(required=1) in text(language)


def test_both_languages_have_the_same_shape() -> None:
    def shape(language: str) -> list[str]:
        marks = re.compile(r"^(#+ |\| |\d+\. |- |    |\*\*\d+\.)", re.MULTILINE)
        return [match.group(1).strip() for match in marks.finditer(text(language))]

    assert shape("en") == shape("zh")


def test_commands_and_names_are_the_same_in_both_languages() -> None:
    def variables(language: str) -> set[str]:
        return set(re.findall(r"-e '?\{?\"?([a-z_]+)", text(language))) | set(
            re.findall(r"contingency_[a-z_]+", text(language))
        )

    assert variables("en") == variables("zh") - {"contingency_language"} | (variables("en") & {"contingency_language"})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_variable_on_the_page_is_one_that_the_role_takes(language: str) -> None:
    specified = yaml.safe_load((ROOT / "roles/approval/meta/argument_specs.yml").read_text(encoding="utf-8"))
    known = {name for entry in specified["argument_specs"].values() for name in entry["options"]}
    used = set(re.findall(r"-e '?\{?\"?([a-z_]+)", text(language)))
    named = set(re.findall(r"(?:contingency|approval)_[a-z_]+", text(language)))
    assert used - {"failed"} <= known
    assert named - {"contingency_confirm", "contingency_evidence_dir"} <= known


def test_targets_of_standing_approvals_are_those_of_the_procedures() -> None:
    for role in ("core_switch", "standby", "staged_shutdown"):
        variables = yaml.safe_load((ROOT / f"roles/{role}/vars/main.yml").read_text(encoding="utf-8"))
        for name in [key for key in variables if key.endswith("_approval")]:
            for target in re.findall(r"'([a-z]+)' ", variables[name]["target"]):
                assert f"`{target}`" in text("en")
    assert "`site`" in text("en")


def assigned(line: str) -> list[dict[str, str]]:
    """What ansible-playbook makes of the -e of a line; {"..."} is JSON and has no such trouble."""
    words = shlex.split(line)
    given = [words[place + 1] for place, word in enumerate(words[:-1]) if word == "-e"]
    return [parse_kv(each) for each in given if not each.startswith("{")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_that_is_typed_ends_at_its_first_space(language: str) -> None:
    lines = [line for line in text(language).splitlines() if line.startswith("    ansible-playbook")]
    assert len(lines) >= 6
    assert [line for line in lines if any("_raw_params" in each for each in assigned(line))] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_reason_that_is_shown_as_an_example_is_one(language: str) -> None:
    said = WORDS[language]["reason_lacks"]
    [given] = assigned(said[said.index("-e ") :])
    assert reason_limitation(given["reason"]) is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_approval_that_is_written_by_hand_as_the_page_says_can_be_read(language: str) -> None:
    found = text(language)
    block = found[found.index("    {\n") : found.index("    }\n") + 6]
    fields = json.loads(block)
    assert "64" in fields["plan"]
    statement = statement_of(block.replace(fields["plan"], "0" * 64), "NAME.json")
    assert statement.valid_until - statement.approved_at == 7200


@pytest.mark.parametrize(
    ("book", "names", "stray", "key"),
    [
        ("approve", ["request", "aprover"], None, "typed_misspelt"),
        ("approve", ["request", "approver", "comment"], "telephone", "typed_stray"),
        ("break_glass", ["sealed", "reson"], None, "typed_misspelt"),
        ("break_glass", ["sealed", "reason"], "is not reachable", "typed_stray"),
    ],
)
def test_half_a_reason_and_a_misspelt_name_are_refused(
    book: str, names: list[str], stray: str | None, key: str
) -> None:
    said = typed_limitation(book, names, stray)
    assert said is not None
    assert said.key == key
    assert typed_limitation(book, ["region", "contingency_language", *NAMES[book]], None) is None
    assert typed_limitation("core_switch_failover", names, stray) is None


def test_nobody_is_told_to_add_the_key_of_another_person_under_a_name_that_has_one() -> None:
    signers = 'li@hospital namespaces="contingency-approval" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n'
    assert not_taken("li@hospital", signers) == "given_other_key"
    assert not_taken("wang@hospital", signers) == not_taken("wang@hospital", "") == "given_unlisted"


def test_an_approver_who_forgets_a_word_is_told_that_nothing_was_signed() -> None:
    words = {"request": "3f9a", "approver": "li@hospital", "key": "id"}
    assert lacking({"state": "given", **words}) == ""
    assert lacking({"state": "given", "request": "3f9a", "key": "id"}) == "-e approver="
    assert lacking({"state": "listed"}) == ""
    tasks = (ROOT / "roles/approval/tasks/give.yml").read_text(encoding="utf-8")
    state = tasks[tasks.index("state:") : tasks.index("request:")]
    assert {f"{name} is defined" for name in NAMES["approve"][1:]} == set(re.findall(r"\w+ is defined", state))
