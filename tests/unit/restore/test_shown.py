# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown holds no password, and every file can hold it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.shown import all_shown, passwords_in, shown
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "said", "passwords"),
    [
        ("rest:https://u:p@host:8000/r", "rest:https://u:***@host:8000/r", ["p"]),
        ("rest:http://u:p:a@t@host/r/", "rest:http://u:***@host/r/", ["p:a@t"]),
        ("not there: //:p@h/ and https://a:b@c", "not there: //:***@h/ and https://a:***@c", ["p", "b"]),
        ("sftp://u@host:2222//r", "sftp://u@host:2222//r", []),
        ("sftp:u@host:/r", "sftp:u@host:/r", []),
        ("ssh://host:22/./r@2", "ssh://host:22/./r@2", []),
        ("/srv/backup/his", "/srv/backup/his", []),
        ("a\udcff b\udc80 \ud83d 影像", "a\\xff b\\x80 ? 影像", []),
    ],
)
def test_a_text(text: str, said: str, passwords: list[str]) -> None:
    assert shown(text) == said
    assert passwords_in(text) == passwords


texts = st.text(st.characters(codec=None)) | st.from_regex(r"https://\w+:[^/\s]{1,9}@h/", fullmatch=True)
data: Any = st.recursive(
    texts | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)


@given(data)
def test_any_data_can_be_written_and_is_shown_once(value: Any) -> None:
    once = all_shown(value)
    assert json.dumps(once, ensure_ascii=False).encode("utf-8")
    assert all_shown(once) == once
