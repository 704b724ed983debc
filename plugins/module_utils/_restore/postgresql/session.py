# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL on a server that is reached through psql: single scripts, and a session that is held open."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import PIPE, NotStarted, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Answer, Host

FIELD, RECORD = "\x1f", "\0"
"""Between the columns of an answer, and after each row: bytes that no name holds; a line's end may be in one."""
NOT_REACHED = 2
"""psql's exit status where the connection could not be made or was lost."""
LONGEST = 7 * 86400.0
UNREACHED = re.compile(r"connection to server on socket|could not connect to server")
_LOST = re.compile(
    r"server closed the connection|connection to server was lost|terminating connection|could not receive data"
    r"|the database system is (?:shutting down|in recovery)"
)


class QueryFailed(Exception):
    """SQL that was not answered. ``complaint`` is the server's; ``reached`` tells whether the server answered."""

    def __init__(self, complaint: str, *, reached: bool = True, sqlstate: str = "") -> None:
        super().__init__(complaint)
        self.complaint = complaint
        self.reached = reached
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class Address:
    """Where a server is reached on this host, and as whom.

    ``host`` is the directory of its unix socket, or a name or address. ``os_user`` is who psql runs as, None: who this
    is. ``programs`` is the directory of this version's programs, None: what the search path finds. ``environment`` is
    the client's own, for example PGPASSFILE: a password is never an argument.
    """

    host: str = "/var/run/postgresql"
    port: int = 5432
    role: str = "postgres"
    os_user: Optional[str] = "postgres"
    programs: Optional[str] = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def program(self, name: str) -> str:
        return f"{self.programs}/{name}" if self.programs else name

    def conninfo(self, database: str) -> str:
        """Return what -d of every client program takes."""
        pairs = {"host": self.host, "port": str(self.port), "user": self.role, "dbname": database}
        return " ".join(f"{name}={conninfo_value(value)}" for name, value in pairs.items())

    def client_environment(self) -> Mapping[str, str]:
        return {"PGAPPNAME": "contingency", "PGCONNECT_TIMEOUT": "10", **self.environment}


def conninfo_value(value: str) -> str:
    """Return one value of a connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL takes it, with standard_conforming_strings on as it is by default."""
    return "'" + text.replace("'", "''") + "'"


def psql_argv(address: Address, database: str) -> List[str]:
    """Return the psql that reads SQL from its standard input and answers rows only."""
    verbose = ["-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"]
    shape = ["-F", FIELD, "-0", "-P", "null="]
    return [address.program("psql"), "-XAtqw", *verbose, *shape, "-d", address.conninfo(database), "-f", "-"]


@dataclass(frozen=True)
class Client:
    """Asks one server; safe to be used by several threads at once, as each question is a session of its own."""

    machine: Host
    address: Address

    def rows(self, database: str, sql: str, timeout: float = LONGEST) -> List[Tuple[str, ...]]:
        """Return what a script's queries answer, all rows in order; QueryFailed where one of its statements fails.

        Each script is one psql: what it sets and begins ends with it. NULL is an empty text.
        """
        address = self.address
        answer = self.machine.run(
            psql_argv(address, database),
            user=address.os_user,
            timeout=timeout,
            stdin=sql,
            environment=address.client_environment(),
        )
        if answer.status != 0:
            raise failure(answer)
        return rows_of(answer.output)

    def value(self, database: str, sql: str, timeout: float = LONGEST) -> Optional[str]:
        """Return the only value of a script, None where it answers no row."""
        rows = self.rows(database, sql, timeout)
        return rows[0][0] if rows else None


def rows_of(output: str) -> List[Tuple[str, ...]]:
    """Pure: psql's output as rows of columns."""
    return [tuple(row.split(FIELD)) for row in output.split(RECORD)[:-1]]


def failure(answer: Answer) -> QueryFailed:
    """Pure: what psql's complaint means. Its lines begin with the file, a severity and the SQLSTATE."""
    if answer.status in (TIMED_OUT, MISSING):
        return QueryFailed(answer.error, reached=False)
    if answer.status < 0:
        return QueryFailed(f"psql was terminated by signal {-answer.status}", reached=False)
    for line in answer.error.splitlines():
        before, mark, text = line.partition("ERROR:  ")
        if mark and not before.strip().startswith("CONTEXT"):
            state, colon, message = text.partition(": ")
            return QueryFailed(message if colon else text, sqlstate=state if colon else "")
    return QueryFailed(answer.complaint, reached=answer.status != NOT_REACHED)


def session_lost(text: str) -> bool:
    """Does a program's complaint tell that its session was lost, or that there is no server to have one with?"""
    return bool(_LOST.search(text) or (UNREACHED.search(text) and "FATAL:" not in text))


class Held:
    """A session that stays open, for example to keep a snapshot or a lock while others work.

    It ends with ``close``, at the latest with the thread that opened it, and with it its transaction.
    """

    def __init__(self, address: Address, database: str) -> None:
        self._count = 0
        try:
            self._program = start(
                psql_argv(address, database),
                user=address.os_user,
                environment=address.client_environment(),
                stdin=PIPE,
                stdout=PIPE,
            )
        except NotStarted as error:
            raise QueryFailed(str(error), reached=False) from error

    def rows(self, sql: str) -> List[Tuple[str, ...]]:
        """Run a script in the session and return its rows; QueryFailed, and the session is over, where it fails."""
        self._count += 1
        mark = f"contingency-end-of-answer-{self._count}"
        try:
            self._program.input.write(f"{sql}\n;\n\\echo {mark}\n".encode())
            self._program.input.flush()
        except OSError as error:
            raise QueryFailed("the session that was held open has ended", reached=False) from error
        return rows_of(self._until(mark))

    def value(self, sql: str) -> Optional[str]:
        rows = self.rows(sql)
        return rows[0][0] if rows else None

    def alive(self) -> bool:
        return self._program.running

    def close(self) -> None:
        """End the session; to do so twice does nothing."""
        with contextlib.suppress(BrokenPipeError):
            self._program.input.close()
        self._program.wait(5.0)
        self._program.kill()

    def _until(self, mark: str) -> str:
        lines: List[str] = []
        while True:
            line = self._program.output.readline().decode("utf-8", "replace")
            if line.rstrip("\n").endswith(mark):
                return "".join([*lines, line.rstrip("\n")[: -len(mark)]])
            if not line:
                answer = self._program.wait(5.0)
                raise failure(Answer(answer.status or NOT_REACHED, "", answer.error))
            lines.append(line)
