# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second copies of a backup: copied, read back from where they lie, compared by sha256, and only then named."""

from __future__ import annotations

import os
import shutil
from typing import List, NamedTuple, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import artefacts_in, compared
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import (
    MANIFEST,
    Kept,
    Place,
    synchronise,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, TakeOrder


class Copied(NamedTuple):
    """What came of one place: the backups that it got, what was proven, and why it did not get all."""

    directory: str
    stamps: List[str]
    proven: List[str]
    problem: Optional[str] = None


def bring_up(host: Host, target: Place, backups: List[Kept], order: TakeOrder) -> Copied:
    """Copy each good backup that this place lacks, the newest first: one that was missed yesterday is made up for."""
    copied = Copied(target.directory, [], [])
    try:
        limitation = target.limitation()
        if limitation is not None:
            raise NotTaken(limitation)
        target.make()
        with target.locked():
            target.sweep()
            for backup in lacking(host, target, backups):
                copied.proven.append(_copy(host, target, backup, order))
                copied.stamps.append(backup.stamp)
            if backups:
                target.point(backups[-1].stamp)
    except (NotTaken, OSError) as error:
        why = error.message if isinstance(error, NotTaken) else f"{error.filename or target.path}: {error.strerror}"
        return copied._replace(problem=f"{target.path} did not get all copies: {why}")
    return copied


def lacking(host: Host, target: Place, backups: List[Kept]) -> List[Kept]:
    """Return which backups a place does not have in a good state, the newest first."""
    there = {
        kept.stamp
        for backup in backups[:1]
        for kept in target.backups(host, str((backup.manifest or {}).get("engine")))
        if kept.problem is None
    }
    return [backup for backup in reversed(backups) if backup.stamp not in there]


def same_file_system(first: str, second: str) -> bool:
    """Do two directories lie on one file system, so that what takes one takes both?"""
    return os.stat(first).st_dev == os.stat(second).st_dev


def _copy(host: Host, target: Place, backup: Kept, order: TakeOrder) -> str:
    free = host.free_bytes(target.path)
    if free is not None and free < backup.bytes + order.reserve_bytes:
        raise NotTaken(
            f"{target.path} has {free} bytes free, and {backup.stamp} takes {backup.bytes} beside the reserve of "
            f"{order.reserve_bytes}; make room, or lower keep"
        )
    work = target.begin(backup.stamp)
    try:
        shutil.copytree(backup.path, work, symlinks=True, dirs_exist_ok=True)
        synchronise(work)
        proven = _read_back(work, backup, order.jobs)
        _make_way(target, backup.stamp)
        target.finish(work, backup.stamp)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return f"{target.path}/{backup.stamp}: {proven}"


def _read_back(work: str, backup: Kept, jobs: int) -> str:
    """Compare the copy with its manifest, from the medium as far as the kernel lets go of what it remembers."""
    artefacts = artefacts_in(backup.manifest or {"artefacts": []})
    for artefact in artefacts:
        forget_cached(os.path.join(work, artefact.path))
    seen = compared(work, artefacts, jobs)
    if seen.findings:
        raise NotTaken(f"read back, it differs: {seen.findings[0].sentence}; look at this medium")
    with open(os.path.join(work, MANIFEST), "rb") as copy, open(os.path.join(backup.path, MANIFEST), "rb") as source:
        if copy.read() != source.read():
            raise NotTaken("read back, its manifest differs; look at this medium")
    return seen.proven[0] if seen.proven else "its manifest was read back"


def forget_cached(path: str) -> None:
    """Let the kernel drop a file's pages, which are on the disk by now, so that reading reads the medium."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _make_way(target: Place, stamp: str) -> None:
    """A copy of this name that is not good goes, now that a good one is there."""
    path = os.path.join(target.path, stamp)
    if os.path.isdir(path):
        target.remove(Kept(stamp, path, None, "replaced"))
