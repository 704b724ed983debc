# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a base backup, with WAL received beside it up to a restore point whose content is known exactly."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import NotStarted, Program, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    Held,
    QueryFailed,
    literal,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.pg_dump import last_words
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.physical import (
    Marked,
    PhysicalOptions,
    marked,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import handed_to, through
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.postgresql import (
    PostgresqlTaker,
    asked,
    primary_limitation,
    program_limitation,
    server_facts,
    superuser_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    Taken,
    TakeOrder,
)

FORMATS: Dict[str, Tuple[str, ...]] = {
    "plain": ("--format=plain",),
    "tar": ("--format=tar",),
    "tar.gz": ("--format=tar", "--gzip"),
}
BASE, WAL = "base", "wal"
SENDERS = 2
"""What runs at once: the base backup, and the WAL up to the restore point."""
WAL_METHOD = "--wal-method=fetch"
"""The base backup holds its own WAL, too. With ``stream`` a second process receives it, which outlives a pg_basebackup
that is killed, holds its connection open and keeps WAL on the server for ever; our own slot keeps it long enough."""
POLL = 0.1
PARTIAL = ".partial"


@dataclass(frozen=True)
class BaseBackupOptions(PhysicalOptions):
    """``max_rate``: as pg_basebackup has it (such as 50M), None: as fast as it goes. ``wal_seconds``: for its WAL."""

    format: str = "tar.gz"
    max_rate: Optional[str] = None
    checkpoint: str = "fast"
    wal_seconds: float = 300.0


class BaseBackupTaker(PostgresqlTaker):
    """The directory holds base/ (pg_basebackup's own output) and wal/ (segments up to the restore point)."""

    options: BaseBackupOptions

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host)
        self.options = BaseBackupOptions.of(order.engine, order.options)
        if self.options.format not in FORMATS:
            raise NotTaken(f"pg_basebackup has no format {self.options.format}; it has {', '.join(FORMATS)}.")
        self._programs: List[Program] = []
        self._slot: Optional[Held] = None

    def limitation(self) -> Optional[str]:
        return (
            primary_limitation(self.client)
            or superuser_limitation(self.client, self.options.role)
            or program_limitation(self.client, "pg_basebackup", "pg_receivewal", "pg_waldump")
            or self._senders_limitation()
            or self._tablespaces_limitation()
        )

    def steps(self) -> Tuple[str, ...]:
        return (
            "pg_receivewal into wal/, from before the base backup to the restore point",
            f"{' '.join(['pg_basebackup', *self._arguments()])} into base/",
            "a restore point; rows and hash of each table exactly at it",
        )

    def needed_bytes(self) -> Optional[int]:
        size = "SELECT sum(pg_catalog.pg_tablespace_size(oid))::bigint FROM pg_catalog.pg_tablespace"
        return int(asked(self.client, "postgres", size))

    def take(self, work: str) -> Taken:
        began = self.host.wall()
        try:
            size = self.needed_bytes()
            server = server_facts(self.client, None)
            self._hold_wal()
            os.mkdir(os.path.join(work, WAL), 0o700)
            with (
                handed_to(work, self.options.os_user) as handle,
                handed_to(os.path.join(work, WAL), self.options.os_user) as wal,
            ):
                receiver = self._receive(wal, os.path.join(work, WAL))
                self._run_base(handle)
                found = self._marked(receiver, os.path.join(work, WAL))
        except QueryFailed as error:
            raise NotTaken(f"The server stopped answering ({error.complaint}); look at its log.") from error
        mark = found.mark
        trim(os.path.join(work, WAL), self._end_of_base(work, mark.segment), mark.segment)
        ended = self.host.wall()
        return Taken(began, mark.at, ended, server, found.position, size, found.content, found.warnings, found.failure)

    def close(self) -> None:
        for program in self._programs:
            program.kill()
        if self._slot is not None:
            self._slot.close()
            self._slot = None

    def _senders_limitation(self) -> Optional[str]:
        free = int(
            asked(
                self.client,
                "postgres",
                "SELECT current_setting('max_wal_senders')::int - count(*) FROM pg_catalog.pg_stat_replication",
            )
        )
        slots = int(
            asked(
                self.client,
                "postgres",
                "SELECT current_setting('max_replication_slots')::int - count(*) FROM pg_catalog.pg_replication_slots",
            )
        )
        if asked(self.client, "postgres", "SHOW wal_level") == "minimal":
            return "wal_level is minimal, with which no base backup can be taken; set it to replica and restart."
        if free < SENDERS:
            return f"max_wal_senders leaves {max(0, free)} free, and {SENDERS} are needed; raise it."
        return None if slots >= 1 else "max_replication_slots leaves none free, and one is needed; raise it."

    def _tablespaces_limitation(self) -> Optional[str]:
        own = "SELECT count(*) FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')"
        if self.options.format != "plain" or asked(self.client, "postgres", own) == "0":
            return None
        return "The server has tablespaces, which the format plain would write to where they are; choose tar.gz."

    def _arguments(self) -> List[str]:
        rate = [f"--max-rate={self.options.max_rate}"] if self.options.max_rate else []
        checkpoint = f"--checkpoint={self.options.checkpoint}"
        return [*FORMATS[self.options.format], WAL_METHOD, checkpoint, *rate]

    def _hold_wal(self) -> None:
        """Keep the server from removing WAL that is not received yet; the slot ends with its session, in any case."""
        self._slot = Held(self.client.address, "postgres")
        name = f"contingency_{os.getpid()}"
        self._slot.rows(f"SELECT FROM pg_catalog.pg_create_physical_replication_slot({literal(name)}, true, true)")

    def _started(self, program: str, arguments: List[str], handle: int) -> Program:
        address = self.client.address
        where = ["--no-password", "-d", address.conninfo("postgres")]
        try:
            started = start(
                [address.program(program), *arguments, *where],
                user=address.os_user,
                environment=address.client_environment(),
                handles=[handle],
            )
        except NotStarted as error:
            raise NotTaken(f"{program} was not started: {error}.") from error
        self._programs.append(started)
        return started

    def _receive(self, handle: int, directory: str) -> Program:
        """Receive WAL, and return when it flows: from then on none is missed."""
        receiver = self._started("pg_receivewal", ["--no-loop", "-D", through(handle, ".")], handle)
        deadline = self.host.now() + self.options.wal_seconds
        while not os.listdir(directory):
            self._check(receiver, deadline, "no WAL came from the server")
            self.host.sleep(POLL)
        return receiver

    def _run_base(self, handle: int) -> None:
        backup = self._started("pg_basebackup", [*self._arguments(), "-D", through(handle, BASE)], handle)
        answer = backup.wait(self.order.timeout_seconds)
        if answer.status == TIMED_OUT:
            raise NotTaken(f"pg_basebackup did not end within {self.order.timeout_seconds:g} s; raise timeout.")
        if answer.status != 0:
            raise NotTaken(f"pg_basebackup failed ({last_words(answer)}).")

    def _marked(self, receiver: Program, directory: str) -> Marked:
        found = marked(self.client, self.options, self.order.name, self.order.jobs)
        deadline = self.host.now() + self.options.wal_seconds
        while not os.path.exists(os.path.join(directory, found.mark.segment)):
            self._check(receiver, deadline, f"the segment {found.mark.segment} of the restore point did not come")
            self.host.sleep(POLL)
        receiver.stop(signal.SIGINT)
        return found

    def _check(self, receiver: Program, deadline: float, problem: str) -> None:
        if not receiver.running:
            raise NotTaken(f"pg_receivewal ended ({last_words(receiver.wait(1.0))}), so {problem}.")
        if self.host.now() > deadline:
            raise NotTaken(f"Within {self.options.wal_seconds:g} s {problem}; raise wal_seconds.")

    def _end_of_base(self, work: str, segment: str) -> str:
        """Return the name of the segment in which the base backup's own WAL ends."""
        path = os.path.join(work, BASE, "backup_manifest")
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            ranges = json.load(file)["WAL-Ranges"]
        size = asked(
            self.client, "postgres", "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size'"
        )
        return segment_name(ranges[-1], int(size))


def segment_name(wal_range: Dict[str, Any], size: int) -> str:
    """Pure: the file that holds the end of a range of WAL, as the server names it."""
    high, _slash, low = wal_range["End-LSN"].partition("/")
    number = ((int(high, 16) << 32) + int(low, 16) - 1) // size
    per_file = (1 << 32) // size
    return f"{wal_range['Timeline']:08X}{number // per_file:08X}{number % per_file:08X}"


def trim(directory: str, first: str, last: str) -> None:
    """Leave the segments from the base backup's end to the restore point; NotTaken where one of them is missing."""
    names = sorted(name for name in os.listdir(directory) if not name.endswith(PARTIAL))
    for name in os.listdir(directory):
        if name.endswith(PARTIAL) or not first <= name <= last:
            os.unlink(os.path.join(directory, name))
    kept = [name for name in names if first <= name <= last]
    if not kept or kept[0] != first or kept[-1] != last:
        seen = f"{kept[0]} to {kept[-1]}" if kept else "none"
        raise NotTaken(
            f"Of the WAL segments {first} to {last} only {seen} came; see that WAL is not removed too early."
        )
