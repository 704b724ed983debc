# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Age, content and drift: what differs is named, what is as it should be raises no alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.age import duration, judge_age
from ansible_collections.contingency.infra.plugins.module_utils._restore.compare import compare
from ansible_collections.contingency.infra.plugins.module_utils._restore.drift import LastGood, Limits, judge_drift
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.restore.memory import CONTENT, HOUR, MANIFEST, NOW

SERVER = MANIFEST["server"]


def told(manifest: dict[str, Any] | None, seen: Content) -> list[str]:
    return [finding.sentence for finding in compare(manifest, seen).findings]


def of(content: Content) -> dict[str, Any]:
    return {**MANIFEST, "content": content.as_dict()}


# -- age -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by_backup", "manifest", "max_age", "expected"),
    [
        (NOW - HOUR, None, 2 * HOUR, []),
        (NOW - 3 * HOUR, None, 2 * HOUR, ["age of the backup: 3 h, expected at most 2 h"]),
        (NOW - 3 * HOUR, None, None, []),
        (None, None, 2 * HOUR, ["age of the backup: told by nobody, expected at most 2 h"]),
        (None, None, None, []),
        (None, MANIFEST, HOUR, ["age of the backup: 2 h, expected at most 60 min"]),
        (NOW + HOUR, None, None, ["time of the backup: 2026-11-18"]),
        (NOW - 30 * HOUR, MANIFEST, 3 * HOUR, ["age of the backup: 30 h", "time of the backup: 2026-11-17"]),
        (NOW - HOUR / 2, MANIFEST, 3 * HOUR, ["time of the backup: 2026-11-18"]),
    ],
)
def test_age(by_backup: float | None, manifest: Any, max_age: float | None, expected: list[str]) -> None:
    found = [finding.sentence for finding in judge_age(by_backup, manifest, max_age, NOW).findings]
    assert len(found) == len(expected)
    assert all(sentence.startswith(part) for sentence, part in zip(found, expected, strict=True)), found


def test_an_age_that_nobody_tells_is_not_proven() -> None:
    assert judge_age(None, None, None, NOW).unproven


def test_without_a_limit_it_is_not_proven_that_a_backup_is_fresh() -> None:
    months = 90 * 86400.0
    assert judge_age(NOW - months, None, None, NOW).unproven == (
        "that it is fresh: neither max_age nor rpo says how old it may be",
    )
    assert judge_age(NOW - HOUR, None, 2 * HOUR, NOW).unproven == ()


@pytest.mark.parametrize(
    ("seconds", "said"), [(5, "5 s"), (600, "10 min"), (93600, "26 h"), (172800, "2 d"), (1e6, "11.6 d")]
)
def test_durations_are_said_as_people_do(seconds: float, said: str) -> None:
    assert duration(seconds) == said


# -- content ---------------------------------------------------------------------------------------


def test_the_same_content_has_no_differences() -> None:
    seen = compare(MANIFEST, CONTENT)
    assert seen.findings == ()
    assert seen.proven == ("2 tables with 6000 rows are as in the manifest",)
    assert seen.unproven == ()


def test_each_difference_is_named_with_what_was_expected_and_seen() -> None:
    seen = replace(
        CONTENT,
        tables={"public.patient": {"rows": 1000, "hash": "78"}, "public.new": {"rows": 1, "hash": "1"}},
        sequences={"public.patient_id_seq": (999, 999)},
        objects={"index": 11, "trigger": 3},
    )
    assert told(MANIFEST, seen) == [
        "table public.new: 1 rows, expected not there",
        "table public.patient: hash 78 of as many rows, expected hash 77",
        "table public.visit: not there, expected 5000 rows",
        "sequence public.patient_id_seq: 999, expected 1000",
        "index: 11, expected 12",
    ]


def test_ten_are_named_and_the_others_are_counted() -> None:
    many = Content("text", tables={f"t{number:02}": {"rows": 1, "hash": "1"} for number in range(25)})
    found = told(of(many), replace(many, tables={"t00": {"rows": 1, "hash": "1"}}))
    assert len(found) == 11
    assert found[-1] == "14 more tables: different too, expected as expected"


def test_a_sequence_may_be_anywhere_that_it_was_while_the_backup_was_taken() -> None:
    manifest = of(replace(CONTENT, sequences={"s": (100, 140)}))
    for low, high, fine in ((100, 100, True), (140, 140, True), (141, 141, False), (99, 99, False), (99, 131, True)):
        assert (told(manifest, replace(CONTENT, sequences={"s": (low, high)})) == []) is fine, (low, high)


def test_what_was_left_out_is_told_and_not_compared() -> None:
    foreign = {"public.visit": "a foreign table"}
    seen = compare(
        MANIFEST, replace(CONTENT, tables={"public.patient": CONTENT.tables["public.patient"]}, left_out=foreign)
    )
    assert seen.findings == ()
    assert seen.unproven == ("public.visit: a foreign table",)


def test_a_manifest_of_which_nothing_can_be_compared_proves_nothing() -> None:
    promised = Content(
        "text",
        tables={"a": {"rows": 5, "hash": "1"}, "b": {"rows": 7, "hash": "2"}},
        left_out=dict.fromkeys("ab", "read only near the restore point: writes"),
    )
    seen = compare(of(promised), Content("text", tables={"a": {"rows": 1, "hash": "9"}, "b": {"rows": 7, "hash": "2"}}))
    assert seen.proven == ()
    assert [finding.sentence for finding in seen.findings] == [
        "tables that can be compared: none (a: read only near the restore point: writes), expected 2 of the manifest"
    ]
    assert told(of(promised), Content("text", tables={"a": {"rows": 1, "hash": "9"}})) == [
        "table b: not there, expected there (read only near the restore point: writes)"
    ]


def test_files_whose_hashes_were_made_in_another_way_are_not_proven() -> None:
    there = Content("sha256", files={"a": "1"})
    assert told(of(there), replace(there, method="md5")) == [
        "files that can be compared: none (their hashes were made in another way), expected 1 of the manifest"
    ]


def test_only_what_was_compared_is_called_proven() -> None:
    tables = {**CONTENT.tables, "public.queue": {"rows": 900, "hash": "9"}}
    seen = compare(MANIFEST, replace(CONTENT, tables=tables, left_out={"public.queue": "an unlogged table"}))
    assert (seen.findings, seen.proven) == ((), ("2 tables with 6000 rows are as in the manifest",))


@pytest.mark.parametrize(
    ("why", "alarms"),
    [
        ("a foreign table: its rows are another server's", 1),
        ("written while the backup was taken, and its engine keeps no earlier state to compare with", 1),
        ("it was made while the backup was taken", 0),
        ("dropped while the backup was taken", 0),
        ("it came or went while the backup was taken", 0),
        ("a table of the extension postgis: a dump holds of it what the extension says", 0),
    ],
)
def test_what_is_left_out_has_to_be_there_unless_it_came_or_went(why: str, alarms: int) -> None:
    manifest = of(replace(CONTENT, left_out={"public.log": why}))
    assert len(told(manifest, CONTENT)) == alarms
    assert told(manifest, replace(CONTENT, tables={**CONTENT.tables, "public.log": {"rows": 3, "hash": "3"}})) == []
    assert told(manifest, replace(CONTENT, left_out={"public.log": "a foreign table"})) == []


def test_a_sequence_that_came_or_went_is_not_compared() -> None:
    manifest = of(replace(CONTENT, left_out={"public.new_seq": "it came or went while the backup was taken"}))
    assert told(manifest, CONTENT) == []
    assert told(manifest, replace(CONTENT, sequences={**CONTENT.sequences, "public.new_seq": (4, 4)})) == []


def test_only_kinds_of_objects_that_the_manifest_counts_are_compared() -> None:
    seen = compare(MANIFEST, replace(CONTENT, objects={**CONTENT.objects, "events": 4, "views": 0}))
    assert seen.findings == ()
    assert seen.unproven == ("the number of events: the manifest does not tell it",)
    assert told(MANIFEST, replace(CONTENT, objects={"index": 12})) == ["trigger: 0, expected 3"]


def test_hashes_of_two_methods_are_not_compared_and_rows_are() -> None:
    other = replace(CONTENT, method="md5", tables={n: {**t, "hash": "other"} for n, t in CONTENT.tables.items()})
    seen = compare(MANIFEST, other)
    assert seen.findings == ()
    assert seen.unproven == ("hashes: they were made by text, and here by md5",)
    fewer = replace(other, tables={**other.tables, "public.visit": {"rows": 4, "hash": "x"}})
    assert told(MANIFEST, fewer) == ["table public.visit: 4 rows, expected 5000 rows"]


def test_a_table_without_a_hash_is_counted_and_said_so() -> None:
    bare = replace(CONTENT, tables={n: {"rows": t["rows"], "hash": None} for n, t in CONTENT.tables.items()})
    seen = compare(MANIFEST, bare)
    assert seen.findings == ()
    assert "of which only rows were counted: public.patient, public.visit" in seen.unproven[0]


def test_files_are_compared_by_path_and_hash() -> None:
    there = Content("sha256", files={"a": "1", "b": "2", "c": "3"}, left_out={"c": "changed while it was read"})
    assert told(of(there), replace(there, files={"a": "1", "b": "9", "d": "4", "c": "x"})) == [
        "file b: sha256 9, expected sha256 2",
        "file d: sha256 4, expected not there",
    ]


@pytest.mark.parametrize("content", [Content("text"), Content("text", tables={"t": {"rows": 0, "hash": "0"}})])
def test_nothing_restored_is_never_good(content: Content) -> None:
    assert told(None, content)
    assert told(MANIFEST, content)
    assert told({**MANIFEST, "content": {}}, content)


@given(st.dictionaries(st.text(min_size=1), st.tuples(st.integers(0, 99), st.text()), min_size=1))
def test_what_is_as_in_the_manifest_raises_no_alarm_and_any_change_does(tables: dict[str, tuple[int, str]]) -> None:
    content = Content("m", tables={name: {"rows": rows, "hash": digest} for name, (rows, digest) in tables.items()})
    assert told(of(content), content) == []
    for name, table in content.tables.items():
        for change in ({"rows": table["rows"] + 1}, {"hash": table["hash"] + "x"}):
            assert told(of(content), replace(content, tables={**content.tables, name: {**table, **change}}))


# -- drift -----------------------------------------------------------------------------------------


TEN = Limits(10.0)


def drifted(seen: Content, limits: Limits = TEN, **server: Any) -> list[str]:
    last = LastGood(NOW - 30 * 86400, NOW - 30 * 86400, CONTENT, SERVER)
    return [each.sentence for each in judge_drift(last, seen, {**SERVER, **server}, NOW, limits).findings]


def tables(**rows: int) -> Content:
    return replace(CONTENT, tables={f"public.{name}": {"rows": count, "hash": "x"} for name, count in rows.items()})


def test_growth_and_a_little_less_raise_no_alarm() -> None:
    assert drifted(tables(patient=1200, visit=4501, more=1)) == []


def test_tables_that_vanish_shrink_or_are_empty_are_named() -> None:
    assert drifted(tables(patient=0)) == [
        "table public.patient: 0 rows, expected at most 10 % fewer than 1000 rows",
        "table public.visit: not there, expected 5000 rows as in the last good test",
    ]
    assert drifted(tables(patient=1000, visit=4499)) == [
        "table public.visit: 4499 rows, expected at most 10 % fewer than 5000 rows"
    ]


def test_what_may_shrink_may_vanish() -> None:
    assert drifted(tables(patient=1000), Limits(10.0, ("public.vis*",))) == []


def test_a_small_table_may_lose_some_rows_and_not_all() -> None:
    small = Content("m", tables={"t": {"rows": 12, "hash": "x"}})
    last = LastGood(NOW, NOW, small, {})
    for rows, alarms in ((5, 0), (0, 1)):
        seen = Content("m", tables={"t": {"rows": rows, "hash": "x"}})
        assert len(judge_drift(last, seen, {}, NOW, Limits(10.0)).findings) == alarms


def test_a_manifest_that_is_gone_is_told() -> None:
    last = LastGood(NOW, NOW, CONTENT, SERVER)
    [finding] = judge_drift(last, CONTENT, None, NOW, TEN).findings
    assert finding.sentence == "manifest of the backup: not there, expected one, as in the last good test"
    assert judge_drift(last._replace(server={}), CONTENT, None, NOW, TEN).findings == ()


def test_another_system_and_an_older_server_are_told() -> None:
    assert drifted(CONTENT, system_identifier="8", version_num=140001) == [
        "system identifier: 8, expected 7 as in the last good test",
        "server version: 140001, expected 150018 or later, as in the last good test",
    ]
    assert drifted(CONTENT, version_num=160002) == []


def test_objects_and_files_that_vanished_are_told() -> None:
    assert drifted(replace(CONTENT, objects={"index": 12})) == [
        "trigger: 0, expected at most 10 % fewer than 3 trigger"
    ]
    files = Content("sha256", files={f"f{n}": "x" for n in range(100)})
    last = LastGood(NOW, NOW, files, {})
    for left, alarms in ((95, 0), (80, 1)):
        seen = replace(files, files={f"f{n}": "x" for n in range(left)})
        assert len(judge_drift(last, seen, None, NOW, Limits(10.0)).findings) == alarms


def test_without_an_earlier_test_or_with_a_later_one_nothing_is_proven() -> None:
    assert judge_drift(None, CONTENT, SERVER, NOW, Limits(10.0)).unproven
    later = LastGood(NOW, NOW, CONTENT, SERVER)
    seen = judge_drift(later, tables(patient=1), SERVER, NOW - HOUR, Limits(10.0))
    assert (seen.findings, len(seen.unproven)) == ((), 1)
