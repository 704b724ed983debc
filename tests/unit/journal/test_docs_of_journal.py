# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on the journal says what the code does, and both languages say the same."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.callback.journal import DOCUMENTATION
from ansible_collections.contingency.infra.plugins.module_utils._journal.words import FINDINGS, WORDS

from tools.collection_link import ROOT

PAGES = {"en": "docs/journal.md", "zh": "docs/journal.zh-CN.md"}
SHOWN = ("not_written", "incomplete", "not_linked", "altered", "unproven", "end_none")
"""Words of the screen of which the beginning, up to their first value, is on the page."""
KINDS = ("run_begun", "play_begun", "task_begun", "result", "rescued", "step", "approval", "file", "gap", "run_ended")

PARTS = {
    "other_line": {"en": "is not the one that the index of runs was told of", "zh": "与执行索引中登记的不同"},
    "cut": {"en": "its end was cut off", "zh": "末尾被截断"},
    "added": {"en": "lines were added after its end", "zh": "末尾之后被添加"},
    "torn": {"en": "a line is unfinished, as its writer was killed", "zh": "有一行未写完，因为写入进程被终止"},
    "file_changed": {"en": "has another content than when it was written", "zh": "与写入时内容不同"},
    "file_unread": {"en": "cannot be read any more", "zh": "已无法读取"},
    "file_anew": {"en": "was written anew by a later run", "zh": "已被之后的一次执行重新写入"},
    "no_index": {"en": "there is no index of runs", "zh": "没有执行索引"},
    "file_left": {"en": "is not in this copy of the evidence", "zh": "不在这份证据副本中"},
    "file_hidden": {"en": "names a file whose name has a secret in it", "zh": "所列文件的名称中含有机密"},
    "empty": {"en": "it holds no line", "zh": "没有任何一行"},
    "run_gone": {"en": "is not there any more", "zh": "已不存在"},
}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("language", "page"), PAGES.items())
def test_every_line_of_the_screen_is_explained(language: str, page: str) -> None:
    words = {key: re.split(r"\{", WORDS[language][key])[0].strip(" ;；:：(（") for key in SHOWN}
    assert [key for key, said in words.items() if said not in text(page)] == []


@pytest.mark.parametrize(("language", "page"), PAGES.items())
@pytest.mark.parametrize("key", PARTS)
def test_every_finding_is_explained_in_its_own_words(language: str, page: str, key: str) -> None:
    part = PARTS[key][language]
    assert part in FINDINGS[language][key]
    assert part in text(page)


@pytest.mark.parametrize("page", PAGES.values())
def test_every_kind_of_line_is_explained(page: str) -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in text(page)] == []


def test_both_languages_have_the_same_shape() -> None:
    marks = re.compile(r"^(#+ |\| |- |    )", re.MULTILINE)
    english, chinese = ([mark.group(1) for mark in marks.finditer(text(page))] for page in PAGES.values())
    assert len(english) == len(chinese)


def test_the_environment_of_the_page_is_that_of_the_option() -> None:
    (variable,) = yaml.safe_load(DOCUMENTATION)["options"]["keep"]["env"]
    service = text("roles/staged_shutdown_watch/templates/contingency-staged-shutdown.service.j2")
    for told in (*(text(page) for page in PAGES.values()), service):
        assert f"{variable['name']}=changes" in told
