# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged repositories of pgBackRest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lab.backup.cluster import USER, VERSION
from lab.backup.ground import STANZA, Ground
from lab.damage.model import SEGMENT, Backup, Damage, Manifest, aged, cut, flip, remove, segment_of, zero
from lab.damage.sick import HEAP, INDEX, PAGE, Sickness, sick_clone
from lab.errors import LabError

SOURCE = "pgbackrest"
DAY = 86400.0
ANY = ("checksums", "restore", "start", "structure", "content")


def _file_of(backup: Backup, ground: Ground, table: str) -> Path:
    relative = ground.production.file_of(table)
    found = _newest(backup).glob(f"pg_data/{relative}*")
    return next(path for path in found if path.name.partition(".")[0] == Path(relative).name)


def _newest(backup: Backup) -> Path:
    """The directory of the newest full backup in the repository."""
    return max(path for path in backup.root.glob("backup/*/*F") if not path.is_symlink())


def _flip(backup: Backup, ground: Ground) -> None:
    flip(_file_of(backup, ground, "visit"))


def _cut(backup: Backup, ground: Ground) -> None:
    cut(_file_of(backup, ground, "visit"), 0.99)


def _zero(backup: Backup, ground: Ground) -> None:
    zero(_file_of(backup, ground, "visit"))


def _no_file(backup: Backup, ground: Ground) -> None:
    remove([_file_of(backup, ground, "invoice")])


def _no_manifest(backup: Backup, _ground: Ground) -> None:
    """pgBackRest's own list of a backup's files, and its copy."""
    remove(_newest(backup).glob("backup.manifest*"))


def _segments(backup: Backup) -> list[Path]:
    """The archived WAL, in its order."""
    found = [path for path in backup.root.glob("archive/*/*/*/*") if SEGMENT.match(path.name)]
    return sorted((path for path in found if ".backup" not in path.name), key=lambda path: path.name)


def _target(backup: Backup) -> Path:
    """The segment that holds the point to which the manifest says it is to be recovered."""
    wanted = segment_of(backup.manifest["position"])
    found = [path for path in _segments(backup) if path.name.startswith(wanted)]
    if not found:
        raise LabError(f"The archive has no segment {wanted}: this would be no damage.")
    return found[0]


def _no_target(backup: Backup, _ground: Ground) -> None:
    remove([_target(backup)])


def _target_flipped(backup: Backup, _ground: Ground) -> None:
    flip(_target(backup))


def _no_segment_of_the_backup(backup: Backup, _ground: Ground) -> None:
    """One that recovery needs before the backup is consistent."""
    start = (_newest(backup) / "backup.manifest").read_text("utf-8")
    name = start.partition('backup-archive-start="')[2].partition('"')[0]
    remove(path for path in _segments(backup) if path.name.startswith(name))


def _stale(backup: Backup, _ground: Ground) -> None:
    backup.write_manifest(aged(backup.manifest, 3 * DAY))


def _of(sickness: Sickness) -> Callable[[Backup, Ground], None]:
    """The newest backup is one of a cluster that was sick before; pgBackRest ends with status 0."""

    def strike(backup: Backup, ground: Ground) -> None:
        data = f"/var/lib/postgresql/{VERSION}/sick"
        here = f"--stanza={STANZA} --repo1-path={backup.repository} --pg1-path={data} --log-level-console=error"
        clone = sick_clone(
            ground, sickness, {"archive_mode": "on", "archive_command": f"pgbackrest {here} archive-push %p"}
        )
        full = f"pgbackrest {here} --pg1-port={clone.port} --type=full --start-fast --archive-timeout=20 backup"
        try:
            ground.server.shell(f"cd /; {full}", user=USER)
        finally:
            clone.drop()

    return strike


DAMAGES = (
    Damage("one-bit", SOURCE, _flip, ANY),
    Damage("end-lost", SOURCE, _cut, ANY),
    Damage("block-of-zeros", SOURCE, _zero, ANY),
    Damage("no-file-of-a-table", SOURCE, _no_file, ANY),
    Damage("no-list-of-files", SOURCE, _no_manifest, ("fetch", "checksums", "restore")),
    Damage("no-segment-of-the-backup", SOURCE, _no_segment_of_the_backup, ("checksums", "restore", "start")),
    Damage("no-segment-with-the-target", SOURCE, _no_target, ("checksums", "restore", "start")),
    Damage("one-bit-in-a-segment", SOURCE, _target_flipped, ("checksums", "restore", "start")),
    Damage("sick-value", SOURCE, _of(HEAP), ("structure",), Manifest.NONE),
    Damage("sick-index", SOURCE, _of(INDEX), ("structure",), Manifest.NONE),
    Damage("sick-page", SOURCE, _of(PAGE), ("checksums", "structure"), Manifest.NONE),
    Damage("stale", SOURCE, _stale, ("age",)),
)
