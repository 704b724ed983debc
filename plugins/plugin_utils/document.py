# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document that is written once and read twice: as a page of HTML and as Markdown.

A ``Document`` is sections of blocks; ``document_page.html_of`` and ``document_markdown.markdown_of`` write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from ansible_collections.contingency.infra.plugins.plugin_utils.page import PLAIN
from markupsafe import Markup


@dataclass(frozen=True)
class Badge:
    """A verdict in a word; ``kind`` is one of page.GOOD, BAD, WARN, UNKNOWN, PLAIN."""

    kind: str
    text: str


@dataclass(frozen=True)
class Muted:
    """What is of lesser weight, such as where something was found."""

    text: str


@dataclass(frozen=True)
class Code:
    """A command, a path or a hash."""

    text: str


@dataclass(frozen=True)
class Lines:
    """Several things in one cell, one below the other."""

    parts: tuple[Inline, ...]


@dataclass(frozen=True)
class Drawn:
    """A small picture in a cell, and what it says in words; Markdown has the words."""

    picture: Markup
    said: str


Inline = Union[str, Badge, Muted, Code, Lines, Drawn]


@dataclass(frozen=True)
class Paragraph:
    content: Inline
    muted: bool = False


@dataclass(frozen=True)
class Callout:
    """What has to be read first: the first sentence is the headline."""

    kind: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Tile:
    """A figure to be seen at a glance, and what it is held against."""

    name: str
    figure: str
    against: str = ""
    kind: str = PLAIN


@dataclass(frozen=True)
class Tiles:
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Facts:
    """Names with what they stand for; an empty one is left out."""

    entries: tuple[tuple[str, Inline], ...]


@dataclass(frozen=True)
class Table:
    """``rows``: the first cell of each is its head. ``kinds``: of columns, as page.table takes them."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bullets:
    items: tuple[Inline, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture with its caption; Markdown has the ``words``, or the caption where there are none."""

    svg: Markup
    caption: str
    words: str = ""


@dataclass(frozen=True)
class Field:
    """A question to be answered by hand or on the keyboard, with the answer where there is one."""

    question: str
    answer: str = ""
    lines: int = 3


@dataclass(frozen=True)
class Section:
    """``anchor`` is its name within the page: letters, digits and hyphens."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


Block = Union[Paragraph, Callout, Tiles, Facts, Table, Bullets, Picture, Field, Section]


@dataclass(frozen=True)
class Document:
    """``opening`` stands before the list of contents; the others as page.Frame has them."""

    title: str
    language: str
    sections: tuple[Section, ...]
    opening: tuple[Block, ...] = ()
    made: str = ""
    footer: str = ""
    banner: str = ""
    contents: str = ""
    """Name of the list of contents; without it there is none."""


def filled(*sections: Section | None) -> tuple[Section, ...]:
    """Pure: the sections in which there is something."""
    return tuple(each for each in sections if each is not None and any(_says(block) for block in each.blocks))


def _says(block: Block) -> bool:
    return next(_content(block), None) is not None


def _content(block: Block) -> Iterator[object]:
    """What a block shows; nothing where it would be empty."""
    if isinstance(block, Section):
        yield from (each for each in block.blocks if _says(each))
    elif isinstance(block, Table):
        yield from block.rows
    elif isinstance(block, Bullets):
        yield from block.items
    elif isinstance(block, Tiles):
        yield from block.tiles
    elif isinstance(block, Facts):
        yield from (entry for entry in block.entries if entry[1])
    elif isinstance(block, Picture):
        yield from (each for each in (block.svg,) if each)
    else:
        yield block
