# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MariaDB server in a scratch: nothing of the host in sight, no network, no events, no replication, no binary log.

Where a physical backup is opened the grant tables are not read: the site's passwords are not needed, and plugins and
functions that the backup has registered (mysql.plugin, mysql.func) are not loaded.
"""

from __future__ import annotations

import os
import re
from typing import Dict, List, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.program import Program
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.options import MariadbOptions
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import (
    Address,
    Client,
    SqlFailed,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch

LOG = "mariadbd.log"
LOOKS = 20
APART = (
    "--skip-networking",
    "--event-scheduler=OFF",
    "--skip-slave-start",
    "--skip-log-bin",
    "--local-infile=0",
    "--loose-feedback=OFF",
    "--loose-performance-schema=OFF",
    "--general-log=0",
    "--slow-query-log=0",
    "--max-allowed-packet=1G",
)
"""Given last, so that nothing before them counts."""
THROWN_AWAY = (
    "--innodb-flush-log-at-trx-commit=0",
    "--loose-innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--loose-innodb-stats-auto-recalc=0",
    "--sync-binlog=0",
)
"""Nobody needs what is in a scratch after a loss of power."""
ERROR_LINE = re.compile(r"\[ERROR\] (.*)|(Fatal error.*|.*got signal \d+.*)")
KEPT_APART = {"skip_networking": ("1",), "event_scheduler": ("OFF", "DISABLED"), "log_bin": ("0",)}
"""{variable: what it may say}."""


class ServerFailed(Exception):
    """The server did not start or did not go on; the message is its own last error."""


class ScratchServer:
    """One server on one data directory of a scratch; it may be started several times."""

    def __init__(self, scratch: Scratch, options: MariadbOptions) -> None:
        self.scratch = scratch
        self.options = options
        self.data = scratch.directory("data", options.user)
        self.socket = os.path.join(scratch.path, "data", "s")
        self._program: Optional[Program] = None

    @property
    def client(self) -> Client:
        program = self.options.program("mariadb")
        return Client(self.scratch.host, Address(program, self.socket, account="root", no_defaults=True))

    def install(self) -> None:
        """Make an empty data directory; NotRunnable where this host's server cannot."""
        quick = ["--skip-test-db", "--skip-name-resolve", "--auth-root-authentication-method=normal", "--force"]
        command = [self.options.program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}", *quick]
        answer = self.scratch.run([*command, "--innodb-flush-method=nosync"], self.options.user)
        if answer.status != 0:
            said = (answer.error.strip() or answer.output.strip() or "no message").splitlines()[-1]
            raise NotRunnable(f"mariadb-install-db ended with {answer.status} ({said}); install mariadb-server here")

    def start(self, settings: Sequence[str]) -> None:
        """Start and wait until it answers; ServerFailed where it does not. Isolation is asked for, not assumed."""
        log = os.path.join(self.scratch.path, LOG)
        before = os.path.getsize(log) if os.path.exists(log) else 0
        self._program = self.scratch.spawn(self._command(settings), self.options.user, log=LOG)
        while not self._answers():
            if not self._program.running:
                self.check_killed()
                raise ServerFailed(self._last_error(before) or _ended(self._program.wait(0.0)))
            self.scratch.check_time()
            self.scratch.host.sleep(0.1)
        self._check_apart()

    def stop(self) -> None:
        """Shut it down in order, so that its files are whole; ServerFailed where it does not end so."""
        if self._program is None:
            return
        self.client.rows("SHUTDOWN")
        answer = self._program.wait(max(1.0, self.scratch.host.left))
        self.scratch.check_time()
        if answer.status != 0:
            self.check_killed()
            raise ServerFailed(self._last_error(0) or f"{_ended(answer)} when it was shut down")
        self._program = None

    def check_killed(self) -> None:
        """NotRunnable where the server was killed, as the kernel does for memory: what it said before tells nothing."""
        for _look in range(LOOKS):
            if self._program is None or not self._program.running:
                break
            # Who lost the connection hears of it before the walls around the server have fallen.
            self.scratch.host.sleep(0.1)
        status = None if self._program is None else self._program.process.poll()
        reason = None if status is None else shortage.killed_limitation(status)
        if reason is not None:
            raise NotRunnable(f"MariaDB: {reason}")

    @property
    def last_error(self) -> str:
        """What it complained of last; for a server that went down."""
        return self._last_error(0) or "nothing in its log"

    def _command(self, settings: Sequence[str]) -> List[str]:
        options = self.options
        place = [f"--datadir={self.data}", f"--socket={self.socket}", f"--pid-file={self.data}/pid", "--tmpdir=/tmp"]
        outside = f"--secure-file-priv={self.data}"
        plugins = [f"--plugin-load-add={plugin}" for plugin in options.plugins]
        memory = f"--innodb-buffer-pool-size={buffer_pool_bytes(self.scratch.memory_bytes)}"
        site = [*plugins, *options.server_options]
        first = [options.program("mariadbd"), "--no-defaults", memory, *THROWN_AWAY, *settings, *site]
        return [*first, *place, outside, *APART]

    def _answers(self) -> bool:
        try:
            self.client.rows("SELECT 1")
        except SqlFailed as error:
            if error.reached and error.number:
                raise ServerFailed(error.complaint) from error
            return False
        return True

    def _check_apart(self) -> None:
        found = self.settings(tuple(KEPT_APART))
        wrong = [f"{name} is {found.get(name)}" for name, good in KEPT_APART.items() if found.get(name) not in good]
        if wrong:
            raise NotRunnable(f"the scratch server is not kept apart: {', '.join(wrong)}; see options.server_options")

    def settings(self, names: Sequence[str]) -> Dict[str, str]:
        """Return global variables of the server."""
        values = self.client.rows("SELECT " + ", ".join(f"@@global.{name}" for name in names))
        return dict(zip(names, values[0]))

    def _last_error(self, start: int) -> str:
        log = self.scratch.host.read(os.path.join(self.scratch.path, LOG)) or ""
        found = [line for line in ERROR_LINE.findall(log[start:]) if any(line)]
        told = [" ".join("".join(line).split()) for line in found]
        useful = [line for line in told if line != "Aborting"]
        return useful[0] if useful else ""


def _ended(answer: Answer) -> str:
    return f"it ended with status {answer.status}"


def buffer_pool_bytes(memory: int) -> int:
    """Return a buffer pool that leaves a part of the test's memory to sessions, sorting and the page cache."""
    return max(64 << 20, min(memory // 3, 8 << 30))
