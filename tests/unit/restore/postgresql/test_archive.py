# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dump says of itself, and what programs that restore it complain about."""

from __future__ import annotations

import calendar
import struct
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Damaged
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import archive, complaints
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.archive import (
    Head,
    located,
    moment,
    parse_archive_head,
    script_head,
)

MADE = (2026, 11, 22, 8, 14, 38)
UTC = float(calendar.timegm((*MADE, 0, 0, 0)))


def _integer(value: int) -> bytes:
    return bytes([value < 0]) + struct.pack("<I", abs(value))


def _head(minor: int = 14) -> bytes:
    year, month, day, hour, minute, second = MADE
    start = b"PGDMP" + bytes([1, minor, 0, 4, 8, 1]) + (b"\x01" if minor >= 15 else _integer(-1))
    times = b"".join(map(_integer, (second, minute, hour, day, month - 1, year - 1900, 0)))
    texts = b"".join(_integer(len(text)) + text for text in (b"his", b"15.4 (Debian)", b"16.1"))
    return start + times + texts


@pytest.mark.parametrize("minor", [14, 15, 16])
def test_the_head_of_an_archive(minor: int) -> None:
    found = parse_archive_head(_head(minor))
    assert found == Head("his", "15.4 (Debian)", "16.1", MADE)
    assert found.major == 16


@pytest.mark.parametrize(
    "data", [b"", b"PGDMP", _head()[:30], b"PGDMQ" + _head()[5:], _head()[:8] + b"\xff" + _head()[9:]]
)
def test_a_head_that_is_cut_or_altered_is_an_error_and_no_traceback(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "his.dump"
    path.write_bytes(data)
    with pytest.raises(Damaged):
        archive.archive_head(archive.Dump(str(path), archive.CUSTOM))


def test_every_cut_of_a_head_is_noticed() -> None:
    whole = _head()
    for length in range(len(whole)):
        with pytest.raises((ValueError, IndexError)):
            parse_archive_head(whole[:length])


def test_a_script_says_its_database_only_where_it_makes_it() -> None:
    versions = "-- Dumped from database version 15.4\n-- Dumped by pg_dump version 15.4\n"
    text = f"--\n-- PostgreSQL database dump\n--\n\n{versions}"
    assert script_head(text) == Head(None, "15.4", "15.4", None, False)
    made = script_head(text + '-- Started on 2026-11-22 08:14:38 UTC\n\nCREATE DATABASE "my ""his" WITH TEMPLATE x;\n')
    assert made == Head('my "his', "15.4", "15.4", MADE, True)


@pytest.mark.parametrize("hours", [0, 8, -5, 5.75])
def test_the_zone_of_a_dump_is_told_by_its_manifest(hours: float) -> None:
    head = Head("his", "15.4", "15.4", MADE)
    real = UTC - hours * 3600
    assert moment(head, real + 40) == real


def test_a_dump_that_is_not_of_its_manifests_time_keeps_its_own() -> None:
    found = moment(Head("his", "15.4", "15.4", MADE), UTC + 30 * 86400)
    assert found is not None
    assert abs(found - UTC) <= 14 * 3600


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"PGDMP\x01", ("custom", ())),
        (b"\x1f\x8b\x08", ("plain", ("gzip", "-dc"))),
        (b"\x28\xb5\x2f\xfd", ("plain", ("zstd", "-dc"))),
        (b"--\n-- PostgreSQL database dump\n--\n", ("plain", ())),
        (b"\0" * 257 + b"ustar" + b"\0" * 250, ("tar", ())),
    ],
)
def test_the_format_is_told_by_the_bytes_and_not_by_the_name(
    first: bytes, expected: tuple[str, tuple[str, ...]], tmp_path: Path
) -> None:
    (tmp_path / "his.backup").write_bytes(first)
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "globals.sql").write_text("--\n-- PostgreSQL database cluster dump\n")
    assert located(str(tmp_path))[1:] == expected
    assert located(str(tmp_path / "his.backup")).path == str(tmp_path / "his.backup")


@pytest.mark.parametrize("first", [b"", b"\0\0\0\0", b"hello"])
def test_what_is_no_dump_is_damaged(first: bytes, tmp_path: Path) -> None:
    (tmp_path / "his.dump").write_bytes(first)
    with pytest.raises(Damaged):
        located(str(tmp_path / "his.dump"))


def test_two_dumps_in_one_place_are_not_guessed_between(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"PGDMP")
    with pytest.raises(Damaged, match="2 files"):
        located(str(tmp_path))


PG_RESTORE = """pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3330; 0 16395 TABLE DATA patient postgres
pg_restore: error: COPY failed for table "patient": ERROR:  missing data for column "born"
CONTEXT:  COPY patient, line 7: "7"
pg_restore: from TOC entry 3400; 0 16520 MATERIALIZED VIEW DATA totals postgres
pg_restore: error: could not execute query: ERROR:  could not connect to server "prod"
DETAIL:  connection refused
Command was: REFRESH MATERIALIZED VIEW public.totals;


pg_restore: from TOC entry 3401; 3256 16530 POLICY patient p postgres
pg_restore: error: could not execute query: ERROR:  role "doctor" does not exist
Command was: CREATE POLICY p ON public.patient
    TO doctor;

pg_restore: warning: errors ignored on restore: 3
"""


def test_each_complaint_is_told_for_what_it_is() -> None:
    wrong, again, unproven = complaints.sorted_out(complaints.of_pg_restore(PG_RESTORE))
    assert [each.what for each in wrong] == ["TABLE DATA patient postgres"]
    assert [each.missing_role for each in again] == ["doctor"]
    assert again[0].command.splitlines() == ["CREATE POLICY p ON public.patient", "    TO doctor;"]
    assert len(unproven) == 1
    assert "public.totals" in unproven[0]
    (finding,) = complaints.findings(wrong)
    assert "missing data for column" in finding.seen
    assert "line 7" in finding.seen


def test_a_refresh_that_fails_for_another_reason_is_a_finding() -> None:
    text = PG_RESTORE.replace('could not connect to server "prod"', "division by zero")
    wrong, _again, unproven = complaints.sorted_out(complaints.of_pg_restore(text))
    assert len(wrong) == 2
    assert unproven == []


PSQL = """psql:<stdin>:9: ERROR:  role "app" does not exist
psql:<stdin>:9: STATEMENT:  ALTER TABLE public.a
    OWNER TO app;
psql:<stdin>:12: ERROR:  role "doctor" does not exist
psql:<stdin>:12: STATEMENT:  --
-- Name: p
--

CREATE POLICY p ON public.a
    TO doctor;
psql:<stdin>:19: ERROR:  relation "b" does not exist
LINE 1: SELECT
        ^
psql:<stdin>:19: STATEMENT:  SELECT * FROM b;
psql:<stdin>:20: NOTICE:  nothing
"""


def test_who_owns_what_is_not_restored_from_a_script() -> None:
    wrong, again, unproven = complaints.sorted_out(complaints.of_psql(PSQL))
    assert [each.message.splitlines()[0] for each in wrong] == ['relation "b" does not exist']
    assert [each.statement for each in again] == ["CREATE POLICY p ON public.a\n    TO doctor;"]
    assert unproven == []


def test_many_errors_are_not_all_told_one_by_one() -> None:
    several = [complaints.Complaint(f"table {number}", "bad") for number in range(25)]
    assert len(complaints.findings(several)) == complaints.SHOWN + 1
