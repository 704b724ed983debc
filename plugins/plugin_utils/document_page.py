# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as a page of HTML."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.plugin_utils import page
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
    Tiles,
)
from markupsafe import Markup, escape


def html_of(document: Document) -> str:
    """Pure: the whole HTML file."""
    frame = page.Frame(
        document.title,
        document.language,
        made=document.made,
        footer=document.footer or document.title,
        banner=document.banner,
    )
    return page.page(
        frame,
        *(block_of(block) for block in document.opening),
        _contents(document),
        *(block_of(section) for section in document.sections),
    )


def _contents(document: Document) -> Markup:
    if not document.contents:
        return page.EMPTY
    return page.contents(document.contents, [(section.anchor, section.title) for section in document.sections])


def block_of(block: Block, level: int = 2) -> Markup:
    """Pure: one block; ``level`` is that of the headings of sections."""
    if isinstance(block, Section):
        inner = [block_of(each, level + 1) for each in block.blocks]
        return page.section(block.anchor, block.title, *inner, level=level)
    if isinstance(block, Table):
        rows = [[inline_of(cell) for cell in row] for row in block.rows]
        return page.table(block.caption, block.heads, rows, block.kinds)
    if isinstance(block, Bullets):
        return _bullets(block)
    if isinstance(block, Facts):
        return page.facts((name, inline_of(value)) for name, value in block.entries)
    return _other(block)


def _other(block: Paragraph | Callout | Tiles | Picture | Field) -> Markup:
    if isinstance(block, Paragraph):
        return page.element("p", inline_of(block.content), class_="muted" if block.muted else None)
    if isinstance(block, Callout):
        return page.callout(block.kind, *block.sentences)
    if isinstance(block, Tiles):
        return page.tiles((tile.kind, tile.name, tile.figure, tile.against) for tile in block.tiles)
    if isinstance(block, Picture):
        return page.figure(block.svg, block.caption) if block.svg else page.EMPTY
    return page.field(block.question, block.answer, block.lines)


def _line(part: Inline) -> Markup:
    """Return one line of several; what is of lesser weight makes a line of itself."""
    return inline_of(part) if isinstance(part, Muted) else page.element("div", inline_of(part))


def _bullets(block: Bullets) -> Markup:
    entries = [page.element("li", inline_of(item)) for item in block.items]
    return page.element("ol" if block.numbered else "ul", *entries) if entries else page.EMPTY


def inline_of(content: Inline) -> Markup:
    """Pure: what stands in a cell or a sentence."""
    if isinstance(content, Badge):
        return page.badge(content.kind, content.text)
    if isinstance(content, Muted):
        return page.small(content.text)
    if isinstance(content, Code):
        return page.code(content.text)
    if isinstance(content, Lines):
        return page.joined(_line(part) for part in content.parts)
    if isinstance(content, Drawn):
        return content.picture
    return escape(content)
