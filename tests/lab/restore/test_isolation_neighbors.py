# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restored copy could do to other servers of production that the original is connected with."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from lab.backup.cluster import Cluster
from lab.backup.ground import Ground
from tests.lab.restore.left import left_over
from tests.lab.restore.shelf import Shelf, until, words

NEIGHBOR_PORT, SUBSCRIBER_PORT = 5441, 5442
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
COPYING = "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'"
ROWS = "SELECT (SELECT count(*) FROM over_tcp), (SELECT count(*) FROM over_socket)"


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
    """Whether it has all rows; while it still copies a table, it connects anew."""
    return subscriber.sql(COPYING) == "0" and neighbor.sql(ROWS) == subscriber.sql(ROWS)


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
