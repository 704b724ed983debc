# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged backups of MariaDB: dumps of mariadb-dump, and copies of mariabackup."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.backup.ground import Ground
from lab.backup.mariadb import DATABASE
from lab.damage.model import Backup, Damage, Manifest, aged, cut, flip, in_a_word, remove, repack, zero

DAY = 86400.0
DUMP = ("checksums", "restore", "content")
COPY = ("checksums", "restore", "start", "structure", "content")
PAGE_BYTES = 16384


def _changed(change: Callable[[bytes], bytes]) -> Callable[[Backup, Ground], None]:
    """Change the text of a dump, packed or not."""

    def strike(backup: Backup, _ground: Ground) -> None:
        path = backup.largest("*.sql*")
        if path.suffix == ".gz":
            repack(path, change)
        else:
            path.write_bytes(change(path.read_bytes()))

    return strike


def _flip(backup: Backup, _ground: Ground) -> None:
    path = backup.largest("*.sql*")
    flip(path, in_a_word(path) if path.suffix == ".sql" else None)


def _cut(backup: Backup, _ground: Ground) -> None:
    cut(backup.largest("*.sql*"), 0.99)


def _zero(backup: Backup, _ground: Ground) -> None:
    zero(backup.largest("*.sql*"))


def _half(text: bytes) -> bytes:
    """The first half, up to the end of a statement."""
    return text[: text.rfind(b";\n", 0, len(text) // 2) + 2]


def _half_with_a_last_line(text: bytes) -> bytes:
    return _half(text) + text[text.rfind(b"\n-- Dump completed") :]


def _other_word(text: bytes) -> bytes:
    return text.replace("高血压".encode(), "低血压".encode(), 1)


def _retake(*options: str, database: str = DATABASE) -> Callable[[Backup, Ground], None]:
    """Another dump lies where the right one should; it names the database as the right one does."""

    def strike(backup: Backup, ground: Ground) -> None:
        dump = ["mariadb-dump", "--single-transaction", "--routines", "--events", "--hex-blob", *options]
        text = ground.server.run(*dump, "--databases", database).replace(f"`{database}`", f"`{DATABASE}`")
        path = backup.largest("*.sql*")
        packed = gzip.compress(text.encode(), 1) if path.suffix == ".gz" else text.encode()
        path.write_bytes(packed + b"\n" if path.suffix != ".gz" else packed)

    return strike


def _other_database(backup: Backup, ground: Ground) -> None:
    ground.mariadb.sql(
        "CREATE OR REPLACE DATABASE lis; CREATE TABLE lis.sample AS SELECT seq, md5(seq) AS code FROM seq_1_to_99"
    )
    _retake(database="lis")(backup, ground)


def _clone(backup: Backup, ground: Ground) -> None:
    """The same schema with one other value."""
    mariadb = ground.mariadb
    value = mariadb.sql("SELECT balance FROM patient WHERE id = 7", DATABASE)
    mariadb.sql("UPDATE patient SET balance = balance + 1 WHERE id = 7", DATABASE)
    try:
        _retake()(backup, ground)
    finally:
        mariadb.sql(f"UPDATE patient SET balance = {value} WHERE id = 7", DATABASE)


def _stale(backup: Backup, _ground: Ground) -> None:
    backup.write_manifest(aged(backup.manifest, 3 * DAY))


def _space(backup: Backup, table: str = "visit") -> Path:
    """The file of a table in a copy of the data directory."""
    return backup.largest(f"{table}.ibd")


def _flip_page(backup: Backup, _ground: Ground) -> None:
    """In a leaf of the table: beyond its header, its inodes and its root."""
    flip(_space(backup), 20 * PAGE_BYTES + 9000)


def _zero_in_a_page(backup: Backup, _ground: Ground) -> None:
    zero(_space(backup), 20 * PAGE_BYTES + 4096)


def _empty_page(backup: Backup, _ground: Ground) -> None:
    zero(_space(backup), 20 * PAGE_BYTES, PAGE_BYTES)


def _cut_space(backup: Backup, _ground: Ground) -> None:
    """The last pages hold nothing in a file that grew ahead: what is cut reaches into the rows."""
    cut(_space(backup), 0.4)


def _no_space(backup: Backup, _ground: Ground) -> None:
    remove([_space(backup, "invoice")])


def _no_definition(backup: Backup, _ground: Ground) -> None:
    remove([backup.largest("invoice.frm")])


def _no_log(backup: Backup, _ground: Ground) -> None:
    remove(backup.files("ib_logfile0"))


def _flip_log(backup: Backup, _ground: Ground) -> None:
    path = backup.largest("ib_logfile0")
    used = len(path.read_bytes().rstrip(b"\0"))
    flip(path, (12288 + used) // 2)


def _flip_system(backup: Backup, _ground: Ground) -> None:
    flip(backup.largest("ibdata1"), 7 * PAGE_BYTES + 300)


def _dumps() -> Iterator[Damage]:
    for form in ("plain", "gz"):
        source = f"mariadb_dump-{form}"
        yield Damage("one-bit", source, _flip, DUMP)
        yield Damage("end-lost", source, _cut, DUMP)
        yield Damage("block-of-zeros", source, _zero, DUMP)
        yield Damage("half", source, _changed(_half), DUMP)
        yield Damage("half-with-a-last-line", source, _changed(_half_with_a_last_line), ("restore", "content"))


DAMAGES = (
    *_dumps(),
    Damage("other-word", "mariadb_dump-gz", _changed(_other_word), ("content",)),
    Damage("no-table", "mariadb_dump-plain", _retake(f"--ignore-table={DATABASE}.measurement"), ("restore", "content")),
    Damage(
        "no-rows-of-a-table", "mariadb_dump-plain", _retake(f"--ignore-table-data={DATABASE}.invoice"), ("content",)
    ),
    Damage("other-database", "mariadb_dump-plain", _other_database, ("restore", "identity", "content")),
    Damage("clone-with-another-value", "mariadb_dump-plain", _clone, ("content",)),
    Damage("one-bit-later", "mariadb_dump-plain", _flip, ("checksums",), Manifest.EARLIER),
    Damage("half-without-manifest", "mariadb_dump-plain", _changed(_half), ("checksums", "restore"), Manifest.NONE),
    Damage("stale", "mariadb_dump-plain", _stale, ("age",)),
    Damage("one-bit", "mariabackup", _flip_page, COPY),
    Damage("end-lost", "mariabackup", _cut_space, COPY),
    Damage("block-of-zeros", "mariabackup", _zero_in_a_page, COPY),
    Damage("empty-page", "mariabackup", _empty_page, COPY),
    Damage("no-file-of-a-table", "mariabackup", _no_space, COPY),
    Damage("no-definition-of-a-table", "mariabackup", _no_definition, COPY),
    Damage("no-log", "mariabackup", _no_log, ("checksums", "restore", "start")),
    Damage("one-bit-in-the-log", "mariabackup", _flip_log, COPY),
    Damage("one-bit-in-the-system-space", "mariabackup", _flip_system, COPY),
    Damage("one-bit-later", "mariabackup", _flip_page, ("checksums",), Manifest.EARLIER),
    Damage("one-bit-without-manifest", "mariabackup", _flip_page, ("restore", "start", "structure"), Manifest.NONE),
    Damage("stale", "mariabackup", _stale, ("age",)),
)
