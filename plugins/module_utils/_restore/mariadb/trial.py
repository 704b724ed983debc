# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test of a MariaDB backup does once its server runs: who it is, what it holds, what the site asks."""

from __future__ import annotations

import shlex
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.content import (
    METHOD,
    Hashed,
    Unreadable,
    read_tables,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.options import options_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.server import (
    ScratchServer,
    ServerFailed,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import (
    SqlFailed,
    identifier,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    ASSERTIONS,
    CONTENT,
    IDENTITY,
    START,
    Assertion,
    Content,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch_trial import ScratchTrial

OPENED = ("--skip-grant-tables",)
"""How restored data is opened for reading, by whoever reaches the socket in the scratch."""


class MariadbTrial(ScratchTrial):
    """The scratch and its server are made when they are first needed; ``path``: of the copy on this host."""

    def __init__(self, order: Order, copy: Copy, host: Optional[Host] = None) -> None:
        super().__init__(order, copy, host)
        self.options = options_of(order)
        self.path = copy.path
        self.position_proven = False
        self._server: Optional[ScratchServer] = None

    @property
    def user(self) -> str:
        return self.options.user

    @property
    def server(self) -> ScratchServer:
        if self._server is None:
            self._server = ScratchServer(self.scratch, self.options)
        return self._server

    def open(self, settings: Tuple[str, ...] = ()) -> Seen:
        """Start the server on the restored data, without its grant tables; the copy is to blame where that fails."""
        try:
            self.server.start((*OPENED, *settings))
        except ServerFailed as error:
            raise Damaged(
                Finding(START, "MariaDB on the restored data", "a server that answers", str(error))
            ) from error
        self.client_rows("STOP ALL SLAVES")
        return Seen(proven=("the server started, without network, events and replication",), unproven=self._unlimited())

    def identity(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        names = inventory.databases(self.server.client)
        if not names:
            return Seen((Finding(IDENTITY, "databases", "at least one", "none"),))
        if manifest is None:
            return Seen(unproven=(f"whose data it is: there is no manifest; the databases are {', '.join(names)}",))
        findings = [*self.differing_databases(manifest, names), *self.differing_character_sets(manifest, names)]
        return Seen(tuple(findings), () if findings else (f"the databases are {', '.join(names)}",))

    def differing_databases(self, manifest: Mapping[str, Any], names: List[str]) -> List[Finding]:
        expected = manifest["server"].get("databases")
        if expected is None or sorted(expected) == sorted(names):
            return []
        return [Finding(IDENTITY, "databases", ", ".join(sorted(expected)), ", ".join(sorted(names)))]

    def differing_character_sets(self, manifest: Mapping[str, Any], names: List[str]) -> List[Finding]:
        expected: Dict[str, str] = manifest["server"].get("encodings") or {}
        seen = inventory.encodings(self.server.client, names)
        return [
            Finding(IDENTITY, f"character set of {name}", str(expected[name]), str(seen[name]))
            for name in names
            if name in expected and name in seen and expected[name] != seen[name]
        ]

    def content(self, manifest: Optional[Mapping[str, Any]]) -> Content:
        client = self.server.client
        names = inventory.databases(client)
        try:
            hashed: Hashed = read_tables([client] * self.order.limits.jobs, inventory.tables(client, names))
        except Unreadable as error:
            raise self.unreadable(CONTENT, error) from error
        sequences = inventory.sequences(client, names)
        ranges = inventory.sequence_ranges(sequences, sequences)
        return Content(METHOD, hashed.tables, ranges, inventory.objects(client, names), left_out=hashed.left_out)

    def unreadable(self, stage: str, error: Unreadable) -> Damaged:
        """Return what tables that cannot be read mean, unless the time was over: then it is the test's own end."""
        self.scratch.check_time()
        if error.gone:
            self.server.check_killed()
        down = f"; the server went down: {self.server.last_error}" if error.gone else ""
        shown = list(error.failures.items())[:10]
        return Damaged(*(Finding(stage, f"table {name}", "readable to the end", f"{why}{down}") for name, why in shown))

    def answer(self, assertion: Assertion) -> Any:
        if assertion.command is not None:
            return self._status(assertion)
        use = f"USE {identifier(assertion.database)};\n" if assertion.database else self._use()
        try:
            rows = self.server.client.rows(use + str(assertion.query))
        except SqlFailed as error:
            self.scratch.check_time()
            what = f"assertion {assertion.name}"
            raise Damaged(Finding(ASSERTIONS, what, str(assertion.expect), error.complaint)) from error
        return None if not rows or rows[0][0] == "NULL" else rows[0][0]

    def client_rows(self, sql: str) -> List[Tuple[str, ...]]:
        return self.server.client.rows(sql)

    def _use(self) -> str:
        """A query without a database is meant for the only one that there is."""
        names = inventory.databases(self.server.client)
        return f"USE {identifier(names[0])};\n" if len(names) == 1 else ""

    def _status(self, assertion: Assertion) -> int:
        words = shlex.split(str(assertion.command))
        environment = {"MYSQL_UNIX_PORT": self.server.socket}
        status = self.scratch.run(words, self.user, environment=environment).status
        self.scratch.check_time()
        return status

    def _unlimited(self) -> Tuple[str, ...]:
        return (self.scratch.unlimited,) if self.scratch.unlimited else ()


def version_limitation(source: str, here: str) -> Optional[str]:
    """Pure: why data of a server's version cannot be opened by another, None where it can: never by an older one."""
    there, mine = series(source), series(here)
    if there is None or mine is None or mine >= there:
        return None
    return f"the backup is of MariaDB {source} and this host has {here}; install that version or a later one here"


def series(version: str) -> Optional[Tuple[int, int]]:
    """Pure: 10.11.6-MariaDB-log -> (10, 11)."""
    numbers = version.split("-", maxsplit=1)[0].split(".")
    return (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 and all(n.isdigit() for n in numbers[:2]) else None


def check_version(source: str, here: str) -> None:
    """NotRunnable where this host's server is older than the backup's."""
    reason = version_limitation(source, here)
    if reason is not None:
        raise NotRunnable(reason)
