# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database holds by name: its tables with their sizes, its sequences, and how many objects of each kind."""

from __future__ import annotations

import json
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.row_hash import Column
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Client

OURS = """n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(toast_)?temp_'"""
"""Schemas of the site. Temporary tables end with their session."""
EXTENSION_OF = """(SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE d.classid = '{catalog}'::pg_catalog.regclass AND d.objid = {oid} AND d.deptype = 'e'
  AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass LIMIT 1)"""
PIN = "SET search_path = pg_catalog;\n"

TABLES = f"""SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind, c.relpersistence, c.relispopulated,
  pg_catalog.pg_table_size(c.oid), pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int,
  coalesce({EXTENSION_OF.format(catalog="pg_catalog.pg_class", oid="c.oid")}, ''),
  CASE WHEN NOT c.relispartition AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid) THEN
    (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
     FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) ELSE '' END,
  (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(pg_catalog.quote_ident(a.attname),
      CASE WHEN b.typnamespace = 'pg_catalog'::pg_catalog.regnamespace THEN b.typname ELSE '' END)
      ORDER BY a.attname COLLATE "C"), '[]')
   FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
   JOIN pg_catalog.pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'f') AND {OURS} ORDER BY 1"""

SEQUENCES = """SELECT pg_catalog.format('%I.%I', s.schemaname, s.sequencename),
  coalesce(s.last_value::numeric, s.start_value::numeric - s.increment_by), s.increment_by, c.relpersistence
FROM pg_catalog.pg_sequences s JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.sequencename WHERE c.relkind = 'S' ORDER BY 1"""

RELATIONS = {
    "r": "tables",
    "p": "partitioned tables",
    "v": "views",
    "m": "materialized views",
    "S": "sequences",
    "f": "foreign tables",
}
CONSTRAINTS = {
    "c": "check constraints",
    "f": "foreign keys",
    "p": "primary keys",
    "u": "unique constraints",
    "x": "exclusion constraints",
}
"""NOT NULL is no constraint of its own before version 18, and a constraint trigger counts as a trigger."""


class Table(NamedTuple):
    """A table that holds rows. ``bytes`` with what is stored beside it, ``pages`` of its main file.

    ``columns``: in this order rather than the table's, as a child table's order changes through a dump.
    ``extension``: to which it belongs. ``why_not``: why its content is not compared, empty where it is.
    ``known``: all columns, by name.
    """

    name: str
    kind: str
    bytes: int
    pages: int
    columns: str
    extension: str
    why_not: str
    known: Tuple[Column, ...] = ()


class Sequence(NamedTuple):
    """A sequence: the number it gave last, by how much it goes on, and whether it outlives a crash."""

    name: str
    last: int
    increment: int
    logged: bool


def databases(client: Client, database: str = "postgres") -> Tuple[str, ...]:
    """Return the databases that can be connected to, by name; templates too where they can."""
    sql = "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND datname <> 'template0' ORDER BY 1"
    return tuple(row[0] for row in client.rows(database, sql))


def tables(client: Client, database: str, *, physical: bool, preamble: str = "", ending: str = "") -> Tuple[Table, ...]:
    """Return all tables with rows of their own, by name; ``preamble`` begins the transaction they are read in."""
    rows = client.rows(database, f"{preamble}{PIN}{TABLES};\n{ending}")
    return tuple(table(row, physical=physical) for row in rows)


def table(row: Tuple[str, ...], *, physical: bool) -> Table:
    """Pure: one row of TABLES."""
    name, kind, persistence, populated, size, pages, extension, columns, known = row
    why_not = _why_not(kind, persistence, populated == "t", extension, physical)
    all_columns = tuple(Column(*pair) for pair in json.loads(known))
    return Table(name, kind, int(size), int(pages), columns, extension, why_not, all_columns)


def _why_not(kind: str, persistence: str, populated: bool, extension: str, physical: bool) -> str:
    if kind == "f":
        return "a foreign table: its rows are another server's"
    if kind == "m" and not physical:
        return "a materialized view: a dump holds its query, and restoring it computes its rows anew"
    if kind == "m" and not populated:
        return "a materialized view that was never filled"
    if persistence == "u" and physical:
        return "an unlogged table: a physical backup holds no rows of it"
    if extension and not physical:
        return f"a table of the extension {extension}: a dump holds of it what the extension says"
    return ""


def sequences(
    client: Client, database: str, *, physical: bool, preamble: str = "", ending: str = ""
) -> Dict[str, Sequence]:
    """Return all sequences; without those that a physical backup starts anew."""
    rows = client.rows(database, f"{preamble}{PIN}{SEQUENCES};\n{ending}")
    found = (Sequence(name, int(last), int(by), kept == "p") for name, last, by, kept in rows)
    return {one.name: one for one in found if one.logged or not physical}


def sequence_ranges(
    before: Mapping[str, Sequence], after: Mapping[str, Sequence], *, physical: bool
) -> Dict[str, Tuple[int, int]]:
    """Return within which numbers a restored sequence must be, from readings before and after the backup's snapshot.

    WAL holds the number 32 steps ahead (SEQ_LOG_VALS of the server), so that after a recovery a sequence may be there.
    """
    ahead = 32 if physical else 0
    ranges = {}
    for name in sorted(set(before) & set(after)):
        ends = (before[name].last, after[name].last, after[name].last + ahead * after[name].increment)
        ranges[name] = (min(ends), max(ends))
    return ranges


def objects(client: Client, database: str, *, physical: bool, preamble: str = "", ending: str = "") -> Dict[str, int]:
    """Return how many objects of each kind the site has; what is an extension's own may differ between versions."""
    rows = client.rows(database, f"{preamble}{PIN}{_counts(physical)};\n{ending}")
    return {kind: int(count) for kind, count in rows if kind}


def _counts(physical: bool) -> str:
    parts = [
        _count_by_code("c.relkind", RELATIONS, "pg_class c", "c.relnamespace", ("pg_catalog.pg_class", "c.oid")),
        _count_by_code("k.contype", CONSTRAINTS, "pg_constraint k", "k.connamespace", None),
        _count("indexes", _INDEXES, "c.relnamespace", ("pg_catalog.pg_class", "i.indrelid"), _valid(physical)),
        _count("triggers", _TRIGGERS, "c.relnamespace", None, "NOT t.tgisinternal"),
        _count("rules", _RULES, "c.relnamespace", ("pg_catalog.pg_class", "c.oid"), "r.rulename <> '_RETURN'"),
        _count("functions", "pg_proc p", "p.pronamespace", ("pg_catalog.pg_proc", "p.oid"), "true"),
        _count("row policies", _POLICIES, "c.relnamespace", None, "true"),
        "SELECT 'extensions', count(*) FROM pg_catalog.pg_extension",
        "SELECT 'event triggers', count(*) FROM pg_catalog.pg_event_trigger e WHERE "
        + EXTENSION_OF.format(catalog="pg_catalog.pg_event_trigger", oid="e.oid")
        + " IS NULL",
        "SELECT 'large objects', count(*) FROM pg_catalog.pg_largeobject_metadata",
    ]
    return "\nUNION ALL ".join(parts)


_INDEXES = "pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid"
_TRIGGERS = "pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
_RULES = "pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class"
_POLICIES = "pg_policy y JOIN pg_catalog.pg_class c ON c.oid = y.polrelid"


def _valid(physical: bool) -> str:
    """pg_dump leaves invalid indexes out."""
    return "true" if physical else "(i.indisvalid OR c.relkind = 'p')"


def _site(schema: str, member: Optional[Tuple[str, str]]) -> str:
    of = EXTENSION_OF.format(catalog=member[0], oid=member[1]) if member else "NULL"
    return f"JOIN pg_catalog.pg_namespace n ON n.oid = {schema} AND {OURS} AND {of} IS NULL"


def _count(kind: str, source: str, schema: str, member: Optional[Tuple[str, str]], condition: str) -> str:
    return f"SELECT '{kind}', count(*) FROM pg_catalog.{source} {_site(schema, member)} WHERE {condition}"


def _count_by_code(
    code: str, names: Mapping[str, str], source: str, schema: str, member: Optional[Tuple[str, str]]
) -> str:
    pairs: List[str] = [f"('{letter}', '{name}')" for letter, name in names.items()]
    counted = f"SELECT {code}::text AS code, count(*) AS n FROM pg_catalog.{source} {_site(schema, member)} GROUP BY 1"
    return (
        f"SELECT names.name, coalesce(counted.n, 0) FROM (VALUES {', '.join(pairs)}) AS names(code, name)"
        f" LEFT JOIN ({counted}) AS counted ON counted.code = names.code"
    )
