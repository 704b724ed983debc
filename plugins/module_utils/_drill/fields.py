# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a document field by field; what cannot be meant is refused with its path."""

from __future__ import annotations

import re
from typing import Any, Callable, Collection, List, Mapping, Tuple, TypeVar

from ansible_collections.contingency.infra.plugins.module_utils._drill.model import LANGUAGES, DrillError, Text

KEY = re.compile(r"[a-z][a-z0-9_]*")
Each = TypeVar("Each")


class Fields:
    """A mapping of a document, and where it is in it."""

    def __init__(self, value: object, path: str, known: Collection[str]) -> None:
        if not isinstance(value, Mapping):
            raise DrillError(f"{path} is {_seen(value)} and has to be a mapping with {', '.join(sorted(known))}.")
        strange = sorted(str(name) for name in value if name not in known)
        if strange:
            raise DrillError(
                f"{path} has {', '.join(strange)}, which means nothing here; it may have {_listed(known)}."
            )
        self.path = path
        self._value = value

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str) -> Any:
        return self._value.get(name)

    def text(self, name: str) -> Text:
        return text_of(self.get(name), self.at(name))

    def string(self, name: str, default: str = "") -> str:
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, (Mapping, list)):
            raise DrillError(f"{self.at(name)} is {_seen(value)} and has to be a word or a figure.")
        return str(value)

    def key(self, name: str) -> str:
        value = self.string(name)
        if not KEY.fullmatch(value):
            raise DrillError(
                f"{self.at(name)} is {value!r} and has to be a name of a-z, 0-9 and _, such as who_decides."
            )
        return value

    def one_of(self, name: str, choices: Collection[str], default: str = "") -> str:
        value = self.string(name, default)
        if value not in choices:
            raise DrillError(f"{self.at(name)} is {value!r} and has to be one of {_listed(choices)}.")
        return value

    def number(self, name: str, default: float) -> float:
        return number_of(self.get(name), self.at(name), default)

    def strings(self, name: str) -> Tuple[str, ...]:
        return self.each(name, lambda value, path: str(value))

    def texts(self, name: str) -> Tuple[Text, ...]:
        return self.each(name, text_of)

    def each(self, name: str, made: Callable[[object, str], Each]) -> Tuple[Each, ...]:
        """Return what is made of each entry of a list; nothing where the list is not there."""
        values = self.get(name)
        if values is None:
            return ()
        if not isinstance(values, (list, tuple)):
            raise DrillError(f"{self.at(name)} is {_seen(values)} and has to be a list.")
        return tuple(made(value, f"{self.at(name)}[{place}]") for place, value in enumerate(values))


def text_of(value: object, path: str) -> Text:
    """Return a sentence in every language; DrillError names the language that is missing."""
    if not isinstance(value, Mapping):
        raise DrillError(f"{path} is {_seen(value)} and has to be a sentence in each of {_listed(LANGUAGES)}.")
    strange = [str(name) for name in value if name not in LANGUAGES]
    if strange:
        raise DrillError(f"{path} has {strange[0]!r} beside {_listed(LANGUAGES)}; put sentences with commas in quotes.")
    missing = [language for language in LANGUAGES if not str(value.get(language) or "").strip()]
    if missing:
        raise DrillError(f"{path} says nothing in {_listed(missing)}; everybody at the table has to understand it.")
    return {language: " ".join(str(value[language]).split()) for language in LANGUAGES}


def number_of(value: object, path: str, default: float) -> float:
    """Return a number that is not negative."""
    if value is None:
        return default
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf") or isinstance(value, bool):
        raise DrillError(f"{path} is {value!r} and has to be a number, not less than 0.")
    return number


def unique(keys: List[str], what: str) -> None:
    """Refuse a key that is there twice: answers are kept by it."""
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise DrillError(f"{what} has {_listed(twice)} more than once; give each its own key.")


def _seen(value: object) -> str:
    return "missing" if value is None else repr(value)


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(str(name) for name in names))
