# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a dump of one database with pg_dump, and read beside it, from the same snapshot, what it has to hold."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import (
    NOWHERE,
    PIPE,
    NotStarted,
    Program,
    pipeline,
    start,
)
from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import (
    Reading,
    Unreadable,
    content_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    QueryFailed,
    literal,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.passing import passing
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import handed_to, through
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.postgresql import (
    PostgresqlTaker,
    ServerOptions,
    asked,
    program_limitation,
    server_facts,
    superuser_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.snapshot import Snapshot
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    Taken,
    TakeOrder,
)


class Format(NamedTuple):
    """How pg_dump writes: its letter, what the artefact's name ends with, and what its output goes through."""

    letter: str
    suffix: str
    through: Tuple[str, ...] = ()


FORMATS: Dict[str, Format] = {
    "custom": Format("c", ".dump"),
    "directory": Format("d", ".dir"),
    "tar": Format("t", ".tar"),
    "plain": Format("p", ".sql"),
    "plain.gz": Format("p", ".sql.gz"),
    "plain.zst": Format("p", ".sql.zst", ("zstd", "-q", "-c")),
}
GLOBALS = "globals.sql"
"""Roles and tablespaces, which no dump of a database holds; with the hashes of passwords."""


@dataclass(frozen=True)
class DumpOptions(ServerOptions):
    """What is dumped and how. ``compress``: pg_dump's own level, None: its default; ``globals``: roles, too."""

    database: str = ""
    format: str = "custom"
    compress: Optional[int] = None
    globals: bool = True


class PgDumpTaker(PostgresqlTaker):
    """The dump lies in the directory as NAME.dump (.dir, .tar, .sql, .sql.gz, .sql.zst), with globals.sql beside it."""

    options: DumpOptions

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host)
        self.options = DumpOptions.of(order.engine, order.options)
        if self.options.format not in FORMATS:
            raise NotTaken(f"pg_dump has no format {self.options.format}; it has {', '.join(FORMATS)}.")
        if not self.options.database:
            raise NotTaken("The engine pg_dump dumps one database; name it as database.")
        self.format = FORMATS[self.options.format]
        self.artefact = f"{order.name}{self.format.suffix}"
        self._programs: List[Program] = []

    def limitation(self) -> Optional[str]:
        asked(self.client, self.options.database, "SELECT 1")
        compressor = self.format.through
        if compressor and self.host.run([compressor[0], "--version"]).status != 0:
            return f"There is no {compressor[0]} on this host; install it, or choose another format."
        return program_limitation(self.client, "pg_dump", "pg_dumpall") or superuser_limitation(
            self.client, self.options.role
        )

    def steps(self) -> Tuple[str, ...]:
        dump = " ".join(["pg_dump", *self._arguments("SNAPSHOT", self.artefact)])
        roles = (f"pg_dumpall --globals-only into {GLOBALS}",) if self.options.globals else ()
        return (f"{dump} into {self.artefact}", "rows and hash of each table from the same snapshot, beside it", *roles)

    def needed_bytes(self) -> Optional[int]:
        size = f"SELECT pg_catalog.pg_database_size({literal(self.options.database)})"
        return int(asked(self.client, "postgres", size))

    def take(self, work: str) -> Taken:
        began = self.host.wall()
        try:
            size = self.needed_bytes()
            server = server_facts(self.client, self.options.database)
            with (
                Snapshot(self.client, self.options.database) as snapshot,
                handed_to(work, self.options.os_user) as handle,
            ):
                content = self._dumped(work, handle, snapshot)
        except QueryFailed as error:
            raise NotTaken(f"The server stopped answering ({error.complaint}); look at its log.") from error
        position = {"lsn": snapshot.lsn, "timeline": snapshot.timeline, "restore_point": None}
        return Taken(began, snapshot.taken_at, self.host.wall(), server, position, size, content)

    def close(self) -> None:
        for program in self._programs:
            program.kill()

    def _dumped(self, work: str, handle: int, snapshot: Snapshot) -> Content:
        """Run pg_dump and the reading of content at the same time; each one's failure ends the other."""
        stop = threading.Event()
        reading = Reading(jobs=self.order.jobs, snapshot=snapshot.name, stop=stop)
        before = inventory.sequences(self.client, self.options.database, physical=False)
        with ThreadPoolExecutor(max_workers=1) as beside:
            programs = self._start(work, handle, snapshot.name)
            content = beside.submit(content_of, self.client, self.options.database, reading)
            content.add_done_callback(self._end_where_failed)
            try:
                self._judge(pipeline(programs, self.order.timeout_seconds), content)
                found = _result(content)
            finally:
                stop.set()
                self.close()
        after = inventory.sequences(self.client, self.options.database, physical=False)
        ranges = inventory.sequence_ranges(before, after, physical=False)
        if self.options.globals:
            self._dump_globals(work)
        return replace(found, sequences=ranges, left_out={**found.left_out, **passing(before, after)})

    def _end_where_failed(self, content: Future[Content]) -> None:
        if not content.cancelled() and content.exception() is not None:
            self.close()

    def _judge(self, answer: Answer, content: Future[Content]) -> None:
        """NotTaken where the dump failed; where it was ended for content that cannot be read, that is the reason."""
        if answer.status == 0:
            return
        if content.done() and content.exception() is not None:
            _result(content)
        if answer.status == TIMED_OUT:
            raise NotTaken(f"pg_dump did not end within {self.order.timeout_seconds:g} s; raise timeout.")
        raise NotTaken(f"pg_dump of {self.options.database} failed ({last_words(answer)}).")

    def _arguments(self, snapshot: str, path: str) -> List[str]:
        level = 6 if self.options.compress is None and self.options.format == "plain.gz" else self.options.compress
        compressed = [f"--compress={level}"] if level is not None and not self.format.through else []
        jobs = [f"--jobs={self.order.jobs}"] if self.options.format == "directory" else []
        into = [] if self.format.through else [f"--file={path}"]
        return [f"--format={self.format.letter}", f"--snapshot={snapshot}", *jobs, *compressed, *into]

    def _start(self, work: str, handle: int, snapshot: str) -> List[Program]:
        try:
            if self.format.through:
                return self._start_through(work, handle, snapshot)
            return [self._start_dump(snapshot, handle, NOWHERE)]
        except (NotStarted, OSError) as error:
            raise NotTaken(f"pg_dump of {self.options.database} was not started: {error}.") from error

    def _start_dump(self, snapshot: str, handle: int, stdout: int) -> Program:
        address = self.client.address
        arguments = self._arguments(snapshot, through(handle, self.artefact))
        dump = start(
            [address.program("pg_dump"), *arguments, "--no-password", "-d", address.conninfo(self.options.database)],
            user=address.os_user,
            environment=address.client_environment(),
            stdout=stdout,
            handles=[handle],
        )
        self._programs.append(dump)
        return dump

    def _start_through(self, work: str, handle: int, snapshot: str) -> List[Program]:
        """Its compressor writes to a file that is opened here."""
        dump = self._start_dump(snapshot, handle, PIPE)
        level = [f"-{self.options.compress}"] if self.options.compress is not None else []
        with open(os.path.join(work, self.artefact), "xb") as file, dump.output as pipe:
            compressor = start([*self.format.through, f"-T{self.order.jobs}", *level], stdin=pipe, stdout=file)
        self._programs.append(compressor)
        return [dump, compressor]

    def _dump_globals(self, work: str) -> None:
        address = self.client.address
        command = [address.program("pg_dumpall"), "--globals-only", "--no-password", "-d", address.conninfo("postgres")]
        try:
            with open(os.path.join(work, GLOBALS), "xb") as file:
                dump = start(command, user=address.os_user, environment=address.client_environment(), stdout=file)
        except (NotStarted, OSError) as error:
            raise NotTaken(f"pg_dumpall was not started: {error}.") from error
        self._programs.append(dump)
        answer = dump.wait(self.order.timeout_seconds)
        if answer.status != 0:
            raise NotTaken(f"pg_dumpall --globals-only failed ({last_words(answer)}); set globals to false without it.")


def _result(content: Future[Content]) -> Content:
    """Return what was read; NotTaken where it could not be, since a dump of it would lack the same."""
    try:
        return content.result()
    except Unreadable as error:
        name, why = next(iter(error.failures.items()))
        more = f" and {len(error.failures) - 1} more" if len(error.failures) > 1 else ""
        raise NotTaken(
            f"The table {name}{more} could not be read ({why}); the source itself may be damaged."
        ) from error
    except QueryFailed as error:
        raise NotTaken(f"The server stopped answering ({error.complaint}); look at its log.") from error


def last_words(answer: Answer) -> str:
    """Return the line in which a client program says what was wrong; details and hints follow it."""
    lines = [line.strip() for line in answer.error.splitlines() if line.strip()]
    told = [line for line in lines if "error:" in line or "FATAL:" in line or "ERROR:" in line]
    return (told or lines or [f"status {answer.status}"])[0]
