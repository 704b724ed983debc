# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One moment of a database, held open so that several sessions and pg_dump all see exactly it."""

from __future__ import annotations

from types import TracebackType
from typing import Optional, Type

from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import locking_sql
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    Client,
    Held,
    QueryFailed,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken

TRIES = 5
GONE = ("42P01", "3F000")  # undefined_table, invalid_schema_name
LOCK_NOT_AVAILABLE = "55P03"
BEGIN = """SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = error;
SET lock_timeout = '{seconds}s';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
"""
EXPORT = """SELECT pg_catalog.pg_export_snapshot(), extract(epoch FROM clock_timestamp()),
CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
(SELECT timeline_id FROM pg_control_checkpoint())"""


class Snapshot:
    """Use it as a context manager. ``name``: of the exported snapshot; ``taken_at``: epoch; ``lsn``: near its moment.

    The tables are locked (ACCESS SHARE, which stops only TRUNCATE and changes of their definition) before the snapshot
    is taken: it is the transaction's first statement that takes one, and LOCK is none. A table that is emptied between
    snapshot and lock would look empty to both, and restored data would be proven against nothing.
    """

    def __init__(self, client: Client, database: str, wait_seconds: int = 600) -> None:
        self._client = client
        self._database = database
        self._wait_seconds = wait_seconds
        self._held: Optional[Held] = None
        self.name = ""
        self.taken_at = 0.0
        self.lsn = ""
        self.timeline = 0

    def __enter__(self) -> Snapshot:
        for left in reversed(range(TRIES)):
            try:
                self._open()
            except QueryFailed as error:
                self.close()
                if error.sqlstate == LOCK_NOT_AVAILABLE:
                    raise NotTaken(
                        f"A table of {self._database} was locked for {self._wait_seconds} s by a change of its "
                        "definition; see pg_stat_activity for who holds it, and run this again."
                    ) from error
                if error.sqlstate not in GONE or not left:
                    raise
            except BaseException:
                self.close()
                raise
            else:
                break
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    @property
    def held(self) -> bool:
        """Is the session that holds it still there?"""
        return self._held is not None and self._held.alive()

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _open(self) -> None:
        tables = inventory.tables(self._client, self._database, physical=False)
        self._held = Held(self._client.address, self._database)
        self._held.rows(BEGIN.format(seconds=self._wait_seconds) + locking_sql(tables))
        name, taken_at, lsn, timeline = self._held.rows(EXPORT)[0]
        self.name, self.taken_at, self.lsn, self.timeline = name, float(taken_at), lsn, int(timeline)
