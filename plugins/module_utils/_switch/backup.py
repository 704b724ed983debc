# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dated files of a backup: written atomically, kept N deep, compared without what changes by itself."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
_SECRET = re.compile(
    r"(?ix)^(.*?(?:^|[\s-])(?:"
    r"password|passwd|passphrase|secret|community|securityname|cipher|simple|hash|key|key-string|psk|md5|sha\d*|auth"
    r"|authentication\s+text|snmp-server\s+host\s+\S+"
    r")\s+)\S.*$"
)
_KEY_BEGIN = re.compile(r"^(.*-----BEGIN [A-Z ]*PRIVATE KEY-----)")
_KEY_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")


@dataclass(frozen=True)
class Stored:
    """One text of a backup: where it is, its hash, and whether it was written now."""

    name: str
    path: str
    sha256: str
    written: bool
    previous: Optional[str] = None

    def as_dict(self) -> Dict[str, object]:
        return {"name": self.name, "path": self.path, "sha256": self.sha256, "written": self.written}


class BackupStore:
    """The backups of one switch in one directory; names are ``running-20261121T214500Z.txt``."""

    def __init__(self, directory: str, comparable: Callable[[str], str]) -> None:
        self._directory = directory
        self._comparable = comparable

    def plan(self, name: str, text: str, stamp: str) -> Stored:
        """Return what storing would do: the newest file where it says the same, else a new one."""
        newest = next(iter(reversed(self._files(name))), None)
        previous = _read(newest) if newest else None
        if newest and previous is not None and self._comparable(previous) == self._comparable(text):
            return Stored(name, newest, _sha256(previous), written=False, previous=previous)
        path = os.path.join(self._directory, f"{name}-{stamp}.txt")
        return Stored(name, path, _sha256(text), written=True, previous=previous)

    def store(self, planned: Stored, text: str, keep: int) -> None:
        """Write what was planned, then remove the oldest beyond ``keep``; OSError where the disk refuses."""
        os.makedirs(self._directory, mode=DIRECTORY_MODE, exist_ok=True)
        write_atomically(planned.path, text)
        for old in self._files(planned.name)[:-keep]:
            os.unlink(old)

    def confirm(self, planned: Stored) -> None:
        """Note that the newest file still says what the switch says: its time is when that was last known."""
        os.utime(planned.path)

    def _files(self, name: str) -> List[str]:
        if not os.path.isdir(self._directory):
            return []
        pattern = re.compile(rf"{re.escape(name)}-\d{{8}}T\d{{6}}Z\.txt$")
        return sorted(
            os.path.join(self._directory, each) for each in os.listdir(self._directory) if pattern.match(each)
        )


def write_atomically(path: str, text: str) -> None:
    """Write a file so that it is there whole or not at all, readable by its owner only."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".writing-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def redacted(text: str) -> str:
    """Return a configuration without its secrets, for a diff. What follows a secret in its line goes with it."""
    lines: List[str] = []
    in_key = False
    for line in text.splitlines():
        begin = _KEY_BEGIN.match(line)
        if in_key:
            in_key = not _KEY_END.search(line)
        elif begin:
            in_key = True
            lines.append(f"{begin.group(1)}<hidden>")
        else:
            lines.append(_SECRET.sub(r"\1<hidden>", line))
    return "\n".join(lines) + "\n"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
