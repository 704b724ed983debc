# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sits at the keyboard, as far as this machine can tell."""

from __future__ import annotations

import contextlib
import os
import pwd
from dataclasses import dataclass
from typing import FrozenSet, Mapping, Optional, Set, Tuple

NOBODY = 4294967295
"""The loginuid of what no login has started (proc(5), /proc/PID/loginuid)."""
MOST_ANCESTORS = 64


@dataclass(frozen=True)
class Person:
    """``names``: accounts by which the person came, without root. ``attended``: is there a terminal, or a session by
    SSH without one?"""

    names: FrozenSet[str]
    attended: bool
    terminal: str = ""

    @property
    def unknown(self) -> bool:
        """Does somebody sit there of whom only root is known?"""
        return self.attended and not self.names


def person_of(environment: Mapping[str, str], said: str = "", process: Optional[int] = None) -> Person:
    """Return who runs this. ``said``: a name that the person gave, which counts beside the accounts."""
    terminal = _terminal(process or os.getpid())
    names = {environment.get("SUDO_USER", ""), _name(os.getuid()), _login(), said}
    attended = bool(terminal or environment.get("SSH_CONNECTION"))
    return Person(frozenset(names - {"", "root"}), attended, terminal)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _login() -> str:
    """Return the account of the login that all this began with; su and sudo do not change it."""
    uid = _number("/proc/self/loginuid")
    return "" if uid is None or uid == NOBODY else _name(uid)


def _number(path: str) -> Optional[int]:
    with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:
        return int(file.read().strip())
    return None


def _terminal(process: int) -> str:
    """Return the terminal of a process or of one that it descends from; Ansible's workers have none of their own."""
    seen: Set[int] = set()
    while process > 1 and process not in seen and len(seen) < MOST_ANCESTORS:
        seen.add(process)
        fields = _fields(process)
        if fields is None:
            return ""
        parent, terminal = fields
        if terminal:
            return _path(terminal)
        process = parent
    return ""


def _fields(process: int) -> Optional[Tuple[int, int]]:
    """Return the parent and the device number of the terminal (fields 4 and 7 of proc(5), /proc/PID/stat)."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            after = file.read().rpartition(")")[2].split()
        return int(after[1]), int(after[4])
    except (OSError, ValueError, IndexError):
        return None


def _path(device: int) -> str:
    """Return a terminal's file; by devices.txt of Linux majors 136 to 143 are pseudo terminals."""
    major, minor = os.major(device), os.minor(device)
    if 136 <= major <= 143:
        return f"/dev/pts/{(major - 136) * 256 + minor}"
    return f"/dev/tty{minor}" if major == 4 and minor < 64 else f"terminal {major}:{minor}"
