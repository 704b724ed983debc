# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a dump with mariadb-dump, and read beside it, as of the same moment, what it has to hold.

The moment: writers wait (FLUSH TABLES WITH READ LOCK) while the sessions that read and the dumper's own begin their
snapshots, which is a fraction of a second.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TimedOut
from dataclasses import dataclass, replace
from typing import IO, Any, Dict, List, NamedTuple, Optional, Tuple, TypeVar

from ansible_collections.contingency.infra.plugins.module_utils._host.program import PIPE, NotStarted, Program, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.dump_text import dump_says
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.inventory import Table
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import Held
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import ENDS, Ends, pump
from ansible_collections.contingency.infra.plugins.module_utils._restore.take import mariadb
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    Taken,
    TakeOrder,
    Taker,
)


class Format(NamedTuple):
    """What the artefact's name ends with, and what the dump goes through."""

    suffix: str
    through: Tuple[str, ...] = ()


FORMATS: Dict[str, Format] = {
    "plain": Format(".sql"),
    "plain.gz": Format(".sql.gz", ("gzip", "-c")),
    "plain.zst": Format(".sql.zst", ("zstd", "-q", "-c")),
}
ACCOUNTS = "accounts.sql"
"""Users, roles and their privileges, which no dump of the site's databases holds; with the hashes of passwords."""
COMPLETE = ("--single-transaction", "--quick", "--routines", "--events", "--triggers", "--hex-blob", "--comments")
Result = TypeVar("Result")
FIRST_BYTES_SECONDS = 60.0


@dataclass(frozen=True)
class DumpOptions(mariadb.ServerOptions):
    """What is dumped and how. ``databases``: empty: all of the site's; ``compress``: the level, None: the default."""

    databases: Tuple[str, ...] = ()
    format: str = "plain.zst"
    compress: Optional[int] = None
    accounts: bool = True


class MariadbDumpTaker(Taker):
    """The dump lies in the directory as NAME.sql (.gz, .zst), with accounts.sql beside it."""

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host)
        self.options = DumpOptions.of(order.engine, order.options)
        if self.options.format not in FORMATS:
            raise NotTaken(f"mariadb_dump has no format {self.options.format}; it has {', '.join(FORMATS)}.")
        self.format = FORMATS[self.options.format]
        self.source = mariadb.Source(host, self.options.address)
        self._sessions: List[Held] = []
        self._programs: List[Program] = []

    @property
    def artefact(self) -> str:
        return f"{self.order.name}{self.format.suffix}"

    def limitation(self) -> Optional[str]:
        needed = [self.options.program("mariadb-dump"), *self.format.through[:1]]
        return mariadb.program_limitation(self.host, needed) or mariadb.server_limitation(self.source) or self._absent()

    def _absent(self) -> Optional[str]:
        there = inventory.databases(self.source)
        missing = [name for name in self.options.databases if name not in there]
        if missing:
            return f"The server has no database {', '.join(missing)}; it has {', '.join(there)}."
        return None if there else "The server has no database of the site's, so there is nothing to dump."

    def steps(self) -> Tuple[str, ...]:
        dump = f"mariadb-dump {' '.join(COMPLETE)} into {self.artefact}"
        accounts = (f"mariadb-dump --system=users into {ACCOUNTS}",) if self.options.accounts else ()
        return (
            "FLUSH TABLES WITH READ LOCK until all sessions see one moment",
            dump,
            "rows and hash beside it",
            *accounts,
        )

    def needed_bytes(self) -> Optional[int]:
        return sum(table.bytes for table in self._tables(self._names()))

    def take(self, work: str) -> Taken:
        began = self.host.wall()
        names = self._names()
        tables = self._tables(names)
        others = [table for table in tables if not table.transactional and table.left_out is None]
        server = mariadb.server_facts(self.source, names)
        before = mariadb.readings(self.source, names, others)
        moment, position, content = self._dumped(work, names, [table for table in tables if table.transactional])
        after = mariadb.readings(self.source, names, others)
        if self.options.accounts:
            self._dump_accounts(work)
        size = sum(table.bytes for table in tables)
        found = mariadb.joined(content, before, after)
        found = replace(found, left_out={**found.left_out, **mariadb.elsewhere(self.source, names)})
        return Taken(began, moment, self.host.wall(), server, {"gtid": position}, size, found)

    def close(self) -> None:
        mariadb.close_all(self._sessions)
        for program in self._programs:
            program.kill()

    def _names(self) -> List[str]:
        return list(self.options.databases) or inventory.databases(self.source)

    def _tables(self, names: List[str]) -> List[Table]:
        return inventory.tables(self.source, names)

    def _dumped(self, work: str, names: List[str], tables: List[Table]) -> Tuple[float, Optional[str], Content]:
        """Run the dump and the reading of content at the same time; each one's failure ends the other."""
        gate = mariadb.opened(self.options.address)
        self._sessions.append(gate)
        dump = None
        with open(os.path.join(work, self.artefact), "xb") as file, ThreadPoolExecutor(max_workers=2) as beside:
            try:
                mariadb.locked(gate, "FLUSH TABLES WITH READ LOCK", self.options.lock_seconds)
                moment, position = self.host.wall(), mariadb.gtid_position(gate)
                sessions = mariadb.moment_sessions(self.options.address, self.order.jobs)
                self._sessions.extend(sessions)
                dump = self._start(names)
                first = self._first_bytes(dump)
                gate.close()
                through = self._start_through(file)
                writing = beside.submit(self._write, dump, through, file, first)
                reading = beside.submit(mariadb.read, sessions, tables)
                reading.add_done_callback(self._end_where_failed)
                self._judge(dump, through, writing, reading)
            except BaseException:
                self.close()
                raise
            os.fsync(file.fileno())
        mariadb.close_all(sessions)
        return moment, position, reading.result()

    def _start(self, names: List[str]) -> Program:
        log = ["--master-data=2", "--gtid"] if self.source.rows("SELECT @@log_bin")[0][0] == "1" else []
        options = [*COMPLETE, *log, "--max-allowed-packet=1G", "--default-character-set=utf8mb4"]
        return self._program([*self._dumper(), *options, "--databases", *names], stdout=PIPE)

    def _dumper(self) -> List[str]:
        return [self.options.program("mariadb-dump"), *self.options.address.options()]

    def _program(self, command: List[str], **streams: Any) -> Program:
        try:
            program = start(command, user=self.options.os_user, **streams)
        except NotStarted as error:
            raise NotTaken(f"{command[0]} was not started: {error}.") from error
        self._programs.append(program)
        return program

    def _first_bytes(self, dump: Program) -> bytes:
        """The dumper writes nothing until its snapshot has begun, but for a few lines that it does not yet flush."""
        with ThreadPoolExecutor(max_workers=1) as waiting:
            first = waiting.submit(os.read, dump.output.fileno(), ENDS)
            try:
                return first.result(timeout=FIRST_BYTES_SECONDS)
            except TimedOut as error:
                dump.kill()
                raise NotTaken(
                    f"mariadb-dump wrote nothing in {FIRST_BYTES_SECONDS:g} s; see SHOW PROCESSLIST."
                ) from error

    def _start_through(self, file: IO[bytes]) -> Optional[Program]:
        if not self.format.through:
            return None
        level = [f"-{self.options.compress}"] if self.options.compress is not None else []
        threads = [f"-T{self.order.jobs}"] if self.format.through[0] == "zstd" else []
        return self._program([*self.format.through, *threads, *level], stdin=PIPE, stdout=file)

    def _write(self, dump: Program, through: Optional[Program], file: IO[bytes], first: bytes) -> Ends:
        into = through.input if through is not None else file
        into.write(first)
        ends = pump(dump.output.fileno(), into.write, first)
        into.flush()
        if through is not None:
            through.input.close()
        return ends

    def _end_where_failed(self, reading: Future[Content]) -> None:
        if not reading.cancelled() and reading.exception() is not None:
            for program in self._programs:
                program.kill()

    def _judge(
        self, dump: Program, through: Optional[Program], writing: Future[Ends], reading: Future[Content]
    ) -> None:
        """NotTaken where anything failed; where the dump was ended for content that cannot be read, that is it."""
        try:
            ends: Optional[Ends] = writing.result(timeout=self.order.timeout_seconds)
        except TimedOut as error:
            raise NotTaken(
                f"mariadb-dump did not end within {self.order.timeout_seconds:g} s; raise timeout."
            ) from error
        except (OSError, ValueError):
            ends = None
        answers = [program.wait(60.0) for program in (dump, through) if program is not None]
        if reading.done() and reading.exception() is not None:
            reading.result()
        for answer, program in zip(answers, (dump, through)):
            if answer.status != 0 and program is not None:
                raise NotTaken(f"{program.name} failed ({answer.complaint}, status {answer.status}).")
        if ends is None or not dump_says(ends).completed:
            raise NotTaken("mariadb-dump ended without its last line (-- Dump completed); is its disk full?")
        self._within_time(reading, "the reading of rows beside mariadb-dump")

    def _within_time(self, work: Future[Result], what: str) -> Result:
        try:
            return work.result(timeout=self.order.timeout_seconds)
        except TimedOut as error:
            limit = self.order.timeout_seconds
            raise NotTaken(f"{what} did not end within {limit:g} s; raise timeout.") from error

    def _dump_accounts(self, work: str) -> None:
        with open(os.path.join(work, ACCOUNTS), "xb") as file:
            dump = self._program([*self._dumper(), "--system=users", "--replace"], stdout=file)
            answer = dump.wait(600.0)
            os.fsync(file.fileno())
        if answer.status != 0:
            raise NotTaken(
                f"mariadb-dump --system=users failed ({answer.complaint}); set accounts to false without it."
            )
