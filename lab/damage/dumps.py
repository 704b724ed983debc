# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged dumps of pg_dump, in each of its formats."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.backup.cluster import DATABASE, USER
from lab.backup.ground import Ground
from lab.damage.model import (
    Backup,
    Damage,
    Manifest,
    aged,
    cut,
    flip,
    half_without_a_torn_line,
    in_a_word,
    remove,
    repack,
    zero,
)

FORMATS = ("custom", "directory", "tar", "plain", "plain.gz", "plain.zst")
BYTES = ("restore", "content")
"""What a plain dump with a wrong byte shows: it does not restore, or it restores something else."""
PACKED = ("checksums", *BYTES)
"""What packed data shows: its own checksum, which whoever reads it first may name."""
DAY = 86400.0
SWAP = "UPDATE charge a SET item = b.item FROM charge b WHERE (a.id, b.id) IN ((3, 4), (4, 3))"


def _data(backup: Backup) -> Path:
    """The file that holds most of the rows."""
    return backup.largest()


def _place(backup: Backup) -> tuple[Path, int | None]:
    """Where a byte matters: within a member of a tar archive, not in what fills its last block."""
    path = _data(backup)
    if path.suffix != ".tar":
        return path, None
    with tarfile.open(path) as archive:
        member = max(archive.getmembers(), key=lambda each: each.size)
        return path, member.offset_data + member.size // 2


def _flip(backup: Backup, _ground: Ground) -> None:
    path, offset = _place(backup)
    flip(path, in_a_word(path, offset) if path.suffix in (".sql", ".tar") else offset)


def _zero(backup: Backup, _ground: Ground) -> None:
    zero(*_place(backup))


def _cut(backup: Backup, _ground: Ground) -> None:
    """The last hundredth; a tar archive ends with a script for people, so that it has to lose more to lose rows."""
    path = _data(backup)
    cut(path, 0.9 if path.suffix == ".tar" else 0.99)


def _cut_and_packed(backup: Backup, _ground: Ground) -> None:
    """As from a pg_dump whose end nobody noticed in `pg_dump | gzip`."""
    repack(_data(backup), half_without_a_torn_line)


def _one_word_packed(backup: Backup, _ground: Ground) -> None:
    """Wrong in memory, before it was packed: the gzip file is whole, and so are the rows."""
    repack(_data(backup), lambda text: text.replace("高血压".encode(), "低血压".encode(), 1))


def _retake(*options: str, database: str = DATABASE) -> Callable[[Backup, Ground], None]:
    """Another dump lies where the right one should: custom format."""

    def strike(backup: Backup, ground: Ground) -> None:
        target = backup.inside(_data(backup))
        dump = ["pg_dump", "-Fc", "-p", str(ground.production.port), *options, database]
        ground.server.shell(f"cd /; setpriv --reuid={USER} --regid={USER} --init-groups {' '.join(dump)} > '{target}'")

    return strike


def _clone(statement: str) -> Callable[[Backup, Ground], None]:
    """A dump of a clone on the same server that has the name of the original, with one change in it."""

    def strike(backup: Backup, ground: Ground) -> None:
        production = ground.production
        production.sql(f"DROP DATABASE IF EXISTS clone; CREATE DATABASE clone TEMPLATE {DATABASE}", "postgres")
        production.sql(statement, "clone")
        _rename(ground, DATABASE, "original", "clone", DATABASE)
        try:
            _retake()(backup, ground)
        finally:
            _rename(ground, DATABASE, "clone", "original", DATABASE)
            production.sql("DROP DATABASE clone", "postgres")

    return strike


def _rename(ground: Ground, *names: str) -> None:
    """Databases in pairs: what it is called, and what from now on."""
    pairs = zip(names[::2], names[1::2], strict=True)
    ground.production.sql("; ".join(f"ALTER DATABASE {old} RENAME TO {new}" for old, new in pairs), "postgres")


def _other(backup: Backup, ground: Ground) -> None:
    """A database of another kind, small, with other tables."""
    production = ground.production
    production.sql("DROP DATABASE IF EXISTS lis; CREATE DATABASE lis", "postgres")
    production.sql("CREATE TABLE sample AS SELECT n, md5(n::text) FROM generate_series(1, 99) n", "lis")
    _retake(database="lis")(backup, ground)


def _no_toc(backup: Backup, _ground: Ground) -> None:
    remove(backup.files("toc.dat"))


def _no_table_file(backup: Backup, _ground: Ground) -> None:
    remove([_data(backup)])


def _stale(backup: Backup, _ground: Ground) -> None:
    backup.write_manifest(aged(backup.manifest, 3 * DAY))


def _from_tomorrow(backup: Backup, _ground: Ground) -> None:
    backup.write_manifest(aged(backup.manifest, -DAY))


def _other_hash(backup: Backup, _ground: Ground) -> None:
    """Somebody made the manifest agree with something else, and did not know of its digest."""
    text = backup.server.path(backup.directory) / "manifest.json"
    manifest = backup.manifest
    manifest["content"]["tables"]["public.invoice"]["rows"] += 1
    text.chmod(0o600)
    backup.write_manifest(manifest)


def _half_a_manifest(backup: Backup, _ground: Ground) -> None:
    cut(backup.server.path(backup.directory) / "manifest.json", 0.5)


def _emptied(backup: Backup, ground: Ground) -> None:
    """Taken after somebody had emptied a table: the manifest says the same, and only what was there before tells."""
    _retake("--exclude-table-data=public.prescription")(backup, ground)
    manifest = backup.manifest
    table = manifest["content"]["tables"]["public.prescription"]
    table.update(rows=0, hash=manifest["content"]["tables"]["public.shift_of_nobody"]["hash"])
    backup.write_manifest(manifest)


def _bytes() -> Iterator[Damage]:
    """One bit, the last hundredth, a block: while the dump was written, and once its manifest was made."""
    for form in FORMATS:
        source = f"pg_dump-{form}"
        packed = PACKED if form not in ("plain", "tar") else BYTES
        yield Damage("one-bit", source, _flip, packed)
        yield Damage("end-lost", source, _cut, ("checksums", "restore", "content"))
        yield Damage("block-of-zeros", source, _zero, packed)
        yield Damage("one-bit-later", source, _flip, ("checksums",), Manifest.EARLIER)


DAMAGES = (
    *_bytes(),
    Damage("half-in-whole-gzip", "pg_dump-plain.gz", _cut_and_packed, ("checksums", "restore", "content")),
    Damage("one-word-in-whole-gzip", "pg_dump-plain.gz", _one_word_packed, ("content",)),
    Damage("no-table-of-contents", "pg_dump-directory", _no_toc, ("fetch", "checksums", "restore")),
    Damage("no-file-of-a-table", "pg_dump-directory", _no_table_file, ("checksums", "restore", "content")),
    Damage("no-rows-of-a-table", "pg_dump-custom", _retake("--exclude-table-data=public.invoice"), ("content",)),
    Damage("no-table", "pg_dump-custom", _retake("--exclude-table=public.measurement"), ("content",)),
    Damage("no-schema", "pg_dump-custom", _retake("--schema=public"), ("restore", "content")),
    Damage("no-large-objects", "pg_dump-custom", _retake("--no-blobs"), ("restore", "content")),
    Damage("other-database", "pg_dump-custom", _other, ("restore", "identity", "content")),
    Damage(
        "clone-with-another-value",
        "pg_dump-custom",
        _clone("UPDATE patient SET balance = 1 WHERE id = 7"),
        ("content",),
    ),
    Damage(
        "clone-with-swapped-values",
        "pg_dump-custom",
        _clone(SWAP),
        ("content",),
    ),
    Damage(
        "clone-without-an-index",
        "pg_dump-custom",
        _clone("DROP INDEX prescription_visit_idx"),
        ("content", "structure"),
    ),
    Damage("clone-without-a-trigger", "pg_dump-custom", _clone("DROP TRIGGER noted ON prescription"), ("content",)),
    Damage(
        "clone-with-a-sequence-behind", "pg_dump-custom", _clone("SELECT setval('invoice_number', 5)"), ("content",)
    ),
    Damage("stale", "pg_dump-custom", _stale, ("age",)),
    Damage("from-tomorrow", "pg_dump-custom", _from_tomorrow, ("age",)),
    Damage("emptied-before", "pg_dump-custom", _emptied, ("drift",), history=True),
    Damage("manifest-altered", "pg_dump-custom", _other_hash, ("checksums",), Manifest.EARLIER),
    Damage("manifest-cut", "pg_dump-custom", _half_a_manifest, ("checksums", "fetch"), Manifest.EARLIER),
    Damage("end-lost-without-manifest", "pg_dump-custom", _cut, ("checksums", "restore"), Manifest.NONE),
    Damage("one-bit-without-manifest", "pg_dump-plain.gz", _flip, ("checksums", "restore"), Manifest.NONE),
)
