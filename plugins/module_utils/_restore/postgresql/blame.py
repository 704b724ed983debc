# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a complaint says against: the copy, or the host that tests it."""

from __future__ import annotations

import re
from typing import NoReturn, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Damaged, Finding, NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.private import without_values

HOST_BLAMED: Tuple[Tuple[str, str], ...] = (
    (r"No space left on device", "free space, or set scratch_directory to a larger disk"),
    (r"out of memory|Cannot allocate memory|could not resize shared memory", "raise limits.memory"),
    (r"Too many open files", "raise the limit of open files"),
    (r"terminated by signal 9\b", "raise limits.memory, since the kernel ended a process for want of memory"),
    (r"could not open extension control file|extension \"[^\"]+\" is not available", "install the extension's package"),
    (r"extension \"[^\"]+\" has no installation script", "install the version of the extension that production has"),
    (r"could not access file \"[^\"]+\": No such file", "install the package with this library"),
    (
        r"invalid locale name|invalid LC_\w+ setting|could not create locale|locale .* not recognized",
        "make this locale",
    ),
    (r"could not find function \"[^\"]+\" in file", "install the version of the extension that production has"),
    (r"encoding \"[^\"]+\" does not match locale", "make the locale with this encoding"),
    (r"collation \"[^\"]+\" for encoding \"[^\"]+\" does not exist", "make this locale"),
)
"""What only the test's own host can be the reason of, and what to do about it there."""


LOG_END = 4000
_BESIDE = re.compile(r"\b(?:DETAIL|HINT|STATEMENT|CONTEXT|QUERY):")


def host_blamed(text: str) -> Optional[str]:
    """Return one sentence where the host that tests is to blame, None where the copy is."""
    lines = [line for line in text.splitlines() if not _BESIDE.search(line)]
    for pattern, remedy in HOST_BLAMED:
        for line in lines:
            if re.search(pattern, line):
                return f"the host of the test lacks something: {without_values(line.strip())}; {remedy} on it"
    return None


def raise_for(stage: str, what: str, expected: str, message: str, log: str = "") -> NoReturn:
    """NotRunnable where the message or the server's log blame the host, else Damaged with one finding."""
    reason = host_blamed(message) or host_blamed(log)
    if reason is not None:
        raise NotRunnable(reason)
    raise Damaged(Finding(stage, what, expected, without_values(first_line(message))))


def first_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[0] if lines else "no message"


def crash_line(log: str) -> Optional[str]:
    """Return what a server's log says of the process whose end ended it, None where it says nothing of the kind.

    The first counts: the others the server ends itself.
    """
    found = re.search(r"\bLOG:\s+(.* (?:was terminated by signal|was terminated by exception) .*)", log)
    return found.group(1).strip() if found else None


def last_words(log: str) -> str:
    """Return what a log tells of the server's end: the crash and its reasons, or else the end of the log."""
    crash = crash_line(log)
    if crash is None:
        return log[-LOG_END:]
    return "\n".join([crash, *(line for line in log.splitlines() if re.search(r"\b(?:PANIC|FATAL):", line))])


def end_reason(log: str) -> str:
    """Return in one line why a server ended; never a statement, which may hold a row."""
    broken = [*re.findall(r"\bPANIC:\s+(.*)", log)[:1], *filter(None, [crash_line(log)])]
    if broken:
        return "; ".join(broken)
    told = (line for line in log.splitlines() if line.strip() and not _BESIDE.search(line))
    return fatal_line(log) or next(told, "it ended without a word")


def fatal_line(log: str) -> Optional[str]:
    """Return the last thing that a server's log calls an error, None where it tells none.

    That the server tells a client to come later is none.
    """
    found = re.findall(r"\b(?:PANIC|FATAL|ERROR):(?!\s+the database system is )\s+(.*)", log)
    return found[-1].strip() if found else None
