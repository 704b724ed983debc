# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of everything that people are shown as a page: one HTML file with everything in it, for screen and A4.

Text that is handed in is escaped; what these functions return is ``Markup`` and is taken as it is. So nothing that a
device or a person wrote can become part of the page's own code, and the page may load and run nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.contingency.infra.plugins.plugin_utils.page_style import STYLE
from markupsafe import Markup, escape

GOOD, BAD, WARN, UNKNOWN, PLAIN = "good", "bad", "warn", "unknown", "plain"
"""What a badge, a callout, a tile or a row says beside its words; colour is never the only thing that says it."""
LANGUAGES = {"en": "en", "zh": "zh-CN"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The page needs nothing from anywhere, and a browser holds it to that."""
EMPTY = Markup("")
KEPT_ROWS = 6
"""A table with no more rows than that is not broken at the end of a sheet."""


@dataclass(frozen=True)
class Frame:
    """What is around the content of a page.

    ``made`` stands below the title, ``footer`` at the foot of each printed page, ``banner`` (such as DRILL) over all of
    them; ``refresh_seconds``: how often a browser loads it anew; ``style``: more CSS than all pages have.
    """

    title: str
    language: str = "en"
    made: str = ""
    footer: str = ""
    banner: str = ""
    refresh_seconds: int | None = None
    style: str = ""


def page(frame: Frame, *body: object) -> str:
    """Return the whole HTML file."""
    language = LANGUAGES[frame.language]
    style = Markup(f"{STYLE}{_footer_style(frame.footer)}{frame.style}")
    head = (
        Markup('<meta charset="utf-8">'),
        Markup('<meta http-equiv="Content-Security-Policy" content="{}">').format(POLICY),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        _refresh(frame.refresh_seconds),
        element("title", frame.title),
        element("style", style),
    )
    banner = element("p", frame.banner, class_="banner", role="note") if frame.banner else EMPTY
    made = element("p", frame.made, class_="made") if frame.made else EMPTY
    header = element("header", element("h1", frame.title), made)
    content = joined((banner, header, element("main", *body)))
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>{joined(head)}</head>\n<body>\n{content}\n</body>\n</html>\n'
    )


def _refresh(seconds: int | None) -> Markup:
    return EMPTY if seconds is None else Markup('<meta http-equiv="refresh" content="{}">').format(int(seconds))


def _footer_style(footer: str) -> str:
    """Return the rule that prints a text at the foot of each page; in CSS only hexadecimal escapes are safe."""
    if not footer:
        return ""
    safe = "".join(each if each.isalnum() and each.isascii() else f"\\{ord(each):06x}" for each in footer)
    return f'@page {{ @bottom-left {{ content: "{safe}"; font-size: 8pt; color: #4d5967; }} }}\n'


# -- parts -----------------------------------------------------------------------------------------


def element(tag: str, *content: object, **attributes: object) -> Markup:
    """Return an element. ``class_`` is written class, ``aria_label`` aria-label; attributes that are None fall away."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{named}>{joined(content)}</{tag}>")


def joined(parts: Iterable[object], between: str = "") -> Markup:
    """Return parts one after the other: text escaped, Markup as it is."""
    return Markup(between).join(escape(part) for part in parts)


def section(anchor: str, title: str, *content: object, level: int = 2) -> Markup:
    """Return a section with its heading; ``anchor`` is its name within the page."""
    return element("section", element(f"h{level}", title, id=anchor), *content)


def contents(label: str, entries: Iterable[tuple[str, str]]) -> Markup:
    """Return the list of contents: (anchor, title)."""
    links = [element("li", element("a", title, href=f"#{anchor}")) for anchor, title in entries]
    return element("nav", element("ol", *links), class_="contents", aria_label=label)


def paragraphs(sentences: Iterable[object], kind: str | None = None) -> Markup:
    return joined(element("p", each, class_=kind) for each in sentences)


def bullets(items: Iterable[object]) -> Markup:
    """Return a list, and nothing where it would be empty."""
    entries = [element("li", each) for each in items]
    return element("ul", *entries) if entries else EMPTY


def badge(kind: str, text: str) -> Markup:
    """Return a word on a coloured ground."""
    return element("span", text, class_=f"badge {kind}")


def callout(kind: str, *sentences: object) -> Markup:
    """Return what has to be read first: the first sentence is the headline."""
    return element("div", paragraphs(sentences), class_=f"callout {kind}")


def tiles(entries: Iterable[tuple[str, str, str, str]]) -> Markup:
    """Return figures to be seen at a glance: (kind, name, figure, what it is held against)."""
    drawn = [_tile(*entry) for entry in entries]
    if not drawn:
        return EMPTY
    return element("dl", *drawn, class_="tiles by4" if len(drawn) in (4, 7, 8) else "tiles by3")


def _tile(kind: str, name: str, figure: str, against: str) -> Markup:
    small = element("dd", against, class_="against") if against else EMPTY
    return element("div", element("dt", name), element("dd", figure, class_="figure"), small, class_=f"tile {kind}")


def facts(entries: Iterable[tuple[str, object]]) -> Markup:
    """Return names with what they stand for; those without anything fall away."""
    rows = [joined((element("dt", name), element("dd", value))) for name, value in entries if value not in ("", None)]
    return element("dl", *rows, class_="facts") if rows else EMPTY


def table(caption: str, heads: Sequence[object], rows: Iterable[Sequence[object]], kinds: Sequence[str] = ()) -> Markup:
    """Return a table, and nothing where it would be empty. The first cell of each row is its head.

    ``kinds`` are CSS classes of the columns: short (one line), number (to the right), wide, narrow.
    """
    classes = [*kinds, *[""] * (len(heads) - len(kinds))]
    body = [_row(row, classes) for row in rows]
    if not body:
        return EMPTY
    top = [element("th", head, scope="col", class_=kind or None) for head, kind in zip(heads, classes)]
    return element(
        "table",
        element("caption", caption) if caption else EMPTY,
        element("thead", element("tr", *top)),
        element("tbody", *body),
        class_="keep" if len(body) <= KEPT_ROWS else None,
    )


def _row(cells: Sequence[object], classes: Sequence[str]) -> Markup:
    first, *others = zip(cells, classes)
    drawn = [element("td", cell, class_=kind or None) for cell, kind in others]
    return element("tr", element("th", first[0], scope="row", class_=first[1] or None), *drawn, "\n")


def figure(picture: Markup, caption: str) -> Markup:
    """Return a picture with what it shows below it."""
    return element("figure", picture, element("figcaption", caption))


def field(question: str, answer: str, lines: int = 3) -> Markup:
    """Return what a person wrote under a question, or room to write it by hand."""
    if answer.strip():
        written = paragraphs(part.strip() for part in answer.strip().split("\n\n"))
        return element("div", element("h3", question), element("div", written, class_="written"))
    rules = [element("div", class_="rule", aria_hidden="true") for _line in range(lines)]
    return element("div", element("h3", question), *rules, class_="field")


def small(text: object) -> Markup:
    """Return a line of lesser weight, such as where something was found."""
    return element("small", text)


def code(text: str) -> Markup:
    """Return a command, a path or a hash."""
    return element("code", text)
