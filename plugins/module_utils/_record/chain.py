# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of JSON lines, each with the hash of the line before it: what was written cannot be changed unseen.

The hash is SHA-256 over the bytes of the line before, without its end. The last line has none after it: its hash is
the head, and whoever wants to see that nothing was cut off keeps the head elsewhere (another chain, a signed report).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

FIRST = "0" * 64
"""The hash before the first line."""
TORN = "torn"
"""Kind of the line that tells of one that a killed writer left unfinished."""
TAIL_BYTES = 1 << 16
PATIENCE = 30.0
"""Seconds; who writes an event needs milliseconds."""
LOOK_SECONDS = 0.01
"""How often a lock that another one has is tried again."""
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
OWN = ("n", "at", "epoch", "kind", "previous")
"""Fields that every line has; the others are its kind's own."""


class Damage(NamedTuple):
    """The first line that is not what was written: its number (from 1), and why."""

    line: int
    why: str


@dataclass(frozen=True)
class Reading:
    """What a chain holds. ``head``: the hash of its last line. ``torn``: what a killed writer left unfinished."""

    lines: Tuple[Mapping[str, Any], ...]
    head: str
    damage: Optional[Damage] = None
    torn: str = ""


class Tail(NamedTuple):
    """The end of a chain: the number and hash of its last line, and where in the file that line ends."""

    number: int
    head: str
    end: int


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Pure: the bytes of a line, without its end; sorted, so that the same fields give the same bytes."""
    return _ENCODER.encode(fields).encode("ascii")


def digest(line: bytes) -> str:
    """Pure: the hash of a line, as the next one carries it."""
    return hashlib.sha256(line).hexdigest()


def instant(epoch: float) -> str:
    """Pure: a moment in UTC to the millisecond, as people and programs read it."""
    seconds, milliseconds = divmod(round(epoch * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03}Z"


@lru_cache(maxsize=4)
def _second(epoch: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch))


class Writer:
    """Appends to one chain that nobody else writes to. OSError as the kernel gives it.

    ``patience``: seconds for which another one may have it, then TimeoutError: it may have been stopped.
    """

    def __init__(self, path: str, patience: float = PATIENCE) -> None:
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _lock(self._handle, patience)
            self._tail = _mended(self._handle)
        except OSError:
            os.close(self._handle)
            raise

    @property
    def head(self) -> str:
        return self._tail.head

    def append(self, kind: str, fields: Mapping[str, Any], *, durable: bool = False) -> Dict[str, Any]:
        """Write a line and return it. It outlives this process at once; ``durable``: and a loss of power."""
        self._tail, line = _written(self._handle, self._tail, kind, fields, durable)
        return line

    def sync(self) -> None:
        """Have what was written outlive a loss of power."""
        os.fsync(self._handle)

    def close(self) -> None:
        os.close(self._handle)


def append(path: str, kind: str, fields: Mapping[str, Any]) -> Dict[str, Any]:
    """Write a line to a chain that several processes write to, outliving a loss of power, and return the line."""
    with locked(path) as writer:
        return writer.append(kind, fields, durable=True)


@contextlib.contextmanager
def locked(path: str, patience: float = PATIENCE) -> Iterator[Writer]:
    """Hold a chain alone: what is read within stays so until the end. ``patience`` as of Writer."""
    writer = Writer(path, patience)
    try:
        yield writer
    finally:
        writer.close()


def read(path: str) -> Reading:
    """Return what a chain holds and the first damage in it; OSError where it cannot be read."""
    with open(path, "rb") as file:
        return reading_of(file.read())


def reading_of(data: bytes) -> Reading:
    """Pure: what the bytes of a chain hold. Lines after a damage are returned too, where they can be read."""
    whole, _end, torn = data.rpartition(b"\n")
    lines: List[Mapping[str, Any]] = []
    before, damage = FIRST, None
    for number, raw in enumerate(whole.split(b"\n") if whole else (), 1):
        line = _parsed(raw)
        damage = damage or _damage(number, line, before)
        before = digest(raw)
        if line is not None:
            lines.append(line)
    return Reading(tuple(lines), before, damage, torn.decode("utf-8", "replace"))


def _lock(handle: int, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise TimeoutError(errno.ETIMEDOUT, "another process has held it for too long") from error
        time.sleep(LOOK_SECONDS)


def _damage(number: int, line: Optional[Mapping[str, Any]], before: str) -> Optional[Damage]:
    if line is None:
        return Damage(number, "is not a line of a journal")
    if line.get("previous") != before:
        where = (
            "begins a journal whose first lines are gone" if number == 1 else "does not follow from the one before it"
        )
        return Damage(number, f"{where}: one of them was altered, added or taken away")
    if line.get("n") != number:
        return Damage(number, f"carries the number {line.get('n')}")
    return None


def _parsed(raw: bytes) -> Optional[Mapping[str, Any]]:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _mended(handle: int) -> Tail:
    """Return the end of a chain; what a killed writer left unfinished is cut off and told in a line of its own."""
    size = os.fstat(handle).st_size
    torn = _after_last_line(handle, size)
    tail = _tail(handle, size - len(torn))
    if not torn:
        return tail
    os.ftruncate(handle, tail.end)
    return _written(handle, tail, TORN, {"text": torn.decode("utf-8", "replace")}, True)[0]


def _after_last_line(handle: int, size: int) -> bytes:
    found = b""
    while size > 0:
        start = max(0, size - TAIL_BYTES)
        found = os.pread(handle, size - start, start) + found
        if b"\n" in found:
            return found.rpartition(b"\n")[2]
        size = start
    return found


def _tail(handle: int, end: int) -> Tail:
    """Return the last whole line's number and hash. ``end`` is just behind its line end."""
    if end == 0:
        return Tail(0, FIRST, 0)
    raw = _after_last_line(handle, end - 1)
    number = (_parsed(raw) or {}).get("n")
    if not isinstance(number, int):
        # An altered line: the chain goes on, and reading it tells where it broke.
        number = _count(handle, end)
    return Tail(number, digest(raw), end)


def _count(handle: int, end: int) -> int:
    offsets = range(0, end, TAIL_BYTES)
    return sum(os.pread(handle, min(TAIL_BYTES, end - start), start).count(b"\n") for start in offsets)


def _written(
    handle: int, tail: Tail, kind: str, fields: Mapping[str, Any], durable: bool
) -> Tuple[Tail, Dict[str, Any]]:
    now = time.time()
    own = {"n": tail.number + 1, "at": instant(now), "epoch": round(now, 3), "kind": kind, "previous": tail.head}
    line = {**fields, **own}
    raw = canonical(line)
    data = raw + b"\n"
    written = os.pwrite(handle, data, tail.end)
    if written != len(data):
        # A full disk: half a line must not stay, the next one would follow from it.
        os.ftruncate(handle, tail.end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if durable:
        os.fsync(handle)
    return Tail(tail.number + 1, digest(raw), tail.end + len(data)), line
