# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Something to say, as a key of the words and what fills its gaps; words.py says it in a language."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple


class Said(NamedTuple):
    """A key of the words, and what its gaps are filled with; a gap may hold another Said."""

    key: str
    values: Mapping[str, Any]


def say(sentence: str, /, **values: Any) -> Said:
    return Said(sentence, values)


class Refused(Exception):
    """What cannot be done or read, and what to do instead."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.key)
        self.said = said
