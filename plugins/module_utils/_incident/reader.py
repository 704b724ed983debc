# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the plan of an inventory: each value with its place, so that a mistake is named where it stands."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Tuple, TypeVar

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import PolicyError, Span
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import HOW, seconds_of, span_of
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import Text

T = TypeVar("T")
LANGUAGES = ("en", "zh")
YES = {True: True, False: False, "true": True, "false": False, "yes": True, "no": False}


class Node:
    """A value of the plan and where it stands, such as contingency_plan.notices[2].within."""

    def __init__(self, value: Any, path: str = "contingency_plan") -> None:
        self.value = value
        self.path = path

    def wrong(self, expected: str) -> PolicyError:
        """Return the error for a value that is not what was expected."""
        seen = "not set" if self.value is None else self._shown()
        return PolicyError(f"{self.path} is {seen}; expected {expected}")

    @property
    def there(self) -> bool:
        return self.value is not None

    def at(self, name: str) -> Node:
        """Return an entry of a mapping, one of None where it is not there."""
        return Node(self._mapping().get(name), f"{self.path}.{name}")

    def known(self, names: Sequence[str]) -> None:
        """Refuse a mapping with a name that nothing reads: it would be a rule that does not count."""
        for name in self._mapping():
            if name not in names:
                raise PolicyError(f"{self.path}.{name} is not known; expected {', '.join(names)}")

    def entries(self) -> Iterator[Tuple[str, Node]]:
        """Yield what a mapping holds, nothing where it is not there."""
        for name, value in (self._mapping() if self.there else {}).items():
            yield str(name), Node(value, f"{self.path}.{name}")

    def items(self) -> Iterator[Node]:
        """Yield what a list holds, nothing where it is not there."""
        if not self.there:
            return
        if isinstance(self.value, str) or not isinstance(self.value, Sequence):
            raise self.wrong("a list")
        for place, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{place}]")

    def text(self, default: Optional[str] = None) -> str:
        """Return a word or sentence; required where there is no default."""
        if not self.there and default is not None:
            return default
        if isinstance(self.value, bool) or not isinstance(self.value, (str, int, float, date)) or self.value == "":
            raise self.wrong("a text")
        return str(self.value)

    def title(self, default: Optional[Text] = None) -> Text:
        """Return a text, or the same text by language."""
        if not self.there and default is not None:
            return default
        if not isinstance(self.value, Mapping):
            return self.text()
        self.known(LANGUAGES)
        return {name: node.text() for name, node in self.entries()}

    def flag(self, default: Optional[bool]) -> Optional[bool]:
        if not self.there:
            return default
        if not isinstance(self.value, (bool, str)) or self.value not in YES:
            raise self.wrong("true or false")
        return YES[self.value]

    def number(self, default: Optional[int]) -> Optional[int]:
        if not self.there:
            return default
        if isinstance(self.value, bool) or not str(self.value).isdigit():
            raise self.wrong("a whole number that is not negative")
        return int(self.value)

    def seconds(self) -> Optional[float]:
        """Return a duration in seconds, None where there is none."""
        if not self.there:
            return None
        found = seconds_of(str(self.value)) if isinstance(self.value, str) else None
        if found is None:
            raise self.wrong("a duration such as 90s, 30m, 6h, 1h 30m or 2d")
        return found

    def span(self) -> Optional[Span]:
        """Return a length of time, None where there is none."""
        if not self.there:
            return None
        try:
            return span_of(self.text())
        except ValueError as error:
            raise self.wrong(f"a length of time; {HOW}") from error

    def one_of(self, choices: Sequence[str], default: Optional[str] = None) -> str:
        found = self.text(default)
        if found not in choices:
            raise self.wrong(f"one of {', '.join(choices) or 'none: the list is empty'}")
        return found

    def words(self) -> Tuple[str, ...]:
        """Return the texts of a list; a single text is a list of one."""
        if isinstance(self.value, str):
            return (self.text(),)
        return tuple(node.text() for node in self.items())

    def some_of(self, choices: Sequence[str]) -> Tuple[str, ...]:
        """Return the texts of a list, each of which has to be one of the choices."""
        nodes = [self] if isinstance(self.value, str) else list(self.items())
        return tuple(node.one_of(choices) for node in nodes)

    def each(self, read: Callable[[Node], T]) -> Tuple[T, ...]:
        return tuple(read(node) for node in self.items())

    def day(self) -> date:
        """Return a date, as YAML gives it or as text."""
        if isinstance(self.value, datetime):
            return self.value.date()
        if isinstance(self.value, date):
            return self.value
        return self._parsed(date.fromisoformat, "a date such as 2026-10-01")

    def moment(self) -> datetime:
        """Return a local date and time without a zone; a date is its midnight."""
        if isinstance(self.value, datetime):
            return self.value
        if isinstance(self.value, date):
            return datetime(self.value.year, self.value.month, self.value.day)
        return self._parsed(datetime.fromisoformat, "a date and time such as 2026-10-01 08:00")

    def clock(self, default: int) -> int:
        """Return a time of day in seconds since midnight; 24:00 is the end of the day."""
        if not self.there:
            return default
        hours, colon, minutes = str(self.value).partition(":")
        found = int(hours) * 3600 + int(minutes) * 60 if colon and (hours + minutes).isdigit() else -1
        if not 0 <= found <= 86400 or int(minutes) > 59:
            raise self.wrong("a time of day in quotes, such as '08:00'")
        return found

    def _shown(self) -> str:
        # What stands in lists and mappings may be a secret of a channel.
        if isinstance(self.value, (str, int, float, date)):
            return repr(self.value)
        return f"a {'mapping' if isinstance(self.value, Mapping) else 'list'}"

    def _parsed(self, parse: Callable[[str], T], expected: str) -> T:
        try:
            return parse(self.text().strip())
        except ValueError as error:
            raise self.wrong(expected) from error

    def _mapping(self) -> Mapping[Any, Any]:
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            raise self.wrong("a mapping")
        return self.value
