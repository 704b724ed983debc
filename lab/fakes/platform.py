# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all fake platforms share: the grammar made from decorated methods, errors, paging, the registry."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from lab.fakes.device import Device
from lab.fakes.grammar import CommandError, Match, Node, match, resolve_interface
from lab.fakes.session import Session

Handler = TypeVar("Handler", bound=Callable[..., Any])

TABLE = "table "
PLATFORMS: dict[str, type[Platform]] = {}


def command(modes: str, *patterns: str) -> Callable[[Handler], Handler]:
    """Make a method the handler of command patterns in these modes; it may be given several times."""

    def mark(function: Handler) -> Handler:
        marks = list(getattr(function, "commands", ()))
        marks.extend((mode, pattern) for mode in modes.split() for pattern in patterns)
        function.commands = marks  # type: ignore[attr-defined]
        return function

    return mark


class Platform:
    """How devices of one vendor speak: one instance for each device."""

    name: ClassVar[str] = ""
    login_mode: ClassVar[str] = ""
    parents: ClassVar[dict[str, str]] = {}
    """Mode -> mode whose commands are tried next (interface mode -> global configuration)."""
    reserved: ClassVar[dict[str, str]] = {}
    """Mode -> keywords that the real device has too, so that abbreviations stay as ambiguous."""
    more: ClassVar[str] = "--More--"
    more_erase: ClassVar[str] = "\r        \r"
    end_command: ClassVar[str] = "end"
    """What Ctrl-Z stands for."""
    page_length: ClassVar[int] = 24
    table_modes: ClassVar[str] = ""
    tables: ClassVar[dict[str, Callable[..., str]]] = {}
    """Command pattern -> what shows it, from the device and the pattern's argument; in the modes table_modes."""
    filters: ClassVar[bool] = True
    grammar: ClassVar[dict[str, Node]] = {}

    def __init_subclass__(cls) -> None:
        """Build the grammar and enter the platform into the registry."""
        super().__init_subclass__()
        cls.grammar = {}
        for mode, words in cls.reserved.items():
            root = cls.grammar.setdefault(mode, Node())
            for word in words.split():
                root.keywords.setdefault(word, Node())
        for name in dir(cls):
            for mode, pattern in _patterns(cls, name):
                cls.grammar.setdefault(mode, Node()).add(pattern.split(), name)
        for pattern in cls.tables:
            for mode in cls.table_modes.split():
                cls.grammar.setdefault(mode, Node()).add(pattern.split(), TABLE + pattern)
        if "name" in cls.__dict__:
            PLATFORMS[cls.name] = cls

    def __init__(self, device: Device) -> None:
        """Speak for this device."""
        self.device = device

    def start(self) -> None:
        """Finish the device when it is switched on: its startup configuration is what it runs."""
        if not self.device.startup:
            self.device.startup = self.render_config(self.device.running)

    def prompt(self, session: Session) -> str:
        """Give the prompt of the session's mode."""
        raise NotImplementedError

    def login(self, session: Session) -> str:
        """Give what is printed before the first prompt."""
        return ""

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Give the vendor's text for a line that is not understood."""
        raise NotImplementedError

    def rejected(self, session: Session, line: str) -> str:
        """Give the vendor's text for a line that is refused by the fault `reject`."""
        return self.error(session, line, CommandError("unknown", len(line) - len(line.lstrip()), line, 0))

    def render_config(self, config: Any) -> str:
        """Write a configuration as the device shows it."""
        raise NotImplementedError

    def resolve(self, text: str) -> str | None:
        """Find the interface that a name means."""
        return resolve_interface(self.device.ports, text)

    def parse(self, session: Session, line: str, mode: str | None = None) -> Match:
        """Find the command that a line means in the session's mode, or raise CommandError."""
        mode = session.mode if mode is None else mode
        first: CommandError | None = None
        while True:
            try:
                return match(self.grammar.get(mode, Node()), line, self.resolve)
            except CommandError as error:
                if first is None or error.index > first.index:
                    first = error
                parent = self.parents.get(mode)
                if parent is None:
                    raise first from None
                mode = parent

    async def run(self, session: Session, found: Match) -> str | None:
        """Run the handler of a parsed line; what it returns is printed, with paging."""
        if found.handler.startswith(TABLE):
            return self.tables[found.handler.removeprefix(TABLE)](self.device, *found.arguments.values())
        result = getattr(self, found.handler)(session, **found.arguments)
        output: str | None = await result if inspect.isawaitable(result) else result
        return output

    def filtered(self, output: str, modifier: str) -> str:
        """Apply what follows the | of a line."""
        verb, _separator, pattern = modifier.strip().partition(" ")
        lines = output.split("\n")
        kind = next((name for name in ("include", "exclude", "begin") if verb and name.startswith(verb)), "")
        found = [bool(re.search(pattern.strip(), line)) for line in lines]
        if kind == "include":
            kept = [line for line, hit in zip(lines, found, strict=True) if hit]
        elif kind == "exclude":
            kept = [line for line, hit in zip(lines, found, strict=True) if not hit]
        elif kind == "begin" and True in found:
            kept = lines[found.index(True) :]
        else:
            kept = []
        return "\n".join(kept) + ("\n" if kept and kept[-1] else "")

    def caret(self, session: Session, column: int) -> str:
        """Draw the line with the ^ below the place of an error."""
        return " " * (len(self.prompt(session).rpartition("\n")[2]) + column) + "^\n"


def _patterns(cls: type[Platform], name: str) -> list[tuple[str, str]]:
    for ancestor in cls.__mro__:
        marks: list[tuple[str, str]] | None = getattr(ancestor.__dict__.get(name), "commands", None)
        if marks is not None:
            return marks
    return []
