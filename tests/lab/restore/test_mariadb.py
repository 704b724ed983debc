# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is particular to MariaDB: values that a dump rounds, engines without snapshots, what no manifest tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from lab.damage.model import MANIFEST
from tests.lab.restore.left import left_over
from tests.lab.restore.shelf import Shelf, reseal, spoken, words

TRICKY = """
CREATE TABLE vital (
  id int PRIMARY KEY, temperature float, weight double, taken timestamp(6) NULL, flags bit(10), place point,
  report longtext CHECK (json_valid(report)), twice int AS (id * 2) VIRTUAL, bmi double AS (weight / 3) STORED,
  ward varchar(20) CHARACTER SET latin1, versioned int
) WITH SYSTEM VERSIONING;
INSERT INTO vital (id, temperature, weight, taken, flags, place, report, ward)
SELECT seq, 36 + rand(seq), rand(seq) / 7, now(6), seq % 1000, point(seq, rand(seq)),
  json_object('n', repeat('x', 90000)),
  'caf\\u00e9' FROM seq_1_to_40;
INSERT INTO vital (id) VALUES (41);
UPDATE vital SET versioned = 1 WHERE id < 9;
CREATE TABLE code (id int PRIMARY KEY, name text) ENGINE=MyISAM;
INSERT INTO code SELECT seq, md5(seq) FROM seq_1_to_99;
CREATE TABLE queue (id int) ENGINE=MEMORY;
CREATE SEQUENCE ticket;
SELECT NEXTVAL(ticket);
"""


@pytest.fixture
def tricky(shelf: Shelf) -> Iterator[Shelf]:
    shelf.ground.mariadb.sql(TRICKY, "his")
    yield shelf
    shelf.ground.mariadb.sql("DROP TABLE vital, code, queue; DROP SEQUENCE ticket", "his")


def digests(shelf: Shelf, directory: str) -> str:
    return shelf.ground.server.shell(f"cd '{directory}'; find . -type f -print0 | sort -z | xargs -0 sha256sum")


@pytest.mark.parametrize("name", ["mariadb_dump-plain", "mariadb_dump-gz", "mariabackup"])
def test_values_of_all_kinds_come_back_and_the_copy_stays_as_it_is(tricky: Shelf, name: str) -> None:
    backup = tricky.take(name)
    before = digests(tricky, backup.directory)
    assert backup.manifest["content"]["tables"]["his.vital"]["rows"] == 41
    assert backup.manifest["content"]["tables"]["his.code"]["rows"] == 99
    assert list(backup.manifest["content"]["left_out"]) == ["his.queue"]
    assert "his.ticket" in backup.manifest["content"]["sequences"]
    result = tricky.test(name, backup)
    assert result["verdict"] == "passed", words(result)
    assert digests(tricky, backup.directory) == before
    assert left_over(tricky.ground.server) == []


def test_one_digit_of_one_value_is_found(tricky: Shelf) -> None:
    """It is as long as the right one, and the row is whole."""
    backup = tricky.take("mariadb_dump-plain")
    path = backup.largest("*.sql")
    code = tricky.ground.mariadb.sql("SELECT name FROM code WHERE id = 7", "his")
    path.write_bytes(path.read_bytes().replace(code.encode(), code[::-1].encode(), 1))
    result = tricky.test("mariadb_dump-plain", backup, manifest=False)
    assert result["verdict"] == "passed", words(result)
    reseal(backup)
    result = tricky.test("mariadb_dump-plain", backup)
    assert spoken(result) == ["content"], words(result)
    assert "his.code" in words(result)


def test_without_a_manifest_lost_parents_and_lost_definitions_are_found(shelf: Shelf) -> None:
    backup = shelf.fresh("mariadb_dump-plain")
    path = backup.largest("*.sql")
    path.write_bytes(re.sub(rb"INSERT INTO `patient` .*?;\n", b"", path.read_bytes(), flags=re.DOTALL))
    result = shelf.test("mariadb_dump-plain", backup, manifest=False)
    assert spoken(result)[0] == "structure", words(result)
    assert "foreign key" in words(result)
    copy = shelf.fresh("mariabackup")
    copy.largest("invoice.frm").unlink()
    (copy.root / MANIFEST).unlink()
    result = shelf.test("mariabackup", copy, manifest=False)
    assert spoken(result) == ["structure"], words(result)
    assert "his.invoice" in words(result)


def test_a_physical_backup_is_not_opened_with_its_accounts(shelf: Shelf) -> None:
    """The site's password for root is not needed, and the scratch listens nowhere but on its socket."""
    asked = [
        {"name": "no network", "query": "SELECT @@skip_networking", "expect": 1},
        {"name": "no binary log", "query": "SELECT @@log_bin", "expect": 0},
        {"name": "another data directory", "query": "SELECT @@datadir LIKE '/srv/scratch/%'", "expect": 1},
    ]
    result = shelf.test("mariabackup", shelf.fresh("mariabackup"), assertions=asked)
    assert result["verdict"] == "passed", words(result)
