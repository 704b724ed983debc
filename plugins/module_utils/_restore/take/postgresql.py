# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all backups of PostgreSQL share when they are taken: how the server is reached, who it is, how long there is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    Address,
    Client,
    QueryFailed,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    TakeOrder,
    Taker,
    TakerOptions,
)

PROGRAMS = "ls -d /usr/lib/postgresql/[0-9]*/bin /usr/pgsql-[0-9]*/bin /usr/local/pgsql/bin 2>/dev/null; echo /usr/bin"
"""Where Debian, Red Hat with PGDG and the sources put the programs."""
SUPPORTED = range(13, 19)
QUICK = 30.0  # seconds for a question that needs no reading of data


@dataclass(frozen=True)
class ServerOptions(TakerOptions):
    """How the server is reached: over its unix socket, as a superuser who logs in without being asked.

    ``skip_on_standby``: both servers of a pair have the set, and the present primary takes it.
    """

    socket_directory: str = "/var/run/postgresql"
    port: int = 5432
    role: str = "postgres"
    os_user: str = "postgres"
    bin_directory: Optional[str] = None
    passfile: Optional[str] = None
    skip_on_standby: bool = False


class PostgresqlTaker(Taker):
    """A taker that asks a server; which programs are that server's is found out when it is first asked."""

    options: ServerOptions

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host)
        self._client: Optional[Client] = None

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = client_of(self.host, self.options)
        return self._client

    def idle(self) -> Optional[str]:
        """Return that the other server of the pair takes the backup, None where this one does."""
        recovering = "SELECT pg_catalog.pg_is_in_recovery()"
        if self.options.skip_on_standby and asked(self.client, "postgres", recovering) == "t":
            return "the server is a standby; the primary takes this backup"
        return None


def client_of(host: Host, options: ServerOptions) -> Client:
    """Return a client with the programs of the server's own major version; NotTaken where it cannot be asked."""
    places = [options.bin_directory] if options.bin_directory else _places(host)
    fitting = [place for place in places if host.exists(f"{place}/psql")]
    if not fitting:
        raise NotTaken(f"There is no psql in {', '.join(places)}; name the right directory as bin_directory.")
    first = Client(host, _address(options, fitting[0]))
    major = int(asked(first, "postgres", "SHOW server_version_num")) // 10000
    if major not in SUPPORTED:
        raise NotTaken(f"PostgreSQL {major} is not supported; versions {SUPPORTED[0]} to {SUPPORTED[-1]} are.")
    own = [place for place in fitting if re.search(rf"[/-]{major}/bin$", place)]
    return Client(host, replace(first.address, programs=(own or fitting)[0]))


def program_limitation(client: Client, *names: str) -> Optional[str]:
    """Return which of the server's programs is missing, None where all are there."""
    programs = client.address.programs
    missing = [name for name in names if not client.machine.exists(f"{programs}/{name}")]
    return f"There is no {missing[0]} in {programs}; install the server's client programs." if missing else None


def superuser_limitation(client: Client, role: str) -> Optional[str]:
    """Return why the role does not see everything, None where it does."""
    if asked(client, "postgres", "SHOW is_superuser") == "on":
        return None
    return f"{role} is no superuser, so its backup and its manifest may lack rows and objects; name one as role."


def primary_limitation(client: Client) -> Optional[str]:
    """Return why no restore point can be set, None where it can."""
    if asked(client, "postgres", "SELECT pg_catalog.pg_is_in_recovery()") == "f":
        return None
    return "The server is a standby, where no restore point can be set; take this backup on the primary."


def asked(client: Client, database: str, sql: str) -> str:
    """Return one value; NotTaken with the server's complaint where there is none."""
    try:
        value = client.value(database, sql, timeout=QUICK)
    except QueryFailed as error:
        address = client.address
        raise NotTaken(
            f"The server at {address.host} port {address.port} does not answer {address.role} in the database "
            f"{database} ({error.complaint}); correct socket_directory, port, role, os_user or database."
        ) from error
    return value or ""


def server_facts(client: Client, database: Optional[str]) -> Dict[str, Any]:
    """Return who the server is; ``database`` None where the backup holds all of them."""
    named = database or "postgres"
    rows = client.rows(
        named,
        "SELECT current_setting('server_version'), current_setting('server_version_num'),"
        " (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),"
        " pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, current_setting('data_checksums')"
        " FROM pg_catalog.pg_database d WHERE d.datname = current_database()",
        timeout=QUICK,
    )
    version, number, identifier, encoding, collation, checksums = rows[0]
    return {
        "kind": "postgresql",
        "version": version,
        "version_num": int(number),
        "system_identifier": identifier,
        "database": database,
        "encoding": encoding,
        "collation": collation,
        "data_checksums": checksums == "on",
        "host": client.machine.run(["uname", "-n"]).output.strip(),
    }


def _places(host: Host) -> List[str]:
    """The newest first: every psql can ask an older server for its version."""
    found = host.run(["sh", "-c", PROGRAMS]).output.split()
    return sorted(found, key=lambda place: -int((re.findall(r"\d+", place) or ["0"])[0]))


def _address(options: ServerOptions, programs: str) -> Address:
    return Address(
        host=options.socket_directory,
        port=options.port,
        role=options.role,
        os_user=options.os_user,
        programs=programs,
        environment={"PGPASSFILE": options.passfile} if options.passfile else {},
    )
