# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both ways of backing up MariaDB share: how the server is reached, who it is, and sessions of one moment."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.content import (
    METHOD,
    Unreadable,
    read_tables,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.inventory import Table
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import (
    Address,
    Asks,
    Client,
    Held,
    SqlFailed,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.passing import PASSED, passing, recounted
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, TakerOptions

LOCK_WAIT = (1205, 1969)
"""Errors of the server: the lock was not granted in time, or the statement took too long."""
MOMENT = """SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SET SESSION idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0, wait_timeout = 31536000;
START TRANSACTION WITH CONSISTENT SNAPSHOT"""
Position = Dict[str, Optional[str]]
WRITTEN = "written while the backup was taken, and its engine keeps no earlier state to compare with"
TRIES = 3
GAP_SECONDS = 20.0
"""For so long a moment is looked for at which a lock is free."""


@dataclass(frozen=True)
class ServerOptions(TakerOptions):
    """How the server of this host is reached; account and password are only ever in ``defaults_file``.

    ``lock_seconds``: how long writers may be kept waiting for the moment of the backup, each of three times.
    """

    socket: Optional[str] = None
    defaults_file: Optional[str] = None
    account: Optional[str] = None
    os_user: Optional[str] = None
    programs: Optional[str] = None
    lock_seconds: int = 10

    def program(self, name: str) -> str:
        return f"{self.programs}/{name}" if self.programs else name

    @property
    def address(self) -> Address:
        return Address(self.program("mariadb"), self.socket, self.defaults_file, self.os_user, self.account)


class Readings(NamedTuple):
    """What is read outside of the moment, before and after it: only what is the same both times is told."""

    sequences: Mapping[str, int]
    objects: Mapping[str, int]
    others: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Source(Client):
    """The live server: what it does not answer ends the backup."""

    def rows(self, sql: str) -> List[Tuple[str, ...]]:
        try:
            return super().rows(sql)
        except SqlFailed as error:
            raise NotTaken(
                f"MariaDB did not answer ({error.complaint}); see its socket, account and privileges."
            ) from error


def opened(address: Address) -> Held:
    """Return a session that stays open."""
    try:
        return Held(address)
    except SqlFailed as error:
        raise NotTaken(f"A session could not be opened: {error.complaint}; see max_connections.") from error


def told(session: Held, sql: str) -> List[Tuple[str, ...]]:
    """Return what a session answers."""
    try:
        return session.rows(sql)
    except SqlFailed as error:
        raise NotTaken(f"The moment of the backup was not reached: {error.complaint}.") from error


def server_limitation(source: Source) -> Optional[str]:
    """Return why this server's backups cannot be taken in this way, None where they can."""
    version = source.rows("SELECT VERSION()")[0][0]
    if "mariadb" not in version.lower():
        return f"The server is {version}, which is not MariaDB; its backups are not taken here."
    return None


def program_limitation(host: Host, programs: Sequence[str]) -> Optional[str]:
    """Return which program is not on this host, None where all are."""
    missing = [name for name in programs if host.run([name, "--version"]).status == MISSING]
    return f"{missing[0]} is not on this host; install it." if missing else None


def server_facts(source: Source, names: Sequence[str]) -> Dict[str, Any]:
    """Return who the server is, as the manifest has it."""
    version, lower = source.rows("SELECT VERSION(), @@lower_case_table_names")[0]
    return {
        "kind": "mariadb",
        "version": version,
        "version_num": version_number(version),
        "system_identifier": None,
        "database": None,
        "databases": list(names),
        "encoding": None,
        "encodings": inventory.encodings(source, names),
        "lower_case_table_names": int(lower),
        "host": socket.gethostname(),
    }


def version_number(version: str) -> int:
    """Pure: 10.11.6-MariaDB -> 101106."""
    numbers = [int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:3]]
    return sum(number * scale for number, scale in zip(numbers, (10000, 100, 1)))


def gtid_position(session: Held) -> Optional[str]:
    """Return the position of what was committed; None where the server does not log."""
    logs, binlog = told(session, "SELECT @@log_bin, @@gtid_binlog_pos")[0]
    return binlog or None if logs == "1" else None


def locked(session: Held, sql: str, seconds: int) -> None:
    """Run a statement that keeps writers waiting, for so long and no longer; NotTaken where it is not granted.

    While it waits for a long statement or transaction, all others wait behind it: it gives up early and tries again.
    """
    for left in reversed(range(TRIES)):
        try:
            session.rows(f"SET SESSION lock_wait_timeout = {seconds}; {sql}")
            return
        except SqlFailed as error:
            if error.number not in LOCK_WAIT:
                raise NotTaken(f"The moment of the backup was not reached: {error.complaint}.") from error
            if not left:
                raise NotTaken(
                    f"A statement or transaction kept the lock away for {seconds} s, {TRIES} times; see SHOW "
                    "PROCESSLIST for what runs so long, and run this again or raise lock_seconds."
                ) from error
            session.reopen()


def locked_in_a_gap(session: Held, sql: str, host: Host) -> bool:
    """Run a statement at a moment at which nobody stands in its way; False where none came for GAP_SECONDS.

    Who waits for locks of several tables can meet a transaction that goes the other way round, and the server would end
    the transaction as a deadlock. So this one does not wait.
    """
    deadline = host.now() + GAP_SECONDS
    while host.now() < deadline:
        try:
            session.rows(f"SET SESSION lock_wait_timeout = 0; {sql}")
            return True
        except SqlFailed as error:
            if error.number not in LOCK_WAIT:
                raise NotTaken(f"The moment of the backup was not reached: {error.complaint}.") from error
            session.reopen()
    return False


def moment_sessions(address: Address, count: int) -> List[Held]:
    """Return sessions that all see the data as it is now. Only what nobody can write to meanwhile is one moment."""
    sessions: List[Held] = []
    try:
        for _number in range(max(1, count)):
            session = opened(address)
            sessions.append(session)
            told(session, MOMENT)
    except NotTaken:
        close_all(sessions)
        raise
    return sessions


def close_all(sessions: Sequence[Held]) -> None:
    for session in sessions:
        session.close()


def read(sessions: Sequence[Asks], tables: Sequence[Table]) -> Content:
    """Return rows and hashes; NotTaken where a table cannot be read, since a backup of it would lack the same."""
    try:
        hashed = read_tables(sessions, tables)
    except Unreadable as error:
        name, why = next(iter(error.failures.items()))
        more = f" and {len(error.failures) - 1} more" if len(error.failures) > 1 else ""
        raise NotTaken(f"The table {name}{more} could not be read ({why}); the source may be damaged.") from error
    return Content(METHOD, hashed.tables, left_out=hashed.left_out)


def readings(source: Source, names: Sequence[str], others: Sequence[Table]) -> Readings:
    """Return what no snapshot holds: sequences, objects, and tables of engines without transactions."""
    sequences, objects = inventory.sequences(source, names), inventory.objects(source, names)
    return Readings(sequences, objects, read([source], others).tables)


def joined(moment: Content, before: Readings, after: Readings) -> Content:
    """Pure: the content of the moment, with what was the same before and after it; all else is left out by name."""
    same = {name: table for name, table in before.others.items() if after.others.get(name) == table}
    written = {name: WRITTEN if name in after.others else PASSED for name in before.others if name not in same}
    return replace(
        moment,
        tables={**moment.tables, **same},
        left_out={
            **moment.left_out,
            **written,
            **passing(before.sequences, after.sequences),
            **recounted(before.objects, after.objects),
        },
        sequences=inventory.sequence_ranges(before.sequences, after.sequences),
        objects={kind: count for kind, count in before.objects.items() if after.objects.get(kind) == count},
    )


def elsewhere(source: Source, names: Sequence[str]) -> Dict[str, str]:
    """Return the tables whose rows no backup of this server holds, with why."""
    return {table.title: table.left_out for table in inventory.tables(source, names) if table.left_out is not None}
