# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL itself takes for equal, or hashes alike, and a dump would not: rows that are hashed by columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import Reading, content_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.row_hash import (
    ACROSS_MAJORS,
    COLUMNS,
    FAST,
)

from tests.lab.take.server import Server

DATABASE = "alike"
TYPES = """CREATE TYPE mood AS ENUM ('sad', 'well'); CREATE TYPE pair AS (a numeric, b text);
CREATE DOMAIN exact AS numeric; CREATE DOMAIN exacter AS exact; CREATE EXTENSION citext;
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN small AS smallint; CREATE DOMAIN loosely AS text COLLATE loose; CREATE DOMAIN many AS numeric[];
"""
ALIKE = [
    ("v numeric", "1.0", "1.00"),
    ("v numeric", "1", "-1"),
    ("v numeric", "'NaN'", "0"),
    ("v numeric", "0", "NULL"),
    ("v bigint", "1", "4294967296"),
    ("v bigint", "-1", "4294967295"),
    ("v float8", "'0'", "'-0'"),
    ("v float8", "0.1", "0.10000000000000002"),
    ("v float4", "'NaN'", "'Infinity'"),
    ("v timestamptz", "'2024-01-01'", "'2024-01-01 01:11:34.967297'"),
    ("v timestamp", "'infinity'", "'-infinity'"),
    ("v timetz", "'10:00+00'", "'11:00+01'"),
    ("v interval", "'1 month'", "'30 days'"),
    ("v interval", "'24:00'", "'1 day'"),
    ("v text", "''", "NULL"),
    ("v text", "'a'", "'a '"),
    ("v char(3)", "'a'", "'b'"),
    ("v citext", "'a'", "'A'"),
    ("v loosely", "'a'", "'A'"),
    ("v bytea", "'\\x00'", "'\\x0000'"),
    ("v json", """'{"a":1}'""", """'{"a": 1}'"""),
    ("v jsonb", """'{"a":1.0}'""", """'{"a":1.00}'"""),
    ("v text[]", "'{a,b}'", "'{{a,b}}'"),
    ("v text[]", "'{a,NULL}'", "'{a,\"NULL\"}'"),
    ("v text[]", "'{a,b}'", "'[0:1]={a,b}'"),
    ("v numeric[]", "'{1.0}'", "'{1.00}'"),
    ("v many", "'{1.0}'", "'{1.00}'"),
    ("v numrange", "'[1.0,2)'", "'[1.00,2)'"),
    ("v tstzrange", "'[2024-01-01,)'", "'[2024-01-01,infinity)'"),
    ("v mood", "'sad'", "'well'"),
    ("v pair", "'(1.0,a)'", "'(1.00,a)'"),
    ("v small", "1", "2"),
    ("v exact", "1.0", "1.00"),
    ("v exacter", "1.0", "1.00"),
    ("v inet", "'10.0.0.1/24'", "'10.0.0.1'"),
    ("v bit(3)", "'101'", "'100'"),
    ("v bool", "true", "NULL"),
    # Values that changed their columns, and, of several rows, their rows.
    ("v bigint, w bigint", "1, 2", "2, 1"),
    ("v text, w text", "'a', NULL", "NULL, 'a'"),
    ("v bigint, w text", "1, 'a'), (2, 'b'", "1, 'b'), (2, 'a'"),
    ("v int, w date", "1, '2024-01-01'), (2, '2025-01-01'", "1, '2025-01-01'), (2, '2024-01-01'"),
    ("v numeric, w mood", "1, 'sad'), (2, 'well'", "1, 'well'), (2, 'sad'"),
]
SIDES = ("one", "other", "again")


@pytest.fixture(scope="module")
def found(server: Server) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    """The tables of a database, each pair as `one_N` and `other_N`, and the first once more as `again_N`."""
    server.sql(f"CREATE DATABASE {DATABASE}", "postgres")
    made = [TYPES]
    for number, (columns, one, other) in enumerate(ALIKE):
        for side, values in zip(SIDES, (one, other, one), strict=True):
            made.append(f"CREATE TABLE {side}_{number} ({columns}); INSERT INTO {side}_{number} VALUES ({values});")
    server.client.rows(DATABASE, "\n".join(made))
    yield content_of(server.client, DATABASE, Reading()).tables
    server.sql(f"DROP DATABASE {DATABASE}", "postgres")


@pytest.mark.parametrize("number", range(len(ALIKE)), ids=[f"{columns}: {one}" for columns, one, _other in ALIKE])
def test_rows_that_differ_as_text_have_another_hash(found: Mapping[str, Mapping[str, Any]], number: int) -> None:
    one, other, again = (found[f"public.{side}_{number}"] for side in SIDES)
    assert one["hash"] != other["hash"]
    assert one == again


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("method", [COLUMNS, FAST, ACROSS_MAJORS])
def test_a_table_is_hashed_alike_however_it_is_read(server: Server, method: str) -> None:
    """In one part or in several, and by the method that its manifest names."""
    read = [content_of(server.client, "his", Reading(method=method, jobs=jobs)) for jobs in (1, 8)]
    assert [each.method for each in read] == [method, method]
    assert read[0].tables["public.patient"] == read[1].tables["public.patient"]
