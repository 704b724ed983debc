# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL cluster of the hospital on the backup server, as Debian has it: settings in /etc, sockets in /run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab import hospital_data
from lab.backup.server import BackupServer

VERSION = "15"
USER = "postgres"
DATABASE = "his"
SOCKETS = "/var/run/postgresql"
SETTINGS = {
    # The machine does not lose its power while backups are taken; everything else is as a site has it.
    "fsync": "off",
    "shared_buffers": "32MB",
    "wal_level": "logical",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "log_checkpoints": "off",
}


@dataclass(frozen=True)
class Cluster:
    """Made, started and stopped by name; `settings` are added to postgresql.conf."""

    server: BackupServer
    name: str
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> str:
        return f"/var/lib/postgresql/{VERSION}/{self.name}"

    @property
    def configuration(self) -> str:
        return f"/etc/postgresql/{VERSION}/{self.name}"

    @property
    def unit(self) -> str:
        return f"postgresql@{VERSION}-{self.name}.service"

    def make(self) -> None:
        """A new cluster with page checksums, which listens on its socket and on loopback, and runs."""
        initdb = ["--data-checksums", "--no-sync", "--auth-local=peer", "--auth-host=scram-sha-256"]
        create = ["pg_createcluster", VERSION, self.name, "--port", str(self.port), "--locale", "C.UTF-8"]
        self.server.run(*create, "--encoding", "UTF8", "--", *initdb)
        self._settle()
        self.start()

    def _settle(self) -> None:
        lines = "".join(f"{name} = '{value}'\n" for name, value in {**SETTINGS, **self.settings}.items())
        self.server.path(f"{self.configuration}/conf.d").mkdir(exist_ok=True)
        self.server.path(f"{self.configuration}/conf.d/lab.conf").write_text(lines, encoding="utf-8")

    def clone(self, name: str, port: int, settings: Mapping[str, str] | None = None) -> Cluster:
        """A cluster with the same content and system identifier, which does not run yet; this one stops for it."""
        other = Cluster(self.server, name, port, settings or {})
        other.drop()
        self.stop()
        self.server.shell(
            f"cp -a {self.data} {other.data}; cp -a {self.configuration} {other.configuration};"
            f" sed -i 's:/{self.name}:/{name}:; s:{VERSION}-{self.name}:{VERSION}-{name}:; s:^port = .*:port = {port}:'"
            f" {other.configuration}/postgresql.conf"
        )
        other._settle()
        self.start()
        return other

    def log(self) -> str:
        """What it has written to its log so far."""
        return self.server.path(f"/var/log/postgresql/postgresql-{VERSION}-{self.name}.log").read_text(encoding="utf-8")

    def start(self) -> None:
        self.server.run("systemctl", "start", self.unit)

    def stop(self) -> None:
        self.server.run("systemctl", "stop", self.unit)

    def drop(self) -> None:
        """Nothing of it is left; it need not be there."""
        self.server.shell(f"systemctl stop {self.unit}; rm -rf {self.data} {self.configuration}")

    def sql(self, statement: str, database: str = DATABASE) -> str:
        """What statements answer, columns separated by |."""
        where = ["-p", str(self.port), "-d", database]
        return self.server.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *where, "-f", "-", user=USER, feed=statement)

    def fill(self, rows: int, seed: int = 1, database: str = DATABASE, at: float | None = None) -> None:
        """A new database with the hospital's data."""
        self.sql(f'CREATE DATABASE "{database}"', "postgres")
        where = ["-p", str(self.port), "-d", database, *hospital_data.psql(rows, seed, at)]
        self.server.run("psql", "-Xq", *where, user=USER, feed=hospital_data.POSTGRESQL.read_text(encoding="utf-8"))

    def file_of(self, relation: str, database: str = DATABASE) -> str:
        """Where a table or an index lies, relative to the data directory."""
        return self.sql(f"SELECT pg_relation_filepath('{relation}')", database)

    def writer(self, database: str = DATABASE) -> list[str]:
        """The client that a writer of the hospital works through."""
        return ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-p", str(self.port), "-d", database]
