# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all trials of PostgreSQL backups have in common: the scratch, the server in it, and what it is asked."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    ASSERTIONS,
    CONTENT,
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
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import quiet
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.blame import (
    end_reason,
    host_blamed,
    raise_for,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import Reading, Unreadable
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.private import without_values
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.programs import user_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.row_hash import COLUMNS
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.server import (
    PORT,
    Server,
    harmless_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    UNREACHED,
    Client,
    QueryFailed,
    identifier,
    session_lost,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch_trial import ScratchTrial

Manifest = Optional[Mapping[str, Any]]


class PostgresqlTrial(ScratchTrial):
    """One copy of a PostgreSQL backup.

    ``order.options``: ``user`` (of this host, as whom the server runs), ``programs`` (the directory of the server's
    programs), ``readable`` (more directories that these need to see), ``role`` (the restored server's superuser),
    ``preload`` (libraries that the data cannot do without).
    """

    def __init__(self, order: Order, copy: Copy, host: Optional[Host] = None) -> None:
        super().__init__(order, copy, host)
        self.known: Manifest = None
        self._server: Optional[Server] = None

    @property
    def user(self) -> str:
        return user_of(self.order.options)

    @property
    def preload(self) -> Tuple[str, ...]:
        return tuple(self.order.options.get("preload") or ())

    @property
    def server(self) -> Server:
        if self._server is None:
            raise NotRunnable("nothing was restored yet; restore comes before what asks the restored server")
        return self._server

    @property
    def client(self) -> Client:
        return self.server.client

    def new_server(self, programs: str, data: str, readable: Sequence[str] = ()) -> Server:
        role = str(self.order.options.get("role") or "postgres")
        seen = (*self.visible(programs), *readable)
        self._server = Server(self.scratch, programs, self.user, data, role=role, readable=seen)
        return self._server

    def visible(self, programs: str) -> Tuple[str, ...]:
        """Return what the server's programs need to see besides the system's own directories."""
        return (os.path.dirname(programs), *map(str, self.order.options.get("readable") or ()))

    def check_harmless(self) -> None:
        """NotRunnable where the server is not set as it has to be so that it harms nobody."""
        reason = harmless_limitation(self.client, self.preload)
        if reason is not None:
            self.server.stop()
            raise NotRunnable(reason)

    def detach_subscriptions(self, names: Sequence[str]) -> Tuple[str, ...]:
        """Remove the subscriptions of databases without a word to their publishers; return their names."""
        gone = []
        for database in names:
            mine = "subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
            rows = self.client.rows(database, f"SELECT subname FROM pg_catalog.pg_subscription WHERE {mine} ORDER BY 1")
            for row in rows:
                name = identifier(row[0])
                steps = (f"{name} DISABLE", f"{name} SET (slot_name = NONE)")
                altered = "".join(f"ALTER SUBSCRIPTION {step};\n" for step in steps)
                quiet.change(self.client, database, f"{altered}DROP SUBSCRIPTION {name};")
                gone.append(f"{database}:{row[0]}")
        return tuple(gone)

    def reading(self, manifest: Manifest, *, physical: bool) -> Reading:
        """Return how to read so that it can be compared with the manifest."""
        method = str(((manifest or {}).get("content") or {}).get("method") or COLUMNS)
        return Reading(method, physical, max(1, self.order.limits.jobs))

    def content(self, manifest: Manifest) -> Content:
        try:
            return self.read_content(manifest)
        except Unreadable as error:
            raise Damaged(*self._unreadable(error.failures)) from error
        except QueryFailed as error:
            self.failed(CONTENT, "the restored database", "that it can be read", error)
            raise

    def _unreadable(self, failures: Mapping[str, str]) -> List[Finding]:
        """Return a finding for each table; where the server broke down, why, and the tables that were being read."""
        self.scratch.check_time()
        for why in failures.values():
            raise_unless_copy(why)
        lost = any(map(session_lost, failures.values()))
        if lost:
            self.server.check_killed(lost=True)
        log = self.server.last_words(lost=lost)
        broken = [Finding(CONTENT, "the restored server", "that it can be read", end_reason(log))] if log else []
        told = {name: without_values(why) for name, why in failures.items() if not (log and UNREACHED.search(why))}
        return [*broken, *(Finding(CONTENT, f"table {name}", "readable", why) for name, why in told.items())]

    @abstractmethod
    def read_content(self, manifest: Manifest) -> Content:
        """Return what was restored; QueryFailed and Unreadable as they come."""

    @abstractmethod
    def main_database(self) -> str:
        """Return the database that an assertion without one asks."""

    def failed(self, stage: str, what: str, expected: str, error: QueryFailed) -> None:
        """Damaged or NotRunnable, whichever a failed question means."""
        self.scratch.check_time()
        lost = session_lost(error.complaint)
        if lost:
            self.server.check_killed(lost=True)
        log = self.server.last_words(lost=lost)
        raise_for(stage, what, expected, self.server.complaint(error), log)

    def start(self, manifest: Manifest) -> Seen:
        if not self.server.alive():
            self.server.check_killed()
            log = self.server.last_words()
            raise_for(START, "the restored server", "that it runs", end_reason(log), log)
        return Seen(proven=("the restored server runs within walls and answers",))

    def answer(self, assertion: Assertion) -> Any:
        if assertion.command is not None:
            return self._command(assertion, assertion.command)
        database = assertion.database or self.main_database()
        try:
            # A statement of the site may change what it likes: it is the scratch's.
            return self.client.value(database, f"{assertion.query}\n;")
        except QueryFailed as error:
            self.failed(ASSERTIONS, f"assertion {assertion.name}", "an answer", error)
            raise

    def _command(self, assertion: Assertion, command: str) -> int:
        """Run it behind the walls, too: what it connects to is the restored server and no other."""
        environment = {**self.client_environment(), "PGDATABASE": assertion.database or self.main_database()}
        seen = self.server.readable
        answer = self.scratch.run(["sh", "-c", command], self.user, readable=seen, environment=environment)
        self.scratch.check_time()
        if answer.status != 0:
            self.server.check_killed()
        return answer.status

    def client_environment(self) -> Dict[str, str]:
        server = self.server
        return {"PGHOST": server.socket_directory, "PGPORT": str(PORT), "PGUSER": server.role}


def raise_unless_copy(message: str) -> None:
    """NotRunnable where a message blames the host of the test."""
    reason = host_blamed(message)
    if reason is not None:
        raise NotRunnable(reason)
