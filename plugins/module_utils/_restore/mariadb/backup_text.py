# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a physical backup by mariadb-backup says of itself in the small files that lie beside the data."""

from __future__ import annotations

import time
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host

INFO = ("mariadb_backup_info", "xtrabackup_info")
CHECKPOINTS = ("mariadb_backup_checkpoints", "xtrabackup_checkpoints")
BINLOG = ("mariadb_backup_binlog_info", "xtrabackup_binlog_info")
SETTINGS = "backup-my.cnf"
"""MariaDB 10 writes the later names; 11.1 and later the first ones."""
OF_THE_DATA = (
    "innodb_page_size",
    "innodb_data_file_path",
    "innodb_undo_tablespaces",
    "innodb_checksum_algorithm",
)
"""Settings that the server which opens the data has to have as the source had them."""


class BackupSays(NamedTuple):
    """``kind``: full-backuped, incremental, log-applied, full-prepared. ``end``: local time of its host.

    ``settings``: of the data.
    """

    kind: str
    version: str
    end: str
    to_lsn: str
    last_lsn: str
    gtid: Optional[str]
    settings: Mapping[str, str]

    @property
    def ended_at(self) -> Optional[float]:
        """The end as an epoch, taken as the local time of this host, since the backup does not say which it is."""
        try:
            return time.mktime(time.strptime(self.end, "%Y-%m-%d %H:%M:%S"))
        except ValueError:
            return None

    @property
    def prepared(self) -> bool:
        return self.kind in ("log-applied", "full-prepared")

    @property
    def page_size(self) -> int:
        return int(self.settings.get("innodb_page_size", "16384"))

    @property
    def options(self) -> List[str]:
        """What the server is started with."""
        return [f"--loose-{name.replace('_', '-')}={value}" for name, value in self.settings.items()]


def backup_says(host: Host, directory: str) -> Optional[BackupSays]:
    """Return what it says, None where it lacks the file without which nothing can be prepared."""
    checkpoints = pairs(_first(host, directory, CHECKPOINTS))
    if "backup_type" not in checkpoints:
        return None
    info = pairs(_first(host, directory, INFO))
    settings = pairs(host.read(f"{directory}/{SETTINGS}") or "")
    binlog = _first(host, directory, BINLOG).split()
    return BackupSays(
        kind=checkpoints["backup_type"],
        version=info.get("server_version", ""),
        end=info.get("end_time", ""),
        to_lsn=checkpoints.get("to_lsn", ""),
        last_lsn=checkpoints.get("last_lsn", ""),
        gtid=binlog[2] if len(binlog) > 2 else None,
        settings={name: settings[name] for name in OF_THE_DATA if name in settings},
    )


def pairs(text: str) -> Dict[str, str]:
    """Pure: lines of `name = value`; comments and sections have none."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith(("#", "[")))
    return {name.strip(): value.strip() for name, equals, value in lines if equals}


def _first(host: Host, directory: str, names: Tuple[str, ...]) -> str:
    return next((text for text in (host.read(f"{directory}/{name}") for name in names) if text is not None), "")
