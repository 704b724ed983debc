# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of a dump by mariadb-dump (or mysqldump): plain SQL, as it is or compressed."""

from __future__ import annotations

import os
import re
from typing import Any, List, Mapping, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.program import Program
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import copy_compared
from ansible_collections.contingency.infra.plugins.module_utils._restore.fetch import empty_limitation
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.dump_text import DumpSays, dump_says
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.orphans import orphans
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.server import ServerFailed
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import (
    ERROR,
    SqlFailed,
    failure,
    identifier,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.trial import (
    MariadbTrial,
    check_version,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    FETCH,
    RESTORE,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import (
    Ends,
    StreamBroken,
    decompressor,
    file_ends,
    fill,
    read_through,
)

LOADED = ("--innodb-log-file-size=512M", "--innodb-autoinc-lock-mode=2")
"""How the server runs while a dump is loaded: a large log spares it checkpoints."""
REDO_BYTES = 512 << 20
UNKNOWN_ENGINE = 1286
GROWTH = 2
"""Tables with their indexes take about so many times what the SQL text does, at most."""


def open_trial(order: Order, copy: Copy) -> MariadbTrial:
    return DumpTrial(order, copy)


class DumpTrial(MariadbTrial):
    """The copy is a file, or a directory with one dump in it."""

    says: Optional[DumpSays] = None
    whole = ""
    plain_bytes: Optional[int] = None
    known_whole = False

    def fetch(self) -> Seen:
        self.path = self.whole = self.local_copy()
        if os.path.isdir(self.path):
            self.path = only_dump(self.path)
        problem = empty_limitation(self.path)
        return Seen((problem,)) if problem else Seen(proven=(f"{os.path.getsize(self.path)} bytes are there",))

    def checksums(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        seen = copy_compared(self.whole, manifest, self.order.limits.jobs)
        if seen.findings:
            return seen
        self.known_whole = manifest is not None
        ends = self._ends(manifest)
        self.says = dump_says(ends)
        if self.says.dumped and not self.says.completed:
            return Seen((Finding(CHECKSUMS, "last line of the dump", "-- Dump completed", last_line(ends)),))
        unproven = () if self.says.dumped else ("that the dump is whole: it was made without comments",)
        proven = ("it has the dumper's last line",) if self.says.completed else ()
        return Seen((), (*seen.proven, *proven), (*seen.unproven, *unproven))

    def _ends(self, manifest: Optional[Mapping[str, Any]]) -> Ends:
        if not decompressor(self.path):
            ends = file_ends(self.path)
        else:
            try:
                ends = read_through(self.path, timeout=self.order.limits.timeout_seconds)
            except StreamBroken as error:
                raise Damaged(Finding(CHECKSUMS, self.path, "a whole compressed stream", str(error))) from error
        self.plain_bytes = ends.size
        return ends

    def taken_at(self) -> Optional[float]:
        """A manifest that fits the bytes knows it better: the dump has its end only, in its host's local time."""
        return None if self.known_whole or self.says is None else self.says.ended_at

    def needed_bytes(self, manifest: Optional[Mapping[str, Any]]) -> Optional[int]:
        told = manifest.get("bytes") if manifest is not None else None
        if told is None:
            told = None if self.plain_bytes is None else self.plain_bytes * GROWTH
        return None if told is None else int(told) + REDO_BYTES

    def restore(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        self.server.install()
        modes = self._modes(manifest)
        try:
            self.server.start((*LOADED, *modes))
        except ServerFailed as error:
            raise NotRunnable(f"MariaDB does not start on an empty directory here: {error}") from error
        if self.says is not None and self.says.version:
            here = self.server.settings(("version",))["version"]
            if "mariadb" in self.says.version.lower():
                check_version(self.says.version, here)
        database = self._database()
        if database:
            self._make_database(database, manifest)
        self._load(database)
        self._detach()
        return Seen(proven=("the dump was loaded without an error",))

    def start(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """Start anew, so that accounts that came with the dump do not matter, and what was loaded is on disk."""
        try:
            self.server.stop()
        except (ServerFailed, SqlFailed) as error:
            raise Damaged(
                Finding(RESTORE, "the server after the dump was loaded", "it shuts down", str(error))
            ) from error
        return self.open((*LOADED, *self._modes(manifest)))

    def structure(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """A loaded dump has new pages and indexes; without a manifest rows whose parents are missing tell of loss."""
        if manifest is not None:
            return Seen(proven=("pages and indexes were made new by the load",))
        return orphans(self.server.client)

    def _modes(self, manifest: Optional[Mapping[str, Any]]) -> List[str]:
        names = (manifest or {}).get("server", {}).get("lower_case_table_names")
        return [] if names is None else [f"--lower-case-table-names={int(names)}"]

    def _database(self) -> Optional[str]:
        """A dump of one database does not create it; of several, it does, and goes where it says."""
        return self.options.database or (self.says.database if self.says else None)

    def _make_database(self, name: str, manifest: Optional[Mapping[str, Any]]) -> None:
        told = str(((manifest or {}).get("server", {}).get("encodings") or {}).get(name, ""))
        known = re.fullmatch(r"(\w+) (\w+)", told)
        encoding = f" CHARACTER SET {known.group(1)} COLLATE {known.group(2)}" if known else ""
        self.client_rows(f"CREATE DATABASE IF NOT EXISTS {identifier(name)}{encoding}")

    def _load(self, database: Optional[str]) -> None:
        try:
            answer = fill(self._loader(database), self.path, self.scratch.host.left)
        except StreamBroken as error:
            self.scratch.check_time()
            raise Damaged(Finding(RESTORE, self.path, "a whole compressed stream", str(error))) from error
        self.scratch.check_time()
        if answer.status != 0:
            raise self._refused(answer)

    def _loader(self, database: Optional[str]) -> Program:
        """The client runs behind the walls, too: a dump can hold commands for the client itself."""
        address = self.server.client.address
        command = [*address.argv(), "--binary-mode", "--max-allowed-packet=1G", *([database] if database else [])]
        return self.scratch.reading(command, self.options.user)

    def _refused(self, answer: Answer) -> Exception:
        error = failure(answer)
        if error.number == UNKNOWN_ENGINE:
            return NotRunnable(
                f"the dump needs a storage engine: {error.complaint}; name its plugin in options.plugins"
            )
        shortage.check(answer)
        line = ERROR.search(answer.error)
        where = f"{line.group(0)[:300]}" if line else error.complaint
        if not error.reached:
            self.server.check_killed()
            where = f"{where}; the server's log ends with: {self.server.last_error}"
        return Damaged(Finding(RESTORE, "loading the dump", "every statement succeeds", where))

    def _detach(self) -> None:
        """Whatever the dump has set up as replication is stopped and forgotten; there is no network in any case."""
        self.client_rows("STOP ALL SLAVES; RESET SLAVE ALL")


def only_dump(directory: str) -> str:
    """Return the dump in a directory; Damaged where there is none or several."""
    found = sorted(
        name
        for name in os.listdir(directory)
        if name != "accounts.sql" and name.endswith((".sql", ".sql.gz", ".sql.zst", ".sql.xz", ".sql.bz2", ".dump"))
    )
    if len(found) != 1:
        seen = ", ".join(found) or "none"
        raise Damaged(Finding(FETCH, directory, "one dump (.sql, .sql.gz, .sql.zst)", seen))
    return os.path.join(directory, found[0])


def last_line(ends: Ends) -> str:
    text = ends.tail.decode("utf-8", "replace").rstrip().rpartition("\n")[2]
    return f"{text[-80:]!r} after {ends.size} bytes"
