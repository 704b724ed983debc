# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of pg_dump says of itself, without any program: its format, and the head of an archive or a script."""

from __future__ import annotations

import calendar
import os
import re
import time
from typing import List, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import FETCH, Damaged, Finding
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.programs import (
    NEWEST,
    OLDEST,
    major_of,
)

CUSTOM, DIRECTORY, TAR, PLAIN = "custom", "directory", "tar", "plain"
UNPACKERS = {b"\x1f\x8b": ("gzip", "-dc"), b"\x28\xb5\x2f\xfd": ("zstd", "-dc"), b"\x04\x22\x4d\x18": ("lz4", "-dc")}
"""Programs that unpack a script, by its first bytes."""
MAGIC = b"PGDMP"
TOC = "toc.dat"
BESIDE = ("manifest.json", "globals.sql")
"""What lies beside a dump in a backup's directory."""
HEAD_BYTES = 65536
TIME_FIELDS = 7
COMPLETE = "PostgreSQL database dump complete"


class Dump(NamedTuple):
    """A dump: where it is, in which format, and with what a script is unpacked."""

    path: str
    format: str
    unpacker: Tuple[str, ...] = ()

    @property
    def parallel(self) -> bool:
        return self.format in (CUSTOM, DIRECTORY)


class Head(NamedTuple):
    """What a dump says: the database's name, the versions, and the local time of the server's host at its beginning.

    ``made_at`` is (year, month, day, hour, minute, second). ``creates``: a script that makes its database itself.
    """

    database: Optional[str]
    server_version: Optional[str]
    dump_version: Optional[str]
    made_at: Optional[Tuple[int, int, int, int, int, int]]
    creates: bool = False

    @property
    def major(self) -> Optional[int]:
        """The oldest major version that can read it."""
        known = [major for major in map(major_of, (self.server_version, self.dump_version)) if major is not None]
        return max([*known, OLDEST]) if known else None


def located(path: str) -> Dump:
    """Return the dump at a path: a file, a directory dump, or a backup's directory with one dump in it."""
    if not os.path.isdir(path):
        return _file(path)
    if os.path.exists(os.path.join(path, TOC)):
        return Dump(path, DIRECTORY)
    inner = [os.path.join(path, name) for name in sorted(os.listdir(path)) if _may_be_dump(path, name)]
    if len(inner) != 1:
        raise Damaged(Finding(FETCH, path, f"one dump, or {TOC} of a directory dump", f"{len(inner)} files"))
    return located(inner[0]) if os.path.isdir(inner[0]) else _file(inner[0])


def _may_be_dump(path: str, name: str) -> bool:
    if name.startswith(".") or name in BESIDE or name.endswith((".sig", ".sha256")):
        return False
    return not os.path.isdir(os.path.join(path, name)) or os.path.exists(os.path.join(path, name, TOC))


def _file(path: str) -> Dump:
    first = read_head(path, 512)
    if first.startswith(MAGIC):
        return Dump(path, CUSTOM)
    if first[257:262] == b"ustar":
        return Dump(path, TAR)
    for magic, unpacker in UNPACKERS.items():
        if first.startswith(magic):
            return Dump(path, PLAIN, unpacker)
    if b"PostgreSQL database" in first:
        return Dump(path, PLAIN)
    seen = "an empty file" if not first else f"a file that begins with {first[:8]!r}"
    raise Damaged(Finding(FETCH, path, "a dump of pg_dump", seen))


def read_head(path: str, count: int = HEAD_BYTES) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(count)
    except OSError as error:
        raise Damaged(Finding(FETCH, path, "a backup that can be read", error.strerror or str(error))) from error


def archive_head(dump: Dump) -> Head:
    """Return the head of a custom, directory or tar dump; Damaged where it is none."""
    path = os.path.join(dump.path, TOC) if dump.format == DIRECTORY else dump.path
    first = read_head(path)
    if dump.format == TAR:
        first = first[512:]
    try:
        return parse_archive_head(first)
    except (IndexError, ValueError) as error:
        raise Damaged(Finding(FETCH, path, "the head of an archive", "one that cannot be read")) from error


def parse_archive_head(data: bytes) -> Head:
    """Pure: the head as pg_backup_archiver.c writes it; ValueError or IndexError where it is another thing."""
    if not data.startswith(MAGIC):
        raise ValueError("not an archive of pg_dump")
    version, width, position = (data[5], data[6]), data[8], 11
    # Since 1.15 one byte names the way of compression, before it was a level.
    position += 1 if version >= (1, 15) else 1 + width
    numbers: List[int] = []
    for _number in range(TIME_FIELDS):
        value, position = _integer(data, position, width)
        numbers.append(value)
    texts: List[Optional[str]] = []
    for _text in range(3):
        text, position = _text_at(data, position, width)
        texts.append(text)
    second, minute, hour, day, month, year = numbers[:6]
    made_at = (year + 1900, month + 1, day, hour, minute, second)
    return Head(texts[0], texts[1], texts[2], made_at)


def _integer(data: bytes, position: int, width: int) -> Tuple[int, int]:
    end = position + 1 + width
    if end > len(data) or not 1 <= width <= 8:
        raise ValueError("the head is cut")
    value = int.from_bytes(data[position + 1 : end], "little")
    return (-value if data[position] else value), end


def _text_at(data: bytes, position: int, width: int) -> Tuple[Optional[str], int]:
    length, position = _integer(data, position, width)
    if length < 0:
        return None, position
    if position + length > len(data):
        raise ValueError("the head is cut")
    return data[position : position + length].decode("utf-8", "replace"), position + length


def script_head(text: str) -> Head:
    """Pure: what the first lines of a plain dump say."""
    server = re.search(r"^-- Dumped from database version (.+)$", text, re.MULTILINE)
    dump = re.search(r"^-- Dumped by pg_dump version (.+)$", text, re.MULTILINE)
    started = re.search(r"^-- Started on (\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)", text, re.MULTILINE)
    creates = re.search(r'^CREATE DATABASE (?:"((?:[^"]|"")+)"|(\w+))', text, re.MULTILINE)
    name = (creates.group(1) or creates.group(2)).replace('""', '"') if creates else None
    return Head(name, _of(server), _of(dump), _six(started), creates is not None)


def _six(found: Optional[re.Match[str]]) -> Optional[Tuple[int, int, int, int, int, int]]:
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    return year, month, day, hour, minute, second


def _of(found: Optional[re.Match[str]]) -> Optional[str]:
    return found.group(1).strip() if found else None


def moment(head: Head, known: Optional[float]) -> Optional[float]:
    """Pure: when the dump began, as an epoch; None where it does not say.

    A dump has the local time of its host and not the zone. ``known`` is what its manifest says: where the two are whole
    quarters of an hour apart, by no more than zones are, it is the zone. Else this host's zone is taken.
    """
    if head.made_at is None:
        return None
    year, month, day, hour, minute, second = head.made_at
    if not (1970 <= year < 2200 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    if known is not None:
        utc = _utc(head.made_at)
        quarters = round((utc - known) / 900)
        if abs(quarters) <= 14 * 4 and abs(utc - known - quarters * 900) <= 300:
            return utc - quarters * 900
    return time.mktime((year, month, day, hour, minute, second, 0, 0, -1))


def _utc(at: Tuple[int, int, int, int, int, int]) -> float:
    return float(calendar.timegm((*at, 0, 0, 0)))


def readable_limitation(head: Head) -> Optional[str]:
    """Return why no program can read it, None where one might."""
    if head.major is not None and head.major > NEWEST:
        return f"the dump is of PostgreSQL {head.major}, and this collection knows versions up to {NEWEST}"
    return None
