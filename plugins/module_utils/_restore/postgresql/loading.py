# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a dump into a scratch server: pg_restore for archives, psql for scripts, both behind the same walls."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from typing import List, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    RESTORE,
    Damaged,
    Finding,
    NotRunnable,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import (
    complaints,
    quiet,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.archive import COMPLETE, Dump
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.blame import first_line, host_blamed
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.complaints import Complaint
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.killed import check_killed
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.server import Server
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    QueryFailed,
    identifier,
    literal,
    session_lost,
)

_OWN_ERROR = re.compile(r"^(?:pg_restore|psql):.*\b(?:error|ERROR|FATAL|PANIC):")
LEFT_OUT = ("--no-owner", "--no-privileges", "--no-subscriptions", "--no-tablespaces", "--no-security-labels")
"""What names roles and disks of production, or other servers that would be spoken to."""
STREAM = """
mkfifo "$1/end"; tail -c 4096 < "$1/end" > "$1/last" & kept=$!
{ %s < "$2"; echo $? > "$1/unpacked"; } | tee "$1/end" | %s
loaded=$?
wait "$kept"
exit "$loaded"
"""
"""One pass: unpack, keep the end of it, load. The status of what unpacks is in a file, as sh keeps only the last."""


@dataclass(frozen=True)
class Loading:
    """A dump, the server it goes into, and the database: made by the dump itself where it ``creates``."""

    server: Server
    dump: Dump
    database: str
    creates: bool
    jobs: int
    encoding: str = "UTF8"

    def run(self) -> Seen:
        """Load it; Damaged names what could not be restored."""
        if not self.creates:
            self._make_database()
        error, status = self._archive() if self.dump.format != "plain" else self._script()
        self._check_host(error, status)
        told = complaints.of_pg_restore(error) if self.dump.format != "plain" else complaints.of_psql(error)
        if self.dump.format == "plain" and status == 0:
            self._check_stream(error)
        wrong, again, unproven = complaints.sorted_out(told)
        wrong += [left for left in map(self._again, again) if left is not None]
        ended = ending(self.dump.format, status, error)
        if ended is not None and not wrong:
            wrong.append(Complaint(os.path.basename(self.dump.path), ended))
        if wrong:
            raise Damaged(*complaints.findings(wrong))
        return Seen(proven=("every object and every row was restored",), unproven=tuple(unproven))

    def _check_host(self, error: str, status: int) -> None:
        """NotRunnable where what restored was ended from outside, or lacked something of this host."""
        self.server.scratch.check_time()
        unpacked = (self.server.scratch.host.read(self._unpacked) or "").strip()
        check_killed(self._program, status)
        check_killed(self.dump.unpacker[0] if self.dump.unpacker else "cat", int(unpacked or 0))
        if status != 0:
            self.server.check_killed(lost=session_lost(error))
        if status == 1 and self._program not in error:
            raise NotRunnable(f"{self._program} could not be run behind the walls: {first_line(error)}")
        reason = host_blamed(error)
        if reason is not None:
            raise NotRunnable(reason)

    @property
    def _program(self) -> str:
        return "psql" if self.dump.format == "plain" else "pg_restore"

    @property
    def _work(self) -> str:
        """Where a script's loading tells how it went: a directory of who reads it, as root that may only read could
        not write into another's."""
        scratch = self.server.scratch
        return scratch.directory("load", scratch.reader(self.dump.path, self.server.user))

    @property
    def _unpacked(self) -> str:
        return os.path.join(self.server.scratch.path, "load", "unpacked")

    def _archive(self) -> Tuple[str, int]:
        into = "postgres" if self.creates else self.database
        jobs = ["-j", str(self.jobs)] if self.dump.parallel and self.jobs > 1 else []
        create = ["--create"] if self.creates else []
        address = self.server.client.address
        argv = [address.program("pg_restore"), *jobs, *create, *LEFT_OUT, "-d", address.conninfo(into), self.dump.path]
        return self._isolated(argv)

    def _script(self) -> Tuple[str, int]:
        address = self.server.client.address
        into = "postgres" if self.creates else self.database
        psql = [
            address.program("psql"),
            "-X",
            "-q",
            "-b",
            "-w",
            "-o",
            "/dev/null",
            "-d",
            address.conninfo(into),
            "-f",
            "-",
        ]
        unpack = shlex.join(self.dump.unpacker) if self.dump.unpacker else "cat"
        script = STREAM % (unpack, shlex.join(psql))
        return self._isolated(["sh", "-c", script, "load", self._work, self.dump.path])

    def _check_stream(self, error: str) -> None:
        """A script has no checksum and no count of its own: how it was unpacked and how it ends is all there is."""
        host = self.server.scratch.host
        unpacked = (host.read(self._unpacked) or "").strip()
        last = host.read(os.path.join(os.path.dirname(self._unpacked), "last")) or ""
        name = os.path.basename(self.dump.path)
        if self.dump.unpacker and unpacked != "0":
            lines = [line for line in error.splitlines() if line.startswith(f"{self.dump.unpacker[0]}:")]
            raise Damaged(
                Finding(RESTORE, name, f"that {self.dump.unpacker[0]} unpacks it", (lines or ["it fails"])[0])
            )
        if COMPLETE not in last:
            raise Damaged(Finding(RESTORE, name, f"its last line, {COMPLETE}", "a script that ends before it"))

    def _isolated(self, argv: List[str]) -> Tuple[str, int]:
        scratch = self.server.scratch
        options = f"{self.server.client.address.environment['PGOPTIONS']} {quiet.REPLICA}"
        environment = {"PGOPTIONS": options, "PGAPPNAME": "contingency"}
        user = scratch.reader(self.dump.path, self.server.user)
        answer = scratch.run(argv, user, readable=(self.dump.path, *self.server.readable), environment=environment)
        return answer.error, answer.status

    def _make_database(self) -> None:
        if self.database in ("postgres", "template1"):
            return
        shape = f"TEMPLATE template0 ENCODING {literal(self.encoding)} LC_COLLATE 'C' LC_CTYPE 'C'"
        try:
            self.server.client.rows("postgres", f"CREATE DATABASE {identifier(self.database)} {shape};")
        except QueryFailed as error:
            raise NotRunnable(f"the database {self.database} cannot be made in the scratch: {error}") from error

    def _again(self, complaint: Complaint) -> Optional[Complaint]:
        """Run a statement again once the role that it names is there; None where it works."""
        current: Optional[Complaint] = complaint
        for _attempt in range(20):
            if current is None or current.missing_role is None:
                return current
            current = self._with_role(current, current.missing_role)
        return current

    def _with_role(self, complaint: Complaint, role: str) -> Optional[Complaint]:
        client = self.server.client
        try:
            if client.value("postgres", f"SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {literal(role)}") is None:
                client.rows("postgres", f"CREATE ROLE {identifier(role)};")
            quiet.change(client, self.database, complaint.command)
        except QueryFailed as error:
            return complaint._replace(message=error.complaint)
        return None


def ending(form: str, status: int, error: str) -> Optional[str]:
    """Pure: why a program that restored did not come to its end, None where it did, with errors that it told or none.

    pg_restore ends with 1 after errors, and says at its end how many it passed over; psql with 0 in any case that is
    not its own or the server's end.
    """
    if status == 0 or (form != "plain" and status == 1 and "errors ignored on restore: " in error):
        return None
    told = [line for line in error.splitlines() if _OWN_ERROR.search(line)]
    program = "psql" if form == "plain" else "pg_restore"
    return f"{program} ended with status {status}: {told[-1] if told else 'no message'}"
