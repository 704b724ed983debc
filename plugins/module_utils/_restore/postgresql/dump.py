# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trial of a dump of pg_dump: custom, directory, tar, or a plain script that may be packed."""

from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import copy_compared
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    FETCH,
    IDENTITY,
    RESTORE,
    STRUCTURE,
    Content,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import archive, cron, tar_members
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.archive import Dump, Head
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import content_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.loading import Loading
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.programs import at_least, major_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.server import (
    base_settings,
    logical_settings,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import QueryFailed
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.trial import (
    Manifest,
    PostgresqlTrial,
)

UNPACKED = 6
"""A packed dump and its indexes take about so many times its size, where no manifest tells."""
UNNAMED = "restored"
INVALID_INDEXES = """SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid OR NOT i.indisready ORDER BY 1"""
UNCHECKED = """SELECT pg_catalog.format('%s of %s', conname, conrelid::regclass) FROM pg_catalog.pg_constraint
WHERE NOT convalidated ORDER BY 1"""


class PgDump(PostgresqlTrial):
    """A dump is restored with settings that only a server to be thrown away may have."""

    dump: Dump
    head: Head
    listed = ""
    holds_cron = False

    @property
    def preload(self) -> Tuple[str, ...]:
        asked = super().preload
        return (*asked, cron.LIBRARY) if self.holds_cron and cron.LIBRARY not in asked else asked

    def fetch(self) -> Seen:
        self.path = self.local_copy()
        self.dump = archive.located(self.path)
        self.head = self._head()
        return Seen(proven=(f"{os.path.basename(self.dump.path)} is a dump in {self.dump.format} format",))

    def _head(self) -> Head:
        if self.dump.format != archive.PLAIN:
            return archive.archive_head(self.dump)
        unpack = [*self.dump.unpacker, "--", self.dump.path] if self.dump.unpacker else ["cat", "--", self.dump.path]
        quoted = ["sh", "-c", f'"$@" 2>/dev/null | head -c {archive.HEAD_BYTES}', "head", *unpack]
        text = self.host.run(quoted, timeout=60.0).output
        if "PostgreSQL database cluster dump" in text:
            raise NotRunnable(
                f"{self.dump.path} is of pg_dumpall; back each database up with pg_dump to have it tested"
            )
        if "PostgreSQL database dump" not in text:
            raise Damaged(Finding(FETCH, self.dump.path, "a script of pg_dump", "another text" if text else "nothing"))
        self.listed = text
        return archive.script_head(text)

    def checksums(self, manifest: Manifest) -> Seen:
        self.known = manifest
        return copy_compared(self.path, manifest, self.order.limits.jobs)

    def taken_at(self) -> Optional[float]:
        known = (self.known or {}).get("current_at_epoch")
        return archive.moment(self.head, float(known) if isinstance(known, (int, float)) else None)

    def needed_bytes(self, manifest: Manifest) -> Optional[int]:
        told = (manifest or {}).get("bytes")
        if isinstance(told, int) and told > 0:
            # The same again for what is written on the way: WAL, and the sorting of indexes.
            return told * 3 // 2
        packed = bool(self.dump.unpacker) or self.dump.format in (archive.CUSTOM, archive.DIRECTORY)
        return size_of(self.dump.path) * (UNPACKED if packed else 2)

    def main_database(self) -> str:
        return self.head.database or _server(self.known).get("database") or UNNAMED

    def restore(self, manifest: Manifest) -> Seen:
        self.known = manifest
        reason = archive.readable_limitation(self.head)
        if reason is not None:
            raise NotRunnable(reason)
        self._check_members()
        version = self.head.major or major_of(_server(manifest).get("version")) or 0
        programs = at_least(self.host, self.order.options, version)
        self._prepare(programs)
        database = self.main_database()
        archived = self.dump.format != archive.PLAIN
        creates = self.head.creates or (archived and database not in ("postgres", "template1"))
        encoding = str(_server(manifest).get("encoding") or "UTF8")
        jobs = max(1, self.order.limits.jobs)
        seen = Loading(self.server, self.dump, database, creates, jobs, encoding).run()
        try:
            self.detach_subscriptions([database])
        except QueryFailed as error:
            self.failed(IDENTITY, f"database {database}", "that it was restored", error)
        limited = (self.scratch.unlimited,) if self.scratch.unlimited else ()
        return seen._replace(unproven=(*seen.unproven, *limited))

    def _prepare(self, programs: str) -> None:
        """Make an empty server of the same version and start it."""
        data = os.path.join(self.scratch.directory("pg", self.user), "data")
        superuser = str(self.order.options.get("role") or "postgres")
        how = ["-A", "trust", "-U", superuser, "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        argv = [f"{programs}/initdb", "-D", data, *how]
        answer = self.scratch.run(argv, self.user, readable=self.visible(programs), timeout=300.0)
        if answer.status != 0:
            raise NotRunnable(f"initdb cannot make a scratch server: {answer.complaint}")
        self.holds_cron = cron.is_in(self._contents(programs)) and cron.is_installed(self.host, programs)
        server = self.new_server(programs, data)
        version = major_of(self.host.run([f"{programs}/postgres", "--version"]).output) or 0
        free = self.host.free_bytes(self.scratch.path) or 0
        settings = logical_settings(self.scratch.memory_bytes, max(0, free - self.order.limits.disk_reserve_bytes))
        jobs = cron.settings(self.main_database()) if self.holds_cron else {}
        server.start({**base_settings(version, self.preload), **settings, **jobs})
        self.check_harmless()

    def _check_members(self) -> None:
        damage = tar_members.damage(self.dump.path) if self.dump.format == archive.TAR else None
        if damage is not None:
            raise Damaged(Finding(RESTORE, os.path.basename(self.dump.path), *damage))

    def _contents(self, programs: str) -> str:
        """Return the list of what an archive holds, or the first lines of a script."""
        if self.dump.format == archive.PLAIN:
            return self.listed
        argv = [f"{programs}/pg_restore", "--list", self.dump.path]
        reader = self.scratch.reader(self.dump.path, self.user)
        return self.scratch.run(argv, reader, readable=(self.dump.path, *self.visible(programs))).output

    def identity(self, manifest: Manifest) -> Seen:
        if manifest is None:
            return Seen(unproven=("whose data this is: there is no manifest",))
        expected = _server(manifest)
        found: List[Finding] = []
        if self.head.database is not None and expected.get("database") not in (None, self.head.database):
            found.append(Finding(IDENTITY, "database", str(expected["database"]), self.head.database))
        versions = (major_of(str(expected.get("version"))), major_of(self.head.server_version))
        if None not in versions and versions[0] != versions[1]:
            found.append(Finding(IDENTITY, "server version", str(expected["version"]), str(self.head.server_version)))
        encoding = self._asked(IDENTITY, "SHOW server_encoding")[0][0]
        if expected.get("encoding") not in (None, encoding):
            found.append(Finding(IDENTITY, "encoding", str(expected["encoding"]), str(encoding)))
        return Seen(
            tuple(found), () if found else (f"it is database {self.main_database()} of the manifest's version",)
        )

    def structure(self, manifest: Manifest) -> Seen:
        """Indexes and constraints were made of the rows just now; what a script could not make is not valid."""
        invalid = [row[0] for row in self._asked(STRUCTURE, INVALID_INDEXES)]
        unchecked = [row[0] for row in self._asked(STRUCTURE, UNCHECKED)]
        findings = tuple(Finding(STRUCTURE, f"index {name}", "valid", "not valid") for name in invalid)
        notes = tuple(f"constraint {name}: production does not check it for old rows either" for name in unchecked)
        return Seen(findings, () if findings else ("all indexes and constraints were made anew from the rows",), notes)

    def _asked(self, stage: str, sql: str) -> List[Tuple[str, ...]]:
        try:
            return self.client.rows(self.main_database(), sql)
        except QueryFailed as error:
            self.failed(stage, "the restored database", "that it can be asked", error)
            raise

    def read_content(self, manifest: Manifest) -> Content:
        return content_of(self.client, self.main_database(), self.reading(manifest, physical=False))


def _server(manifest: Manifest) -> Mapping[str, Any]:
    return (manifest or {}).get("server") or {}


def size_of(path: str) -> int:
    """Return the bytes of a file, or of all files below a directory."""
    if not os.path.isdir(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(where, name)) for where, _dirs, names in os.walk(path) for name in names)


def open_trial(order: Order, copy: Copy) -> PgDump:
    return PgDump(order, copy, LocalHost())
