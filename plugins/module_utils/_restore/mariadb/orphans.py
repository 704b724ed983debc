# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that refer to nothing: they show that rows are missing where no manifest tells how many there were."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.inventory import OWN
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import (
    Asks,
    identifier,
    literals,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import STRUCTURE, Finding, Seen


class ForeignKey(NamedTuple):
    """A foreign key; ``pairs`` are (column, referenced column)."""

    name: str
    table: Tuple[str, str]
    parent: Tuple[str, str]
    pairs: Tuple[Tuple[str, str], ...]

    @property
    def count_sql(self) -> str:
        """Return the query for how many rows refer to none; a NULL refers to nothing rightly."""
        joined = " AND ".join(f"c.{identifier(column)} = p.{identifier(parent)}" for column, parent in self.pairs)
        refers = " AND ".join(f"c.{identifier(column)} IS NOT NULL" for column, parent in self.pairs)
        missing = f"p.{identifier(self.pairs[0][1])} IS NULL"
        tables = f"{identifier(*self.table)} c LEFT JOIN {identifier(*self.parent)} p ON {joined}"
        return f"SELECT COUNT(*) FROM {tables} WHERE {refers} AND {missing}"


def orphans(asks: Asks) -> Seen:
    """Return a finding for each foreign key that has rows which refer to none."""
    keys = foreign_keys(asks)
    if not keys:
        return Seen(unproven=("that rows belong together: there are no foreign keys",))
    findings = []
    for key in keys:
        count = int(asks.rows(key.count_sql)[0][0])
        if count:
            what = f"foreign key {key.name} of {'.'.join(key.table)}"
            findings.append(Finding(STRUCTURE, what, "no row that refers to nothing", f"{count} such rows"))
    return Seen(tuple(findings), () if findings else (f"{len(keys)} foreign keys hold",))


def foreign_keys(asks: Asks) -> List[ForeignKey]:
    rows = asks.rows(
        "SELECT constraint_name, table_schema, table_name, referenced_table_schema, referenced_table_name,"
        " column_name, referenced_column_name FROM information_schema.key_column_usage"
        f" WHERE referenced_table_name IS NOT NULL AND table_schema NOT IN ({literals(OWN)})"
        " ORDER BY table_schema, table_name, constraint_name, ordinal_position"
    )
    found: Dict[Tuple[str, ...], List[Tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(tuple(row[:5]), []).append((row[5], row[6]))
    return [ForeignKey(key[0], (key[1], key[2]), (key[3], key[4]), tuple(pairs)) for key, pairs in found.items()]
