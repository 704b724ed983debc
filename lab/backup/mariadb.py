# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hospital's MariaDB on the backup server: the machine's own service, with the settings of the lab's servers."""

from __future__ import annotations

from lab import hospital_data
from lab.backup.server import BackupServer

UNIT = "mariadb.service"
DATABASE = "his"
DATA = "/var/lib/mysql"


class MariadbServer:
    """The administrator is root, over the socket."""

    def __init__(self, server: BackupServer) -> None:
        self.server = server

    def start(self) -> None:
        self.server.run("systemctl", "start", UNIT)

    def stop(self) -> None:
        self.server.run("systemctl", "stop", UNIT)

    def sql(self, statement: str, database: str = "mysql") -> str:
        """What statements answer, columns separated by tabs."""
        return self.server.run(*_client(database), feed=statement)

    def fill(self, rows: int, seed: int = 1, database: str = DATABASE) -> None:
        """A new database with the hospital's data."""
        self.sql(hospital_data.mariadb(database, rows, seed))

    def writer(self, database: str = DATABASE) -> list[str]:
        """The client that a writer of the hospital works through."""
        return [*_client(database), "--unbuffered"]


def _client(database: str) -> list[str]:
    return ["mariadb", "--batch", "--skip-column-names", "--default-character-set=utf8mb4", database]
