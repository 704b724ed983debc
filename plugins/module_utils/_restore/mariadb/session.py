# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL on a MariaDB server through its own client program: single scripts, and a session that is held open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import List, Optional, Protocol, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import PIPE, NotStarted, Program, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Answer, Host

Row = Tuple[str, ...]
LONGEST = 7 * 86400.0
GONE = (2002, 2003, 2006, 2013)
"""Errors of the client where the server does not answer, or went away while it was asked."""
ERROR = re.compile(r"ERROR (\d+) \([0-9A-Z]+\)(?: at line \d+)?: (.*)")
ESCAPES = {"\\t": "\t", "\\n": "\n", "\\0": "\0", "\\\\": "\\"}
"""How the client writes these within a column when it runs with --batch."""
PINNED = (
    "SET NAMES utf8mb4",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION sql_mode = ''",
    "SET SESSION max_statement_time = 0",
    "SET SESSION lc_time_names = 'en_US'",
)
"""What the text of a value depends on: a hash of it is compared with one that another server made."""
END = "contingency-end-of-answer"


class SqlFailed(Exception):
    """SQL that was not answered; ``reached`` tells whether the server answered at all, ``number`` is its error's."""

    def __init__(self, complaint: str, number: int = 0, *, reached: bool = True) -> None:
        super().__init__(complaint)
        self.complaint = complaint
        self.number = number
        self.reached = reached


class Asks(Protocol):
    """Whatever answers SQL with rows: a server, or one session that is held open."""

    def rows(self, sql: str) -> List[Row]:
        """Return the rows of all statements in order; SqlFailed at the first that fails. NULL is the text NULL."""


@dataclass(frozen=True)
class Address:
    """How a server is reached on this host. Account and password are only ever in ``defaults_file``.

    ``no_defaults``: the host's own option files, which may be about another server, are not read.
    """

    client: str = "mariadb"
    socket: Optional[str] = None
    defaults_file: Optional[str] = None
    os_user: Optional[str] = None
    account: Optional[str] = None
    no_defaults: bool = False

    def options(self) -> List[str]:
        """Return what each of MariaDB's client programs takes."""
        first = [f"--defaults-file={self.defaults_file}"] if self.defaults_file else []
        first = ["--no-defaults"] if self.no_defaults else first
        place = ["--protocol=socket", f"--socket={self.socket}"] if self.socket else []
        return [*first, *place, *([f"--user={self.account}"] if self.account else [])]

    def argv(self) -> List[str]:
        """Return the client that reads SQL from its standard input and answers rows only."""
        return [self.client, *self.options(), "--batch", "--skip-column-names", "--default-character-set=utf8mb4"]


@dataclass(frozen=True)
class Client:
    """Asks one server; each question is a session of its own, so several threads may ask at once."""

    host: Host
    address: Address
    timeout: float = LONGEST

    def rows(self, sql: str) -> List[Row]:
        address = self.address
        answer = self.host.run(address.argv(), user=address.os_user, timeout=self.timeout, stdin=pinned(sql))
        if answer.status != 0:
            raise failure(answer)
        return rows_of(answer.output)


class Held:
    """One session that stays open, with its transaction and its locks, until it is closed or this process ends."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._program = self._open()

    def _open(self) -> Program:
        try:
            command = [*self._address.argv(), "--unbuffered"]
            self._program = start(command, user=self._address.os_user, stdin=PIPE, stdout=PIPE)
        except NotStarted as error:
            raise SqlFailed(str(error), reached=False) from error
        self.rows(pinned(""))
        return self._program

    def reopen(self) -> None:
        """Begin a new session; the client ends its own at the first error."""
        self.close()
        self._open()

    def rows(self, sql: str) -> List[Row]:
        try:
            self._program.input.write(
                f"{sql.rstrip().rstrip(';')};\nSELECT '{END}';\n".encode("utf-8", "surrogateescape")
            )
            self._program.input.flush()
        except OSError:
            raise self._ended() from None
        return rows_of("".join(self._lines()))

    def close(self) -> None:
        self._program.kill()

    def _lines(self) -> List[str]:
        lines: List[str] = []
        while True:
            line = self._program.output.readline().decode("utf-8", "surrogateescape")
            if not line:
                raise self._ended()
            if line.rstrip("\n") == END:
                return lines
            lines.append(line)

    def _ended(self) -> SqlFailed:
        answer = self._program.wait(10.0)
        return failure(Answer(answer.status or 1, "", answer.error))


def pinned(sql: str) -> str:
    """Return a script that begins with what values are written by."""
    return "".join(f"{statement};\n" for statement in (*PINNED, *([sql] if sql else [])))


def rows_of(output: str) -> List[Row]:
    """Pure: the client's output as rows of columns."""
    return [tuple(_plain(column) for column in line.split("\t")) for line in output.split("\n")[:-1]]


def _plain(column: str) -> str:
    return re.sub(r"\\[tn0\\]", lambda found: ESCAPES[found.group(0)], column) if "\\" in column else column


def failure(answer: Answer) -> SqlFailed:
    """Pure: what the client's complaint means."""
    if answer.status in (TIMED_OUT, MISSING):
        return SqlFailed(answer.complaint, reached=False)
    found = ERROR.search(answer.error)
    if found is None:
        return SqlFailed(answer.complaint)
    number = int(found.group(1))
    return SqlFailed(f"{found.group(2).strip()} (error {number})", number, reached=number not in GONE)


def identifier(*names: str) -> str:
    """Return a name as SQL takes it: `his`.`patient`."""
    return ".".join("`" + name.replace("`", "``") + "`" for name in names)


def literal(text: str) -> str:
    """Return a text as SQL takes it with an empty sql_mode."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def literals(texts: Sequence[str]) -> str:
    return ", ".join(literal(text) for text in texts)
