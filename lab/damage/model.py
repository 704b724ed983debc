# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a damaged backup is, and the bytes that are changed in it."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from lab.backup.ground import Ground
from lab.backup.server import BackupServer
from lab.errors import LabError

MANIFEST = "manifest.json"
LOGBOOK = {MANIFEST, "globals.sql"}
"""What lies beside the data of a backup."""


@dataclass(frozen=True)
class Backup:
    """A fresh copy of a backup that may be damaged: its directory, and its repository where the engine has one."""

    server: BackupServer
    engine: str
    directory: str
    repository: str | None = None

    @property
    def root(self) -> Path:
        """Where its data is, as this process reaches it."""
        return self.server.path(self.repository or self.directory)

    def files(self, pattern: str = "*") -> list[Path]:
        """Its files, the largest first; the pattern is one of a path below its root, or of a name."""
        found = [path for path in self.root.rglob(pattern) if path.is_file() and not path.is_symlink()]
        return sorted((path for path in found if path.name not in LOGBOOK), key=lambda path: -path.stat().st_size)

    def largest(self, pattern: str = "*") -> Path:
        """The file that most of the data is in."""
        files = self.files(pattern)
        if not files:
            raise LabError(f"The {self.engine} backup in {self.root} has no file {pattern} to be damaged.")
        return files[0]

    def inside(self, path: Path) -> str:
        """The same path within the machine."""
        return f"{self.repository or self.directory}/{path.relative_to(self.root)}"

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._manifest.read_text(encoding="utf-8"))
        return found

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """As it is: neither its digest nor its checksums are made anew."""
        self._manifest.write_text(json.dumps(manifest, ensure_ascii=False, sort_keys=True), encoding="utf-8")

    def remove_manifest(self) -> None:
        """A restore test would look for it beside the backup."""
        self._manifest.unlink()

    @property
    def _manifest(self) -> Path:
        return self.server.path(self.directory) / MANIFEST


class Manifest(Enum):
    """What the restore test is given beside the damaged backup."""

    EARLIER = "made before the damage: it has the sums of the good files"
    LATER = "made after the damage: its sums are those of the damaged files, its content is what the source held"
    NONE = "there is none"


@dataclass(frozen=True)
class Damage:
    """One way in which a backup is not good.

    ``source`` names the backup set whose fresh copy is struck. ``stages``: those that may name it; any other that
    speaks first is a wrong diagnosis. ``history``: the set passed a test before.
    """

    name: str
    source: str
    strike: Callable[[Backup, Ground], None]
    stages: tuple[str, ...]
    manifest: Manifest = Manifest.LATER
    history: bool = False

    def __str__(self) -> str:
        return f"{self.source}-{self.name}"


def flip(path: Path, offset: int | None = None) -> None:
    """One bit of the byte at an offset, by default in the middle."""
    where = path.stat().st_size // 2 if offset is None else offset
    with path.open("r+b") as file:
        file.seek(where)
        byte = file.read(1)[0]
        file.seek(where)
        file.write(bytes([byte ^ 1]))


def in_a_word(path: Path, offset: int | None = None) -> int:
    """Where the first word after an offset has a letter: other bytes of a script may be wrong and mean the same.

    MariaDB takes 2022-04-03 21;37 for 21:37, and a comment may say anything.
    """
    text = path.read_bytes()
    after = len(text) // 2 if offset is None else offset
    word = re.compile(rb"^(?!--)[^\n]*?[a-z]{6}", re.MULTILINE).search(text, after)
    assert word is not None
    return word.end() - 3


def cut(path: Path, keep: float = 0.99) -> None:
    """What is left of a file of which the end was not written."""
    os.truncate(path, int(path.stat().st_size * keep))


def zero(path: Path, offset: int | None = None, length: int = 4096) -> None:
    """A block that reads as zeros, by default in the middle; small files lose a third."""
    size = path.stat().st_size
    length = min(length, max(size // 3, 1))
    where = size // 2 if offset is None else offset
    with path.open("r+b") as file:
        file.seek(where)
        if not any(file.read(length)):
            raise LabError(f"{path} is zero at {where} already: this would be no damage.")
        file.seek(where)
        file.write(b"\0" * length)


def replace(path: Path, old: bytes, new: bytes) -> None:
    """The first occurrence of some bytes, with others of the same length."""
    content = path.read_bytes()
    where = content.find(old)
    if where < 0 or len(old) != len(new):
        raise LabError(f"{path} does not hold {old!r}: this would be no damage.")
    path.write_bytes(content[:where] + new + content[where + len(old) :])


def repack(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change what a gzip file holds; the result is a valid gzip file."""
    content = gzip.decompress(path.read_bytes())
    changed = change(content)
    if changed == content:
        raise LabError(f"{path} holds the same as before: this would be no damage.")
    path.write_bytes(gzip.compress(changed, 1))


def half_without_a_torn_line(text: bytes) -> bytes:
    """The first half of an SQL script, up to the end of a line."""
    return text[: text.rfind(b"\n", 0, len(text) // 2) + 1]


def remove(paths: Iterable[Path]) -> None:
    found = list(paths)
    if not found:
        raise LabError("There is no file to be removed: this would be no damage.")
    for path in found:
        path.unlink()


def aged(manifest: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The manifest of a backup that was taken so long before."""
    times = {name: manifest[name] - seconds for name in ("began_at_epoch", "current_at_epoch", "ended_at_epoch")}
    return {**manifest, **times}


SEGMENT = re.compile(r"^[0-9A-F]{24}")


def segment_of(position: dict[str, Any], size: int = 16 << 20) -> str:
    """The name of the WAL segment in which a manifest's position lies."""
    high, low = (int(part, 16) for part in position["lsn"].split("/"))
    return f"{int(position['timeline']):08X}{high:08X}{low // size:08X}"
