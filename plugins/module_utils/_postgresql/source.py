# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary that a standby shall follow, as it is seen from the standby's host."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.cluster import psql, quoted
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    Cluster,
    Data,
    PostgresqlError,
)

RIGHTS = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
)
QUERY = """
SELECT row_to_json(answer) FROM (SELECT
  pg_is_in_recovery() AS in_recovery,
  (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
  current_setting('server_version_num')::int AS server_version,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_walfile_name(pg_current_wal_lsn()) END AS wal_file,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn()::text END AS current_lsn,
  (SELECT timeline_id FROM pg_control_checkpoint()) AS checkpoint_timeline,
  coalesce((SELECT sum(pg_database_size(oid)) FROM pg_database WHERE has_database_privilege(oid, 'connect')), 0)
    AS bytes,
  (SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')) AS tablespaces,
  coalesce((SELECT json_agg(json_build_array(slot_name, active) ORDER BY slot_name) FROM pg_replication_slots
    WHERE restart_lsn IS NOT NULL AND wal_status IS DISTINCT FROM 'lost'), '[]') AS slots,
  {rights} AS may_rewind) AS answer
""".replace("{rights}", " AND ".join(f"has_function_privilege('{name}', 'execute')" for name in RIGHTS))


@dataclass(frozen=True)
class Source(Data):
    """How the primary is reached, and what this standby is called there. The password is in ``passfile``."""

    host: str
    port: int = 5432
    user: str = "replicator"
    rewind_user: Optional[str] = None
    passfile: Optional[str] = None
    sslmode: Optional[str] = None
    slot: Optional[str] = None
    application_name: Optional[str] = None

    @property
    def title(self) -> str:
        return f"{self.host}:{self.port}"

    def conninfo(self, user: Optional[str] = None, database: Optional[str] = "postgres") -> str:
        """A connection string without a password, with keepalives that notice a dead primary."""
        values = {
            "host": self.host,
            "port": str(self.port),
            "user": user or self.user,
            "passfile": self.passfile,
            "sslmode": self.sslmode,
            "application_name": self.application_name,
            "dbname": database,
            "connect_timeout": "5",
            "keepalives_idle": "2",
            "keepalives_interval": "2",
            "keepalives_count": "3",
            "tcp_user_timeout": "6000",
        }
        return " ".join(f"{name}={quoted(value)}" for name, value in values.items() if value)


@dataclass(frozen=True)
class SourceState(Data):
    """The primary as it answered."""

    in_recovery: bool
    system_identifier: str
    server_version: int
    timeline: int
    checkpoint_timeline: int
    current_lsn: Optional[str]
    bytes: int
    tablespaces: int
    slots: Tuple[Tuple[str, bool], ...]
    may_rewind: bool


def ask(host: Host, cluster: Cluster, source: Source, timeout: float = 10.0) -> SourceState:
    """Return what the primary says; PostgresqlError where it cannot be asked."""
    answer = psql(host, cluster, QUERY, timeout, source.conninfo(source.rewind_user))
    if answer.status != 0:
        raise PostgresqlError(
            f"The primary {source.title} cannot be asked as {source.rewind_user or source.user}: {answer.complaint}; "
            "check its address, its pg_hba.conf, the passfile, and that it runs."
        )
    row = json.loads(answer.output)
    return SourceState(
        in_recovery=row["in_recovery"],
        system_identifier=row["system_identifier"],
        server_version=row["server_version"],
        timeline=int(row["wal_file"][:8], 16) if row["wal_file"] else row["checkpoint_timeline"],
        checkpoint_timeline=row["checkpoint_timeline"],
        current_lsn=row["current_lsn"],
        bytes=int(row["bytes"]),
        tablespaces=row["tablespaces"],
        slots=tuple((name, active) for name, active in row["slots"]),
        may_rewind=row["may_rewind"],
    )


def fork_of(host: Host, cluster: Cluster, source: Source, source_timeline: int, timeline: int) -> Optional[str]:
    """Return where the primary's history left a timeline, None where it is still on it or never was.

    It is asked of the replication protocol, which every replication user may.
    """
    if source_timeline <= timeline:
        return None
    conninfo = source.conninfo(None, None) + " replication=true"
    answer = psql(host, cluster, f"TIMELINE_HISTORY {source_timeline};", 10.0, conninfo)
    if answer.status != 0:
        raise PostgresqlError(
            f"The primary {source.title} does not tell the history of its timeline {source_timeline} to "
            f"{source.user}: {answer.complaint}; allow replication for it in pg_hba.conf."
        )
    return fork_in(answer.output, timeline)


def fork_in(history: str, timeline: int) -> Optional[str]:
    """Pure: the position at which this timeline was left, of a history file."""
    found = re.search(rf"(?:^|\|){timeline}\t([0-9A-F]+/[0-9A-F]+)", history, re.MULTILINE)
    return found.group(1) if found else None


def make_slot(host: Host, cluster: Cluster, source: Source) -> None:
    """A slot that lost its WAL is of no use any more and is replaced."""
    name = "'{}'".format((source.slot or "").replace("'", "''"))
    statement = (
        f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = {name} AND NOT active "
        f"AND (restart_lsn IS NULL OR wal_status = 'lost'); SELECT pg_create_physical_replication_slot({name}, true);"
    )
    answer = psql(host, cluster, statement, 10.0, source.conninfo())
    if answer.status != 0 and "already exists" not in answer.error:
        raise PostgresqlError(
            f"The slot {source.slot} could not be made on {source.title}: {answer.complaint}; raise "
            "max_replication_slots, or make it by hand."
        )


def checkpoint_source(host: Host, cluster: Cluster, source: Source, timeout: float = 600.0) -> None:
    """pg_rewind reads the primary's control file, which knows of its promotion only after a checkpoint."""
    answer = psql(host, cluster, "CHECKPOINT;", timeout, source.conninfo(source.rewind_user))
    if answer.status == 0:
        return
    state = ask(host, cluster, source)
    if state.checkpoint_timeline != state.timeline:
        raise PostgresqlError(
            f"The primary {source.title} has written no checkpoint since it was promoted and "
            f"{source.rewind_user or source.user} may not ask for one ({answer.complaint}); run CHECKPOINT on it as "
            "its administrator, and run this again."
        )


def identify(host: Host, cluster: Cluster, source: Source) -> None:
    """See that replication is let in, before anything is stopped or overwritten for it."""
    answer = psql(host, cluster, "IDENTIFY_SYSTEM;", 10.0, source.conninfo(None, None) + " replication=true")
    if answer.status != 0:
        raise PostgresqlError(
            f"The primary {source.title} does not let {source.user} replicate: {answer.complaint}; check that it runs, "
            "its address, its pg_hba.conf and the passfile. Nothing was changed."
        )
