# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command grammar of a platform: keywords that may be abbreviated, and typed arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Resolver = Callable[[str], "str | None"]


class CommandError(Exception):
    """A line that the grammar refuses: what is wrong, and where."""

    def __init__(self, kind: str, column: int, token: str, index: int) -> None:
        """Take the kind (unknown, wrong, ambiguous, incomplete, excess) and the place of the token."""
        super().__init__(f"{kind} at {column}: {token!r}")
        self.kind = kind
        self.column = column
        self.token = token
        self.index = index


@dataclass
class Token:
    """One word of the line and where it starts."""

    text: str
    column: int


@dataclass
class Match:
    """A line that was understood: the handler's name, its arguments, the full spelling."""

    handler: str
    arguments: dict[str, str]
    full: str


@dataclass
class Node:
    """A place in the grammar: what may follow, and the handler of a line that ends here."""

    keywords: dict[str, Node] = field(default_factory=dict)
    arguments: list[tuple[str, str, Node]] = field(default_factory=list)
    handler: str | None = None

    def add(self, pattern: Iterable[str], handler: str) -> None:
        """Add a pattern such as `show interfaces <interface> status`."""
        node = self
        for word in pattern:
            node = node._argument(word[1:-1]) if word.startswith("<") else node.keywords.setdefault(word, Node())
        node.handler = handler

    def _argument(self, text: str) -> Node:
        kind, _separator, name = text.partition(":")
        name = name or kind
        for known, known_kind, node in self.arguments:
            if (known, known_kind) == (name, kind):
                return node
        self.arguments.append((name, kind, Node()))
        return self.arguments[-1][2]


def tokenize(line: str) -> list[Token]:
    """Split a line into words with their columns."""
    return [Token(found.group(), found.start()) for found in re.finditer(r"\S+", line)]


def match(root: Node, line: str, interface: Resolver) -> Match:
    """Find the command that a line means, or raise CommandError as the device would see it."""
    tokens = tokenize(line)
    node, index, arguments, full = root, 0, {}, []
    while index < len(tokens):
        token = tokens[index]
        keyword = _keyword(node, token, index)
        if keyword is not None:
            node, index = node.keywords[keyword], index + 1
            full.append(keyword)
            continue
        name, value, used, node = _argument_of(node, tokens, index, line, interface)
        arguments[name] = value
        full.append(value)
        index += used
    if node.handler is None:
        raise CommandError("incomplete", len(line), "", len(tokens))
    return Match(node.handler, arguments, " ".join(full))


def _keyword(node: Node, token: Token, index: int) -> str | None:
    text = token.text.lower()
    if text in node.keywords:
        return text
    found = [keyword for keyword in node.keywords if keyword.startswith(text)]
    if len(found) > 1:
        raise CommandError("ambiguous", token.column, token.text, index)
    return found[0] if found else None


def _argument_of(
    node: Node, tokens: list[Token], index: int, line: str, interface: Resolver
) -> tuple[str, str, int, Node]:
    for name, kind, after in node.arguments:
        found = _parse(kind, tokens, index, line, interface)
        if found is not None:
            return name, found[0], found[1], after
    kind = "wrong" if node.arguments else "unknown" if node.keywords else "excess"
    raise CommandError(kind, tokens[index].column, tokens[index].text, index)


def _parse(kind: str, tokens: list[Token], index: int, line: str, interface: Resolver) -> tuple[str, int] | None:
    text = tokens[index].text
    if kind == "line":
        return line[tokens[index].column :].rstrip(), len(tokens) - index
    if kind == "interface":
        one = interface(text)
        if one is not None:
            return one, 1
        two = interface(text + tokens[index + 1].text) if index + 1 < len(tokens) else None
        return None if two is None else (two, 2)
    if kind == "number":
        return (text, 1) if text.isdigit() else None
    if kind == "ip":
        return (text, 1) if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", text) else None
    if kind == "time":
        return (text, 1) if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text) else None
    return text, 1


def resolve_interface(names: Iterable[str], text: str) -> str | None:
    """Find the interface that a name means; its type may be abbreviated (te1/0/1)."""
    wanted = text.lower().replace(" ", "")
    found = []
    for name in names:
        low = name.lower()
        if low == wanted:
            return name
        kind, number = split_interface(low)
        asked, asked_number = split_interface(wanted)
        if asked and number == asked_number and kind.startswith(asked):
            found.append(name)
    return found[0] if len(found) == 1 else None


def split_interface(name: str) -> tuple[str, str]:
    """Split GigabitEthernet1/0/1 into its type and its number."""
    parts = re.fullmatch(r"(\d*[a-zA-Z][a-zA-Z-]*?)[ ]?(\d[\d/.:]*)", name)
    return (parts.group(1), parts.group(2)) if parts else (name, "")
