# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows and a hash of each table: the same on the live server and on a restored one, if they hold the same.

The hash is of the text of each row, not of how it is stored: CHECKSUM TABLE differs after a dump was loaded, since a
FLOAT is written with six digits and read back as another number with the same six (seen with 10.11). Each row's CRC-32
is taken twice, the second one of the first's decimal digits, since sums of plain ones can stay when two rows swap
values; the sum over all rows does not depend on their order. It finds damage; against forgery the manifest is signed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.inventory import Column, Table
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import (
    Asks,
    SqlFailed,
    identifier,
)

METHOD = "mariadb text crc32 sum 1"
LONG = ("mediumtext", "longtext", "mediumblob", "longblob", "json")
"""Types whose values may be longer than max_allowed_packet together, which would make the whole row's text NULL."""


class Unreadable(Exception):
    """Tables that could not be read to the end: {table: why}. ``gone``: the server went down over it."""

    def __init__(self, failures: Mapping[str, str], gone: bool) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in failures.items()))
        self.failures = failures
        self.gone = gone


class Hashed(NamedTuple):
    """What was read, and what is left out with why; in the shape of Content."""

    tables: Dict[str, Dict[str, Any]]
    left_out: Dict[str, str]


def hash_sql(table: Table) -> str:
    """Return the query for the rows and the hash of one table."""
    texts = ", ".join(_text(column) for column in table.columns)
    nulls = ", ".join(f"ISNULL({identifier(column.name)})" for column in table.columns)
    row = f"CONCAT_WS(x'1f', {texts}, CONCAT({nulls}))"
    return f"SELECT COUNT(*), COALESCE(SUM(CRC32(CRC32({row}))), 0) FROM {table.identifier}"


def _text(column: Column) -> str:
    name = identifier(column.name)
    return f"CONCAT(LENGTH({name}), ':', CRC32({name}))" if column.kind.lower() in LONG else name


def read_tables(sessions: Sequence[Asks], tables: Sequence[Table]) -> Hashed:
    """Read all tables, each by the next session that is free; Unreadable names those that could not be read."""
    left_out = {table.title: why for table in tables for why in [table.left_out] if why is not None}
    wanted = [table for table in tables if table.left_out is None]
    return Hashed(dict(in_parallel(sessions, wanted, _hash)), left_out)


def _hash(session: Asks, table: Table) -> Tuple[str, Dict[str, Any]]:
    rows, total = session.rows(hash_sql(table))[0]
    return table.title, {"rows": int(rows), "hash": total}


def in_parallel(
    sessions: Sequence[Asks], tables: Sequence[Table], work: Callable[[Asks, Table], Tuple[str, Any]]
) -> List[Tuple[str, Any]]:
    """Do something with each table, as many at once as there are sessions; Unreadable where that failed."""
    free: SimpleQueue[Asks] = SimpleQueue()
    failures: Dict[str, SqlFailed] = {}
    for session in sessions:
        free.put(session)

    def one(table: Table) -> List[Tuple[str, Any]]:
        if any(not failed.reached for failed in failures.values()):
            return []
        session = free.get()
        try:
            return [work(session, table)]
        except SqlFailed as error:
            failures[table.title] = error
            return []
        finally:
            free.put(session)

    with ThreadPoolExecutor(max_workers=max(1, len(sessions))) as pool:
        found = [pair for pairs in pool.map(one, tables) for pair in pairs]
    if failures:
        gone = any(not failed.reached for failed in failures.values())
        raise Unreadable({name: failed.complaint for name, failed in failures.items()}, gone)
    return found
