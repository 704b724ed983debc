# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restored copy could do to production, trap by trap: production sees nothing of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.backup.cluster import Cluster
from lab.backup.ground import REPOSITORY, Ground
from lab.damage.model import Backup
from tests.lab.restore.left import left_over
from tests.lab.restore.shelf import SCRATCH, Shelf, reseal, words

NEIGHBOR_PORT, SUBSCRIBER_PORT = 5441, 5442
WITHIN = 30.0
TCP = f"host=127.0.0.1 port={NEIGHBOR_PORT} dbname=his user=reader password=lab-only"
SOCKET = f"host=/var/run/postgresql port={NEIGHBOR_PORT} dbname=his"
OF_NEIGHBOR = """
CREATE ROLE reader LOGIN SUPERUSER PASSWORD 'lab-only';
CREATE TABLE over_tcp (n bigserial PRIMARY KEY);
CREATE TABLE over_socket (n bigserial PRIMARY KEY);
CREATE PUBLICATION over_tcp FOR TABLE over_tcp;
CREATE PUBLICATION over_socket FOR TABLE over_socket;
"""
OF_SUBSCRIBER = f"""
CREATE TABLE over_tcp (n bigint PRIMARY KEY);
CREATE TABLE over_socket (n bigint PRIMARY KEY);
CREATE SUBSCRIPTION over_tcp CONNECTION '{TCP}' PUBLICATION over_tcp;
CREATE SUBSCRIPTION over_socket CONNECTION '{SOCKET}' PUBLICATION over_socket;
"""
OF_FOREIGN = f"""
CREATE EXTENSION postgres_fdw;
CREATE SERVER tcp FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{NEIGHBOR_PORT}', dbname 'his');
CREATE SERVER socket FOREIGN DATA WRAPPER postgres_fdw
  OPTIONS (host '/var/run/postgresql', port '{NEIGHBOR_PORT}', dbname 'his');
CREATE USER MAPPING FOR postgres SERVER tcp OPTIONS (user 'reader', password 'lab-only');
CREATE USER MAPPING FOR postgres SERVER socket OPTIONS (user 'postgres', password_required 'false');
CREATE FOREIGN TABLE far_tcp (n bigint) SERVER tcp OPTIONS (table_name 'over_tcp');
CREATE FOREIGN TABLE far_socket (n bigint) SERVER socket OPTIONS (table_name 'over_socket');
CREATE TABLE near AS SELECT n FROM generate_series(1, 50) n;
CREATE MATERIALIZED VIEW of_far_tcp AS SELECT count(*) FROM far_tcp;
CREATE MATERIALIZED VIEW of_far_socket AS SELECT count(*) FROM far_socket;
"""
INSERT = "INSERT INTO over_tcp DEFAULT VALUES; INSERT INTO over_socket DEFAULT VALUES"
ROWS = "SELECT (SELECT count(*) FROM over_tcp), (SELECT count(*) FROM over_socket)"


def until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


@pytest.fixture(scope="module")
def neighbor(ground: Ground) -> Iterator[Cluster]:
    """Production that others of production are connected to; it logs who comes."""
    settings = {"log_connections": "on", "log_replication_commands": "on"}
    cluster = Cluster(ground.server, "neighbor", NEIGHBOR_PORT, settings)
    cluster.drop()
    cluster.make()
    cluster.sql("CREATE DATABASE his", "postgres")
    cluster.sql(OF_NEIGHBOR)
    yield cluster
    cluster.drop()


@pytest.fixture(scope="module")
def subscriber(ground: Ground, neighbor: Cluster) -> Iterator[Cluster]:
    """Production that gets the neighbor's rows, over TCP and over a socket, and runs jobs."""
    settings = {"shared_preload_libraries": "pg_cron", "cron.database_name": "his"}
    cluster = Cluster(ground.server, "subscriber", SUBSCRIBER_PORT, settings)
    cluster.drop()
    cluster.make()
    cluster.sql("CREATE DATABASE his", "postgres")
    for statement in filter(None, OF_SUBSCRIBER.strip().split(";\n")):
        cluster.sql(statement.rstrip(";"))
    cluster.sql("CREATE EXTENSION pg_cron; SELECT cron.schedule('* * * * *', 'TABLE over_tcp')")
    yield cluster
    cluster.drop()


def replicated(neighbor: Cluster, subscriber: Cluster) -> bool:
    return neighbor.sql(ROWS) == subscriber.sql(ROWS)


def connections(neighbor: Cluster) -> list[str]:
    """Who came to the neighbor, except over psql, which is the test itself."""
    lines = [line for line in neighbor.log().splitlines() if "connection authorized" in line]
    return [line for line in lines if "application_name=psql" not in line]


@pytest.mark.parametrize("name", ["pg_basebackup-plain", "pg_dump-custom"])
def test_a_live_subscription_loses_no_row_to_its_restored_copy(
    shelf: Shelf, neighbor: Cluster, subscriber: Cluster, name: str
) -> None:
    until(lambda: replicated(neighbor, subscriber), "the subscriber did not follow before the test")
    backup = shelf.take(name, port=SUBSCRIBER_PORT)
    before = connections(neighbor)
    streams = neighbor.log().count("START_REPLICATION")
    client = neighbor.writer()
    script = f"while :; do echo '{INSERT};'; sleep 0.02; done | {' '.join(client)}"
    writing = subprocess.Popen(
        shelf.ground.server.command(["bash", "-c", script], "postgres"),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        result = shelf.test(name, backup)
    finally:
        os.killpg(writing.pid, signal.SIGKILL)
        writing.wait()
    assert result["verdict"] == "passed", words(result)
    until(lambda: replicated(neighbor, subscriber), "rows were lost to the restored copy")
    assert neighbor.log().count("START_REPLICATION") == streams
    assert connections(neighbor) == before
    assert neighbor.sql("SELECT count(*) FROM pg_replication_slots WHERE active") == "2"
    assert left_over(shelf.ground.server) == []


def test_jobs_of_the_restored_copy_do_not_run(shelf: Shelf, subscriber: Cluster) -> None:
    backup = shelf.take("pg_basebackup-plain", port=SUBSCRIBER_PORT)
    nobody = "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type ~ 'cron|logical replication worker'"
    result = shelf.test("pg_basebackup-plain", backup, assertions=[{"name": "nobody works there", "query": nobody}])
    assert result["verdict"] == "passed", words(result)


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


def test_a_view_of_a_foreign_server_is_not_a_way_out(shelf: Shelf, neighbor: Cluster, subscriber: Cluster) -> None:
    subscriber.sql("CREATE DATABASE clinic", "postgres")
    subscriber.sql(OF_FOREIGN, "clinic")
    backup = shelf.take("pg_dump-custom", port=SUBSCRIBER_PORT, database="clinic")
    before = connections(neighbor)
    result = shelf.test("pg_dump-custom", backup)
    assert connections(neighbor) == before
    assert result["verdict"] == "passed", words(result)
    unproven = " ".join(line for stage in result["copies"][0]["stages"] for line in stage["unproven"])
    assert "of_far_tcp" in unproven, words(result)


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
