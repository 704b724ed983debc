# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database holds: every page read once, every table named, and no figure that a break could fake."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import content, inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import (
    Reading,
    Unreadable,
    content_of,
    method_for,
    parts,
    query,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.inventory import Sequence as Numbers
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.inventory import (
    Table,
    sequence_ranges,
    table,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.row_hash import (
    ACROSS_MAJORS,
    COLUMNS,
    FAST,
    FORMS,
    Column,
    hash_sql,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    FIELD,
    RECORD,
    Address,
    Client,
    QueryFailed,
    failure,
    rows_of,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.postgresql.fake_host import FakeHost

MIB = 1 << 20


def _table(name: str, pages: int, columns: str = "") -> Table:
    return Table(name, "r", pages * 8192, pages, columns, "", "")


def _ranges(sql: str) -> tuple[int, int | None]:
    first = re.search(r"ctid >= '\((\d+),0\)'", sql)
    last = re.search(r"ctid < '\((\d+),0\)'", sql)
    return int(first.group(1)) if first else 0, int(last.group(1)) if last else None


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=12), st.integers(1, 8), st.booleans())
def test_every_page_is_read_exactly_once(pages: list[int], jobs: int, ranges: bool) -> None:
    tables = [_table(f"t{number}", count) for number, count in enumerate(pages)]
    read: dict[str, list[tuple[int, int | None]]] = {}
    for part in parts(tables, FAST, jobs, ranges=ranges):
        for name, sql in zip(part.names, part.queries, strict=True):
            read.setdefault(name, []).append(_ranges(sql))
    assert set(read) == {table.name for table in tables}
    for bounds in read.values():
        bounds.sort(key=lambda bound: bound[0])
        assert bounds[0][0] == 0
        # A table may have grown since its size was read: its last range has no end.
        assert bounds[-1][1] is None
        assert all(before[1] == after[0] for before, after in itertools.pairwise(bounds))


def test_the_largest_part_comes_first_and_none_keeps_one_session_busy_alone() -> None:
    tables = [_table("large", 100_000), _table("small", 10)]
    found = parts(tables, FAST, 2, ranges=True)
    sizes = [part.bytes for part in found]
    assert sizes == sorted(sizes, reverse=True)
    assert max(sizes) <= sum(table.bytes for table in tables) / 8


def test_before_version_14_a_table_is_read_in_one_pass() -> None:
    assert len(parts([_table("large", 100_000)], FAST, 2, ranges=False)) == 1


def test_a_child_table_is_read_by_its_columns_names() -> None:
    """A dump restores the columns of a child in another order than ALTER TABLE made them."""
    assert "ROW(a, b)::text" in query(_table("child", 1, "a, b"), FAST)
    assert "(whole_row.*)::text" in query(_table("plain", 1), FAST)
    assert "md5" in query(_table("plain", 1), ACROSS_MAJORS)


@pytest.mark.parametrize(
    ("row", "physical", "why"),
    [
        (("public.a", "r", "p", "t"), False, ""),
        (("public.a", "f", "p", "t"), True, "foreign"),
        (("public.a", "m", "p", "t"), False, "computes its rows anew"),
        (("public.a", "m", "p", "t"), True, ""),
        (("public.a", "m", "p", "f"), True, "never filled"),
        (("public.a", "r", "u", "t"), True, "unlogged"),
        (("public.a", "r", "u", "t"), False, ""),
    ],
)
def test_what_is_not_compared_says_why(row: tuple[str, ...], physical: bool, why: str) -> None:
    found = table((*row, "8192", "1", "", "", "[]"), physical=physical)
    assert (why in found.why_not) if why else found.why_not == ""


def test_a_table_of_an_extension_is_compared_in_a_copy_of_files_only() -> None:
    row = ("cron.job", "r", "p", "t", "8192", "1", "pg_cron", "", "[]")
    assert "pg_cron" in table(row, physical=False).why_not
    assert table(row, physical=True).why_not == ""


def test_a_sequence_may_be_anywhere_it_was_and_32_steps_ahead_after_a_recovery() -> None:
    before = {
        "up": Numbers("up", 10, 2, True),
        "down": Numbers("down", -5, -1, True),
        "gone": Numbers("gone", 1, 1, True),
    }
    after = {"up": Numbers("up", 14, 2, True), "down": Numbers("down", -9, -1, True)}
    assert sequence_ranges(before, after, physical=False) == {"down": (-9, -5), "up": (10, 14)}
    assert sequence_ranges(before, after, physical=True) == {"down": (-41, -5), "up": (10, 78)}


def test_a_name_may_hold_the_end_of_a_line() -> None:
    assert rows_of(f"a\nb{FIELD}1{RECORD}c{FIELD}{RECORD}") == [("a\nb", "1"), ("c", "")]
    assert rows_of("") == []


def test_a_complaint_is_the_servers_own() -> None:
    found = failure(Answer(3, "", "psql:<stdin>:3: ERROR:  XX001: invalid page in block 7\nLOCATION:  x, bufmgr.c\n"))
    assert (found.complaint, found.sqlstate, found.reached) == ("invalid page in block 7", "XX001", True)
    lost = failure(Answer(2, "", 'psql: error: connection to server on socket "/s" failed: No such file\n'))
    assert not lost.reached


KNOWN = '[["id", "int8"], ["name", "text"]]'


class Database(FakeHost):
    """Answers psql: an inventory, and sums for each query; tables named in ``broken`` fail."""

    def __init__(self, tables: Sequence[str], broken: Mapping[str, str]) -> None:
        super().__init__()
        self.tables, self.broken = tables, broken
        self.version = "150018"
        self.scripts: list[str] = []

    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        self.scripts.append(stdin)
        if "server_version_num" in stdin:
            return _rows([(self.version,)])
        if "relpersistence, c.relispopulated" in stdin:
            return _rows([(name, "r", "p", "t", str(16 * MIB), "2048", "", "", KNOWN) for name in self.tables])
        if "whole_row" in stdin:
            return self._sums(stdin)
        return _rows([])

    def _sums(self, script: str) -> Answer:
        names = re.findall(r"FROM ONLY (\S+) whole_row", script)
        failing = next((name for name in names if name in self.broken), None)
        if failing is not None:
            return Answer(3, "", f"psql:<stdin>:9: ERROR:  XX001: {self.broken[failing]}\n")
        return _rows([(name, "5", "-7") for name in names])


def _rows(rows: Sequence[tuple[str, ...]]) -> Answer:
    return Answer(0, "".join(FIELD.join(row) + RECORD for row in rows), "")


def test_the_parts_of_a_table_are_put_together() -> None:
    host = Database(["public.a", "public.b"], {})
    found = content_of(Client(host, Address()), "his", Reading(jobs=2))
    count = sum("FROM ONLY public.a whole_row" in script for script in host.scripts)
    assert count > 1
    assert found.tables["public.a"] == {"rows": 5 * count, "hash": str(-7 * count)}
    assert found.method == COLUMNS


@pytest.mark.parametrize(
    ("wanted", "version", "used"),
    [
        (COLUMNS, "140000", COLUMNS),
        (COLUMNS, "130010", FAST),
        (FAST, "150018", FAST),
        (ACROSS_MAJORS, "130010", ACROSS_MAJORS),
        ("postgresql-of-a-later-release-9", "180001", FAST),
    ],
)
def test_a_server_is_read_by_the_manifests_method_or_by_one_that_it_can_do(
    wanted: str, version: str, used: str
) -> None:
    host = Database(["public.a"], {})
    host.version = version
    assert content_of(Client(host, Address()), "his", Reading(method=wanted)).method == used
    assert method_for(wanted, int(version)) == used
    hashed = "\n".join(script for script in host.scripts if "whole_row" in script)
    assert ("hash_record_extended" in hashed) == (used == COLUMNS)
    assert ("md5" in hashed) == (used == ACROSS_MAJORS)


def test_a_column_is_hashed_by_its_type_and_any_other_type_as_text() -> None:
    known = [Column("id", "int8"), Column('"Name"', "text"), Column("mood", ""), Column("tags", "_text")]
    sql = hash_sql(COLUMNS, "", known)
    assert "ROW(pg_catalog.int8send(whole_row.id), " in sql
    assert 'whole_row."Name"::pg_catalog.text COLLATE pg_catalog."C"' in sql
    assert "pg_catalog.textin(pg_catalog.array_out(whole_row.tags))" in sql
    assert 'ROW(whole_row.mood)::pg_catalog.text COLLATE pg_catalog."C"' in sql


def test_the_hash_of_a_row_is_no_sum_of_its_columns() -> None:
    """Sums over rows of what is itself a sum do not notice values that changed their rows."""
    assert hash_sql(COLUMNS, "", [Column("id", "int8")]).startswith("pg_catalog.hashint4extended(0, ")


def test_a_table_without_columns_still_has_a_text() -> None:
    assert "(whole_row.*)::text" in hash_sql(COLUMNS, "", [])


@pytest.mark.parametrize("kind", ["numeric", "interval", "int8", "timestamptz", "float8", "json", "jsonb", "bpchar"])
def test_what_its_own_hash_takes_for_equal_is_never_hashed_as_it_is(kind: str) -> None:
    assert FORMS[kind] != "{0}"


def test_every_table_that_cannot_be_read_is_named_and_the_others_are_read() -> None:
    host = Database(["public.a", "public.b", "public.c"], {"public.a": "invalid page", "public.c": "missing chunk"})
    with pytest.raises(Unreadable) as caught:
        content_of(Client(host, Address()), "his", Reading(jobs=1))
    assert caught.value.failures == {"public.a": "invalid page", "public.c": "missing chunk"}
    assert any("FROM ONLY public.b" in script for script in host.scripts)


def test_every_reading_is_of_the_snapshot_and_pins_what_a_rows_text_depends_on() -> None:
    host = Database(["public.a"], {})
    content_of(Client(host, Address()), "his", Reading(snapshot="00000003-1B-1"))
    hashed = [script for script in host.scripts if "whole_row" in script]
    assert hashed
    for script in hashed:
        assert "SET TRANSACTION SNAPSHOT '00000003-1B-1';" in script
        assert all(
            f"SET {name} = " in script for name in ("TimeZone", "DateStyle", "bytea_output", "extra_float_digits")
        )
        assert (
            script.index("SET TimeZone") < script.index("BEGIN") < script.index("SNAPSHOT") < script.index("whole_row")
        )


def test_a_server_that_is_gone_is_no_damaged_table() -> None:
    class Gone(FakeHost):
        def run(
            self,
            command: Sequence[str],
            *,
            user: str | None = None,
            timeout: float = 30.0,
            stdin: str = "",
            environment: Mapping[str, str] | None = None,
        ) -> Answer:
            return Answer(2, "", "psql: error: connection failed: No such file or directory\n")

    with pytest.raises(QueryFailed) as caught:
        content_of(Client(Gone(), Address()), "his", Reading())
    assert not caught.value.reached


def test_databases_of_a_cluster_are_told_apart() -> None:
    one = Content(FAST, tables={"public.a": {"rows": 1, "hash": "2"}}, sequences={"public.s": (1, 2)})
    found = content.joined({"his": one, "lab": one})
    assert set(found.tables) == {"his:public.a", "lab:public.a"}
    assert found.sequences["lab:public.s"] == (1, 2)


def test_an_index_that_a_dump_leaves_out_is_not_counted_for_one() -> None:
    assert "i.indisvalid" in inventory._counts(physical=False)
    assert "i.indisvalid" not in inventory._counts(physical=True)
