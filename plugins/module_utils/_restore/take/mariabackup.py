# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a physical backup with mariadb-backup, and read beside it what it has to hold, as of the moment that it keeps.

The content of such a backup is that of its end, so the moment is held there. Once mariadb-backup has begun to copy, a
write lock on a help table, which is no table of transactions, makes its last stage wait (BACKUP STAGE BLOCK_DDL waits
for such statements) while all others go on. When it waits there, the site's tables are locked for reading, sessions
begin their snapshots, and the help table is let go. Writers wait from then until mariadb-backup has ended: for about
the second in which it reads the rest of the log. Where the tables are in use without a gap for long, their lock is
waited for in line, and a transaction that goes the other way round is ended as a deadlock (error 1213).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Callable, List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import NotStarted, Program, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.backup_text import backup_says
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.inventory import Table
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import Held
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.take import mariadb
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    Taken,
    TakeOrder,
    Taker,
)

DATA = "data"
BARRIER = "mysql.help_category"
BEGUN = "Acquired locks for BACKUP STAGE START"
"""What mariadb-backup (10.5 and later) says when it begins to copy; a barrier before that would stop it too early."""
WAITING = """SELECT COUNT(*) FROM information_schema.processlist
WHERE info LIKE 'BACKUP STAGE %' AND state LIKE 'Waiting for %'"""
COMPLETED = "completed OK!"
POLL = 0.01  # seconds
NEW = "it was made while the backup was taken"


@dataclass(frozen=True)
class BackupOptions(mariadb.ServerOptions):
    """How the copy is made. ``throttle``: pairs of reads and writes a second, None: as fast as it can."""

    throttle: Optional[int] = None


class MariabackupTaker(Taker):
    """The copy lies in the directory as data/, as mariadb-backup makes it, not yet prepared."""

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host)
        self.options = BackupOptions.of(order.engine, order.options)
        self.source = mariadb.Source(host, self.options.address)
        self._sessions: List[Held] = []
        self._backup: Optional[Program] = None
        self._heard = ""

    def limitation(self) -> Optional[str]:
        program = self.options.program("mariadb-backup")
        return mariadb.program_limitation(self.host, [program]) or mariadb.server_limitation(self.source)

    def steps(self) -> Tuple[str, ...]:
        return (
            f"mariadb-backup --backup into {DATA}/",
            "LOCK TABLES ... READ from before its last stage until its end",
            "rows and hash of each table from sessions that began in that time",
        )

    def needed_bytes(self) -> Optional[int]:
        directory = self.source.rows("SELECT @@datadir")[0][0]
        answer = self.host.run(["du", "-s", "-B1", "--", directory], timeout=600.0)
        words = answer.output.split()
        return int(words[0]) if answer.status == 0 and words else None

    def take(self, work: str) -> Taken:
        began, size = self.host.wall(), self.needed_bytes()
        names = inventory.databases(self.source)
        server = mariadb.server_facts(self.source, names)
        barrier = self._session()
        backup = self._start(os.path.join(work, DATA))
        self._until(lambda: BEGUN in self._said(), "began to copy")
        mariadb.told(barrier, f"LOCK TABLES {BARRIER} WRITE")
        others = [
            table
            for table in inventory.tables(self.source, names)
            if not table.transactional and table.left_out is None
        ]
        before = mariadb.readings(self.source, names, others)
        self._until(lambda: self.source.rows(WAITING)[0][0] != "0", "came to its last stage")
        tables, gate = self._locked(names)
        readers = mariadb.moment_sessions(self.options.address, self.order.jobs)
        self._sessions.extend(readers)
        moment = self.host.wall()
        mariadb.told(barrier, "UNLOCK TABLES")
        self._wait_for(backup)
        gate.close()
        after = mariadb.readings(self.source, names, others)
        found = mariadb.joined(mariadb.read(readers, tables), before, after)
        return Taken(
            began, moment, self.host.wall(), server, self._position(work), size, self._without_new(names, found)
        )

    def close(self) -> None:
        mariadb.close_all(self._sessions)
        if self._backup is not None:
            self._backup.kill()

    def _session(self) -> Held:
        session = mariadb.opened(self.options.address)
        self._sessions.append(session)
        return session

    def _start(self, target: str) -> Program:
        options = self.options
        throttle = [f"--throttle={options.throttle}"] if options.throttle else []
        command = [options.program("mariadb-backup"), *options.address.options(), "--backup", *throttle]
        try:
            self._backup = start(
                [*command, f"--parallel={self.order.jobs}", f"--target-dir={target}"], user=options.os_user
            )
        except NotStarted as error:
            raise NotTaken(f"mariadb-backup was not started: {error}.") from error
        return self._backup

    def _said(self) -> str:
        """Return all that it has said until now: what is waited for may be far above the last lines."""
        if self._backup is not None:
            handle = self._backup.complaints.fileno()
            size = os.fstat(handle).st_size
            known = len(self._heard)
            self._heard += os.pread(handle, size - known, known).decode("ascii", "replace")
        return self._heard

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        deadline = self.host.now() + self.order.timeout_seconds
        while not reached():
            if self._backup is not None and not self._backup.running:
                raise NotTaken(f"mariadb-backup ended before it {what} ({last_words(self._said())}); run this again.")
            if self.host.now() > deadline:
                raise NotTaken(f"mariadb-backup {what} not within {self.order.timeout_seconds:g} s; raise timeout.")
            self.host.sleep(POLL)

    def _locked(self, names: Sequence[str]) -> Tuple[List[Table], Held]:
        """Return the tables that can be read as of one moment, and the session that keeps all writers waiting."""
        tables = [table for table in inventory.tables(self.source, names) if table.left_out is None]
        gate = self._session()
        if tables:
            statement = f"LOCK TABLES {', '.join(f'{table.identifier} READ' for table in tables)}"
            if not mariadb.locked_in_a_gap(gate, statement, self.host):
                mariadb.locked(gate, statement, self.options.lock_seconds)
        return [table for table in tables if table.transactional], gate

    def _wait_for(self, backup: Program) -> None:
        deadline = self.host.now() + self.order.timeout_seconds
        while backup.running and self.host.now() < deadline:
            self._said()
            self.host.sleep(POLL)
        self._said()
        answer = backup.wait(0.0)
        if answer.status != 0 or COMPLETED not in self._heard:
            raise NotTaken(f"mariadb-backup failed ({last_words(self._heard)}, status {answer.status}).")

    def _position(self, work: str) -> mariadb.Position:
        says = backup_says(self.host, os.path.join(work, DATA))
        if says is None:
            raise NotTaken("mariadb-backup ended well and left no xtrabackup_checkpoints; see its version.")
        return {"gtid": says.gtid, "lsn": says.last_lsn or says.to_lsn}

    def _without_new(self, names: Sequence[str], found: Content) -> Content:
        """A table that was made after the list of tables was read may be in the backup, and may not."""
        known = {*found.tables, *found.left_out}
        new = {table.title: NEW for table in inventory.tables(self.source, names) if table.title not in known}
        outside = mariadb.elsewhere(self.source, names)
        return replace(found, left_out={**found.left_out, **new, **outside})


def last_words(text: str) -> str:
    """Pure: the line in which it says what was wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "[ERROR]" in line or "error" in line.lower()]
    return " ".join((told or lines or ["it said nothing"])[-1].split())[:300]
