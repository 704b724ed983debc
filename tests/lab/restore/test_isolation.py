# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restored copy could do on the machine on which it is tried: the archive, events, replicas, what was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from lab.backup.ground import REPOSITORY
from lab.damage.model import Backup
from tests.lab.restore.left import left_over
from tests.lab.restore.shelf import SCRATCH, Shelf, reseal, until, words


@pytest.mark.parametrize("name", ["pg_basebackup-plain", "pgbackrest"])
def test_the_archive_of_production_gets_nothing(shelf: Shelf, name: str) -> None:
    def archived() -> dict[str, int]:
        root = shelf.ground.server.path(REPOSITORY)
        return {str(path): path.stat().st_mtime_ns for path in Path(root).rglob("*") if path.is_file()}

    backup = shelf.take(name)
    archiving = (
        "SELECT current_setting('archive_mode') = 'off' OR current_setting('archive_command') IN ('', '(disabled)')"
    )
    before = archived()
    result = shelf.test(name, backup, assertions=[{"name": "nothing is archived", "query": archiving}])
    assert result["verdict"] == "passed", words(result)
    assert archived() == before


@pytest.mark.parametrize("name", ["mariadb_dump-plain", "mariabackup"])
def test_events_of_the_restored_copy_do_not_run(shelf: Shelf, name: str) -> None:
    mariadb = shelf.ground.mariadb
    mariadb.sql(
        "SET GLOBAL event_scheduler = ON; CREATE TABLE ran (at timestamp(6) DEFAULT current_timestamp(6), place text);"
        "CREATE EVENT each_second ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ran (place) VALUES (@@datadir)",
        "his",
    )
    try:
        until(lambda: mariadb.sql("SELECT count(*) > 1 FROM ran", "his") == "1", "production's event does not run")
        backup = shelf.take(name)
        still = [{"name": "no event runs", "query": "SELECT @@event_scheduler <> 'ON'", "expect": 1, "database": "his"}]
        result = shelf.test(name, backup, assertions=still)
    finally:
        mariadb.sql("DROP EVENT each_second; DROP TABLE ran; SET GLOBAL event_scheduler = OFF", "his")
    assert result["verdict"] == "passed", words(result)


def test_a_dump_that_starts_a_replica_does_not_reach_its_primary(shelf: Shelf) -> None:
    mariadb = shelf.ground.mariadb
    mariadb.sql("SET GLOBAL userstat = 1; CREATE OR REPLACE USER replicator@'127.0.0.1' IDENTIFIED BY 'lab-only'")
    mariadb.sql("GRANT REPLICATION SLAVE ON *.* TO replicator@'127.0.0.1'")
    backup = shelf.fresh("mariadb_dump-plain")
    _add_replica(backup)
    result = shelf.test("mariadb_dump-plain", backup)
    came = "SELECT count(*) FROM information_schema.user_statistics WHERE user = 'replicator'"
    assert mariadb.sql(came) == "0", words(result)
    assert result["verdict"] in ("passed", "failed")
    assert left_over(shelf.ground.server) == []


def _add_replica(backup: Backup) -> None:
    """As `mariadb-dump --dump-slave --apply-slave-statements --include-master-host-port` writes it."""
    path = backup.largest("*.sql")
    login = "MASTER_USER='replicator', MASTER_PASSWORD='lab-only'"
    change = f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', {login};\nSTART SLAVE;\n"
    text = path.read_bytes()
    end = text.rindex(b"-- Dump completed")
    path.write_bytes(text[:end] + change.encode() + text[end:])
    reseal(backup)


def test_a_test_that_was_killed_leaves_nothing_behind_the_next(shelf: Shelf) -> None:
    backup = shelf.fresh("pg_dump-custom")
    wanted = {"ANSIBLE_MODULE_ARGS": shelf.arguments("pg_dump-custom", backup)}
    shelf.module("restore_test")
    server = shelf.ground.server
    argv = server.command(["sh", "-c", "exec python3 -u -B /root/module-restore_test/module_server.py restore_test"])
    killed = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True, text=True)
    assert killed.stdin is not None
    killed.stdin.write(json.dumps(wanted) + "\n")
    killed.stdin.flush()
    until(lambda: any("postgres" in line for line in left_over(server)), "the test did not start a server")
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    until(
        lambda: not [line for line in left_over(server) if line.startswith("process")], f"servers of {SCRATCH} live on"
    )
    result = shelf.test("pg_dump-custom", backup)
    assert result["verdict"] == "passed", words(result)
    assert left_over(server) == []
