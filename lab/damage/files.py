# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged backups of files: repositories of restic and borg, and tar archives."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.backup.ground import Ground
from lab.damage.model import Backup, Damage, Manifest, aged, cut, flip, remove, zero

DAY = 86400.0
PACKED = ("checksums", "restore", "content")
TAR = ("restore", "content")


def _pack(backup: Backup) -> Path:
    """The file of a repository that holds most of the data: a pack of restic, a segment of borg."""
    return backup.largest("data/*/*")


def _flip_pack(backup: Backup, _ground: Ground) -> None:
    flip(_pack(backup))


def _cut_pack(backup: Backup, _ground: Ground) -> None:
    cut(_pack(backup))


def _zero_pack(backup: Backup, _ground: Ground) -> None:
    zero(_pack(backup))


def _no_pack(backup: Backup, _ground: Ground) -> None:
    remove([_pack(backup)])


def _no_index(backup: Backup, _ground: Ground) -> None:
    remove(path for path in backup.root.glob("index/*") if path.is_file())


def _no_snapshot(backup: Backup, _ground: Ground) -> None:
    remove(path for path in backup.root.glob("snapshots/*") if path.is_file())


def _no_key(backup: Backup, _ground: Ground) -> None:
    remove(path for path in backup.root.glob("keys/*") if path.is_file())


def _stale(backup: Backup, _ground: Ground) -> None:
    backup.write_manifest(aged(backup.manifest, 3 * DAY))


def _more_in_manifest(backup: Backup, _ground: Ground) -> None:
    """A file that was there when the manifest was made is not in the backup: an exclusion too many."""
    manifest = backup.manifest
    files = manifest["content"]["files"]
    first = sorted(files)[0]
    files[f"{first.rpartition('/')[0]}/left out.dcm".lstrip("/")] = files[first]
    backup.write_manifest(manifest)


def _other_hash(backup: Backup, _ground: Ground) -> None:
    """What was read into the backup was not what lay on the disk."""
    manifest = backup.manifest
    files = manifest["content"]["files"]
    names = sorted(files)
    files[names[-1]], files[names[0]] = files[names[0]], files[names[-1]]
    backup.write_manifest(manifest)


def _place(backup: Backup) -> tuple[Path, int | None]:
    """Within the content of a member, where the archive is not packed."""
    path = backup.largest("*.tar*")
    if path.suffix != ".tar":
        return path, None
    with tarfile.open(path) as archive:
        member = max(archive.getmembers(), key=lambda each: each.size)
        return path, member.offset_data + member.size // 2


def _flip_tar(backup: Backup, _ground: Ground) -> None:
    flip(*_place(backup))


def _zero_tar(backup: Backup, _ground: Ground) -> None:
    zero(*_place(backup))


def _cut_tar(backup: Backup, _ground: Ground) -> None:
    cut(backup.largest("*.tar*"), 0.9)


def _without(choose: Callable[[tarfile.TarInfo], bool]) -> Callable[[Backup, Ground], None]:
    """A whole archive in which a member is not."""

    def strike(backup: Backup, _ground: Ground) -> None:
        path = backup.largest("*.tar*")
        packed = io.BytesIO()
        mode = "w:gz" if path.suffix == ".gz" else "w"
        with tarfile.open(path) as old, tarfile.open(fileobj=packed, mode=mode) as new:  # type: ignore[call-overload]
            members = old.getmembers()
            gone = next(member for member in members if choose(member))
            for member in members:
                if member is not gone:
                    new.addfile(member, old.extractfile(member) if member.isreg() else None)
        path.write_bytes(packed.getvalue())

    return strike


def _repositories() -> Iterator[Damage]:
    for source in ("restic", "borg"):
        yield Damage("one-bit", source, _flip_pack, PACKED)
        yield Damage("end-lost", source, _cut_pack, ("fetch", *PACKED))
        yield Damage("block-of-zeros", source, _zero_pack, PACKED)
        yield Damage("no-pack", source, _no_pack, ("fetch", *PACKED))
        yield Damage("file-left-out", source, _more_in_manifest, ("content",))
        yield Damage("other-content", source, _other_hash, ("content",))
        yield Damage("stale", source, _stale, ("age",))
        yield Damage("one-bit-without-manifest", source, _flip_pack, ("checksums", "restore"), Manifest.NONE)


def _archives() -> Iterator[Damage]:
    for form in ("tar", "tar.gz", "tar.zst"):
        source = f"tar-{form}"
        stages = TAR if form == "tar" else PACKED
        yield Damage("one-bit", source, _flip_tar, stages)
        yield Damage("end-lost", source, _cut_tar, PACKED)
        yield Damage("block-of-zeros", source, _zero_tar, stages)


DAMAGES = (
    *_repositories(),
    Damage("no-index", "restic", _no_index, ("fetch", *PACKED)),
    Damage("no-snapshot", "restic", _no_snapshot, ("fetch", "age", *PACKED)),
    Damage("no-key", "restic", _no_key, ("fetch", *PACKED)),
    *_archives(),
    Damage("no-member", "tar-tar", _without(lambda member: member.isreg() and member.size > 0), ("content",)),
    Damage("no-member", "tar-tar.gz", _without(lambda member: member.isreg() and member.size > 0), ("content",)),
    Damage("one-bit-later", "tar-tar", _flip_tar, ("checksums",), Manifest.EARLIER),
    Damage("stale", "tar-tar", _stale, ("age",)),
)
