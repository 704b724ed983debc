# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of all pages: nothing that is handed in becomes a part of the page's own code, and all can read it."""

from __future__ import annotations

import re

import pytest
from ansible_collections.contingency.infra.plugins.plugin_utils import document as doc
from ansible_collections.contingency.infra.plugins.plugin_utils import page
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import markdown_of
from ansible_collections.contingency.infra.plugins.plugin_utils.document_page import html_of
from ansible_collections.contingency.infra.plugins.plugin_utils.page_style import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    RED,
)
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markupsafe import Markup

from tests.unit.report.reader import Page

PLAIN = page.element("svg", page.element("title", "t", id="a"), role="img")
EVIL = '</style><script>alert("1")</script><img src=x onerror=y> & \' # - * [a](javascript:b) `c` | ![d](http://e)'
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=40)


def document(text: str) -> doc.Document:
    """A document with a text in every place that takes one."""
    rows = ((text, doc.Badge(page.GOOD, text)), (doc.Code(text), doc.Lines((text, doc.Muted(text)))))
    blocks = (
        doc.Paragraph(text),
        doc.Facts(((text, text),)),
        doc.Table(text, (text, text), rows),
        doc.Bullets((text, doc.Code(text))),
        doc.Bullets((text,), numbered=True),
        doc.Field(text, text),
        doc.Field("question"),
    )
    return doc.Document(
        title=f"Title {text}",
        language="zh",
        sections=(doc.Section("one", f"One {text}", (*blocks, doc.Section("two", f"Two {text}", (blocks[0],)))),),
        opening=(doc.Callout(page.BAD, (f"Head {text}", text)), doc.Tiles((doc.Tile(text, text, text),))),
        made=text,
        footer=text,
        banner=text,
        contents="Contents",
    )


@given(TEXTS)
@example(EVIL)
@example("\\22 } body { display: none } /*")
def test_a_text_in_a_page_stays_a_text(text: str) -> None:
    harmless, page_ = Page(html_of(document("x"))), Page(html_of(document(text)))
    assert page_.problems == []
    assert {tag for tag, _attributes in page_.tags} <= {tag for tag, _attributes in harmless.tags} | {"p"}
    assert {name for _tag, given in page_.tags for name in given} <= {n for _tag, given in harmless.tags for n in given}
    assert len(page_.all("li")) == len(harmless.all("li"))
    style = html_of(document(text)).partition("<style>")[2].partition("</style>")[0]
    assert style.count("{") == style.count("}") == html_of(document("x")).partition("</style>")[0].count("{")


@given(TEXTS)
@example(EVIL)
@example("# a")
@example("1. a")
@example("- a")
@example("---")
@example("===")
@example("&lt;b&gt;")
@example("    code")
def test_a_text_in_markdown_stays_a_text(text: str) -> None:
    parser = MarkdownIt("gfm-like", {"linkify": False})
    harmless, read = parser.parse(markdown_of(document("x"))), parser.parse(markdown_of(document(text)))
    kinds = {token.type for token in harmless} | {"text", "softbreak", "hardbreak"}
    inline = {child.type for token in harmless for child in token.children or ()}
    assert {token.type for token in read} <= kinds
    assert {child.type for token in read for child in token.children or ()} <= inline | {"text", "softbreak"}
    # What stands in the document and has no text may fall away; nothing more than it may be there.
    for kind in ("heading_open", "tr_open", "th_open", "td_open"):
        assert sum(t.type == kind for t in read) <= sum(t.type == kind for t in harmless), kind


def test_a_page_may_load_and_run_nothing() -> None:
    read = Page(html_of(document("x")))
    policy = next(meta["content"] for meta in read.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.split(";")[0] == "default-src 'none'"
    assert "script" not in policy
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html_of(document("x")))


def test_a_page_says_its_language_and_is_loaded_anew_only_where_it_should() -> None:
    assert Page(html_of(document("x"))).all("html") == [{"lang": "zh-CN"}]
    assert "refresh" not in page.page(page.Frame("t", "en"))
    assert '<meta http-equiv="refresh" content="30">' in page.page(page.Frame("t", "en", refresh_seconds=30))


def contrast(one: str, other: str) -> float:
    """As WCAG 2.1 counts it."""

    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("ground", ["#ffffff", "#f2f5f8", "#fbf0ef", "#fdf6e8"])
@pytest.mark.parametrize("colour", [INK, MUTED, BLUE])
def test_text_can_be_read_on_every_ground(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= 7


@pytest.mark.parametrize("ground", [GREEN, RED, AMBER, GREY])
def test_badges_can_be_read(ground: str) -> None:
    assert contrast("#ffffff", ground) >= 4.5


def test_markup_is_taken_as_it_is_and_text_is_escaped() -> None:
    assert page.element("p", Markup("<b>x</b>"), "<i>", class_="a", aria_label='"') == Markup(
        '<p class="a" aria-label="&#34;"><b>x</b>&lt;i&gt;</p>'
    )
    assert page.element("p", id=None) == "<p></p>"


def test_what_is_empty_is_left_out() -> None:
    empty = (doc.Table("t", ("a",), ()), doc.Bullets(()), doc.Tiles(()), doc.Facts((("a", ""),)))
    assert doc.filled(doc.Section("a", "A", empty), None, doc.Section("b", "B", (doc.Picture(Markup(""), "c"),))) == ()
    kept = doc.Section("c", "C", (*empty, doc.Section("d", "D", (doc.Paragraph("x"),))))
    assert doc.filled(kept) == (kept,)
    page_ = Page(html_of(doc.Document("t", "en", (kept,))))
    assert not {"table", "ul", "dl"} & {tag for tag, _attributes in page_.tags}


def test_room_is_left_for_an_answer_by_hand() -> None:
    assert html_of(doc.Document("t", "en", (doc.Section("a", "A", (doc.Field("q", lines=4),)),))).count("rule") == 4 + 1
    assert "____" in markdown_of(doc.Document("t", "en", (doc.Section("a", "A", (doc.Field("q"),)),)))
