# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a chain says of its damage (chain.py), in the languages that people read."""

from __future__ import annotations

import re
from typing import Dict

DAMAGES: Dict[str, Dict[str, str]] = {
    "en": {},
    "zh": {
        "is not a line of a journal": "不是日志的一行",
        "begins a journal whose first lines are gone: one of them was altered, added or taken away": "之前的行已缺失："
        "其中有的被改动、添加或删除",
        "does not follow from the one before it: one of them was altered, added or taken away": "与上一行不衔接："
        "其中有的被改动、添加或删除",
    },
}
"""By language, by the English words."""
NUMBER = re.compile(r"carries the number (.+)")


def damage_said(why: str, language: str) -> str:
    """Pure: why a line is damaged, in a language."""
    number = NUMBER.fullmatch(why)
    if number and language == "zh":
        return f"的行号为 {number[1]}"
    return DAMAGES[language].get(why, why)
