# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test tells, fit to be shown and written: without passwords, and in characters that every file can hold."""

from __future__ import annotations

import re
from typing import Any, List, Match

_PASSWORD = re.compile(r"(//[^/\s:@]*):([^/\s]*)@")
"""In the address of a repository, as in rest:https://user:password@host/."""
_NO_CHARACTER = re.compile("[\ud800-\udfff]")
_FROM_BYTES = range(0xDC80, 0xDD00)
"""What Python makes of bytes of a file's name that are no UTF-8 (PEP 383)."""


def shown(text: str) -> str:
    r"""Return a text in which passwords of addresses are ``***``, and bytes that are no character ``\xff``."""
    return _NO_CHARACTER.sub(_written, _PASSWORD.sub(r"\1:***@", text))


def all_shown(value: Any) -> Any:
    """Return plain data with all of its texts, also the keys, as ``shown`` has them."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {all_shown(name): all_shown(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [all_shown(each) for each in value]
    return value


def passwords_in(text: str) -> List[str]:
    """Return the passwords that stand in a text's addresses."""
    return [password for _before, password in _PASSWORD.findall(text) if password]


def _written(found: Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code - 0xDC00:02x}" if code in _FROM_BYTES else "?"
