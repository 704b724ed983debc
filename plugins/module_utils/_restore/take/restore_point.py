# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore point whose content is known exactly, without holding up anybody who writes.

One statement takes a snapshot and sets a restore point, a tenth of a millisecond apart. Whether they are the same
moment is not hoped for but read from WAL: recovery to the restore point brings back each transaction whose commit is
recorded before it, so the two are the same if the snapshot sees those and no others. That also finds a commit that is
recorded while its transaction still counts as running, as when it waits for the disk.

On a busy server some commit waits for the disk at nearly every moment. So a try takes many snapshots and sets as many
restore points, one after the other: commits that wait together come to count as done together, so that what a later
snapshot sees may be just what is recorded before an earlier restore point. If no two fit, there is another try.

Locking all tables against writes for that moment would do as well where each transaction writes to one table. Where
they write to several, the locks and the writers wait for each other: of 60 s of trying, no moment was had beside three
busy clients.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import Reading
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    Client,
    Held,
    QueryFailed,
    literal,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.commits import (
    Commit,
    Sight,
    Wal,
    place_of,
    same_moments,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.postgresql import asked
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken

SETTLE = 1.0
"""Seconds between the position from which WAL is searched and the snapshot: longer than a commit takes to be over."""
INSTANTS = 40
"""Snapshots and restore points of one try, which take longer than a disk does for one commit."""
LOOKED_AT = 64
"""Of so many transactions of one try it is found out which databases they changed; more are taken to concern all."""
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
UNLOGGED = "SET LOCAL log_min_messages = fatal"
"""The server logs each restore point, and most are tries."""
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


class Instant(NamedTuple):
    """A restore point, and the snapshot that was taken just before it."""

    point: str
    lsn: str
    at: float
    snapshot: str
    sight: Sight


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
        """Set some restore points; returns the one that is exact, or else the last and why it is not."""
        start = asked(self._client, "postgres", "SELECT pg_catalog.pg_current_wal_insert_lsn()")
        self._open()
        self._client.machine.sleep(SETTLE)
        busiest = list(self._oids)[-1]
        sights = {database: self._keep(database) for database in list(self._oids)[:-1]}
        instants = self._instants(busiest)
        try:
            point, moment = self._same(instants, start, sights)
            self.snapshots = {**self.snapshots, busiest: moment.snapshot}
            self._check_tables()
        except Missed as missed:
            self.snapshots = {**self.snapshots, busiest: instants[-1].snapshot}
            return self._mark(instants[-1]), str(missed)
        return self._mark(point), None

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
            keeper.rows(f"{QUIET}BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;")

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

    def _instants(self, database: str) -> List[Instant]:
        """Take snapshots and set restore points in the database that changes most, each pair in one statement."""
        names = [f"{self._name}_{self.tries * INSTANTS + number}" for number in range(INSTANTS)]
        points = [f"pg_catalog.pg_create_restore_point({literal(name)})" for name in names]
        queries = [f"SELECT {SIGHT}, {point}, extract(epoch FROM clock_timestamp())" for point in points]
        rows = self._moment.keepers[database].rows(";\n".join([UNLOGGED, *queries]))
        return [
            Instant(name, lsn, float(at), snapshot, Sight.of(sight))
            for name, (snapshot, sight, lsn, at) in zip(names, rows)
        ]

    def _mark(self, instant: Instant) -> Mark:
        # A position at the very end of a segment belongs to it, and pg_walfile_name says so.
        sql = f"SELECT pg_catalog.pg_walfile_name({literal(instant.lsn)})"
        return Mark(instant.point, instant.lsn, asked(self._client, "postgres", sql), instant.at)

    def _same(self, instants: List[Instant], start: str, sights: Mapping[str, Sight]) -> Tuple[Instant, Instant]:
        """Return a restore point and a snapshot that are one moment, in all databases; Missed where none are."""
        if self._client.rows("postgres", STUCK):
            raise Missed("a commit waits for a synchronous standby")
        self._flush(instants[-1].lsn)
        directory = asked(self._client, "postgres", "SHOW data_directory")
        timeline = self._mark(instants[-1]).timeline
        wal = Wal(self._client, f"{directory}/pg_wal", timeline, start, instants[-1].lsn)
        commits = wal.commits()
        places = [place_of(instant.lsn) for instant in instants]
        why = "a transaction was committed just before the restore point"
        changed: Dict[int, Set[int]] = {}
        for point, moment in same_moments(places, [instant.sight for instant in instants], commits):
            recorded = [commit for commit in commits if commit.place < places[point]]
            unseen = self._unseen(wal, recorded, sights, changed)
            if unseen is None:
                return instants[point], instants[moment]
            why = f"a transaction of {unseen} was committed just before the restore point"
        raise Missed(why)

    def _unseen(
        self, wal: Wal, recorded: List[Commit], sights: Mapping[str, Sight], changed: Dict[int, Set[int]]
    ) -> Optional[str]:
        """Return a database whose snapshot does not see a transaction that changed it, None where there is none.

        ``changed`` remembers which databases a transaction changed; one of which that cannot be told changed all.
        """
        for database, sight in sights.items():
            for transaction in (commit.transaction for commit in recorded if not sight.sees(commit.transaction)):
                if transaction not in changed and len(changed) < LOOKED_AT:
                    changed[transaction] = wal.databases_of(transaction)
                known = changed.get(transaction)
                if not known or self._oids[database] in known:
                    return database
        return None

    def _flush(self, lsn: str) -> None:
        """Have WAL up to the restore point on the disk by a commit after it, which needs no new segment."""
        self._client.rows("postgres", FLUSH)
        deadline = self._client.machine.now() + LOCK_WAIT
        while asked(self._client, "postgres", FLUSHED.format(lsn=literal(lsn))) != "t":
            if self._client.machine.now() > deadline:
                raise NotTaken(f"WAL up to {lsn} was not written to the disk within {LOCK_WAIT} s; look at the disk.")
            self._client.machine.sleep(0.02)

    def _check_tables(self) -> None:
        """Missed where a table in a snapshot was made after the locks, so that it may have been emptied since."""
        for database, snapshot in self.snapshots.items():
            seen = Reading(physical=True, snapshot=snapshot).preamble
            tables = inventory.tables(self._client, database, physical=True, preamble=seen)
            if {table.name for table in self._stored(tables)} != {table.name for table in self._tables[database]}:
                raise Missed(f"tables of {database} were made or dropped just before the restore point")


def locking(tables: List[inventory.Table]) -> str:
    """Return what locks tables and materialized views against being rewritten; LOCK takes no views of that kind."""
    names = [f"ONLY {table.name}" for table in tables if table.kind == "r"]
    lock = f"LOCK TABLE {', '.join(names)} IN ACCESS SHARE MODE;\n" if names else ""
    return lock + "".join(f"SELECT FROM {table.name} LIMIT 0;\n" for table in tables if table.kind == "m")
