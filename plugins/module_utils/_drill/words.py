# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a drill, in the languages that people read."""

from __future__ import annotations

from typing import Dict, Iterable, Mapping

from ansible_collections.contingency.infra.plugins.module_utils._drill.model import LANGUAGES, Text
from ansible_collections.contingency.infra.plugins.module_utils._drill.words_en import WORDS_EN
from ansible_collections.contingency.infra.plugins.module_utils._drill.words_zh import WORDS_ZH

ON_CONTROLLER = "{name} runs on the controller as an action plugin; call it as contingency.infra.{name}."
WORDS: Dict[str, Dict[str, str]] = {"en": WORDS_EN, "zh": WORDS_ZH}


def said(key: str, **values: object) -> Text:
    """Return a sentence in every language; values that are texts are taken in the same one."""
    return {language: say(language, key, **values) for language in LANGUAGES}


def say(language: str, key: str, **values: object) -> str:
    """Return a sentence in one language."""
    spoken = {name: in_one(value, language) for name, value in values.items()}
    return WORDS[language][key].format(**spoken)


def in_one(value: object, language: str) -> object:
    """Return a text in a language, anything else as it is."""
    return value[language] if isinstance(value, Mapping) else value


def listed(texts: Iterable[object], language: str) -> str:
    """Return sentences or names one after the other."""
    parts = [str(in_one(each, language)) for each in texts]
    return WORDS[language]["between"].join(parts)


def all_listed(texts: Iterable[object]) -> Text:
    """Return sentences or names one after the other, in every language."""
    parts = tuple(texts)
    return {language: listed(parts, language) for language in LANGUAGES}
