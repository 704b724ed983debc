# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trial of a base backup: a directory of files or tar archives, with the WAL that belongs to it."""

from __future__ import annotations

import os
import re
import shlex
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import copy_compared
from ansible_collections.contingency.infra.plugins.module_utils._restore.fetch import missing
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    RESTORE,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import links
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.blame import first_line, raise_for
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.dump import UNPACKED, size_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.killed import check_killed
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.physical import (
    PhysicalTrial,
    data_version,
    label_moment,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.programs import exactly
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.server import Server
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.trial import Manifest

ARCHIVE = re.compile(r"^(?P<what>base|pg_wal|\d+)\.tar(?P<packed>\.(?:gz|zst|lz4|bz2|xz))?$")
ANY_TAR = re.compile(r"\.(?:tar|tgz|tar\.(?:gz|zst|lz4|bz2|xz))$")
BASE, WAL = "base", "wal"
"""How backup_manifest of this collection lays its directory out."""
OWN_MANIFEST = "backup_manifest"
FROM_WAL = """for from in {places}; do
  if [ -f "$from/%f" ]; then exec cp "$from/%f" "%p"; fi
  if [ -f "$from/%f.gz" ]; then exec gzip -dc < "$from/%f.gz" > "%p"; fi
done; exit 1"""
LIMIT = 6 * 3600.0


class Layout(NamedTuple):
    """Where the parts lie: a directory of files, or archives; WAL directories besides."""

    plain: Optional[str]
    base: Optional[str]
    tablespaces: Tuple[Tuple[str, str], ...]
    wal_archive: Optional[str]
    wal: Tuple[str, ...]
    own_manifest: Optional[str]


def layout(path: str) -> Layout:
    """Return the parts of a base backup; Damaged where there is no base backup at a path."""
    if os.path.isfile(path):
        if ANY_TAR.search(path):
            return Layout(None, path, (), None, (), None)
        raise Damaged(missing(path, "a file that is no tar archive"))
    inner = os.path.join(path, BASE)
    root = inner if os.path.isdir(inner) and not os.path.exists(os.path.join(path, "PG_VERSION")) else path
    wal = tuple(each for each in (os.path.join(path, WAL),) if root == inner and os.path.isdir(each))
    own = os.path.join(root, OWN_MANIFEST)
    own_manifest = own if os.path.exists(own) else None
    if os.path.exists(os.path.join(root, "PG_VERSION")):
        return Layout(root, None, (), None, wal, own_manifest)
    found = [(name, ARCHIVE.match(name)) for name in sorted(os.listdir(root))]
    parts = {match.group("what"): os.path.join(root, name) for name, match in found if match is not None}
    if "base" not in parts:
        raise Damaged(missing(path, "neither PG_VERSION nor base.tar in it"))
    spaces = tuple((name, where) for name, where in parts.items() if name.isdigit())
    return Layout(None, parts["base"], spaces, parts.get("pg_wal"), wal, own_manifest)


class BaseBackup(PhysicalTrial):
    """``order.options.wal``: a directory with the WAL after the backup, where it is not in the backup's own."""

    parts: Layout

    def fetch(self) -> Seen:
        self.path = self.local_copy()
        try:
            self.parts = layout(self.path)
        except OSError as error:
            raise Damaged(missing(self.path, error.strerror or str(error))) from error
        kind = "files" if self.parts.plain else "tar archives"
        return Seen(proven=(f"{os.path.basename(self.path)} is a base backup of {kind}",))

    def checksums(self, manifest: Manifest) -> Seen:
        """With a manifest, the sha256 of all files; else what the server's own list of checksums can tell."""
        self.known = manifest
        if manifest is not None:
            return copy_compared(self.path, manifest, self.order.limits.jobs)
        if self.parts.plain is None:
            return Seen(unproven=("that the archives are those that were written: there is no manifest",))
        return self._verified(self.parts.plain, CHECKSUMS)

    def _verified(self, data: str, stage: str) -> Seen:
        if not os.path.exists(os.path.join(data, OWN_MANIFEST)):
            return Seen(unproven=(f"that the files are those that were written: there is no {OWN_MANIFEST}",))
        programs = exactly(self.host, self.order.options, data_version(data))
        reader = self.scratch.reader(data, self.user)
        answer = self.scratch.run(
            [f"{programs}/pg_verifybackup", "--quiet", data], reader, readable=(data, *self.visible(programs))
        )
        self.scratch.check_time()
        check_killed("pg_verifybackup", answer.status)
        if answer.status == 0:
            return Seen(proven=(f"all files have the checksums of {OWN_MANIFEST}, and their WAL can be read",))
        lines = [line for line in answer.error.splitlines() if "error:" in line] or [first_line(answer.error)]
        told = [Finding(stage, os.path.basename(self.path), "as pg_basebackup wrote it", line) for line in lines[:10]]
        raise Damaged(*told)

    def taken_at(self) -> Optional[float]:
        known = (self.known or {}).get("current_at_epoch")
        return label_moment(self._label(), float(known) if isinstance(known, (int, float)) else None)

    def _label(self) -> str:
        if self.parts.plain is not None:
            return self.host.read(os.path.join(self.parts.plain, "backup_label")) or ""
        # pg_basebackup writes it first, so that little is read.
        argv = ["tar", "--occurrence=1", "-xOf", str(self.parts.base), "backup_label"]
        return self.host.run(argv, timeout=600.0).output

    def needed_bytes(self, manifest: Manifest) -> Optional[int]:
        wal = sum(size_of(each) for each in self.parts.wal)
        told = (manifest or {}).get("bytes")
        if isinstance(told, int) and told > 0:
            return told + 2 * wal + (1 << 30)
        if self.parts.plain is not None:
            return size_of(self.parts.plain) + wal
        packed = [path for path in (self.parts.base, *(where for _oid, where in self.parts.tablespaces)) if path]
        return sum(size_of(path) * (1 if path.endswith(".tar") else UNPACKED) for path in packed) + wal

    def place(self, manifest: Manifest) -> Seen:
        os.mkdir(self.data, 0o700)
        if self.parts.plain is not None:
            self._copied(self.parts.plain, self.data)
            self.settle_links(self.data)
            self._own_tablespaces(self.parts.plain)
            seen = Seen(proven=("all files were copied",))
        else:
            seen = self._unpacked(manifest)
        self._check_wal()
        self.recovery = {"restore_command": self._restore_command()}
        return seen

    def _check_wal(self) -> None:
        """Where a copy has production's link in the place of its WAL, that has to be somewhere else."""
        linked = [each for each in self.left_out if each.name == links.WAL]
        if linked and self.parts.wal_archive is None and not self._wal_sources():
            raise Damaged(Finding(RESTORE, links.WAL, "WAL in the backup, or in options.wal", linked[0].seen))

    def _copied(self, source: str, into: str) -> None:
        argv = ["cp", "-a", "--reflink=auto", "--", f"{source}/.", into]
        answer = self.scratch.outside(argv, timeout=LIMIT)
        self._check(answer.status, answer.error, source)

    def _own_tablespaces(self, source: str) -> None:
        """A tablespace that was written into the backup is copied with it, and its link made to the copy."""
        folder = os.path.join(self.data, "pg_tblspc")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            link = os.path.join(folder, name)
            target = os.path.realpath(os.path.join(source, "pg_tblspc", name))
            if not os.path.islink(link) or not target.startswith(os.path.realpath(self.path) + "/"):
                continue
            space = self._tablespace(name)
            self._copied(target, space)
            links.check_tablespace(space)
            os.unlink(link)
            os.symlink(space, link)

    def _tablespace(self, oid: str) -> str:
        path = os.path.join(os.path.dirname(self.data), "tablespaces", oid)
        os.makedirs(path, mode=0o700)
        return path

    def _unpacked(self, manifest: Manifest) -> Seen:
        self._untar(str(self.parts.base), self.data)
        self._raise_root()
        self.settle_links(self.data)
        if self.parts.tablespaces:
            spaces = [(oid, self._tablespace(oid), where) for oid, where in self.parts.tablespaces]
            text = "".join(f"{oid} {space}\n" for oid, space, _where in spaces)
            links.write_new(os.path.join(self.data, "tablespace_map"), text)
            for _oid, space, where in spaces:
                self._untar(where, space)
                links.check_tablespace(space)
        if self.parts.wal_archive is not None:
            self._untar(self.parts.wal_archive, os.path.join(self.data, "pg_wal"))
        if manifest is not None or self.parts.own_manifest is None:
            return Seen(proven=("all archives were unpacked",))
        links.remove(os.path.join(self.data, OWN_MANIFEST))
        self._copy_file(self.parts.own_manifest, os.path.join(self.data, OWN_MANIFEST))
        return self._verified(self.data, RESTORE)

    def _raise_root(self) -> None:
        """An archive of a whole directory has its files one level down."""
        names = os.listdir(self.data)
        inner = os.path.join(self.data, names[0]) if len(names) == 1 else self.data
        if inner != self.data and not os.path.islink(inner) and os.path.exists(os.path.join(inner, "PG_VERSION")):
            moved = f"{self.data}.inner"
            os.rename(inner, moved)
            os.rmdir(self.data)
            os.rename(moved, self.data)

    def _untar(self, archive: str, into: str) -> None:
        os.makedirs(into, mode=0o700, exist_ok=True)
        argv = ["tar", "-x", "-f", archive, "-C", into, "--no-same-owner", "--delay-directory-restore"]
        answer = self.scratch.outside(argv, timeout=LIMIT)
        self._check(answer.status, answer.error, archive)

    def _copy_file(self, source: str, target: str) -> None:
        answer = self.scratch.outside(["cp", "--", source, target], timeout=600.0)
        self._check(answer.status, answer.error, source)

    def _check(self, status: int, error: str, what: str) -> None:
        if status == TIMED_OUT:
            self.scratch.check_time()
        check_killed("what copies the backup", status)
        if status != 0:
            raise_for(RESTORE, os.path.basename(what), "that it is whole", first_line(error), error)

    def _restore_command(self) -> str:
        """WAL comes from the backup's own directories: those that the server's user cannot read are copied first."""
        return wal_command([self._reachable(number, source) for number, source in enumerate(self._wal_sources())])

    def _wal_sources(self) -> List[str]:
        given = self.order.options.get("wal")
        if given and not os.path.isdir(str(given)):
            raise NotRunnable(f"options.wal is {given}, and there is no such directory")
        return [*self.parts.wal, *([os.path.realpath(str(given))] if given else [])]

    def _reachable(self, number: int, source: str) -> str:
        if self.scratch.reader(source, self.user) == self.user:
            self._readable = (*self._readable, source)
            return source
        into = os.path.join(os.path.dirname(self.data), f"wal-{number}")
        os.mkdir(into, 0o700)
        self._copied(source, into)
        return into

    _readable: Tuple[str, ...] = ()

    def new_server(self, programs: str, data: str, readable: Sequence[str] = ()) -> Server:
        return super().new_server(programs, data, (*readable, *self._readable))


def wal_command(places: List[str]) -> str:
    """Pure: a restore_command that takes a segment from the first place that has it."""
    if not places:
        return "false"
    return FROM_WAL.format(places=" ".join(shlex.quote(place.replace("%", "%%")) for place in places))


def open_trial(order: Order, copy: Copy) -> BaseBackup:
    return BaseBackup(order, copy, LocalHost())
