# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in the databases of a MariaDB server: tables and their columns, sequences, and how many of each object.

Read from information_schema, which is the same on the live server and on the restored one.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import (
    Asks,
    identifier,
    literals,
)

OWN = ("mysql", "sys", "information_schema", "performance_schema")
"""Databases of the server's own; what is in them differs between two servers that hold the same."""
ELSEWHERE = {
    "MEMORY": "its rows are in memory and gone when the server ends",
    "BLACKHOLE": "it keeps no rows",
    "FEDERATED": "its rows are on another server",
    "SPIDER": "its rows are on other servers",
    "CONNECT": "its rows are outside of the server",
    "S3": "its rows are in an object store",
    "MRG_MYISAM": "it is a view of other tables",
    "SEQUENCE": "it keeps no rows",
}
"""Storage engines whose tables have no rows of their own in a backup, with why."""
TRANSACTIONAL = ("INNODB", "ROCKSDB")
"""Storage engines whose tables are read as of one moment while others write."""


class Column(NamedTuple):
    """A column that holds data: no virtual column is one."""

    name: str
    kind: str


class Table(NamedTuple):
    """A base table. ``bytes`` is the server's own estimate."""

    database: str
    name: str
    engine: str
    bytes: int
    columns: Tuple[Column, ...]

    @property
    def title(self) -> str:
        return f"{self.database}.{self.name}"

    @property
    def identifier(self) -> str:
        return identifier(self.database, self.name)

    @property
    def left_out(self) -> Optional[str]:
        """Why its rows are not part of what a backup holds, None where they are."""
        why = ELSEWHERE.get(self.engine.upper())
        return None if why is None else f"engine {self.engine}: {why}"

    @property
    def transactional(self) -> bool:
        return self.engine.upper() in TRANSACTIONAL


def databases(asks: Asks) -> List[str]:
    """Return the site's databases."""
    rows = asks.rows(
        f"SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ({literals(OWN)})"
        " ORDER BY schema_name"
    )
    return [row[0] for row in rows]


def encodings(asks: Asks, names: Sequence[str]) -> Dict[str, str]:
    """Return each database's character set and collation."""
    if not names:
        return {}
    rows = asks.rows(
        "SELECT schema_name, CONCAT(default_character_set_name, ' ', default_collation_name)"
        f" FROM information_schema.schemata WHERE schema_name IN ({literals(names)})"
    )
    return {row[0]: row[1] for row in rows}


def tables(asks: Asks, names: Sequence[str]) -> List[Table]:
    """Return the base tables of these databases, the largest first."""
    if not names:
        return []
    columns = _columns(asks, names)
    rows = asks.rows(
        "SELECT table_schema, table_name, COALESCE(engine, ''), COALESCE(data_length, 0) + COALESCE(index_length, 0)"
        f" FROM information_schema.tables WHERE table_schema IN ({literals(names)})"
        " AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')"
    )
    found = [Table(row[0], row[1], row[2], int(row[3]), tuple(columns.get((row[0], row[1]), ()))) for row in rows]
    return sorted(found, key=lambda table: (-table.bytes, table.title))


def _columns(asks: Asks, names: Sequence[str]) -> Dict[Tuple[str, str], List[Column]]:
    """A virtual column is computed when it is read, and the period of a versioned row is when it was loaded."""
    rows = asks.rows(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns"
        f" WHERE table_schema IN ({literals(names)}) AND extra NOT LIKE '%VIRTUAL GENERATED%'"
        " AND COALESCE(generation_expression, '') NOT IN ('ROW START', 'ROW END')"
        " ORDER BY table_schema, table_name, ordinal_position"
    )
    found: Dict[Tuple[str, str], List[Column]] = {}
    for database, table, column, kind in rows:
        found.setdefault((database, table), []).append(Column(column, kind))
    return found


def sequences(asks: Asks, names: Sequence[str]) -> Dict[str, int]:
    """Return the next value that each sequence has not handed to its cache."""
    if not names:
        return {}
    rows = asks.rows(
        "SELECT table_schema, table_name FROM information_schema.tables"
        f" WHERE table_schema IN ({literals(names)}) AND table_type = 'SEQUENCE' ORDER BY 1, 2"
    )
    if not rows:
        return {}
    values = asks.rows(
        ";\n".join(f"SELECT next_not_cached_value FROM {identifier(database, name)}" for database, name in rows)
    )
    return {f"{row[0]}.{row[1]}": int(value[0]) for row, value in zip(rows, values)}


def sequence_ranges(before: Mapping[str, int], after: Mapping[str, int]) -> Dict[str, Tuple[int, int]]:
    """Pure: where each sequence was while the backup was taken; one that came or went meanwhile is not told."""
    pairs = {name: (before[name], after[name]) for name in before if name in after}
    return {name: (min(pair), max(pair)) for name, pair in pairs.items()}


COUNTS = {
    "views": ("views", "table_schema", ""),
    "triggers": ("triggers", "trigger_schema", ""),
    "procedures": ("routines", "routine_schema", " AND routine_type = 'PROCEDURE'"),
    "functions": ("routines", "routine_schema", " AND routine_type = 'FUNCTION'"),
    "indexes": ("statistics", "table_schema", " AND seq_in_index = 1"),
    "foreign keys": ("referential_constraints", "constraint_schema", ""),
    "check constraints": ("check_constraints", "constraint_schema", ""),
}
"""{kind: (view of information_schema, its column with the database, what else has to hold)}."""


def objects(asks: Asks, names: Sequence[str]) -> Dict[str, int]:
    """Return how many there are of each kind; events as the server has stored them, also where none may run."""
    if not names:
        return {}
    within = literals(names)
    counts = [
        f"SELECT {literals([kind])}, COUNT(*) FROM information_schema.{view} WHERE {column} IN ({within}){also}"
        for kind, (view, column, also) in COUNTS.items()
    ]
    counts.append(f"SELECT 'events', COUNT(*) FROM mysql.event WHERE db IN ({within})")
    return {row[0]: int(row[1]) for row in asks.rows(";\n".join(counts))}
