# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one row of a table becomes a number, by each method that a manifest may name.

Of 1 GB of a hospital's rows, CPU time of one session on PostgreSQL 15: text 10.4 s, of which 9.9 s make the text;
columns 4.0 s; to read the rows alone takes 0.6 s.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

COLUMNS, FAST, ACROSS_MAJORS = "postgresql-columns-1", "postgresql-hashtextextended-1", "postgresql-md5-1"
"""Names of the methods. Figures of the first two hold within one major version; the last two hash a row's text."""
TEXT_HASHES = {
    FAST: "pg_catalog.hashtextextended({row}, 0)",
    ACROSS_MAJORS: "('x' || pg_catalog.substr(pg_catalog.md5({row}), 1, 16))::bit(64)::bigint",
}
SINCE: Mapping[str, int] = {COLUMNS: 140000, FAST: 110000, ACROSS_MAJORS: 0}
"""The first version, as server_version_num has it, that can do each method."""

_PLAIN, _SENT, _TEXT = "{0}", "pg_catalog.{1}({0})", "pg_catalog.textin(pg_catalog.{1}({0}))"
_CHARACTERS = '{0}::pg_catalog.text COLLATE pg_catalog."C"'


class Column(NamedTuple):
    """A column's name as SQL takes it, and its type: that of pg_catalog on which it is based, empty for any other."""

    name: str
    type: str


def _forms() -> Dict[str, str]:
    """Return how a column of a type goes into the row that is hashed: so that what differs as text differs there.

    As it is only where its own hash tells all values apart. The hash of bigint and of times folds 64 bits to 32, that
    of numeric knows neither sign nor scale, that of interval takes a month for 30 days: their binary form is hashed.
    Not that of floating point, as NaN has many there, and not those that depend on the client's encoding, or hold
    OIDs, which a dump does not keep.
    """
    forms = dict.fromkeys(("bool", "bytea", "char", "date", "int2", "int4", "uuid"), _PLAIN)
    forms.update(dict.fromkeys(("text", "varchar", "name"), _CHARACTERS))
    sent = ("int8", "interval", "numeric", "time", "timetz", "timestamp", "timestamptz")
    forms.update({kind: _SENT.format("{0}", f"{kind}_send") for kind in sent})
    forms["int8"] = _SENT.format("{0}", "int8send")
    ranges = ("int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange")
    forms.update(dict.fromkeys(ranges, _SENT.format("{0}", "range_send")))
    shown = {
        "json": "json_out",
        "jsonb": "jsonb_out",
        "float4": "float4out",
        "float8": "float8out",
        "bpchar": "bpcharout",
    }
    forms.update({kind: _TEXT.format("{0}", function) for kind, function in shown.items()})
    return forms


FORMS: Mapping[str, str] = _forms()


def hash_sql(method: str, columns: str, known: Sequence[Column]) -> str:
    """Pure: the hash of a row of the table whose alias is whole_row, a bigint.

    ``columns``: in this order rather than the table's, for methods that hash the row's text. ``known``: all columns;
    a table without any has only its text.
    """
    if method == COLUMNS and known:
        return _of_columns(known)
    row = f"ROW({columns})::text" if columns else "(whole_row.*)::text"
    return TEXT_HASHES[FAST if method == COLUMNS else method].format(row=row)


def text_hash_sql(method: str, text: str) -> str:
    """Pure: the hash of an expression's text."""
    return TEXT_HASHES[FAST if method == COLUMNS else method].format(row=text)


def _of_columns(known: Sequence[Column]) -> str:
    """Hash each column by its type, and all others as one text.

    hash_record_extended adds the columns' hashes up: in a sum over rows, values that changed their rows would take
    each other out. So its result is hashed once more, as a seed, of which all 64 bits count.
    """
    exact, others = _parted(known)
    text = [f'ROW({", ".join(others)})::pg_catalog.text COLLATE pg_catalog."C"'] if others else []
    row = f"ROW({', '.join([*exact, *text])})"
    return f"pg_catalog.hashint4extended(0, pg_catalog.hash_record_extended({row}, 0))"


def _parted(known: Sequence[Column]) -> Tuple[List[str], List[str]]:
    """Return the columns in the form in which they are hashed, and those that are hashed as text."""
    exact = [form_of(column).format(f"whole_row.{column.name}") for column in known if form_of(column)]
    return exact, [f"whole_row.{column.name}" for column in known if not form_of(column)]


def form_of(column: Column) -> str:
    """Pure: the form of a column; empty where only its text is sure to tell its values apart."""
    if column.type.startswith("_"):
        return _TEXT.format("{0}", "array_out")
    return FORMS.get(column.type, "")
