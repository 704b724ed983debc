# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A production server of a small hospital, with all that a restored copy of it could do harm with."""

from __future__ import annotations

import hashlib
import os
import pwd
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy, Order, Seen
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import (
    Reading,
    cluster_content,
    content_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.dump import size_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.inventory import databases
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Address, Client
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.trial import PostgresqlTrial

from tests.lab.postgresql.pair import VERSION, programs, until

HOST = LocalHost()
USER = "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{root}/s'
wal_level = logical
archive_mode = on
log_connections = on
fsync = off
shared_buffers = 32MB
"""
HOSPITAL = """
CREATE TABLE patient (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL, born date, info jsonb,
  photo bytea, shout text GENERATED ALWAYS AS (upper(name)) STORED);
INSERT INTO patient (name, born, info, photo) SELECT '患者 ' || n || md5(n::text), date '1950-01-01' + n % 20000,
  jsonb_build_object('n', n), decode(md5(n::text), 'hex') FROM generate_series(1, 4000) n;
CREATE TABLE visit (id bigserial, patient_id bigint REFERENCES patient, at timestamptz NOT NULL, note text,
  cost numeric(12,2), tags json, took interval) PARTITION BY RANGE (at);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO visit (patient_id, at, note, cost, tags, took) SELECT 1 + n % 4000, timestamptz '2025-01-01' + (n % 700)
  * interval '1 day', repeat(md5(n::text), 5), n * 1.37, '{"x": 1}', n * interval '1 minute'
  FROM generate_series(1, 12000) n;
CREATE INDEX visit_patient ON visit (patient_id);
CREATE INDEX patient_info ON patient USING gin (info);
CREATE TABLE charge (code int, label text);
CREATE TABLE charge_special (factor float8) INHERITS (charge);
ALTER TABLE charge ADD COLUMN price money;
INSERT INTO charge_special VALUES (1, 'x', 1.5, '2');
INSERT INTO charge VALUES (2, 'y', '3');
CREATE TABLE "odd ""name" ("whole_row" int, "row" text);
INSERT INTO "odd ""name" VALUES (1, E'it''s\\n\\\\');
CREATE UNLOGGED TABLE scrap (x int);
INSERT INTO scrap VALUES (1);
SELECT lo_from_bytea(0, decode(repeat(md5('x'), 3000), 'hex')), lo_create(0);
CREATE MATERIALIZED VIEW per_day AS SELECT at::date AS day, count(*) FROM visit GROUP BY 1;
CREATE ROLE doctor;
ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON patient TO doctor USING (true);
GRANT SELECT ON patient TO doctor;
"""
FOREIGN = """
CREATE EXTENSION postgres_fdw;
CREATE ROLE reader LOGIN SUPERUSER;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{root}/s', dbname 'his');
CREATE USER MAPPING FOR postgres SERVER elsewhere OPTIONS (user 'reader');
CREATE FOREIGN TABLE far_charge (code int, label text) SERVER elsewhere OPTIONS (table_name 'charge');
CREATE MATERIALIZED VIEW far AS SELECT * FROM far_charge;
"""


@dataclass
class Production:
    """The server, and what a test of its backups is given."""

    root: Path

    @property
    def client(self) -> Client:
        return Client(HOST, Address(str(self.root / "s"), os_user=USER, programs=str(programs())))

    def run(self, *argv: str) -> None:
        answer = HOST.run([str(programs() / argv[0]), *argv[1:]], user=USER, timeout=120)
        assert answer.status == 0, answer.error

    def make(self) -> None:
        for name in ("s", "archive", "backup"):
            (self.root / name).mkdir()
            os.chown(self.root / name, pwd.getpwnam(USER).pw_uid, -1)
        os.chown(self.root, pwd.getpwnam(USER).pw_uid, -1)
        data = self.root / "data"
        self.run("initdb", "-D", str(data), "-k", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SETTINGS.format(root=self.root))
        self.run("pg_ctl", "start", "-s", "-w", "-D", str(data), "-l", f"{self.root}/log")
        self.sql(f"ALTER SYSTEM SET archive_command = 'cp %p {self.root}/archive/%f'; SELECT pg_reload_conf()")
        self.sql("CREATE DATABASE his")
        self.sql(HOSPITAL, "his")

    def sql(self, statement: str, database: str = "postgres") -> str | None:
        return self.client.value(database, statement)

    def down(self) -> None:
        HOST.run(
            [str(programs() / "pg_ctl"), "stop", "-s", "-m", "immediate", "-D", str(self.root / "data")], user=USER
        )

    def base_arguments(self, into: Path, *arguments: str) -> list[str]:
        return [
            "pg_basebackup",
            "-d",
            self.client.address.conninfo("postgres"),
            "-c",
            "fast",
            "-D",
            str(into),
            *arguments,
        ]

    def dump(self, name: str, *arguments: str, database: str = "his") -> tuple[Path, dict[str, Any]]:
        """A dump and the manifest of what it holds; nothing writes meanwhile."""
        path = self.root / "backup" / name
        self.run("pg_dump", "-d", self.client.address.conninfo(database), "-f", str(path), *arguments)
        content = content_of(self.client, database, Reading()).as_dict()
        server = {"kind": "postgresql", "version": f"{VERSION}.1", "database": database, "encoding": "UTF8"}
        return path, self.manifest(path, content, server, {})

    def base(self, name: str, *arguments: str) -> tuple[Path, dict[str, Any]]:
        """A base backup with WAL up to a restore point, and the manifest of what is at it."""
        path = self.root / "backup" / name
        (path / "wal").mkdir(parents=True)
        os.chown(path, pwd.getpwnam(USER).pw_uid, -1)
        self.run(*self.base_arguments(path / "base", *arguments))
        self.sql("INSERT INTO charge SELECT n, 'after the backup' FROM generate_series(1, 3000) n", "his")
        point = f"point_{name}"
        row = self.client.rows("his", f"SELECT l, pg_walfile_name(l) FROM pg_create_restore_point('{point}') l")[0]
        content = cluster_content(self.client, databases(self.client), Reading(physical=True)).as_dict()
        self.sql(f"INSERT INTO charge VALUES (-1, 'after {point}'); SELECT pg_switch_wal()", "his")
        until((self.root / "archive" / row[1]).exists, 30.0)
        for segment in sorted((self.root / "archive").iterdir()):
            if len(segment.name) == 24:
                (path / "wal" / segment.name).write_bytes(segment.read_bytes())
        identifier = self.sql("SELECT system_identifier FROM pg_control_system()")
        server = {"kind": "postgresql", "version": f"{VERSION}.1", "system_identifier": identifier}
        position = {"lsn": row[0], "timeline": 1, "restore_point": point, "segment": row[1]}
        return path, self.manifest(path, content, server, position)

    def manifest(
        self, path: Path, content: dict[str, Any], server: dict[str, Any], position: dict[str, Any]
    ) -> dict[str, Any]:
        files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
        root = path.parent if path.is_file() or (path / "toc.dat").exists() else path
        return {
            "current_at_epoch": time.time(),
            "server": server,
            "position": position,
            "bytes": 5 * size_of(str(path)),
            "artefacts": [
                {
                    "path": str(each.relative_to(root)),
                    "bytes": each.stat().st_size,
                    "sha256": hashlib.sha256(each.read_bytes()).hexdigest(),
                }
                for each in files
            ],
            "content": content,
        }

    def order(self, engine: str, path: Path | str, **options: Any) -> Order:
        wanted = {"user": USER, "programs": str(programs()), "readable": [str(programs().parents[4])], **options}
        if str(programs()).startswith("/usr/lib"):
            wanted.pop("readable")
        return Order(
            "his", engine, (Copy(str(path)),), str(self.root / "scratch"), str(self.root / "history"), options=wanted
        )


def stages(trial: PostgresqlTrial, manifest: dict[str, Any] | None) -> dict[str, Seen]:
    """Run a trial up to its content; what is found is in the stages, and what ends it is raised."""
    seen = {"fetch": trial.fetch(), "checksums": trial.checksums(manifest)}
    seen["restore"] = trial.restore(manifest)
    seen["start"] = trial.start(manifest)
    seen["identity"] = trial.identity(manifest)
    seen["structure"] = trial.structure(manifest)
    return seen


def differences(trial: PostgresqlTrial, manifest: dict[str, Any]) -> dict[str, list[str]]:
    """The names that differ between what was restored and the manifest, by kind."""
    seen, expected = trial.content(manifest).as_dict(), manifest["content"]
    return {
        kind: sorted(
            name for name in {*seen[kind], *expected[kind]} if seen[kind].get(name) != expected[kind].get(name)
        )
        for kind in ("tables", "sequences", "objects", "left_out")
    }


NOTHING: dict[str, list[str]] = {"tables": [], "sequences": [], "objects": [], "left_out": []}
