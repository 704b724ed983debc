# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore point whose content is known exactly, without holding up anybody who writes.

One statement takes a snapshot and sets the restore point, a tenth of a millisecond apart. Whether they are the same
moment is not hoped for but read from WAL: recovery to the restore point brings back each transaction whose commit is
recorded before it, so the two are the same if the snapshot sees every one of those. (What a snapshot sees was recorded
before.) That also finds a commit that is recorded while its transaction still counts as running, as when it waits for
the disk. If one is not seen, another restore point is set.

Locking all tables against writes for that moment would do as well where each transaction writes to one table. Where
they write to several, the locks and the writers wait for each other: of 60 s of trying, no moment was had beside three
busy clients.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    Client,
    Held,
    QueryFailed,
    literal,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.commits import Sight, Wal
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.postgresql import asked
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken

SETTLE = 1.0
"""Seconds between the position from which WAL is searched and the snapshot: longer than a commit takes to be over."""
SHARE_OF_LOCKS = 0.5  # of the server's lock table that may be taken
LOCK_WAIT = 60  # seconds
PASSING = ("55P03", "42P01", "3F000")
"""lock_not_available; a table or a schema that was just dropped."""
QUIET = f"""SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = error;
SET lock_timeout = '{LOCK_WAIT}s';
"""
CAPACITY = """SELECT current_setting('max_locks_per_transaction')::bigint
  * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)"""
BUSIEST_LAST = """SELECT datname, oid FROM pg_catalog.pg_database LEFT JOIN pg_catalog.pg_stat_database USING (datname)
WHERE datallowconn AND datname <> 'template0' ORDER BY coalesce(xact_commit, 0), datname"""
STUCK = f"""SELECT pid FROM pg_catalog.pg_stat_activity WHERE wait_event = 'SyncRep'
AND query_start < clock_timestamp() - interval '{SETTLE} s'"""
SIGHT = "pg_catalog.pg_export_snapshot(), pg_catalog.pg_current_snapshot()"
FLUSH = """SET synchronous_commit = local;
SELECT pg_catalog.pg_logical_emit_message(true, 'contingency', '')"""
"""A commit waits for the disk only where its transaction wrote something; this is the least, and no standby is waited
for. Those who decode changes of other databases do not see it."""
FLUSHED = "SELECT pg_catalog.pg_current_wal_flush_lsn() >= {lsn}::pg_lsn"


@dataclass(frozen=True)
class Mark:
    """The restore point: its name, its place in WAL and the file that holds it, and its epoch."""

    name: str
    lsn: str
    segment: str
    at: float

    @property
    def timeline(self) -> int:
        return int(self.segment[:8], 16)


class Missed(Exception):
    """This restore point is not exactly the snapshot's moment; the message says why."""


@dataclass
class Moment:
    """The sessions of one try: in each database one that keeps tables from being emptied, one with the snapshot."""

    lockers: Dict[str, Held] = field(default_factory=dict)
    keepers: Dict[str, Held] = field(default_factory=dict)

    def close(self) -> None:
        for session in [*self.lockers.values(), *self.keepers.values()]:
            session.close()
        self.lockers, self.keepers = {}, {}


class RestorePoint:
    """``set`` may be called once; ``close`` ends the snapshots.

    ``snapshots``: {database: name of the exported snapshot}, to be read at leisure while this is open.
    ``inexact``: why the snapshots are only about those of the restore point, None where they are exactly.
    """

    def __init__(self, client: Client, name: str, wait_seconds: float) -> None:
        self._client = client
        self._name = name
        self._wait_seconds = wait_seconds
        self._moment = Moment()
        self._oids: Dict[str, int] = {}
        self._tables: Dict[str, List[inventory.Table]] = {}
        self.snapshots: Mapping[str, str] = {}
        self.inexact: Optional[str] = None
        self.tries = 0

    def close(self) -> None:
        self._moment.close()

    def set(self) -> Mark:
        """Set a restore point that is exactly the snapshots' moment; where none is in time, the last, and say so.

        At the end WAL goes to its next segment, once, so that the file that holds the restore point is whole.
        """
        deadline = self._client.machine.now() + self._wait_seconds
        while True:
            self.tries += 1
            self._moment.close()
            try:
                mark, why = self._try()
            except QueryFailed as error:
                if error.sqlstate not in PASSING or self._client.machine.now() >= deadline:
                    raise
                continue
            if why is not None and self._client.machine.now() < deadline:
                continue
            if why is not None:
                self.inexact = f"{why}; {self.tries} tries within {self._wait_seconds:g} s"
            self._client.rows("postgres", "SELECT pg_catalog.pg_switch_wal()")
            return mark

    def _try(self) -> Tuple[Mark, Optional[str]]:
        """Set one restore point; returns it, and why it is not exact."""
        start = asked(self._client, "postgres", "SELECT pg_catalog.pg_current_wal_insert_lsn()")
        self._open()
        self._client.machine.sleep(SETTLE)
        sights = {database: self._keep(database) for database in list(self._oids)[:-1]}
        mark = self._mark(list(self._oids)[-1], sights)
        try:
            self._compare(mark, start, sights)
            self._check_tables()
        except Missed as missed:
            return mark, str(missed)
        return mark, None

    def _open(self) -> None:
        """Have all sessions, and all tables safe from TRUNCATE and from changes of their definition."""
        rows = self._client.rows("postgres", BUSIEST_LAST)
        self._oids = {name: int(oid) for name, oid in rows}
        self._tables = {name: self._stored(inventory.tables(self._client, name, physical=True)) for name in self._oids}
        self._check_locks(sum(len(tables) for tables in self._tables.values()))
        for database, tables in self._tables.items():
            locker = self._moment.lockers[database] = Held(self._client.address, database)
            locker.rows(f"{QUIET}BEGIN;\n{locking(tables)}")
            keeper = self._moment.keepers[database] = Held(self._client.address, database)
            keeper.rows(f"{QUIET}BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;")

    @staticmethod
    def _stored(tables: Tuple[inventory.Table, ...]) -> List[inventory.Table]:
        return [table for table in tables if table.kind in ("r", "m")]

    def _check_locks(self, needed: int) -> None:
        most = int(asked(self._client, "postgres", CAPACITY)) * SHARE_OF_LOCKS
        if needed > most:
            raise NotTaken(
                f"To read {needed} tables at one moment takes as many of the server's locks, of which {most:.0f} can "
                "be spared; raise max_locks_per_transaction, or take a dump of each database instead."
            )

    def _keep(self, database: str) -> Sight:
        name, sight = self._moment.keepers[database].rows(f"SELECT {SIGHT}")[0]
        self.snapshots = {**self.snapshots, database: name}
        return Sight.of(sight)

    def _mark(self, database: str, sights: Dict[str, Sight]) -> Mark:
        """Take the last snapshot and set the restore point in one statement, in the database that changes most."""
        name = f"{self._name}_{self.tries}"
        point = f"pg_catalog.pg_create_restore_point({literal(name)})"
        keeper = self._moment.keepers[database]
        snapshot, sight, lsn, at = keeper.rows(f"SELECT {SIGHT}, {point}, extract(epoch FROM clock_timestamp())")[0]
        self.snapshots = {**self.snapshots, database: snapshot}
        sights[database] = Sight.of(sight)
        # A position at the very end of a segment belongs to it, and pg_walfile_name says so.
        segment = asked(self._client, "postgres", f"SELECT pg_catalog.pg_walfile_name({literal(lsn)})")
        return Mark(name, lsn, segment, float(at))

    def _compare(self, mark: Mark, start: str, sights: Mapping[str, Sight]) -> None:
        """Missed where a transaction is recorded before the restore point, and a snapshot does not see it."""
        if self._client.rows("postgres", STUCK):
            raise Missed("a commit waits for a synchronous standby")
        self._flush(mark.lsn)
        directory = asked(self._client, "postgres", "SHOW data_directory")
        wal = Wal(self._client, f"{directory}/pg_wal", mark.timeline, start, mark.lsn)
        commits = wal.commits()
        for database, sight in sights.items():
            for transaction in commits:
                if not sight.sees(transaction) and self._concerns(wal, transaction, database):
                    raise Missed(f"a transaction of {database} was committed just before the restore point")

    def _concerns(self, wal: Wal, transaction: int, database: str) -> bool:
        """Did a transaction change this database? One that cannot be told did."""
        if len(self._oids) == 1:
            return True
        changed = wal.databases_of(transaction)
        return not changed or self._oids[database] in changed

    def _flush(self, lsn: str) -> None:
        """Have WAL up to the restore point on the disk by a commit after it, which needs no new segment."""
        self._client.rows("postgres", FLUSH)
        deadline = self._client.machine.now() + LOCK_WAIT
        while asked(self._client, "postgres", FLUSHED.format(lsn=literal(lsn))) != "t":
            if self._client.machine.now() > deadline:
                raise NotTaken(f"WAL up to {lsn} was not written to the disk within {LOCK_WAIT} s; look at the disk.")
            self._client.machine.sleep(0.02)

    def _check_tables(self) -> None:
        """Missed where a table in the snapshot was made after the locks, so that it may have been emptied since."""
        for database, keeper in self._moment.keepers.items():
            rows = keeper.rows(inventory.PIN + inventory.TABLES)
            there = {row[0] for row in rows if row[1] in ("r", "m")}
            if there != {table.name for table in self._tables[database]}:
                raise Missed(f"tables of {database} were made or dropped just before the restore point")


def locking(tables: List[inventory.Table]) -> str:
    """Return what locks tables and materialized views against being rewritten; LOCK takes no views of that kind."""
    names = [f"ONLY {table.name}" for table in tables if table.kind == "r"]
    lock = f"LOCK TABLE {', '.join(names)} IN ACCESS SHARE MODE;\n" if names else ""
    return lock + "".join(f"SELECT FROM {table.name} LIMIT 0;\n" for table in tables if table.kind == "m")
