# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows' values are taken out of the server's messages: who reads a test's report may have no right to see patients.

A name in a message follows the word for what it names (PostgreSQL's Error Message Style Guide: `relation "x"`). What is
quoted without one is taken for a value, and what follows it for a part of that, as values are not escaped.
"""

from __future__ import annotations

import re
from typing import List, Optional, Sequence

HIDDEN = '"..."'
_NAMED = re.compile(
    r"(?:\b(?:relation|table|view|index|sequence|column|constraint|type|domain|function|procedure|routine|aggregate"
    r"|operator|role|user|schema|database|extension|trigger|rule|policy|language|server|wrapper|publication"
    r"|subscription|tablespace|encoding|collation|locale|parameter|option|method|class|family|library|module|socket"
    r"|file|directory|path|program|command|slot|configuration|dictionary|parser|template|partition|cursor|savepoint"
    r"|transform|cast|statistics)|locale name:) $"
)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_AFTER = re.compile(r" is out of range(?: for type [\w ]+)?$")
_COPY = re.compile(r"^(?:CONTEXT:\s+)?(COPY .*?, line \d+(?:, column [^:]+)?)(?::|$)")
_FUNCTION = re.compile(
    r"^(?:CONTEXT:\s+)?((?:PL/\w+ function|SQL function) .*? (?:line|statement) \d+(?: at [A-Za-z ]+)?)$"
)
_KEY = re.compile(r"^DETAIL:\s+Key (\(.*?\))=\(")
_RAISED = re.compile(r"^(?:CONTEXT:\s+)?PL/\w+ function .* at RAISE$")
_STATEMENT = re.compile(
    r"^(?:ALTER|ANALYZE|COMMENT|COPY|CREATE|DELETE|DO|DROP|GRANT|INSERT|LOCK|REFRESH|REVOKE|SECURITY|SELECT|SET|TRUNCATE"
    r"|UPDATE|WITH)\b[^('=$;\t]*"
)


def without_values(line: str) -> str:
    """Pure: one line of a message with the names in it, and no value."""
    line = re.sub(r"invalid command \\\S*", "invalid command", line)
    position = line.find('"')
    while position >= 0:
        name = _QUOTED.match(line, position)
        if name is None or not _NAMED.search(line[:position]):
            after = _AFTER.search(line)
            return line[:position] + HIDDEN + (after.group(0) if after else "")
        position = line.find('"', name.end())
    return line


def message(lines: Sequence[str]) -> str:
    """Pure: the first line of a message; what a function of the site says itself may be anything."""
    told = without_values(lines[0]) if lines else "an error"
    if any(_RAISED.match(line) for line in lines[1:]):
        before, mark, _said = told.rpartition("ERROR:  ")
        return f"{before}{mark}an exception of the site's own"
    return told


def place(lines: Sequence[str]) -> List[str]:
    """Pure: where it happened, by the lines after the first: table, line, column, function, and a key's columns."""
    found = (_first(lines, pattern) for pattern in (_COPY, _FUNCTION, _KEY))
    return [f"{title}{text}" for title, text in zip(("", "", "key "), found) if text is not None]


def _first(lines: Sequence[str], pattern: re.Pattern[str]) -> Optional[str]:
    matches = (pattern.match(line) for line in lines)
    return next((found.group(1) for found in matches if found is not None), None)


def statement(sql: str) -> Optional[str]:
    """Pure: what a statement does and to what, None where it is none: psql takes a table's rows for some."""
    found = _STATEMENT.match(sql)
    return " ".join(found.group(0).split())[:80] if found else None
