# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a MariaDB server by its own client program: statements in, rows out, one sentence for what goes wrong."""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple
from xml.etree import ElementTree

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import MariadbError, Server, Source

Row = Dict[str, Optional[str]]

ERROR = re.compile(r"ERROR (\d+) \([0-9A-Z]+\)(?: at line \d+)?: (.*)", re.DOTALL)
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
# What XML 1.0 has no place for and an error message of the server may hold all the same.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
OPTIONS = ("--batch", "--xml", "--default-character-set=utf8mb4")
NOT_THERE = (2002, 2003, 2006, 2013)
NO_LOGIN = (1044, 1045, 1130, 1698, 4151)
NO_PRIVILEGE = (1142, 1227)


class Answered(NamedTuple):
    """One statement that answered with rows; those are named as the server names the columns, in lower case."""

    statement: str
    rows: List[Row]


class ServerError(MariadbError):
    """The server answered a statement with an error; ``number`` is its own."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


class NotThere(MariadbError):
    """Nothing answers, or not in time."""


def execute(
    host: Host, server: Server, statements: str, timeout: float = 5.0, secrets: Sequence[str] = ()
) -> List[Answered]:
    """Run statements in one session of the server's own host; they stop at the first that fails."""
    first = [f"--defaults-file={server.defaults_file}"] if server.defaults_file else []
    place = [f"--socket={server.socket}", "--protocol=socket"] if server.socket else []
    limit = f"--connect-timeout={max(1, int(timeout))}"
    command = [server.client, *first, *OPTIONS, limit, *place]
    answer = host.run(command, user=server.os_user, timeout=timeout, stdin=statements)
    if answer.status != 0:
        raise _failure(server.title, answer, secrets, _way_on(server))
    return parse(answer.output)


def execute_at(host: Host, client: str, source: Source, statements: str, timeout: float = 5.0) -> List[Answered]:
    """Ask another server over the network; account and password go through a pipe that is read as an option file."""
    options = ["[client]", f"host={_option(source.host)}", f"port={source.port}", "protocol=tcp"]
    options += [f"user={_option(source.user)}", f"password={_option(source.password)}"]
    if source.ssl is not None:
        options.append("ssl" if source.ssl else "skip-ssl")
    if source.ssl_ca:
        options.append(f"ssl-ca={_option(source.ssl_ca)}")
    limit = f"--connect-timeout={max(1, int(timeout))}"
    command = [client, "--defaults-file=/dev/stdin", *OPTIONS, limit, f"--execute={statements}"]
    answer = host.run(command, timeout=timeout, stdin="\n".join([*options, ""]))
    if answer.status != 0:
        way = "see that it runs and lets this host in, and that user and password are right"
        raise _failure(f"MariaDB at {source.title}", answer, (source.password,), way)
    return parse(answer.output)


def quoted(text: str) -> str:
    """Return a string literal of SQL; statements that use it are run with an empty sql_mode."""
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\x00", "\\0")
    return f"'{escaped}'"


def parse(output: str) -> List[Answered]:
    """Return what each statement answered, from the client's XML: one document for each."""
    documents = [part for part in output.split('<?xml version="1.0"?>') if part.strip()]
    return [_answered(document) for document in documents]


def only(answers: List[Answered], word: str) -> List[Row]:
    """Return the rows of the statement that has a word in it; a statement without rows may leave no trace."""
    return next((answer.rows for answer in answers if word in answer.statement.lower()), [])


def _answered(document: str) -> Answered:
    try:
        found = ElementTree.fromstring(NOT_XML.sub("?", document).strip())
    except ElementTree.ParseError as error:
        raise MariadbError(f"The answer of the client program is no XML ({error}); is it MariaDB's?") from error
    return Answered(found.get("statement", ""), [_row(row) for row in found.findall("row")])


def _row(row: ElementTree.Element) -> Row:
    return {field.get("name", "").lower(): _value(field) for field in row.findall("field")}


def _value(field: ElementTree.Element) -> Optional[str]:
    return None if field.get(NIL) == "true" else field.text or ""


def _option(value: str) -> str:
    if "\n" in value or "\r" in value:
        raise MariadbError("A host, user or password for MariaDB has a line break in it, which its client cannot take.")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _way_on(server: Server) -> str:
    unit = f"start it (systemctl start {server.unit})" if server.unit else "start it"
    return f"{unit}, or name its socket"


def _failure(title: str, answer: Answer, secrets: Sequence[str], way: str) -> MariadbError:
    if answer.status == MISSING:
        return MariadbError(f"{title} cannot be asked: {answer.complaint}; install mariadb-client, or name the client.")
    if answer.status == TIMED_OUT:
        return NotThere(f"{title} took the connection or not, but gave no answer ({answer.complaint}); it hangs.")
    number, text = _error_of(answer)
    for secret in secrets:
        text = text.replace(secret, "********") if secret else text
    return _sentence(title, number, text, way)


def _error_of(answer: Answer) -> Tuple[int, str]:
    found = ERROR.search(answer.error)
    if not found:
        return 0, answer.complaint
    return int(found.group(1)), " ".join(found.group(2).split())


def _sentence(title: str, number: int, text: str, way: str) -> MariadbError:
    text = text.rstrip(".")
    if number in NOT_THERE:
        return NotThere(f"{title} does not answer ({text}); {way}.")
    if number in NO_LOGIN:
        return ServerError(f"{title} refuses the login ({text}); give the account that may do this.", number)
    if number in NO_PRIVILEGE:
        return ServerError(f"{title} does not let this account do it ({text}); grant it that privilege.", number)
    return ServerError(f"{title} answered: {text} (error {number}).", number)
