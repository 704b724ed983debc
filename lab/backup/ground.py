# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the backups of the lab are taken of: a cluster with an archive of its WAL, a MariaDB server, and files."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lab import hospital_data
from lab.backup.cluster import USER, Cluster
from lab.backup.mariadb import DATABASE, MariadbServer
from lab.backup.server import BackupServer
from lab.backup.writers import Writing

STANZA = "his"
REPOSITORY = "/srv/pgbackrest"
FILES = "/srv/pacs"
BACKUPS = "/srv/backups"
RESTIC, BORG = "/srv/restic", "/srv/borg"
PASSWORD_FILE = "/etc/lab-repository-password"
PORT = 5440
TRANSACTIONS = 60
"""Work of the hospital before the first backup, so that every table that only work fills has rows."""
ARCHIVE = {"archive_mode": "on", "archive_command": f"pgbackrest --stanza={STANZA} archive-push %p"}


@dataclass(frozen=True)
class Ground:
    """What backups are taken of."""

    server: BackupServer
    production: Cluster
    mariadb: MariadbServer
    files: str = FILES

    @classmethod
    def on(cls, server: BackupServer) -> Ground:
        return cls(server, Cluster(server, "production", PORT, ARCHIVE), MariadbServer(server))

    def make(self, rows: int = 2000) -> None:
        """All of it as new, whatever was there before; `rows` visits in each database."""
        self.server.shell(f"mkdir -p {BACKUPS}")
        with ThreadPoolExecutor() as pool:
            made = [pool.submit(self.make_postgresql, rows), pool.submit(self.make_mariadb, rows)]
            self.make_files()
            for each in made:
                each.result()

    def make_postgresql(self, rows: int) -> None:
        self.production.drop()
        self._write_pgbackrest_configuration()
        self.server.shell(f"rm -rf {REPOSITORY}; install -d -o {USER} -g {USER} -m 750 {REPOSITORY}")
        self.production.make()
        self.server.run("pgbackrest", f"--stanza={STANZA}", "--log-level-console=error", "stanza-create", user=USER)
        self.production.fill(rows)
        with Writing(self.server, self.production.writer(), pause=0) as writing:
            writing.wait_for(TRANSACTIONS)

    def make_mariadb(self, rows: int) -> None:
        self.mariadb.start()
        self.mariadb.sql(f"DROP DATABASE IF EXISTS `{DATABASE}`")
        self.mariadb.fill(rows)
        with Writing(self.server, self.mariadb.writer(), "mariadb", pause=0) as writing:
            writing.wait_for(TRANSACTIONS)

    def make_files(self, count: int = 120) -> None:
        directory = self.server.path(self.files)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        hospital_data.write_files(directory, count)
        self._forget_repositories()

    def _forget_repositories(self) -> None:
        """Whoever takes the first backup makes them; what the programs remember of earlier ones goes, too."""
        password = self.server.path(PASSWORD_FILE)
        password.write_text("lab-only\n", encoding="ascii")
        password.chmod(0o600)
        self.server.shell(f"rm -rf {RESTIC} {BORG} /root/.config/borg /root/.cache/borg /root/.cache/restic")

    def _write_pgbackrest_configuration(self) -> None:
        text = (
            f"[global]\nrepo1-path={REPOSITORY}\nlog-level-file=off\nstart-fast=y\n"
            f"[{STANZA}]\npg1-path={self.production.data}\npg1-port={self.production.port}\n"
        )
        self.server.path("/etc/pgbackrest.conf").write_text(text, encoding="ascii")
