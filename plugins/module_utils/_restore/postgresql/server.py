# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restored server in its scratch: how it is set so that it harms nobody and works fast, started and asked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import Program
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import START, NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.blame import (
    end_reason,
    host_blamed,
    last_words,
    raise_for,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.killed import (
    killed_limitation,
    kills,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import (
    Address,
    Client,
    QueryFailed,
    literal,
    session_lost,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch

PORT = 5432
SOCKET_PATH_BYTES = 107
"""What sun_path of unix(7) holds without its end."""
POLL_SECONDS = 0.05
END_SECONDS = 15.0
"""After the crash of one process the server gives the others 5 seconds before it kills them."""
LOG_BYTES = 65536
GIB = 1 << 30

HARMLESS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "archive_mode": "off",
    "archive_command": "",
    "restore_command": "",
    "archive_cleanup_command": "",
    "recovery_end_command": "",
    "primary_conninfo": "",
    "primary_slot_name": "",
    "synchronous_standby_names": "",
    "max_logical_replication_workers": "0",
    "shared_preload_libraries": "",
    "session_preload_libraries": "",
    "local_preload_libraries": "",
    "cron.launch_active_jobs": "off",
    "external_pid_file": "",
    "ssl": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "lc_messages": "C",
    "default_transaction_read_only": "off",
}
"""The socket's directory is the server's own: who may enter it may connect.

On the command line, where nothing in the backup can override it: what reaches out, and what would not start here."""
HARMLESS_SINCE: Mapping[str, Tuple[int, str]] = {
    "archive_library": (15, ""),
    "event_triggers": (17, "off"),
    "summarize_wal": (17, "off"),
    "sync_replication_slots": (17, "off"),
}
"""The same, with the major version that brought the setting."""
FAST: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "restart_after_crash": "off",
    "checkpoint_timeout": "1d",
    "track_activities": "on",
    "huge_pages": "off",
    "jit": "off",
}
"""The scratch is thrown away: a server that has lost a process ends, and its log says why."""
PROMISES = {
    "archive_mode": "off",
    "listen_addresses": "",
    "primary_conninfo": "",
    "max_logical_replication_workers": "0",
}


def base_settings(version: int, preload: Sequence[str]) -> Dict[str, str]:
    """Pure: what every restored server is started with. ``preload``: libraries that its data cannot do without."""
    newer = {name: value for name, (since, value) in HARMLESS_SINCE.items() if version >= since}
    return {**HARMLESS, **newer, "shared_preload_libraries": ",".join(preload), **FAST}


def memory_settings(memory: int) -> Dict[str, str]:
    """Pure: a part of the test's memory for the server's cache, and for making indexes."""
    cache = max(32 << 20, min(GIB, memory // 8))
    maintenance = max(32 << 20, min(GIB, memory // 16))
    return {"shared_buffers": f"{cache >> 10}kB", "maintenance_work_mem": f"{maintenance >> 10}kB"}


def logical_settings(memory: int, free: int) -> Dict[str, str]:
    """Pure: with the least WAL a rows' loading writes none; what there is waits for one checkpoint at the end."""
    wal = max(GIB, min(8 * GIB, free // 4))
    return {**memory_settings(memory), "wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": f"{wal >> 20}MB"}


@dataclass
class Server:
    """One restored server; ``data`` is its data directory within the scratch."""

    scratch: Scratch
    programs: str
    user: str
    data: str
    role: str = "postgres"
    program: Optional[Program] = None
    readable: Sequence[str] = field(default_factory=tuple)
    kills_before: int = 0

    @property
    def socket_directory(self) -> str:
        return os.path.join(self.scratch.path, "s")

    @property
    def client(self) -> Client:
        """Return who asks it; settings of roles and databases that reach out are undone for its sessions."""
        options = "-c session_preload_libraries= -c local_preload_libraries= -c default_transaction_read_only=off"
        address = Address(self.socket_directory, PORT, self.role, self.user, self.programs, {"PGOPTIONS": options})
        return Client(self.scratch.host, address)

    def argv(self, settings: Mapping[str, str]) -> List[str]:
        """Return the server's command line; a file of settings of ours, so that none of the backup's is read."""
        own = {
            "config_file": self._file("postgresql.conf", ""),
            "hba_file": self._file("pg_hba.conf", "local all all trust\n"),
            "ident_file": self._file("pg_ident.conf", ""),
            "unix_socket_directories": self.scratch.directory("s", self.user),
            "port": str(PORT),
            **settings,
        }
        words = [word for name, value in own.items() for word in ("-c", f"{name}={value}")]
        return [f"{self.programs}/postgres", "-D", self.data, *words]

    def _file(self, name: str, text: str) -> str:
        path = os.path.join(self.scratch.directory("etc", self.user), name)
        self.scratch.host.write_atomically(path, text, owner=self.user)
        return path

    def start(self, settings: Mapping[str, str], stage: str = START) -> None:
        """Start it and wait until it answers; Damaged or NotRunnable where it does not."""
        reason = socket_limitation(self.socket_directory)
        if reason is not None:
            raise NotRunnable(reason)
        self.kills_before = kills(self.scratch)
        self.program = self.scratch.spawn(self.argv(settings), self.user, readable=self.readable)
        while not self._answers():
            self.scratch.check_time()
            if not self.program.running:
                self._ended(stage)
            self.scratch.host.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        if not os.path.exists(os.path.join(self.socket_directory, f".s.PGSQL.{PORT}")):
            return False
        try:
            return self.client.value("template1", "SELECT NOT pg_catalog.pg_is_in_recovery()", 10.0) == "t"
        except QueryFailed as error:
            if f'role "{self.role}" does not exist' in error.complaint:
                raise NotRunnable(
                    f"the restored server has no role {self.role}; set options.role to its superuser"
                ) from error
            return False

    def _ended(self, stage: str) -> None:
        self.check_killed()
        log = self.last_words()
        raise_for(stage, "the restored server", "that it starts", end_reason(log), log)

    def alive(self) -> bool:
        return self.program is not None and self.program.running

    def complaint(self, error: QueryFailed) -> str:
        """Return what a failed question tells, with the server's own reason where it has gone."""
        log = self.last_words(lost=session_lost(error.complaint))
        return f"{error.complaint}; {end_reason(log)}" if log or not self.alive() else error.complaint

    def last_words(self, *, lost: bool = False) -> str:
        """Return what its log tells of its end, an empty text where it runs.

        ``lost``: a session was. With it the server ends, as it does not start anew; that is waited for.
        """
        host = self.scratch.host
        deadline = host.now() + END_SECONDS
        while lost and self.alive() and host.now() < deadline:
            host.sleep(POLL_SECONDS)
        if self.alive():
            return ""
        return last_words((host.read(os.path.join(self.scratch.path, "server.log")) or "")[-LOG_BYTES:])

    def check_killed(self, *, lost: bool = False) -> None:
        """NotRunnable where it, or what works with it, was ended from outside: that is no word on the copy."""
        reason = host_blamed(self.last_words(lost=lost))
        if self.program is not None and not self.program.running:
            reason = reason or killed_limitation("the restored server", self.program.process.returncode)
        count = kills(self.scratch) - self.kills_before
        if count > 0:
            reason = reason or (
                f"the kernel ended {count} processes for want of memory during the test;"
                " raise limits.memory, or free memory on the host of the test"
            )
        if reason is not None:
            raise NotRunnable(reason)

    def stop(self) -> None:
        """End it at once: nothing of it is kept."""
        if self.program is not None:
            self.program.kill()
            self.program = None


def socket_limitation(directory: str) -> Optional[str]:
    """Return why a server's socket cannot lie in a directory, None where it can."""
    length = len(os.fsencode(os.path.join(directory, f".s.PGSQL.{PORT}.lock"))) - len(".lock")
    if length <= SOCKET_PATH_BYTES:
        return None
    return (
        f"{directory} is too long for a socket by {length - SOCKET_PATH_BYTES} bytes; set a shorter scratch_directory"
    )


def harmless_limitation(client: Client, preload: Sequence[str]) -> Optional[str]:
    """Return which of the settings that protect production is not as it was given, None where all are."""
    expected = {**PROMISES, "shared_preload_libraries": ",".join(preload)}
    asked = ", ".join(f"pg_catalog.current_setting({literal(name)})" for name in expected)
    for (name, value), seen in zip(expected.items(), client.rows("template1", f"SELECT {asked}")[0]):
        if seen != value:
            return f"{name} of the restored server is {seen!r} and was set to {value!r}; the test was ended for safety"
    return None
