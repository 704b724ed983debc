# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came or went while a backup was taken may be in it, and its manifest says that it cannot tell."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.module_utils._restore.compare import compare
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.inventory import Sequence
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.mariadb import Readings, joined
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.physical import _ranged

ROWS = {"t": {"rows": 3, "hash": "9"}}


def sequence(name: str, last: int) -> Sequence:
    return Sequence(name, last, 1, True)


def test_a_sequence_that_came_or_went_is_left_out_by_name() -> None:
    before = {name: sequence(name, 5) for name in ("public.old", "public.stays")}
    after = {name: sequence(name, 7) for name in ("public.new", "public.stays")}
    found = _ranged(Content("m", ROWS, left_out={"public.f": "a foreign table"}), before, after)
    assert found.sequences == {"public.stays": (5, 39)}
    assert sorted(found.left_out) == ["public.f", "public.new", "public.old"]


def test_a_restored_backup_is_no_worse_with_it_than_without() -> None:
    before = Readings({"his.old": 5, "his.stays": 5}, {"views": 1, "events": 2}, {})
    after = Readings({"his.new": 5, "his.stays": 9}, {"views": 1, "events": 3}, {})
    promised = joined(Content("m", ROWS), before, after)
    assert sorted(promised.left_out) == ["events", "his.new", "his.old"]
    manifest = {"content": promised.as_dict()}
    for sequences in ({"his.old": (5, 5), "his.stays": (6, 6)}, {"his.new": (5, 5), "his.stays": (6, 6)}):
        seen = compare(manifest, Content("m", ROWS, sequences=sequences, objects={"views": 1}))
        assert not seen.findings
        assert [told for told in seen.unproven if told.startswith("events: ")]
