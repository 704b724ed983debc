# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server in a temporary directory, with data of a small hospital and clients that write all the time."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.contingency.infra.plugins.module_utils._host.program import start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Address, Client

from tests.lab.postgresql.pair import programs

HOST = LocalHost()
USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
PORT = 5432
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{sockets}'
fsync = off
shared_buffers = 32MB
max_wal_senders = 5
archive_mode = {archive}
archive_command = 'cp %p {archived}/%f'
"""
DATA = """
CREATE TABLE patient (id int PRIMARY KEY, name text, born date, photo bytea, notes jsonb);
CREATE TABLE visit (id bigserial, patient int REFERENCES patient, at timestamptz DEFAULT clock_timestamp(),
  ward text) PARTITION BY LIST (ward);
CREATE TABLE visit_a PARTITION OF visit FOR VALUES IN ('a');
CREATE TABLE visit_rest PARTITION OF visit DEFAULT;
CREATE TABLE charge (id bigserial PRIMARY KEY, patient int REFERENCES patient, amount numeric(12,2),
  with_tax numeric GENERATED ALWAYS AS (amount * 1.06) STORED);
CREATE TABLE balance (patient int PRIMARY KEY REFERENCES patient, total numeric NOT NULL DEFAULT 0);
CREATE TABLE staging (value int);
CREATE MATERIALIZED VIEW wards AS SELECT ward, count(*) FROM visit GROUP BY ward;
CREATE INDEX ON charge (patient);
INSERT INTO patient SELECT n, '病人 ' || n, date '1950-01-01' + n, decode(md5(n::text), 'hex'),
  jsonb_build_object('weight', n * 0.7, 'allergies', ARRAY['青霉素', 'pollen']) FROM generate_series(1, 20000) n;
INSERT INTO balance SELECT id FROM patient;
INSERT INTO visit (patient, ward) SELECT n % 20000 + 1, chr(97 + n % 3) FROM generate_series(1, 30000) n;
SELECT lo_from_bytea(0, convert_to(repeat('x-ray ' || n, 500), 'UTF8')) FROM generate_series(1, 20) n;
ANALYZE;
"""
WRITES = r"""
\set patient random(1, 20000)
\set amount random(1, 10000)
BEGIN;
INSERT INTO visit (patient, ward) VALUES (:patient, chr(97 + :patient % 3));
INSERT INTO charge (patient, amount) VALUES (:patient, :amount / 100.0);
UPDATE balance SET total = total + :amount / 100.0 WHERE patient = :patient;
DELETE FROM visit_rest WHERE id IN (SELECT id FROM visit_rest WHERE patient = :patient OFFSET 3 LIMIT 1);
INSERT INTO staging VALUES (:amount);
END;
SELECT lo_from_bytea(0, convert_to(repeat('scan ' || :amount, 700), 'UTF8')) WHERE :amount % 20 = 0;
"""
HURRIES = r"""
\set patient random(1, 20000)
UPDATE balance SET total = total + 1 WHERE patient = :patient;
"""
"""Nothing but commits, at nearly each moment of which one waits for the disk."""
EMPTIES = r"""
BEGIN;
SET LOCAL lock_timeout = '200ms';
TRUNCATE staging;
INSERT INTO staging SELECT generate_series(1, 500);
END;
\sleep 20 ms
"""


@dataclass(frozen=True)
class Server:
    """A server of one database ``his`` beside ``postgres``, reached over a socket within its own directory."""

    directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def archived(self) -> Path:
        return self.directory / "archive"

    @property
    def client(self) -> Client:
        return Client(HOST, Address(str(self.directory), PORT, USER, USER, str(programs())))

    @property
    def options(self) -> dict[str, object]:
        """How the takers reach it."""
        return {
            "socket_directory": str(self.directory),
            "port": PORT,
            "role": USER,
            "os_user": USER,
            "bin_directory": str(programs()),
        }

    def run(self, program: str, *arguments: str, stdin: str = "") -> str:
        answer = HOST.run([str(programs() / program), *arguments], user=USER, timeout=120, stdin=stdin)
        assert answer.status == 0, f"{program}: {answer.error}"
        return answer.output

    def sql(self, statement: str, database: str = "his") -> str:
        where = ["-h", str(self.directory), "-p", str(PORT), "-U", USER, "-d", database]
        return self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *where, stdin=statement).strip()

    def start(self) -> None:
        log = f"{self.directory}/log"
        self.run("pg_ctl", "start", "-s", "-w", "-t", "100", "-D", str(self.data), "-l", log)

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "stop", "-s", "-w", "-m", "immediate", "-D", str(self.data))

    def create(self, archive: str = "off") -> None:
        """A new server with its settings, not started."""
        self.run("initdb", "-D", str(self.data), "-U", USER, "-N", "-k", "--auth=trust", "-E", "UTF8", "--locale=C")
        self.archived.mkdir(mode=0o700)
        shutil.chown(self.archived, USER)
        text = SETTINGS.format(sockets=self.directory, archive=archive, archived=self.archived)
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(text)

    @contextmanager
    def writers(self, clients: int = 3, hurried: int = 0) -> Iterator[None]:
        """Clients that write to several tables at once, and one that empties a table again and again."""
        scripts = {"writes": (WRITES, clients), "empties": (EMPTIES, 1)}
        scripts.update({"hurries": (HURRIES, hurried)} if hurried else {})
        started = []
        for name, (text, count) in scripts.items():
            path = self.directory / f"{name}.sql"
            path.write_text(text, encoding="utf-8")
            where = ["-h", str(self.directory), "-p", str(PORT), "-U", USER, "his"]
            bench = [str(programs() / "pgbench"), "-n", "-T", "600", "-c", str(count), "-f", str(path)]
            started.append(start([*bench, "--max-tries=1", *where], user=USER))
        before = self.written()
        while self.written() < before + 20:
            HOST.sleep(0.05)
        try:
            yield
            stuck = [program.error for program in started[:1] if not program.running]
            assert not stuck, stuck
        finally:
            for program in started:
                program.kill()

    @contextmanager
    def durable(self) -> Iterator[None]:
        """Commits wait for the disk, as in production."""
        change = "ALTER SYSTEM SET fsync = {value}"
        try:
            self.sql(change.format(value="on"), "postgres")
            self.sql("SELECT pg_reload_conf()", "postgres")
            yield
        finally:
            self.sql(change.format(value="off"), "postgres")
            self.sql("SELECT pg_reload_conf()", "postgres")

    def written(self) -> int:
        return int(self.sql("SELECT count(*) FROM charge"))


def new_server(directory: Path, archive: str = "off") -> Server:
    """With its data, started."""
    directory.mkdir(mode=0o700)
    shutil.chown(directory, USER)
    server = Server(directory)
    server.create(archive)
    server.start()
    server.sql("CREATE DATABASE his", "postgres")
    server.sql(DATA)
    return server
