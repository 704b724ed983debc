# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a document: written where they say something else than those that are there."""

from __future__ import annotations

import contextlib
import hashlib
import html
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Document
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import markdown_of
from ansible_collections.contingency.infra.plugins.plugin_utils.document_page import html_of

_MADE = re.compile(r'<p class="made">(.*?)</p>', re.DOTALL)


@dataclass(frozen=True)
class Files:
    """A document's page and text, by path, and what is there now (None: nothing)."""

    texts: Mapping[str, str]
    there: Mapping[str, str | None]

    @property
    def changed(self) -> bool:
        return any(self.there[path] != text for path, text in self.texts.items())

    @property
    def sha256(self) -> str:
        """The hash of the page."""
        return hashlib.sha256(next(iter(self.texts.values())).encode()).hexdigest()

    @property
    def diff(self) -> list[dict[str, str]]:
        """What is changed in the text, as Ansible shows it."""
        path, after = list(self.texts.items())[-1]
        return [{"before_header": path, "after_header": path, "before": self.there[path] or "", "after": after}]

    def write(self) -> None:
        """Write them for their owner only; OSError as the kernel gives it."""
        for path, text in self.texts.items():
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            LocalHost().write_atomically(path, text)


def files_of(document: Document, directory: str, name: str) -> Files:
    """Return the files NAME.html and NAME.md of a document.

    When a document was made is no difference: one that says the same as before stays as it is.
    """
    paths = [os.path.join(directory, f"{name}.{ending}") for ending in ("html", "md")]
    there = {path: _read(path) for path in paths}
    before = _MADE.search(there[paths[0]] or "")
    if before is not None:
        same = _texts(replace(document, made=html.unescape(before.group(1))), paths)
        if all(there[path] == text for path, text in same.items()):
            return Files(same, there)
    return Files(_texts(document, paths), there)


def _texts(document: Document, paths: list[str]) -> dict[str, str]:
    """Return what belongs into each file; bytes that were no UTF-8 where they were typed cannot stand in it."""
    texts = (html_of(document), markdown_of(document))
    return {path: text.encode("utf-8", "replace").decode() for path, text in zip(paths, texts)}


def _read(path: str) -> str | None:
    """Return what is in a file, None where that cannot be said: it is written then, and that tells what is wrong."""
    with contextlib.suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8", newline="") as file:
        return file.read()
    return None


def create(path: str, text: str) -> bool:
    """Make a file for its owner only, and leave one that is there as it is; return whether it was made."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return True
