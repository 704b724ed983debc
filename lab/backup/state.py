# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restored copy could change at the database that it was taken of: to be read before and after."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from lab.backup.ground import REPOSITORY, Ground
from lab.errors import LabError

ARCHIVED_WITHIN = 15.0
POLL = 0.1
ROWS = """
SELECT c.oid::regclass, (xpath('/row/seen/text()', query_to_xml(format(
  'SELECT count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)), 0) AS seen FROM ONLY %s t', c.oid::regclass
), false, true, '')))[1]::text
FROM pg_class c
WHERE c.relkind IN ('r', 'm') AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)' ORDER BY 1
"""
SLOTS = "SELECT slot_name, active, restart_lsn FROM pg_replication_slots ORDER BY 1"
SERVER = "SELECT pg_postmaster_start_time(), archived_count, failed_count FROM pg_stat_archiver"


@dataclass(frozen=True)
class State:
    """Each a tuple of lines: tables with rows and hash, slots, files of the archive, the server and its archiver."""

    rows: tuple[str, ...]
    slots: tuple[str, ...]
    archive: tuple[str, ...]
    server: tuple[str, ...]

    @classmethod
    def of(cls, ground: Ground) -> State:
        sql, shell = ground.production.sql, ground.server.shell
        files = shell(f"cd {REPOSITORY} && find . -type f -printf '%p %s %T@\\n' | sort")
        return cls(*(tuple(text.splitlines()) for text in (sql(ROWS), sql(SLOTS), files, sql(SERVER))))

    def differences(self, now: State) -> list[str]:
        """The names of what is not as it was."""
        later = asdict(now)
        return [name for name, value in asdict(self).items() if value != later[name]]

    def __str__(self) -> str:
        rows = sum(int(line.split("|")[-1].split()[0]) for line in self.rows)
        return (
            f"{rows} rows in {len(self.rows)} tables, {len(self.slots)} slot, {len(self.archive)} files in the archive"
        )


def settle(ground: Ground) -> None:
    """Return once everything that was written is in the archive, so that it changes no more by itself."""
    last = ground.production.sql("SELECT pg_walfile_name(pg_switch_wal())")
    deadline = time.monotonic() + ARCHIVED_WITHIN
    while ground.production.sql(f"SELECT last_archived_wal >= '{last}' FROM pg_stat_archiver") != "t":
        if time.monotonic() > deadline:
            raise LabError(f"{last} is not in the archive {ARCHIVED_WITHIN:.0f} s after it was full.")
        time.sleep(POLL)
