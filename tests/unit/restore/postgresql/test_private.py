# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No value of a row comes into a finding, and the names that say where to look do."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Damaged, NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import blame, complaints
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.private import without_values

SECRET = "Zhang San"
ENTRY = "pg_restore: from TOC entry 3330; 0 16395 TABLE DATA patient postgres\npg_restore: error: "


def _pg_restore(text: str) -> str:
    (finding,) = complaints.findings(complaints.of_pg_restore(ENTRY + text))
    return finding.sentence


def _psql(text: str) -> str:
    return " ".join(finding.sentence for finding in complaints.findings(complaints.of_psql(text)))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            'COPY failed for table "patient": ERROR:  invalid input syntax for type integer: "Zhang San"\n'
            'CONTEXT:  COPY patient, line 7, column born: "Zhang San"',
            ['table "patient"', "COPY patient, line 7, column born", "type integer"],
        ),
        (
            'COPY failed for table "patient": ERROR:  missing data for column "born"\n'
            'CONTEXT:  COPY patient, line 7: "12\tZhang San\\twith ""quotes"""',
            ['column "born"', "COPY patient, line 7"],
        ),
        (
            'COPY failed for table "p": ERROR:  invalid input syntax for type json\n'
            'DETAIL:  Token "Zhang San" is invalid.\n'
            'CONTEXT:  JSON data, line 1: {"name": Zhang San\nCOPY p, line 3, column info: "{Zhang San}"',
            ["type json", "COPY p, line 3, column info"],
        ),
        (
            'could not execute query: ERROR:  could not create unique index "patient_pkey"\n'
            "DETAIL:  Key (id, lower(name))=(5, Zhang San) is duplicated.\n"
            "Command was: ALTER TABLE ONLY public.patient ADD CONSTRAINT patient_pkey PRIMARY KEY (id);",
            ['index "patient_pkey"', "key (id, lower(name))"],
        ),
        (
            'could not execute query: ERROR:  insert or update on table "visit" '
            'violates foreign key constraint "visit_fk"\n'
            'DETAIL:  Key (patient)=(Zhang San) is not present in table "patient".',
            ['table "visit"', 'constraint "visit_fk"', "key (patient)"],
        ),
        (
            'could not execute query: ERROR:  new row for relation "p" violates check constraint "adult"\n'
            "DETAIL:  Failing row contains (5, Zhang San).\nCommand was: INSERT INTO public.p VALUES (5, 'Zhang San');",
            ['relation "p"', 'constraint "adult"'],
        ),
        (
            "could not execute query: ERROR:  numeric field overflow\n"
            "Command was: INSERT INTO public.p VALUES (5, 'Zhang San');",
            ["numeric field overflow", "INSERT INTO public.p VALUES"],
        ),
        (
            "could not execute query: ERROR:  no record of Zhang San\n"
            "CONTEXT:  PL/pgSQL function f(text) line 3 at RAISE\n"
            "SQL statement \"SELECT f('Zhang San')\"",
            ["an exception of the site's own", "PL/pgSQL function f(text) line 3"],
        ),
    ],
)
def test_what_pg_restore_tells_of_rows_stays_out(text: str, kept: list[str]) -> None:
    found = _pg_restore(text)
    assert SECRET not in found
    assert "quotes" not in found
    assert [each for each in kept if each not in found] == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            'psql:<stdin>:9: ERROR:  syntax error at or near "Zhang San"\nLINE 1: 5\tZhang San\n        ^\n'
            "psql:<stdin>:9: STATEMENT:  5\tZhang San\tpenicillin",
            "syntax error",
        ),
        ("psql:<stdin>:9: ERROR:  syntax error\npsql:<stdin>:9: STATEMENT:  Zhang San\tDo not give it", "syntax error"),
        (
            "psql:<stdin>:9: error: invalid command \\nZhang\npsql:<stdin>:9: error: invalid command \\N",
            "invalid command",
        ),
        (
            "psql:<stdin>:9: ERROR:  numeric field overflow\n"
            "psql:<stdin>:9: STATEMENT:  INSERT INTO public.patient VALUES ('Zhang San');",
            "INSERT INTO public.patient",
        ),
    ],
)
def test_what_psql_takes_for_a_statement_may_be_a_row(text: str, kept: str) -> None:
    found = _psql(text)
    assert "Zhang" not in found
    assert kept in found


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('relation "b" does not exist', 'relation "b" does not exist'),
        ('column "a ""b" of relation "c" does not exist', 'column "a ""b" of relation "c" does not exist'),
        ('could not open file "base/5/1259": No such file', 'could not open file "base/5/1259": No such file'),
        (
            'item order invariant violated for index "visit_pkey"',
            'item order invariant violated for index "visit_pkey"',
        ),
        ('invalid locale name: "zh_CN.gbk"', 'invalid locale name: "zh_CN.gbk"'),
        ('value "Zhang "S" San" is out of range', 'value "..." is out of range'),
        ('invalid input value for enum mood: "Zhang', 'invalid input value for enum mood: "..."'),
        ('invalid input syntax for type integer: "Zhang "S" San', 'invalid input syntax for type integer: "..."'),
        ('invalid value "Zhang" for column "born"', 'invalid value "..."'),
        ("invalid page in block 7 of relation base/5/1", "invalid page in block 7 of relation base/5/1"),
    ],
)
def test_names_stay_and_values_do_not(line: str, told: str) -> None:
    assert without_values(line) == told


def test_an_assertions_failure_tells_no_row_either() -> None:
    with pytest.raises(Damaged) as caught:
        blame.raise_for("assertions", "it", "an answer", 'invalid input syntax for type integer: "Zhang San"')
    assert SECRET not in str(caught.value)


def test_a_row_that_speaks_of_memory_does_not_blame_the_host() -> None:
    error = 'ERROR:  extra data after last expected column\nCONTEXT:  COPY note, line 5: "patient is out of memory"\n'
    assert blame.host_blamed(error) is None
    with pytest.raises(NotRunnable):
        blame.raise_for("restore", "it", "good", f"{error}ERROR:  out of memory")
