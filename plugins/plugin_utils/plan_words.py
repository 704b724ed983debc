# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the plan document, in the languages that people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.contingency.infra.plugins.plugin_utils.plan_translated import ZH
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words_en import EN
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words_zh import WORDS as CHINESE

WORDS: Mapping[str, Mapping[str, str]] = {"en": EN, "zh": CHINESE}
_UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


@dataclass(frozen=True)
class Speech:
    """What is said in one language."""

    language: str

    def say(self, key: str, /, **values: object) -> str:
        return WORDS[self.language][key].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """Return the word of a key, or something else where there is none."""
        return WORDS[self.language].get(key, otherwise)

    def text(self, text: Mapping[str, str] | str) -> str:
        """Return a text of the plan in this language."""
        return (
            text
            if isinstance(text, str)
            else text.get(self.language) or text.get("en") or next(iter(text.values()), "")
        )

    def translated(self, english: str) -> str:
        """Return what a playbook says in English in this language; in English where nobody has translated it."""
        return ZH.get(english, english) if self.language == "zh" else english

    def listed(self, parts: Iterable[str]) -> str:
        return self.say("between").join(part for part in parts if part)

    def sentences(self, parts: Iterable[str]) -> str:
        return ("" if self.language == "zh" else " ").join(parts)

    def yes(self, value: bool) -> str:
        return self.say("yes" if value else "no")

    def duration(self, seconds: float) -> str:
        """Return a length of time in the largest unit in which it is a whole number, days from two on."""
        for size, unit in _UNITS:
            if seconds >= size * (2 if unit == "days" else 1) and seconds % size == 0:
                return self.say(unit, count=f"{seconds / size:.0f}")
        return self.say("seconds", count=f"{seconds:g}")
