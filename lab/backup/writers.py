# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People who work in the hospital's databases while they are backed up."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from types import TracebackType
from typing import Literal

from lab.backup.server import BackupServer
from lab.errors import LabError
from lab.kinds.debian import GUEST

PROGRAM = "hospital_writer.py"
GETS_ON_WITHIN = 15.0
POLL = 0.02
CONSISTENT = (
    "SELECT count(*) = 0 FROM invoice i WHERE total <> (SELECT sum(amount) FROM charge c WHERE c.visit = i.visit)"
)
"""True in every state that a transaction left, in both engines: each invoice is what its charges amount to."""


class Writing:
    """One writer at its work, from the first transaction that was acknowledged until the end of the block."""

    def __init__(
        self,
        server: BackupServer,
        client: list[str],
        engine: Literal["postgresql", "mariadb"] = "postgresql",
        pause: float = 0.01,
    ) -> None:
        self._server = server
        user = "postgres" if engine == "postgresql" else None
        self._argv = server.command(["python3", f"/lab/{PROGRAM}", engine, str(pause), *client], user)
        self._log = server.machine.state / f"writing-{os.getpid()}-{time.monotonic_ns()}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Writing:
        self._server.path(f"/lab/{PROGRAM}").write_text((GUEST / PROGRAM).read_text("utf-8"), encoding="utf-8")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.wait_for(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        ended = self._process.poll()
        if ended is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        elif kind is None:
            raise LabError(f"The writer ended by itself with status {ended}: {self._words()}")

    @property
    def transactions(self) -> int:
        """How many were acknowledged so far."""
        lines = self._log.read_text(encoding="utf-8").splitlines(keepends=True)
        return sum(1 for line in lines if line.endswith("\n") and line.strip().isdigit())

    def wait_for(self, transactions: int) -> None:
        """Return once so many are acknowledged; LabError where it gets no further, however slow a large database is."""
        seen, deadline = -1, 0.0
        while (acknowledged := self.transactions) < transactions:
            if acknowledged > seen:
                seen, deadline = acknowledged, time.monotonic() + GETS_ON_WITHIN
            if time.monotonic() > deadline or (self._process is not None and self._process.poll() is not None):
                raise LabError(f"The writer did not acknowledge {transactions} transactions: {self._words()}")
            time.sleep(POLL)

    def _words(self) -> str:
        return " ".join(self._log.read_text(encoding="utf-8").split()[-40:]) or "it said nothing"
