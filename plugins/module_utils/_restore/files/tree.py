# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree of files: what lies in it, and what it holds; the same for the live one and the restored one.

Names are paths without the first slash, as they lie below a restored root; that of a directory ends with a slash.
"""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from typing import Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

METHOD = "sha256 of each file"
BLOCK = 1 << 20  # bytes
DIRECTORY = "directory"
"""What stands for the hash of a directory."""


class Entry(NamedTuple):
    """A file, link or directory as it was seen at one moment; ``stamp`` changes with its content."""

    kind: str
    size: int
    stamp: Tuple[int, ...]
    modified_at: float
    changed_at: float


class Survey(NamedTuple):
    """What lies in a tree, and what was left out of it by the site's patterns."""

    entries: Dict[str, Entry]
    excluded: List[str]

    @property
    def total(self) -> int:
        return sum(entry.size for entry in self.entries.values())


def name_of(path: str, root: str = "/") -> str:
    return os.path.relpath(path, root)


def survey(paths: Sequence[str], exclude: Sequence[str] = (), root: str = "/") -> Survey:
    """Look at everything below some paths; links are not followed. OSError for a path that is not there."""
    entries: Dict[str, Entry] = {}
    excluded: List[str] = []
    for path in paths:
        os.lstat(path)
        for found in _below(path, exclude, excluded):
            _note(found, root, entries)
    return Survey(entries, excluded)


def _below(path: str, exclude: Sequence[str], excluded: List[str]) -> Iterator[str]:
    yield path
    if os.path.islink(path) or not os.path.isdir(path):
        return
    for folder, folders, names in os.walk(path, onerror=_unless_gone):
        for name in list(folders) + names:
            found = os.path.join(folder, name)
            if is_excluded(found, exclude):
                excluded.append(found)
                if name in folders:
                    folders.remove(name)
            else:
                yield found


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def is_excluded(path: str, exclude: Sequence[str]) -> bool:
    """A pattern with a slash is about the whole path, one without about the last name."""
    name = os.path.basename(path)
    return any(fnmatchcase(path if "/" in pattern else name, pattern) for pattern in exclude)


def _note(path: str, root: str, entries: Dict[str, Entry]) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    kind = _kind(found.st_mode)
    if kind:
        name = name_of(path, root) + ("/" if kind == "d" else "")
        stamp = () if kind == "d" else (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        entries[name] = Entry(kind, found.st_size if kind == "f" else 0, stamp, found.st_mtime, found.st_ctime)


def _kind(mode: int) -> str:
    """Sockets, pipes and devices have no content."""
    return "f" if stat.S_ISREG(mode) else "d" if stat.S_ISDIR(mode) else "l" if stat.S_ISLNK(mode) else ""


def hash_of(name: str, entry: Entry, root: str = "/") -> str:
    """Return what stands for the content: sha256 of a file, target of a link; OSError as the kernel gives it."""
    path = os.path.join(root, name)
    if entry.kind == "d":
        return DIRECTORY
    if entry.kind == "l":
        return f"link to {os.readlink(path)}"
    found = hashlib.sha256()
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for block in iter(lambda: os.read(handle, BLOCK), b""):
            found.update(block)
    finally:
        os.close(handle)
    return found.hexdigest()


class Hashes(NamedTuple):
    """What was read, and why the rest was not."""

    read: Dict[str, str]
    failed: Dict[str, OSError]


def hashes(entries: Mapping[str, Entry], jobs: int, root: str = "/") -> Hashes:
    """Read everything; hashing leaves Python's lock, so that jobs count."""
    read: Dict[str, str] = {}
    failed: Dict[str, OSError] = {}

    def one(name: str) -> None:
        try:
            read[name] = hash_of(name, entries[name], root)
        except OSError as error:
            failed[name] = error

    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        list(pool.map(one, sorted(entries)))
    return Hashes(read, failed)
