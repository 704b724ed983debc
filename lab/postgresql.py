# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL on the lab's database servers: where it is, how a new standby begins, and SQL as its administrator."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from lab.engine import Lab

VERSION = "15"
DATA = f"/var/lib/postgresql/{VERSION}/main"
UNIT = f"postgresql@{VERSION}-main.service"
REPLICATOR = "replicator"
DATABASE = "his"
TABLE = "prescription"


def primary_conninfo(address: str, standby: str) -> str:
    """How a standby reaches its primary.

    Without keepalives: what the receiver last heard is known only as long as it runs, and wal_receiver_timeout ends it.
    """
    login = f"host={address} port=5432 user={REPLICATOR} passfile=/var/lib/postgresql/.pgpass"
    return f"{login} application_name={standby} connect_timeout=2"


def make_standby(volume: Path, conninfo: str, slot: str | None) -> None:
    """Turn a copy of the primary's data into a standby, as pg_basebackup --write-recovery-conf does."""
    data = volume / VERSION / "main"
    owner = data.stat()
    for left_over in (data / "pg_replslot").iterdir():
        shutil.rmtree(left_over)
    settings = {"primary_conninfo": conninfo, **({"primary_slot_name": slot} if slot else {})}
    lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(lines)
    signal = data / "standby.signal"
    signal.touch(0o600)
    os.chown(signal, owner.st_uid, owner.st_gid)


def sql(lab: Lab, machine: str, statement: str, database: str = DATABASE) -> str:
    """What one statement answers, columns separated by |; raises where the server cannot be asked."""
    psql = ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement]
    return lab.exec(machine, *as_postgres(*psql)).stdout.strip()


def as_postgres(*argv: str) -> list[str]:
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "env", "PGCONNECT_TIMEOUT=2", *argv]


def answers(lab: Lab, machine: str) -> bool:
    try:
        return sql(lab, machine, "SELECT 1") == "1"
    except LabError:
        return False


def in_recovery(lab: Lab, machine: str) -> bool:
    """Whether it is a standby."""
    return sql(lab, machine, "SELECT pg_is_in_recovery()") == "t"


def streaming(lab: Lab, primary: str) -> dict[str, str]:
    """The standbys that stream from a primary, and whether each of them is async or sync."""
    rows = sql(lab, primary, "SELECT application_name, sync_state FROM pg_stat_replication WHERE state = 'streaming'")
    return dict(row.split("|") for row in rows.splitlines())


def mark(lab: Lab, primary: str) -> str:
    """Write something that is no row to the WAL, and return where it ends."""
    return sql(lab, primary, "SELECT pg_logical_emit_message(false, 'lab', 'mark')")


def reached(lab: Lab, primary: str, position: str) -> set[str]:
    """The standbys that have told a primary that a position of the WAL is on their disk."""
    rows = sql(lab, primary, f"SELECT application_name FROM pg_stat_replication WHERE flush_lsn >= '{position}'")
    return set(rows.splitlines())


def synchronous(lab: Lab, primary: str, standbys: str = "") -> None:
    """Let the primary acknowledge only what these standbys have on disk; without standbys it waits for nobody."""
    sql(lab, primary, f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'")
    sql(lab, primary, "SELECT pg_reload_conf()")
