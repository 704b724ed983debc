# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables of a database hold: rows and a hash of each, read by several sessions at once.

A table's hash is the sum of its rows' hashes, so that it needs no order, can be made in parts, and no two errors take
each other out as they do with XOR.
"""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.inventory import Table
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.row_hash import (
    COLUMNS,
    FAST,
    SINCE,
    hash_sql,
    text_hash_sql,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    Client,
    QueryFailed,
    literal,
)

LARGE_OBJECTS = "large objects"
PINNED = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "xmlbinary": "base64",
    "search_path": "pg_catalog",
    "row_security": "off",
    "enable_indexscan": "off",
    "enable_bitmapscan": "off",
    "enable_indexonlyscan": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "client_min_messages": "error",
}
"""What a row's text depends on; an index that is damaged must not hide rows; these sessions themselves are parallel."""
SMALL_BYTES = 1 << 20
BATCH = 50
RANGES_FROM = 140000
"""Since version 14 a range of ctid reads only its pages; before, it reads the whole table."""


class Unreadable(Exception):
    """Tables that could not be read, each with the server's complaint."""

    def __init__(self, failures: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in failures.items()))
        self.failures = dict(failures)


@dataclass(frozen=True)
class Reading:
    """How content is read. ``snapshot``: of pg_export_snapshot, so that it is that of one moment under writes.

    ``physical``: of a copy of all files rather than a dump; this decides what can be compared. ``stop``, set by
    another thread, ends the reading before its next part. ``method``: as rows are hashed where the server can, else
    by the one that each can; what was taken is in the content.
    """

    method: str = COLUMNS
    physical: bool = False
    jobs: int = 2
    snapshot: Optional[str] = None
    stop: Optional[threading.Event] = None

    @property
    def preamble(self) -> str:
        """The beginning of each script."""
        settings = "".join(f"SET {name} = {literal(value)};\n" for name, value in PINNED.items())
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
        taken = f"SET TRANSACTION SNAPSHOT {literal(self.snapshot)};\n" if self.snapshot else ""
        return settings + begin + taken


class Part(NamedTuple):
    """What one session reads at a time: queries of rows and hash, each of a table or of a range of its pages."""

    names: Tuple[str, ...]
    queries: Tuple[str, ...]
    bytes: int


Sums = Dict[str, Tuple[int, int]]
Answers = Tuple[List[Tuple[str, int, int]], Dict[str, str]]
"""What was read of a part: rows and hash of each of its tables, and why tables of it could not be read."""


class Looked(NamedTuple):
    """What one database has, before any row of it is read."""

    tables: Tuple[Table, ...]
    sequences: Dict[str, inventory.Sequence]
    objects: Dict[str, int]
    version: int


def look(client: Client, database: str, reading: Reading) -> Looked:
    """Return what one database has; QueryFailed where it cannot be asked."""
    beginning = reading.preamble
    found = inventory.tables(client, database, physical=reading.physical, preamble=beginning)
    numbers = inventory.sequences(client, database, physical=reading.physical)
    counts = inventory.objects(client, database, physical=reading.physical, preamble=beginning)
    return Looked(found, numbers, counts, int(client.value(database, "SHOW server_version_num") or 0))


def content_of(client: Client, database: str, reading: Reading) -> Content:
    """Return what one database holds; Unreadable where tables cannot be read, QueryFailed where it cannot be asked.

    Sequences are as they are now: [last, last]. A manifest's ranges are made with ``inventory.sequence_ranges``.
    """
    looked = look(client, database, reading)
    with ThreadPoolExecutor(max_workers=reading.jobs) as sessions:
        sums = begin(client, database, looked, reading, sessions)
        return summed(looked, reading, sums)


def begin(client: Client, database: str, looked: Looked, reading: Reading, sessions: Executor) -> Iterable[Answers]:
    """Have the rows of a database read by sessions; what they return is waited for where it is asked for."""
    method = method_for(reading.method, looked.version)
    compared = [table for table in looked.tables if not table.why_not]
    work = parts(compared, method, reading.jobs, ranges=looked.version >= RANGES_FROM)
    if looked.objects.get(LARGE_OBJECTS, 0) > 0:
        work = [Part((LARGE_OBJECTS,), (large_object_query(method),), 0), *work]
    return sessions.map(lambda part: _read(client, database, part, reading), work)


def summed(looked: Looked, reading: Reading, read: Iterable[Answers]) -> Content:
    """Return what a database holds, of all that was read of it; Unreadable names each table that could not be."""
    answers = list(read)
    failures = {name: why for each in answers for name, why in each[1].items()}
    if failures:
        raise Unreadable(failures)
    sums = total(each[0] for each in answers)
    return Content(
        method=method_for(reading.method, looked.version),
        tables={name: {"rows": rows, "hash": str(value)} for name, (rows, value) in sorted(sums.items())},
        sequences={name: (one.last, one.last) for name, one in looked.sequences.items()},
        objects=looked.objects,
        left_out={table.name: table.why_not for table in looked.tables if table.why_not},
    )


def cluster_content(client: Client, names: Iterable[str], reading: Reading) -> Content:
    """Return what several databases of one server hold; each name begins with its database and a colon."""
    with ThreadPoolExecutor(max_workers=reading.jobs) as sessions:
        return ClusterReading(client, tuple(names), reading, sessions).content()


class ClusterReading:
    """What several databases of one server hold, read by sessions that may have other work before it.

    What a step raises, QueryFailed or Unreadable, is raised by ``content``.
    """

    def __init__(self, client: Client, names: Sequence[str], reading: Reading, sessions: Executor) -> None:
        self._client, self._reading, self._sessions = client, reading, sessions
        self._looked = {name: sessions.submit(look, client, name, reading) for name in names}
        self._sums: Dict[str, Iterable[Answers]] = {}

    def look(self) -> None:
        """Wait until it is known what there is to read."""
        wait(self._looked.values())

    def begin(self) -> None:
        """Have the sessions read the rows; to do so twice does nothing."""
        for name, looked in self._looked.items():
            if name not in self._sums and looked.exception() is None:
                self._sums[name] = begin(self._client, name, looked.result(), self._reading, self._sessions)

    def content(self) -> Content:
        self.begin()
        return joined(
            {name: summed(looked.result(), self._reading, self._sums[name]) for name, looked in self._looked.items()}
        )


def method_for(wanted: str, version: int) -> str:
    """Pure: the method by which a server of a version is read; the wanted one where it is known and can be done."""
    return wanted if version >= SINCE.get(wanted, version + 1) else FAST


def joined(contents: Mapping[str, Content]) -> Content:
    """Pure: the contents of databases of one server as one."""

    def all_of(pick: Callable[[Content], Mapping[str, Any]]) -> Dict[str, Any]:
        return {f"{database}:{name}": value for database, one in contents.items() for name, value in pick(one).items()}

    return Content(
        method=next((one.method for one in contents.values()), FAST),
        tables=all_of(lambda one: one.tables),
        sequences=all_of(lambda one: one.sequences),
        objects=all_of(lambda one: one.objects),
        left_out=all_of(lambda one: one.left_out),
    )


def locking_sql(tables: Sequence[Table]) -> str:
    """Return what keeps tables from being rewritten or emptied while they are read; run it in a held transaction."""
    names = ", ".join(f"ONLY {table.name}" for table in tables if table.kind == "r")
    return f"LOCK TABLE {names} IN ACCESS SHARE MODE;" if names else ""


def total(sums: Iterable[Iterable[Tuple[str, int, int]]]) -> Sums:
    """Pure: the parts of each table put together."""
    totals: Sums = {}
    for name, rows, value in itertools.chain.from_iterable(sums):
        before = totals.get(name, (0, 0))
        totals[name] = (before[0] + rows, before[1] + value)
    return totals


def parts(tables: Sequence[Table], method: str, jobs: int, *, ranges: bool) -> List[Part]:
    """Pure: the work in parts, the largest first, so that all sessions end at about the same time.

    No part is larger than an eighth of a session's share where tables can be read by ranges; small tables go together.
    """
    share = max(SMALL_BYTES, sum(table.bytes for table in tables) // (8 * max(1, jobs)))
    large = [table for table in tables if table.bytes > SMALL_BYTES]
    small = [table for table in tables if table.bytes <= SMALL_BYTES]
    split = [part for table in large for part in _split(table, method, share if ranges else table.bytes)]
    batches = [_batch(small[first : first + BATCH], method) for first in range(0, len(small), BATCH)]
    return sorted([*split, *batches], key=lambda part: -part.bytes)


def _batch(tables: Sequence[Table], method: str) -> Part:
    queries = tuple(query(table, method) for table in tables)
    return Part(tuple(table.name for table in tables), queries, sum(table.bytes for table in tables))


def _split(table: Table, method: str, share: int) -> List[Part]:
    """Return ranges of pages; the last is open, as the table may have grown since its size was read."""
    count = max(1, min(table.pages, -(-table.bytes // max(1, share))))
    edges = [table.pages * number // count for number in range(count)]
    bounds = itertools.zip_longest(edges, edges[1:])
    return [Part((table.name,), (query(table, method, bound),), table.bytes // count) for bound in bounds]


def query(table: Table, method: str, pages: Tuple[int, Optional[int]] = (0, None)) -> str:
    """Pure: one row of name, rows, and the sum of the rows' hashes. ``pages``: from the first to before the second."""
    first, last = pages
    conditions = [f"ctid >= '({first},0)'"] if first else []
    conditions += [f"ctid < '({last},0)'"] if last is not None else []
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    hashed = hash_sql(method, table.columns, table.known)
    return f"SELECT {literal(table.name)}, count(*), coalesce(sum({hashed}), 0) FROM ONLY {table.name} whole_row{where}"


def large_object_query(method: str) -> str:
    """Pure: rows and hash of all large objects, read a megabyte at a time since one may hold more than a value can."""
    piece = "pg_catalog.md5(pg_catalog.lo_get(o.oid, chunk * 1048576, 1048576))"
    hashed = text_hash_sql(method, f"o.oid::text || ':' || chunk::text || ':' || {piece}")
    lengths = "(SELECT loid, max(pageno)::bigint AS last FROM pg_catalog.pg_largeobject GROUP BY loid) AS l"
    chunks = "pg_catalog.generate_series(0, coalesce(l.last, 0) * 2048 / 1048576) AS chunk"
    return (
        f"SELECT {literal(LARGE_OBJECTS)}, count(DISTINCT o.oid), coalesce(sum({hashed}), 0)"
        f" FROM pg_catalog.pg_largeobject_metadata o LEFT JOIN {lengths} ON l.loid = o.oid, {chunks}"
    )


def _read(client: Client, database: str, part: Part, reading: Reading) -> Answers:
    if reading.stop is not None and reading.stop.is_set():
        return [], dict.fromkeys(part.names, "the reading was ended")
    script = reading.preamble + "\nUNION ALL ".join(part.queries) + ";\n"
    try:
        return [(row[0], int(row[1]), int(row[2])) for row in client.rows(database, script)], {}
    except QueryFailed as error:
        if not error.reached or len(part.queries) == 1:
            return [], dict.fromkeys(part.names, error.complaint)
    each = [_read(client, database, Part((name,), (one,), 0), reading) for name, one in zip(part.names, part.queries)]
    return [row for rows, failed in each for row in rows], {k: v for rows, failed in each for k, v in failed.items()}
