# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words: whole in both languages."""

from __future__ import annotations

import re
import string
from pathlib import Path

from ansible_collections.contingency.infra.plugins.module_utils._approval import said
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import say
from ansible_collections.contingency.infra.plugins.module_utils._approval.words import WORDS, told

AREA = Path(said.__file__).parent
PLUGINS = AREA.parents[1]
SOURCES = [
    *(path for path in AREA.glob("*.py") if "words_" not in path.name),
    *PLUGINS.glob("plugin_utils/approval_*.py"),
    PLUGINS / "plugin_utils/seal.py",
    PLUGINS / "action/approval.py",
    PLUGINS / "action/break_glass.py",
]


def gaps(text: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_gaps() -> None:
    assert list(WORDS["en"]) == list(WORDS["zh"])
    for key, text in WORDS["en"].items():
        assert gaps(text) == gaps(WORDS["zh"][key]), key


def test_chinese_is_chinese() -> None:
    same = {key for key, text in WORDS["zh"].items() if text == WORDS["en"][key]}
    assert same <= {"garbled"}


def test_every_key_that_is_said_is_there_and_every_key_is_said() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert set(WORDS["en"]) <= set(re.findall(r'"([a-z_]+)"', source))
    assert set(re.findall(r'say\(\s*"([a-z_]+)"', source)) <= set(WORDS["en"])


def test_gaps_may_hold_sentences_and_lists_of_them() -> None:
    why = say("not_yet", begin="B", now="N")
    reasons = [say("of", who="li", why=why), say("no_approval")]
    text = told(say("refused", procedure="p", target="t", count=0, required=1, reasons=reasons, command="c"), "zh")
    assert "li 的审批B 起才有效，现在是 N；尚无人批准本方案" in text
