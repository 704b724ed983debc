# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of an incident, in the languages that people read."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ansible_collections.contingency.infra.plugins.module_utils._incident import words_en, words_zh

ON_CONTROLLER = "{name} runs on the controller as an action plugin; call it as contingency.infra.{name}."
LANGUAGES = ("en", "zh")
WORDS: Dict[str, Dict[str, str]] = {"en": words_en.WORDS, "zh": words_zh.WORDS}
FIELDS: Dict[str, Dict[str, str]] = {"en": words_en.FIELDS, "zh": words_zh.FIELDS}
"""Names of the details of an incident."""


def both(key: str, **values: Any) -> Dict[str, str]:
    """Pure: a sentence in each language. A value that is a mapping is that language's, every other one is for both."""
    return {language: say(key, language, **values) for language in LANGUAGES}


def say(key: str, language: str, **values: Any) -> str:
    """Pure: a sentence in one language."""
    own = {name: value.get(language, "") if isinstance(value, Mapping) else value for name, value in values.items()}
    return WORDS[language][key].format(**own)
