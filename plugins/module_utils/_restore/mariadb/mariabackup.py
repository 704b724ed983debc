# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of a physical backup by mariadb-backup: a directory, or a stream of it (.xb) as it is or compressed."""

from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING
from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import copy_compared
from ansible_collections.contingency.infra.plugins.module_utils._restore.fetch import empty_limitation
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb import check, inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.backup_text import (
    BackupSays,
    backup_says,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.content import Unreadable
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.server import ServerFailed
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import SqlFailed
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.trial import (
    MariadbTrial,
    check_version,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    FETCH,
    IDENTITY,
    RESTORE,
    STRUCTURE,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import StreamBroken, fill

STREAM_MAGIC = b"XBSTCK01"
PREPARED = "completed OK!"
INCREMENTAL = "incremental"
PACKED = 6
"""A packed stream is taken to hold at most so many times its size."""


def open_trial(order: Order, copy: Copy) -> MariadbTrial:
    return MariabackupTrial(order, copy)


class MariabackupTrial(MariadbTrial):
    """The copy is never prepared itself: what is prepared and opened is a copy of it in the scratch."""

    says: Optional[BackupSays] = None
    known_whole = False
    whole = ""
    unpacked = False

    def fetch(self) -> Seen:
        self.path = self.whole = self.local_copy()
        if os.path.isdir(self.path):
            self.path = only_stream(self.path) or data_directory(self.path)
        if not os.path.isdir(self.path):
            problem = empty_limitation(self.path)
            return Seen((problem,)) if problem else Seen(proven=(f"{os.path.getsize(self.path)} bytes are there",))
        self.says = backup_says(self.host, self.path)
        if self.says is None:
            raise Damaged(Finding(FETCH, self.path, "a backup by mariadb-backup", "no xtrabackup_checkpoints in it"))
        return Seen(proven=(f"it is {self.says.kind} up to LSN {self.says.to_lsn}",))

    def checksums(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """The format has no checksums of its own but those of pages, which are looked at once it is prepared."""
        if manifest is None:
            self._look_into_stream()
        seen = copy_compared(self.whole, manifest, self.order.limits.jobs)
        self.known_whole = manifest is not None and not seen.findings
        return seen

    def _look_into_stream(self) -> None:
        """Only unpacked does a stream say of when it is."""
        if not os.path.isdir(self.path):
            reason = self.scratch.space_limitation(os.path.getsize(self.path) * PACKED)
            if reason is not None:
                raise NotRunnable(reason)
            self._extract()
            self.unpacked = True
            self.says = backup_says(self.host, self.server.data)

    def taken_at(self) -> Optional[float]:
        """A manifest that fits the bytes knows it better: the backup tells its host's local time."""
        return None if self.known_whole or self.says is None else self.says.ended_at

    def needed_bytes(self, manifest: Optional[Mapping[str, Any]]) -> Optional[int]:
        told = manifest.get("bytes") if manifest is not None else None
        if self.unpacked:
            return 0
        size = int(told) if told is not None else _size(self.path)
        return size + (size >> 3)

    def restore(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        self._copy_in()
        self.says = backup_says(self.host, self.server.data)
        if self.says is None:
            raise Damaged(Finding(RESTORE, self.path, "a backup by mariadb-backup", "no xtrabackup_checkpoints in it"))
        if self.says.kind == INCREMENTAL:
            raise NotRunnable(f"{self.path} is an incremental backup, which is nothing by itself; name a full one")
        self._check_version()
        if not self.says.prepared:
            self._prepare()
        return Seen(proven=("mariadb-backup prepared it",))

    def start(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        return self.open(self._settings(manifest))

    def identity(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """The GTID is the same in a copy and nowhere else, unless the source does not log."""
        seen = super().identity(manifest)
        if manifest is None or self.says is None or seen.findings:
            return seen
        expected = manifest["position"].get("gtid")
        if expected and self.says.gtid != expected:
            return Seen((Finding(IDENTITY, "GTID position of the backup", str(expected), str(self.says.gtid)),))
        return seen

    def structure(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        client = self.server.client
        tables = inventory.tables(client, [*inventory.databases(client), "mysql"])
        try:
            findings = check.check_tables([client] * self.order.limits.jobs, tables)
        except Unreadable as error:
            raise self.unreadable(STRUCTURE, error) from error
        if manifest is None:
            # A live server may have such a left-over; where a manifest names all tables it is no matter.
            findings += check.undefined_tables(self.server.data)
        if findings:
            return Seen(tuple(findings))
        reason = check.program_limitation(self.scratch, self.options)
        if reason is not None:
            return Seen(proven=(f"{len(tables)} tables are sound",), unproven=(f"page checksums: {reason}",))
        return self._pages(manifest, len(tables))

    def _pages(self, manifest: Optional[Mapping[str, Any]], tables: int) -> Seen:
        """innochecksum wants no server on the files."""
        try:
            self.server.stop()
        except (ServerFailed, SqlFailed) as error:
            seen = f"{error}"
            raise Damaged(
                Finding(STRUCTURE, "the server after all tables were checked", "it shuts down", seen)
            ) from error
        files = check.innodb_files(self.server.data)
        findings = check.page_findings(self.scratch, self.options, files, self.says.page_size if self.says else 16384)
        if findings:
            return Seen(tuple(findings[:10]))
        self.open(self._settings(manifest))
        return Seen(proven=(f"{tables} tables and the pages of {len(files)} files are sound",))

    def _settings(self, manifest: Optional[Mapping[str, Any]]) -> Tuple[str, ...]:
        modes = (manifest or {}).get("server", {}).get("lower_case_table_names")
        told = [] if modes is None else [f"--lower-case-table-names={int(modes)}"]
        return (*(self.says.options if self.says else ()), *told)

    def _copy_in(self) -> None:
        if os.path.isdir(self.path):
            source = os.path.join(self.path, ".")
            command = ["cp", "-r", "--reflink=auto", "--no-preserve=ownership,mode", source, self.server.data]
            answer = self.scratch.outside(command)
            self.scratch.check_time()
            if answer.status != 0:
                shortage.check(answer)
                raise Damaged(Finding(RESTORE, self.path, "files that can be read", answer.complaint))
        elif not self.unpacked:
            self._extract()
        self.scratch.give(self.server.data, self.options.user)

    def _extract(self) -> None:
        """Unpack a stream behind the walls: the names in it are the backup's."""
        command = [self.options.program("mbstream"), "-x", "-C", self.server.data]
        try:
            answer = fill(self.scratch.reading(command, self.options.user), self.path, self.scratch.host.left)
        except StreamBroken as error:
            self.scratch.check_time()
            raise Damaged(Finding(CHECKSUMS, self.path, "a whole compressed stream", str(error))) from error
        self.scratch.check_time()
        if answer.status != 0:
            shortage.check(answer)
            said = f"{answer.complaint} (mbstream ended with {answer.status})"
            raise Damaged(Finding(RESTORE, self.path, "a whole stream of mariadb-backup", said))

    def _prepare(self) -> None:
        """Its exit status is 0 for many a damaged copy, so it proves little; its last line has to be there, too."""
        options = self.options
        memory = options.memory or self.scratch.memory_bytes // 3
        command = [options.program("mariadb-backup"), "--no-defaults", "--prepare", f"--use-memory={memory}"]
        answer = self.scratch.run([*command, f"--target-dir={self.server.data}"], options.user)
        self.scratch.check_time()
        if answer.status == MISSING:
            raise NotRunnable(f"{answer.complaint}; install mariadb-backup of the backup's version")
        if answer.status != 0 or PREPARED not in answer.error:
            shortage.check(answer)
            said = f"{last_error(answer.error)} (status {answer.status})"
            raise Damaged(Finding(RESTORE, "mariadb-backup --prepare", PREPARED, said))

    def _check_version(self) -> None:
        answer = self.host.run([self.options.program("mariadbd"), "--version"])
        if answer.status == MISSING:
            raise NotRunnable(f"{answer.complaint}; install mariadb-server of the backup's version")
        words = answer.output.split()
        here = words[words.index("Ver") + 1] if "Ver" in words[:-1] else ""
        check_version(self.says.version if self.says else "", here)


def data_directory(directory: str) -> str:
    """Return where in a backup with a manifest the copy of the data lies."""
    inner = os.path.join(directory, "data")
    return inner if not os.path.exists(os.path.join(directory, "ibdata1")) and os.path.isdir(inner) else directory


def only_stream(directory: str) -> Optional[str]:
    """Return the only stream (.xb, .xb.gz, .xb.zst) in a directory, None where there is not exactly one."""
    names = [name for name in os.listdir(directory) if name.endswith((".xb", ".xb.gz", ".xb.zst"))]
    return os.path.join(directory, names[0]) if len(names) == 1 else None


def last_error(text: str) -> str:
    """Pure: what the program complained of; the last line often says only that it fails."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told: List[str] = [line for line in lines if "[ERROR]" in line or "error" in line.lower() or "signal" in line]
    return " ".join((told or lines or ["no message"])[0].split())[:300]


def _size(path: str) -> int:
    if not os.path.isdir(path):
        return os.path.getsize(path)
    return sum(
        os.lstat(os.path.join(folder, name)).st_size for folder, folders, names in os.walk(path) for name in names
    )
