# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of notices, in English and Chinese."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ansible_collections.contingency.infra.plugins.module_utils._notice.model import Message, Reason
from ansible_collections.contingency.infra.plugins.module_utils._notice.words_en import WORDS as ENGLISH
from ansible_collections.contingency.infra.plugins.module_utils._notice.words_zh import WORDS as CHINESE

WORDS: Dict[str, Dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}


def say(language: str, word: str, /, **fields: Any) -> str:
    """Return a sentence in a language."""
    return WORDS[language][word].format(**fields)


def sentence_of(reason: Optional[Reason], language: str) -> str:
    """Return why an attempt failed, or nothing."""
    return say(language, reason.key, **reason.fields) if reason else ""


def body_of(message: Message) -> str:
    """Return what people read: the text, the number of the message, and whether it may be a repetition."""
    return "\n".join([*repetition_of(message), message.text, "", number_of(message)])


def number_of(message: Message) -> str:
    """Return the line by which a repetition is known."""
    return say(message.language, "number", number=message.number)


def repetition_of(message: Message) -> List[str]:
    """Return the line that says that it may be a repetition, where it may."""
    return [say(message.language, "repetition")] if message.repeated else []


def short_of(message: Message) -> str:
    """Return the one line that a telephone gets."""
    repeated = say(message.language, "repetition_short") if message.repeated else ""
    return f"{repeated}{message.short} #{message.number.rpartition('.')[2]}"
