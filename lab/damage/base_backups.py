# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged base backups: plain, tar and tar.gz."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lab.backup.cluster import DATABASE, USER, Cluster
from lab.backup.ground import Ground
from lab.damage.model import (
    SEGMENT,
    Backup,
    Damage,
    Manifest,
    aged,
    cut,
    flip,
    remove,
    segment_of,
    zero,
)
from lab.damage.sick import HEAP, INDEX, PAGE, PORT, TUPLE, Sickness, sick_clone

PAGE_BYTES = 8192
DAY = 86400.0
ANY = ("checksums", "restore", "start", "structure", "content")
"""A wrong byte in a data directory: pg_verifybackup's sums, unpacking, recovery, a page's checksum or the rows tell."""
TABLE = "visit"


def _data_directory(backup: Backup) -> Path:
    """Where the data directory of a backup in plain format begins."""
    return min(backup.files("PG_VERSION"), key=lambda path: len(path.parts)).parent


def _archive(backup: Backup) -> Path | None:
    """The archive of a backup in tar format."""
    return next(iter(backup.files("base.tar*")), None)


def _heap(backup: Backup, ground: Ground, table: str = TABLE) -> tuple[Path, int]:
    """The file in which a table's first page lies, and where in it."""
    relative = ground.production.file_of(table)
    archive = _archive(backup)
    if archive is None:
        return next(
            root.parent / relative for root in backup.files("PG_VERSION") if (root.parent / relative).exists()
        ), 0
    if archive.suffix != ".tar":
        return archive, archive.stat().st_size // 2
    with tarfile.open(archive) as members:
        found = next(member for member in members if member.name.removeprefix("./") == relative)
        return archive, found.offset_data


def _flip(backup: Backup, ground: Ground) -> None:
    path, offset = _heap(backup, ground)
    flip(path, offset + 3 * PAGE_BYTES + 5000)


def _zero(backup: Backup, ground: Ground) -> None:
    path, offset = _heap(backup, ground)
    zero(path, offset + 3 * PAGE_BYTES)


def _empty_page(backup: Backup, ground: Ground) -> None:
    """A page of zeros is a new page to PostgreSQL, and no checksum is wrong."""
    path, offset = _heap(backup, ground)
    zero(path, offset + 3 * PAGE_BYTES, PAGE_BYTES)


def _cut(backup: Backup, ground: Ground) -> None:
    path = _archive(backup) or _heap(backup, ground)[0]
    cut(path, 0.99)


def _no_table_file(backup: Backup, ground: Ground) -> None:
    remove([_heap(backup, ground, "invoice")[0]])


def _old_pages(backup: Backup, ground: Ground) -> None:
    """A table's last pages were written in an earlier state of the file system: fewer rows, each page whole."""
    path, _offset = _heap(backup, ground, "prescription")
    pages = path.stat().st_size // PAGE_BYTES
    with path.open("r+b") as file:
        file.truncate((pages - pages // 3) * PAGE_BYTES)


def _segments(backup: Backup) -> list[Path]:
    """The WAL that lies there as files, in its order."""
    return sorted((path for path in backup.files() if SEGMENT.match(path.name)), key=lambda path: path.name)


def _no_first_segment(backup: Backup, _ground: Ground) -> None:
    """The one in which the backup begins, wherever it lies: as a file, and as a member of an archive."""
    archives = [*backup.files("pg_wal.tar*"), *backup.files("base.tar*")]
    first = min(name for name in (*_segments_in(archives), *(path.name for path in _segments(backup))))
    remove(path for path in _segments(backup) if path.name.startswith(first))
    for archive in archives:
        _without_member(archive, first)


def _segments_in(archives: Iterable[Path]) -> Iterator[str]:
    for path in archives:
        with tarfile.open(path) as archive:
            yield from (Path(name).name for name in archive.getnames() if SEGMENT.match(Path(name).name))


def _no_segment_with_the_target(backup: Backup, _ground: Ground) -> None:
    """The one that holds the point to which the manifest says it is to be recovered."""
    remove(_of_target(backup))


def _of_target(backup: Backup) -> list[Path]:
    wanted = segment_of(backup.manifest["position"])
    return [path for path in _segments(backup) if path.name.startswith(wanted)]


def _without_member(path: Path, gone: str) -> None:
    kept = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=kept, mode="w:gz" if path.suffix == ".gz" else "w") as new:
        for member in old.getmembers():
            if not Path(member.name).name.startswith(gone):
                new.addfile(member, old.extractfile(member) if member.isfile() else None)
    path.write_bytes(kept.getvalue())


def _of_another_cluster(backup: Backup, ground: Ground) -> None:
    """A cluster of another system lies where production's should, with a database of the same name."""
    other = Cluster(ground.server, "sick", PORT)
    other.drop()
    other.make()
    other.sql(f"CREATE DATABASE {DATABASE}", "postgres")
    _take_instead(backup, other)


def _of_a_clone(backup: Backup, ground: Ground) -> None:
    """The same system identifier, the same names, other content."""
    clone = ground.production.clone("sick", PORT)
    clone.start()
    clone.sql("UPDATE patient SET balance = balance + 1 WHERE id = 7")
    _take_instead(backup, clone)


def _take_instead(backup: Backup, cluster: Cluster) -> None:
    """A backup of a cluster, as pg_basebackup takes it and says nothing of bad checksums; the cluster goes."""
    target = backup.inside(_data_directory(backup))
    make = f"rm -rf '{target}'; install -d -o {USER} -m 700 '{target}'; chmod a+x '{backup.directory}'"
    take = ["pg_basebackup", "-p", str(cluster.port), "-D", target, "-c", "fast", "--no-sync"]
    remove(path for path in _segments(backup) if not path.is_relative_to(_data_directory(backup)))
    try:
        cluster.server.shell(make)
        cluster.server.run(*take, "--no-verify-checksums", user=USER)
        cluster.server.shell(f"chown -R root:root '{target}'; chmod 700 '{backup.directory}'")
    finally:
        cluster.drop()


def _of(sickness: Sickness) -> Callable[[Backup, Ground], None]:
    """A backup of a cluster that was sick before."""

    def strike(backup: Backup, ground: Ground) -> None:
        _take_instead(backup, sick_clone(ground, sickness))

    return strike


def _flip_unsummed(backup: Backup, ground: Ground) -> None:
    """The list of sums that pg_basebackup writes is not there: what is left is the page's own checksum."""
    remove(backup.files("backup_manifest"))
    _flip(backup, ground)


def _flip_segment(backup: Backup, _ground: Ground) -> None:
    """A bit in the WAL that is replayed; pg_basebackup's own sums do not cover it."""
    found = _of_target(backup)[0]
    used = len(found.read_bytes().rstrip(b"\0"))
    flip(found, used // 2)


def _stale(backup: Backup, _ground: Ground) -> None:
    backup.write_manifest(aged(backup.manifest, 3 * DAY))


def _in_each_format() -> Iterator[Damage]:
    for form in ("plain", "tar", "tar.gz"):
        source = f"pg_basebackup-{form}"
        yield Damage("one-bit", source, _flip, ANY)
        yield Damage("end-lost", source, _cut, ANY)
        yield Damage("block-of-zeros", source, _zero, ANY)
        yield Damage("no-first-segment", source, _no_first_segment, ("checksums", "restore", "start"))
        yield Damage(
            "no-segment-with-the-target", source, _no_segment_with_the_target, ("checksums", "restore", "start")
        )
        yield Damage("one-bit-later", source, _flip, ("checksums",), Manifest.EARLIER)


DAMAGES = (
    *_in_each_format(),
    Damage("empty-page", "pg_basebackup-plain", _empty_page, ANY),
    Damage("empty-page", "pg_basebackup-tar", _empty_page, ANY),
    Damage("no-file-of-a-table", "pg_basebackup-plain", _no_table_file, ANY),
    Damage("fewer-pages", "pg_basebackup-plain", _old_pages, ANY),
    Damage("sick-value", "pg_basebackup-plain", _of(HEAP), ("structure",), Manifest.NONE),
    Damage("sick-index", "pg_basebackup-plain", _of(INDEX), ("structure",), Manifest.NONE),
    Damage("sick-page", "pg_basebackup-plain", _of(PAGE), ("structure",), Manifest.NONE),
    Damage("sick-tuple", "pg_basebackup-plain", _of(TUPLE), ("structure",), Manifest.NONE),
    Damage("one-bit-without-own-sums", "pg_basebackup-plain", _flip_unsummed, ANY),
    Damage("one-bit-in-a-segment", "pg_basebackup-plain", _flip_segment, ("checksums", "restore", "start")),
    Damage("other-cluster", "pg_basebackup-plain", _of_another_cluster, ("checksums", "start", "identity")),
    Damage("clone", "pg_basebackup-plain", _of_a_clone, ("checksums", "start", "content")),
    Damage("stale", "pg_basebackup-plain", _stale, ("age",)),
)
