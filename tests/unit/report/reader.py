# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a page as a browser and a screen reader would, and complains where they would stumble."""

from __future__ import annotations

import itertools
from html.parser import HTMLParser

EMPTY = frozenset(("meta", "br"))


class Page(HTMLParser):
    """What a page holds. ``texts``: all text in its order; ``problems``: what is not well-formed or not accessible."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problems: list[str] = []
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.headings: list[tuple[int, str]] = []
        self.feed(html)
        self.close()
        self.problems += [f"{tag} is not closed" for tag in self.open]
        self._accessible()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"{tag} is closed and was not open")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.open and self.open[-1] in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(self.open[-1][1]), data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def _accessible(self) -> None:
        levels = [level for level, _title in self.headings]
        self.problems += [f"after a heading {a} comes one of {b}" for a, b in itertools.pairwise(levels) if b > a + 1]
        self.problems += ["there is not just one h1"] if levels.count(1) != 1 else []
        self.problems += [f"a head of a table without scope: {th}" for th in self.all("th") if "scope" not in th]
        ids = [attributes["id"] for _tag, attributes in self.tags if "id" in attributes]
        self.problems += [f"{name} is there twice" for name in ids if ids.count(name) > 1]
        for svg in self.all("svg"):
            named = svg.get("aria-labelledby", "").split()
            if svg.get("role") != "img" or len(named) != 2 or not set(named) <= set(ids):
                self.problems.append(f"a picture without a title and a description: {svg}")
        targets = [link["href"][1:] for link in self.all("a") if link.get("href", "").startswith("#")]
        self.problems += [f"a link leads nowhere: {name}" for name in targets if name not in ids]
