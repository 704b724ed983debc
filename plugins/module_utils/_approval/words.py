# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What approvals say, in the languages that people read."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Said
from ansible_collections.contingency.infra.plugins.module_utils._approval.words_en import WORDS as ENGLISH
from ansible_collections.contingency.infra.plugins.module_utils._approval.words_zh import WORDS as CHINESE

WORDS: Dict[str, Mapping[str, str]] = {"en": ENGLISH, "zh": CHINESE}


def told(said: Said, language: str) -> str:
    """Pure: a sentence in a language; gaps that hold a sentence, or several, are said first."""
    values = {name: _filled(value, language) for name, value in said.values.items()}
    return WORDS[language][said.key].format(**values)


def _filled(value: Any, language: str) -> Any:
    if isinstance(value, Said):
        return told(value, language)
    if isinstance(value, Mapping):
        return value[language]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return WORDS[language]["between"].join(str(_filled(each, language)) for each in value)
    return value
