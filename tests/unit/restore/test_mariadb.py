# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB's backups without a server: what they say of themselves, what is asked, and what answers mean."""

from __future__ import annotations

import gzip
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import artefacts_of, as_rows
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb import check, inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.backup_text import backup_says
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.content import (
    Unreadable,
    hash_sql,
    read_tables,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.dump import DumpTrial, open_trial
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.dump_text import dump_says
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.inventory import Column, Table
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.mariabackup import last_error
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.orphans import orphans
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import (
    Row,
    SqlFailed,
    failure,
    identifier,
    literal,
    rows_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.trial import version_limitation
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    Content,
    Copy,
    Damaged,
    NotRunnable,
    Order,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import Ends
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.mariadb import Readings, joined

from tests.unit.mariadb.fake_host import FakeHost

HEAD = """-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: his
-- ------------------------------------------------------
-- Server version\t10.11.19-MariaDB-log

"""
TAIL = "-- SET GLOBAL gtid_slave_pos='0-1-17';\n\n-- Dump completed on 2026-11-22  8:00:29\n"
PATIENT = Table("his", "patient", "InnoDB", 100, (Column("id", "bigint"), Column("na`me", "longtext")))
VISIT = Table("his", "visit", "InnoDB", 50, (Column("id", "bigint"),))
QUEUE = Table("his", "queue", "MEMORY", 10, (Column("id", "bigint"),))


class Server:
    """Answers by the first word that a query has in it."""

    def __init__(self, answers: dict[str, Callable[[], list[Row]] | list[Row]]) -> None:
        self.answers = answers

    def rows(self, sql: str) -> list[Row]:
        known = next((answer for word, answer in self.answers.items() if word in sql), [])
        return known() if callable(known) else known


def says(head: str = HEAD, tail: str = TAIL) -> Any:
    return dump_says(Ends(len(head + tail), head.encode(), tail.encode()))


def order(**options: Any) -> Order:
    return Order("his", "mariadb_dump", (), "/nowhere/scratch", "/nowhere/history", options=options)


def trial(path: Path) -> DumpTrial:
    found = open_trial(order(), Copy(str(path)))
    assert isinstance(found, DumpTrial)
    return found


def manifest_of(directory: Path) -> dict[str, Any]:
    return {"artefacts": as_rows(artefacts_of(str(directory)))}


def test_a_whole_dump_says_when_it_ended_and_of_what_it_is() -> None:
    found = says()
    assert found.completed
    assert (found.version, found.database, found.gtid) == ("10.11.19-MariaDB-log", "his", "0-1-17")
    assert time.localtime(found.ended_at)[:6] == (2026, 11, 22, 8, 0, 29)


def test_a_dump_that_creates_its_database_is_not_loaded_into_another() -> None:
    assert says(head=HEAD + "--\n-- Current Database: `his`\n--\n").database is None


def test_a_last_line_in_the_middle_of_a_row_is_none() -> None:
    assert not says(
        tail="INSERT INTO note VALUES ('\n-- Dump completed on 2026-11-22  8:00:29\nand so on');\n"
    ).completed


@pytest.mark.parametrize("packed", [False, True])
def test_a_dump_cut_between_two_statements_is_found_before_it_is_loaded(tmp_path: Path, packed: bool) -> None:
    text = (HEAD + "INSERT INTO patient VALUES (1);\n").encode()
    path = tmp_path / "his.sql"
    path.write_bytes(gzip.compress(text) if packed else text)
    found = trial(path)
    found.fetch()
    (finding,) = found.checksums(None).findings
    assert finding.stage == "checksums"
    assert finding.expected == "-- Dump completed"
    assert "INSERT INTO patient" in finding.seen


def test_a_packed_dump_that_lacks_its_end_is_found(tmp_path: Path) -> None:
    path = tmp_path / "his.sql.gz"
    path.write_bytes(gzip.compress((HEAD * 500 + TAIL).encode())[:-9])
    found = trial(path)
    found.fetch()
    with pytest.raises(Damaged, match="gzip"):
        found.checksums(None)


def test_a_dump_with_another_byte_is_not_what_the_manifest_says(tmp_path: Path) -> None:
    path = tmp_path / "his.sql"
    path.write_text(HEAD + TAIL)
    manifest = manifest_of(tmp_path)
    path.write_text((HEAD + TAIL).replace("10.19", "10.18"))
    found = trial(path)
    found.fetch()
    assert [finding.what for finding in found.checksums(manifest).findings] == ["file his.sql"]


def test_the_age_is_that_of_the_manifest_where_the_bytes_are_its(tmp_path: Path) -> None:
    """The dump tells the local time of its host, which may be in another time zone."""
    (tmp_path / "his.sql").write_text(HEAD + TAIL)
    with_manifest, without = trial(tmp_path / "his.sql"), trial(tmp_path / "his.sql")
    for found, manifest in ((with_manifest, manifest_of(tmp_path)), (without, None)):
        found.fetch()
        found.checksums(manifest)
    assert with_manifest.taken_at() is None
    assert without.taken_at() == says().ended_at


def test_of_two_dumps_in_a_directory_none_is_guessed(tmp_path: Path) -> None:
    for name in ("his.sql", "lis.sql.gz", "accounts.sql"):
        (tmp_path / name).write_text("x")
    with pytest.raises(Damaged, match=r"his\.sql, lis\.sql\.gz"):
        trial(tmp_path).fetch()


def test_an_option_that_is_not_known_is_refused() -> None:
    with pytest.raises(NotRunnable, match="memroy"):
        open_trial(order(memroy=1), Copy("/x"))


def test_tabs_and_line_ends_in_values_stay_what_they_are() -> None:
    assert rows_of("a\\tb\tc\\nd\n\\\\t\tNULL\n") == [("a\tb", "c\nd"), ("\\t", "NULL")]


def test_names_and_texts_are_quoted() -> None:
    assert identifier("a`b", "c") == "`a``b`.`c`"
    assert literal("o'neill\\") == "'o''neill\\\\'"


@pytest.mark.parametrize(
    ("error", "reached"),
    [
        ("ERROR 2013 (HY000) at line 7: Lost connection to server during query", False),
        ("ERROR 1146 (42S02) at line 7: Table 'his.x' doesn't exist", True),
    ],
)
def test_a_server_that_went_down_is_told_from_one_that_refuses(error: str, reached: bool) -> None:
    assert failure(Answer(1, "", error)).reached is reached


def test_a_long_value_does_not_take_its_row_out_of_the_hash() -> None:
    """Longer than max_allowed_packet, CONCAT_WS is NULL, and the row would count for nothing."""
    sql = hash_sql(PATIENT)
    assert "CONCAT(LENGTH(`na``me`), ':', CRC32(`na``me`))" in sql
    assert "ISNULL(`na``me`)" in sql


def test_tables_without_rows_of_their_own_are_left_out_by_name() -> None:
    server = Server({"visit": [("3", "77")], "patient": [("2", "66")]})
    hashed = read_tables([server, server], [PATIENT, VISIT, QUEUE])
    assert hashed.tables == {"his.patient": {"rows": 2, "hash": "66"}, "his.visit": {"rows": 3, "hash": "77"}}
    assert list(hashed.left_out) == ["his.queue"]


def test_a_table_that_takes_the_server_down_is_named() -> None:
    def down() -> list[Row]:
        raise SqlFailed("Lost connection (error 2013)", 2013, reached=False)

    with pytest.raises(Unreadable) as caught:
        read_tables([Server({"patient": down, "visit": [("3", "77")]})], [PATIENT, VISIT])
    assert caught.value.failures == {"his.patient": "Lost connection (error 2013)"}
    assert caught.value.gone


def test_what_was_written_meanwhile_is_left_out_and_what_was_not_is_told() -> None:
    before = Readings({"his.s": 5}, {"views": 1, "events": 2}, {"his.log": {"rows": 1}, "his.code": {"rows": 9}})
    after = Readings(
        {"his.s": 9, "his.t": 1}, {"views": 1, "events": 3}, {"his.log": {"rows": 2}, "his.code": {"rows": 9}}
    )
    found = joined(Content("m", {"his.patient": {"rows": 2}}), before, after)
    assert sorted(found.tables) == ["his.code", "his.patient"]
    assert list(found.left_out) == ["his.log", "his.t", "events"]
    assert found.sequences == {"his.s": (5, 9)}
    assert found.objects == {"views": 1}


def test_the_largest_table_is_read_first() -> None:
    server = Server(
        {
            ".columns": [("his", "a", "id", "int"), ("his", "b", "id", "int")],
            ".tables": [("his", "a", "InnoDB", "10"), ("his", "b", "InnoDB", "20")],
        }
    )
    assert [table.name for table in inventory.tables(server, ["his"])] == ["b", "a"]


def test_rows_that_refer_to_nothing_are_found() -> None:
    key = ("visit_patient", "his", "visit", "his", "patient", "patient_id", "id")
    broken = Server({"key_column_usage": [key], "LEFT JOIN": [("12",)]})
    (finding,) = orphans(broken).findings
    assert (finding.stage, finding.what, finding.seen) == (
        "structure",
        "foreign key visit_patient of his.visit",
        "12 such rows",
    )
    assert not orphans(Server({"key_column_usage": [key], "LEFT JOIN": [("0",)]})).findings


def test_check_table_tells_of_damage_and_not_of_notes() -> None:
    bad = ("his.visit", "check", "Warning", "InnoDB: The B-tree of index PRIMARY is corrupted.")
    good = [("his.visit", "check", "note", "x"), ("his.visit", "check", "status", "OK")]
    assert check.check_findings(good) == []
    assert [finding.seen for finding in check.check_findings([bad, *good])] == [bad[3]]
    assert check.check_findings([("his.visit", "check", "status", "Operation failed")])


def test_the_doublewrite_buffer_is_not_taken_for_damage() -> None:
    header = bytes(10) + struct.pack(">III", check.MAGIC, 64, 128) + bytes(178)
    assert check.ranges_beside(header, 16384, 768) == ["-s 0 -e 63", "-s 192 -e 767"]
    assert check.ranges_beside(bytes(200), 16384, 768) == [""]


def test_rows_without_a_definition_are_found(tmp_path: Path) -> None:
    his = tmp_path / "his"
    his.mkdir()
    for name in ("visit.frm", "visit#P#p0.ibd", "patient.frm", "patient.ibd", "invoice.ibd", "FTS_01_CONFIG.ibd"):
        (his / name).write_bytes(b"x")
    assert [finding.what for finding in check.undefined_tables(str(tmp_path))] == ["table his.invoice"]


def test_a_backup_says_its_position_and_the_settings_of_its_data() -> None:
    host = FakeHost()
    host.files = {
        "/b/xtrabackup_checkpoints": "backup_type = full-backuped\nfrom_lsn = 0\nto_lsn = 10\nlast_lsn = 12\n",
        "/b/xtrabackup_info": "server_version = 10.11.19-MariaDB-log\nend_time = 2026-11-22 08:03:20\n",
        "/b/backup-my.cnf": "# made by\n[mysqld]\ninnodb_page_size=8192\ninnodb_log_file_size=1\n",
        "/b/xtrabackup_binlog_info": "binlog.000001\t160784674\t0-1-526\n",
    }
    found = backup_says(host, "/b")
    assert found is not None
    assert (found.gtid, found.last_lsn, found.page_size, found.prepared) == ("0-1-526", "12", 8192, False)
    assert found.options == ["--loose-innodb-page-size=8192"]
    assert backup_says(host, "/elsewhere") is None


def test_what_prepare_complained_of_is_told_and_not_that_it_fails() -> None:
    text = "mariadb-backup starts\n[ERROR] InnoDB: File ./ib_logfile0 was not found\n[FATAL] failed\n"
    assert last_error(text) == "[ERROR] InnoDB: File ./ib_logfile0 was not found"


@pytest.mark.parametrize(
    ("source", "here", "possible"),
    [("10.11.6-MariaDB", "10.6.16-MariaDB", False), ("10.6.16-MariaDB", "10.11.6-MariaDB", True), ("", "10.6.1", True)],
)
def test_an_older_server_does_not_open_newer_data(source: str, here: str, possible: bool) -> None:
    assert (version_limitation(source, here) is None) is possible


@pytest.mark.parametrize(
    ("does", "told", "status"),
    [("true", "", 0), ("echo bad; false", "bad", 0), ("kill -9 $$", "", 137), ("kill -11 $$", "", 0)],
)
def test_a_page_check_that_was_killed_finds_nothing(tmp_path: Path, does: str, told: str, status: int) -> None:
    program = tmp_path / "check"
    program.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", check.CHECKED, "pages", str(program), "/data/a.ibd", "", "/data/b.ibd", ""],
        check=False,
        capture_output=True,
        text=True,
    )
    found = [line.split("\t") for line in done.stdout.splitlines()]
    bad = status == 0 and does != "true"
    assert (done.returncode, found) == (status, [["/data/a.ibd", told], ["/data/b.ibd", told]] if bad else [])
