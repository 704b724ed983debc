# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as Markdown (CommonMark, with the tables of GitHub)."""

from __future__ import annotations

import re

from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Badge,
    Block,
    Bullets,
    Callout,
    Code,
    Document,
    Drawn,
    Facts,
    Field,
    Inline,
    Lines,
    Muted,
    Paragraph,
    Picture,
    Section,
    Table,
    Tile,
    Tiles,
)

_SPECIAL = re.compile(r"([\\`*~\[\]|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_AT_START = re.compile(r"^(\s*(?:\d+(?=[.)]))?)([#>+.)=-])")
"""What would make a heading, a quotation or a list of a line that begins with it."""


def markdown_of(document: Document) -> str:
    """Pure: the whole text."""
    parts = [f"# {plain(document.title)}"]
    parts += [f"**{plain(document.banner)}**"] if document.banner else []
    parts += [_line(plain(document.made))] if document.made else []
    blocks: tuple[Block, ...] = (*document.opening, *document.sections)
    parts += [block_of(block) for block in blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def block_of(block: Block, level: int = 2) -> str:
    """Pure: one block; ``level`` is that of the headings of sections."""
    if isinstance(block, Section):
        inner = [block_of(each, level + 1) for each in block.blocks]
        return "\n\n".join([f"{'#' * level} {plain(block.title)}", *(part for part in inner if part)])
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Bullets):
        marks = (f"{number}." if block.numbered else "-" for number in range(1, len(block.items) + 1))
        return "\n".join(f"{mark} {_line(inline_of(item))}" for mark, item in zip(marks, block.items))
    if isinstance(block, Facts):
        return "\n".join(f"- {_line(plain(name))}: {inline_of(value)}" for name, value in block.entries if value)
    return _other(block)


def _other(block: Paragraph | Callout | Tiles | Picture | Field) -> str:
    if isinstance(block, Paragraph):
        return _line(inline_of(block.content))
    if isinstance(block, Callout):
        first, *others = block.sentences
        return "\n>\n".join(f"> {each}" for each in (f"**{plain(first)}**", *(_line(plain(o)) for o in others)))
    if isinstance(block, Tiles):
        return "\n".join(_tile(tile) for tile in block.tiles)
    if isinstance(block, Picture):
        return f"*{plain(block.words or block.caption)}*" if block.svg else ""
    return f"**{plain(block.question)}**\n\n{_answer(block.answer)}"


def _tile(tile: Tile) -> str:
    against = f" ({plain(tile.against)})" if tile.against else ""
    return f"- {_line(plain(tile.name))}: **{plain(tile.figure)}**{against}"


def _answer(text: str) -> str:
    """What a person wrote, each of its paragraphs as one; nothing of it becomes a heading of the report."""
    written = [plain(part) for part in text.strip().split("\n\n") if part.strip()]
    return "\n\n".join(_line(part) for part in written) if written else "____________"


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    rows = [table.heads, *table.rows]
    cells = [f"| {' | '.join(inline_of(cell) or ' ' for cell in row)} |" for row in rows]
    caption = [f"**{plain(table.caption)}**", ""] if table.caption else []
    return "\n".join([*caption, cells[0], f"|{'---|' * len(table.heads)}", *cells[1:]])


def inline_of(content: Inline) -> str:
    """Pure: what stands in a cell or a sentence, in one line."""
    if isinstance(content, Badge):
        return f"**{plain(content.text)}**"
    if isinstance(content, Code):
        return _code(content.text)
    if isinstance(content, Lines):
        return "<br>".join(inline_of(part) for part in content.parts)
    if isinstance(content, Drawn):
        return plain(content.said)
    return plain(content.text if isinstance(content, Muted) else content)


def _code(text: str) -> str:
    """A backslash means nothing within code, so what would end the cell or the code is written otherwise."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', '¦')}`" if text else ""


def plain(text: str) -> str:
    """Pure: a text in one line of which nothing is taken for Markdown or HTML."""
    joined = " ".join(str(text).split())
    return _SPECIAL.sub(r"\\\1", joined).replace("&", "&amp;").replace("<", "&lt;")


def _line(text: str) -> str:
    return _AT_START.sub(r"\1\\\2", text)
