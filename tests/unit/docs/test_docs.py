# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links lead somewhere, both languages have one shape, every module and playbook is listed."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.unit.docs.pages import (
    AROUND,
    READMES,
    RESTORE_RUNBOOKS,
    ROOT,
    RUNBOOKS,
    STAGED_RUNBOOKS,
    STANDBY_RUNBOOKS,
    rows,
    text,
)

ROLES = ["roles/core_switch/README.md", "roles/standby/README.md", "roles/staged_shutdown/README.md"]
DOCUMENTS = [
    *READMES,
    *RUNBOOKS,
    *STANDBY_RUNBOOKS,
    *STAGED_RUNBOOKS,
    *RESTORE_RUNBOOKS,
    *(page for pair in AROUND for page in pair),
    *ROLES,
    "docs/adding_a_platform.md",
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", text(name)):
        assert (ROOT / name).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("readme", READMES)
def test_every_module_and_playbook_is_listed_and_nothing_else(readme: str) -> None:
    named = {row[0].removeprefix("`contingency.infra.").rstrip("`") for row in rows(readme) if len(row) == 2}
    there = {path.stem for folder in ("plugins/modules", "playbooks") for path in (ROOT / folder).glob("[!_]*.*")}
    assert named - {"Playbook", "Module", "模块"} == there


@pytest.mark.parametrize(
    ("english", "chinese"), [READMES, RUNBOOKS, STANDBY_RUNBOOKS, STAGED_RUNBOOKS, RESTORE_RUNBOOKS, *AROUND]
)
def test_both_languages_have_the_same_shape(english: str, chinese: str) -> None:
    def shape(name: str) -> list[str]:
        marks = re.compile(r"^(#+ |\| |\d\. |- |    |\*\*\d\.)", re.MULTILINE)
        return [match.group(1).strip() for match in marks.finditer(text(name))]

    assert shape(english) == shape(chinese)


def test_changelog_has_a_fragment_that_says_what_is_new() -> None:
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "changelogs/fragments").glob("*.yml")]
    assert any("release_summary" in fragment for fragment in found)
