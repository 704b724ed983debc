# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of a backup set: what lies there whole, what is being written, and what a killed run left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import shutil
import time
from dataclasses import dataclass
from typing import Any, Iterator, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import artefacts_in, is_inside
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Damaged
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken

MANIFEST = "manifest.json"
LATEST = "latest"
STAMP = re.compile(r"^\d{8}T\d{6}Z$")
TAKING, REMOVING = ".taking-", ".removing-"
"""What a backup is called until it is whole, and from the moment on at which it no longer is."""


@dataclass(frozen=True)
class Kept:
    """One backup in a directory, with its manifest; ``problem`` where it is not good."""

    stamp: str
    path: str
    manifest: Optional[Mapping[str, Any]]
    problem: Optional[str]

    @property
    def bytes(self) -> int:
        return sum(artefact.bytes for artefact in artefacts_in(self.manifest)) if self.manifest else 0


def stamp_of(epoch: float) -> str:
    """Return the name of a backup that began then, in UTC; names sort as their times do."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch))


@dataclass(frozen=True)
class Place:
    """DIRECTORY/NAME, where the backups of one set lie."""

    directory: str
    name: str

    @property
    def path(self) -> str:
        return os.path.join(self.directory, self.name)

    def limitation(self) -> Optional[str]:
        """Return why nothing can be kept here. The directory is not made: one that is missing is not mounted."""
        if not os.path.isdir(self.directory):
            return f"There is no directory {self.directory}; make it, or mount what belongs there."
        if not os.access(self.directory, os.W_OK | os.X_OK):
            return f"{self.directory} cannot be written to; mount it writable, or run this as its owner."
        return None

    def make(self) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.path, 0o700)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the set for one run; the kernel lets go of it when this process ends, however it does."""
        handle = os.open(os.path.join(self.path, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise NotTaken(f"Another run is taking {self.name} in {self.directory}; wait for its end.") from error
        try:
            yield
        finally:
            os.close(handle)

    def sweep(self) -> Tuple[str, ...]:
        """Remove what a killed run left half-written or half-removed, and only that; returns its paths."""
        left = [entry for entry in os.listdir(self.path) if entry.startswith((TAKING, REMOVING))]
        paths = tuple(os.path.join(self.path, entry) for entry in left)
        for path in paths:
            shutil.rmtree(path)
        return paths

    def begin(self, stamp: str) -> str:
        """Return an empty directory in which a backup is written before it has its name."""
        path = os.path.join(self.path, TAKING + stamp)
        os.mkdir(path, 0o700)
        return path

    def finish(self, work: str, stamp: str) -> str:
        """Give what was written its name, once it is on the disk; returns its path."""
        synchronise(work)
        path = os.path.join(self.path, stamp)
        os.rename(work, path)
        synchronise_directory(self.path)
        return path

    def point(self, stamp: str) -> Optional[str]:
        """Let LATEST lead to this backup; returns why it could not, as on a file system without links."""
        temporary = os.path.join(self.path, f"{TAKING}{LATEST}")
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            os.symlink(stamp, temporary)
            os.replace(temporary, os.path.join(self.path, LATEST))
        except OSError as error:
            return f"{self.path}/{LATEST} could not be made ({error.strerror}); a restore test has to name {stamp}."
        return None

    def remove(self, kept: Kept) -> None:
        """Remove a backup; from its first moment on nothing looks like one."""
        away = os.path.join(self.path, REMOVING + kept.stamp)
        os.rename(kept.path, away)
        shutil.rmtree(away)

    def backups(self, host: Host, engine: str) -> List[Kept]:
        """Return the backups of this set, the oldest first."""
        if not os.path.isdir(self.path):
            return []
        stamps = sorted(entry for entry in os.listdir(self.path) if STAMP.match(entry))
        return [self._kept(host, engine, stamp) for stamp in stamps]

    def _kept(self, host: Host, engine: str, stamp: str) -> Kept:
        path = os.path.join(self.path, stamp)
        try:
            manifest = manifests.read(host, os.path.join(path, MANIFEST))
        except Damaged as error:
            return Kept(stamp, path, None, str(error))
        another = manifests.check(host, manifest, self.name, engine).findings
        problem = another[0].sentence if another else size_limitation(path, manifest)
        return Kept(stamp, path, manifest, problem)


def size_limitation(path: str, manifest: Mapping[str, Any]) -> Optional[str]:
    """Return which file of a backup is not there or of another size, None where all are as the manifest says."""
    for artefact in artefacts_in(manifest):
        if not is_inside(artefact.path):
            return f"{artefact.path} leads out of the backup"
        try:
            size = os.path.getsize(os.path.join(path, artefact.path))
        except OSError as error:
            return f"{artefact.path}: {error.strerror}"
        if size != artefact.bytes:
            return f"{artefact.path}: {size} bytes, expected {artefact.bytes}"
    return None


@contextlib.contextmanager
def handed_to(path: str, user: Optional[str]) -> Iterator[int]:
    """Let a directory belong to the user whose programs write in it; yields the handle that they inherit.

    They write to ``through(handle)``, since the directories above are closed to them; a relative path would not do,
    as the programs of PostgreSQL change their directory before they open anything.
    """
    if user is not None and os.geteuid() == 0:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def through(handle: int, name: str) -> str:
    """Return what a file in an inherited directory is called by the program that inherited it."""
    return f"/proc/self/fd/{handle}/{name}"


def take_back(path: str) -> None:
    """Let everything below belong to who runs this and be readable for nobody else: it is all that a server holds."""
    for folder, folders, names in os.walk(path):
        for name in [*folders, *names]:
            _seal(os.path.join(folder, name))
    _seal(path)


def synchronise(path: str) -> None:
    """Have everything below on the disk before it gets its name."""
    for folder, _folders, names in os.walk(path):
        for name in names:
            if not os.path.islink(os.path.join(folder, name)):
                synchronise_directory(os.path.join(folder, name))
        synchronise_directory(folder)


def synchronise_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _seal(path: str) -> None:
    if os.path.islink(path):
        return
    if os.geteuid() == 0:
        os.chown(path, 0, 0)
    os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)
