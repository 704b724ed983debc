# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inner structure of a restored copy of files: heaps, indexes against their tables, and page checksums."""

from __future__ import annotations

import itertools
from concurrent.futures import Executor
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import STRUCTURE, Finding, NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import quiet
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.blame import host_blamed
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.private import without_values
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    Client,
    QueryFailed,
    identifier,
)

HEAPS_SINCE, GIN_SINCE = 14, 18
"""Versions whose amcheck looks at heaps, and at GIN indexes."""
SETTINGS = """SET search_path = pg_catalog; SET statement_timeout = 0; SET lock_timeout = 0; SET jit = off;
SET maintenance_work_mem = {memory}; SET client_min_messages = error;
"""
SHOWN = 10
SMALL_BYTES, BATCH = 1 << 20, 100
RELATIONS = """SELECT c.oid, format('%I.%I', n.nspname, c.relname),
  CASE c.relkind WHEN 'S' THEN 'sequence' ELSE coalesce(a.amname, 'heap') END,
  pg_relation_size(c.oid) + CASE WHEN c.relkind = 'i' THEN coalesce(pg_relation_size(i.indrelid), 0) ELSE 0 END,
  coalesce(i.indisvalid AND i.indisready AND i.indislive, true)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relkind IN ('r', 'm', 't', 'S', 'i') AND c.relpersistence = 'p'
  AND (c.relisshared = false OR current_database() = (SELECT min(datname) FROM pg_database WHERE datallowconn))
ORDER BY 4 DESC"""
"""Catalogs too: a damaged one is found by nothing else. What all databases share is looked at once."""


HELPERS = ("amcheck", "pg_prewarm")
OLDER, MISSING, ABSENT = "older", "missing", "absent"
EXTENSIONS = f"""SELECT h.name, coalesce(n.nspname, ''), CASE WHEN e.oid IS NULL THEN '{ABSENT}'
  WHEN a.default_version IS NULL THEN '{MISSING}' WHEN a.default_version <> e.extversion THEN '{OLDER}' ELSE '' END
FROM (VALUES {", ".join(f"('{name}')" for name in HELPERS)}) AS h(name)
LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = h.name
LEFT JOIN pg_catalog.pg_extension e ON e.extname = h.name LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.oid IS NOT NULL OR a.name IS NOT NULL"""
"""Those that the database has, and in which state compared with what this host has, or that only this host has."""


class Relation(NamedTuple):
    """A table or an index of one database; ``bytes`` is what is read to check it."""

    database: str
    oid: int
    name: str
    method: str
    bytes: int
    valid: bool

    @property
    def title(self) -> str:
        kind = self.method if self.method == "sequence" else "table" if self.method == "heap" else "index"
        return f"{kind} {self.database}:{self.name}"


class Tools(NamedTuple):
    """The schema of each extension that helps, by name, in one database."""

    schemas: Dict[str, str]
    made: Tuple[str, ...]


class Result(NamedTuple):
    """What was found, how many relations were checked how, and what could not be."""

    findings: Tuple[Finding, ...]
    proven: Tuple[str, ...]
    unproven: Tuple[str, ...]


class Opened(NamedTuple):
    """A database that can be checked: by what, and what there is to check."""

    tools: Tools
    relations: List[Relation]


def check(
    client: Client,
    databases: Sequence[str],
    version: int,
    sessions: Executor,
    session_memory: int,
    then: Callable[[], None] = lambda: None,
) -> Result:
    """Check all relations of the databases by so many sessions; QueryFailed where they cannot be listed.

    ``session_memory``: bytes that each may take. ``then`` is called once all work has been given to the sessions: what
    it gives to them comes after it, so that none of them waits for the last relation.
    """
    opened = dict(zip(databases, sessions.map(lambda name: _open(client, name), databases)))
    tools = {name: each.tools for name, each in opened.items()}
    work = sorted((each for one in opened.values() for each in one.relations), key=lambda each: -each.bytes)
    beginning = SETTINGS.format(memory=f"'{session_memory >> 10}kB'")
    checked = sessions.map(
        lambda batch: _checked(client, batch, tools[batch[0].database], version, beginning), batches(work)
    )
    shown = sessions.map(lambda name: client.value(name, "SHOW data_checksums"), databases[:1])
    then()
    try:
        findings = tuple(itertools.chain.from_iterable(checked))
    finally:
        for name, there in tools.items():
            _remove(client, name, there.made)
    told = findings[:SHOWN]
    if len(findings) > SHOWN:
        told += (Finding(STRUCTURE, f"{len(findings) - SHOWN} more errors", "none", "found"),)
    return Result(told, _proven(work, version, tools, told), _unproven(work, version, tools, list(shown) == ["on"]))


def _open(client: Client, database: str) -> Opened:
    tools = _tools(client, database)
    return Opened(tools, relations(client, database))


def relations(client: Client, database: str) -> List[Relation]:
    """Return what has pages of its own, the largest first."""
    rows = client.rows(database, f"SET search_path = pg_catalog;\n{RELATIONS};")
    return [Relation(database, int(oid), name, how, int(size), ok == "t") for oid, name, how, size, ok in rows]


def _tools(client: Client, database: str) -> Tools:
    """Have the extensions that check; one that the site has is used where it is."""
    there = client.rows(database, f"{EXTENSIONS};")
    made = tuple(name for name, _schema, state in there if state == ABSENT)
    # Of a server that was upgraded: it lacks functions that this version has.
    older = [f"ALTER EXTENSION {name} UPDATE;" for name, _schema, state in there if state == OLDER]
    changes = [*older, *(f"CREATE EXTENSION {name} WITH SCHEMA pg_catalog;" for name in made)]
    if changes:
        quiet.change(client, database, "\n".join(changes))
    schemas = {name: schema for name, schema, state in there if state in ("", OLDER)}
    return Tools({**schemas, **dict.fromkeys(made, "pg_catalog")}, made)


def _remove(client: Client, database: str, made: Sequence[str]) -> None:
    """What is there only to check must not count as the site's."""
    if made:
        quiet.change(client, database, f"DROP EXTENSION {', '.join(made)};")


def batches(work: Sequence[Relation]) -> List[Tuple[Relation, ...]]:
    """Pure: what one session checks at a time: a large relation, or many small ones of a database."""
    large = [(each,) for each in work if each.bytes > SMALL_BYTES]
    together: List[Tuple[Relation, ...]] = []
    for database in sorted({each.database for each in work}):
        small = [each for each in work if each.database == database and each.bytes <= SMALL_BYTES]
        together += [tuple(small[first : first + BATCH]) for first in range(0, len(small), BATCH)]
    return [*large, *together]


def _checked(client: Client, batch: Tuple[Relation, ...], tools: Tools, version: int, beginning: str) -> List[Finding]:
    """Return the errors of a batch; where the server breaks one off with an error, each is looked at alone."""
    statements = {each: check_sql(each, tools.schemas, version) for each in batch}
    script = "".join(f"{sql}\n" for sql in statements.values() if sql)
    if not script:
        return []
    try:
        rows = client.rows(batch[0].database, beginning + script)
    except QueryFailed as error:
        if len(batch) > 1:
            return [found for each in batch for found in _checked(client, (each,), tools, version, beginning)]
        if not error.reached:
            raise
        reason = host_blamed(error.complaint)
        if reason is not None:
            raise NotRunnable(reason) from error
        return [Finding(STRUCTURE, batch[0].title, "sound", without_values(error.complaint))]
    titles = {str(each.oid): each.title for each in batch}
    return [Finding(STRUCTURE, titles[oid], "sound", message) for oid, message in rows if message]


def check_sql(relation: Relation, schemas: Dict[str, str], version: int) -> Optional[str]:
    """Pure: what checks one relation, a row for each error; None where nothing here can."""
    check_schema = identifier(schemas["amcheck"]) if "amcheck" in schemas else None
    call, error = _call(relation, check_schema, version)
    if call is not None:
        return f"SELECT {relation.oid}, {error} FROM {call} AS found LIMIT {SHOWN};"
    if "pg_prewarm" in schemas:
        # Pages that are read into the server's cache are compared with their checksums.
        read = f"{identifier(schemas['pg_prewarm'])}.pg_prewarm({relation.oid}::regclass, 'buffer')"
        return f"SELECT {relation.oid}, NULL FROM (SELECT {read}) AS pages;"
    return None


def _call(relation: Relation, schema: Optional[str], version: int) -> Tuple[Optional[str], str]:
    """Return amcheck's function for a relation, and what of its rows is an error; those for indexes raise instead."""
    if schema is None or not relation.valid:
        return None, "NULL"
    if relation.method == "heap" and version >= HEAPS_SINCE:
        where = "'page ' || blkno || coalesce(', row ' || offnum, '') || coalesce(', column ' || attnum, '')"
        return f"{schema}.verify_heapam({relation.oid}::regclass, check_toast => true)", f"{where} || ': ' || msg"
    if relation.method == "btree":
        return f"{schema}.bt_index_parent_check({relation.oid}::regclass, true)", "NULL"
    if relation.method == "gin" and version >= GIN_SINCE:
        return f"{schema}.gin_index_check({relation.oid}::regclass)", "NULL"
    return None, "NULL"


def _proven(
    work: Sequence[Relation], version: int, tools: Dict[str, Tools], findings: Sequence[Finding]
) -> Tuple[str, ...]:
    if findings or not all("amcheck" in each.schemas for each in tools.values()):
        return ()
    indexes = sum(1 for each in work if each.method == "btree" and each.valid)
    heaps = sum(1 for each in work if each.method == "heap")
    tables = f"{heaps} tables are sound, and " if version >= HEAPS_SINCE else ""
    return (f"{tables}{indexes} B-tree indexes have an entry for every row",)


def _unproven(work: Sequence[Relation], version: int, tools: Dict[str, Tools], checksums: bool) -> Tuple[str, ...]:
    told = []
    without = [name for name, there in tools.items() if "amcheck" not in there.schemas]
    if without:
        told.append(
            f"tables and indexes of {', '.join(without)}: amcheck is not on this host; install postgresql-contrib"
        )
    elif version < HEAPS_SINCE:
        told.append(f"tables: amcheck looks at them since version {HEAPS_SINCE}")
    others = sum(
        1 for each in work if each.method not in ("heap", "btree", "sequence") and not _gin_checked(each, version)
    )
    if others:
        read = checksums and all("pg_prewarm" in each.schemas for each in tools.values())
        kept = "that they fit their tables" if read else "anything"
        told.append(f"{others} indexes of other kinds than B-tree: {kept}, as amcheck does not know them")
    if not checksums:
        told.append("that pages are as they were written: the server has no page checksums")
    return tuple(told)


def _gin_checked(relation: Relation, version: int) -> bool:
    return relation.method == "gin" and version >= GIN_SINCE
