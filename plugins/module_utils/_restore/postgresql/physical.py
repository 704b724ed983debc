# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restored copy of all files of a server: made harmless before its start, recovered to its exact point, and asked."""

from __future__ import annotations

import calendar
import os
import re
import threading
import time
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CONTENT,
    IDENTITY,
    RESTORE,
    START,
    STRUCTURE,
    Content,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory, links, structure
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.blame import raise_for
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import ClusterReading
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.killed import check_killed
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.programs import exactly, major_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.server import (
    base_settings,
    memory_settings,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import QueryFailed
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.trial import (
    Manifest,
    PostgresqlTrial,
)

STRIPPED = ("standby.signal", "recovery.signal", "recovery.conf", "postmaster.pid", "postmaster.opts")
"""What makes a server follow another one, or belongs to one that ran."""
EMPTIED = ("pg_replslot", "pg_stat_tmp", "pg_notify", "pg_snapshots")
CONTROL = {
    "max_connections": "max_connections setting",
    "max_worker_processes": "max_worker_processes setting",
    "max_wal_senders": "max_wal_senders setting",
    "max_prepared_transactions": "max_prepared_xacts setting",
    "max_locks_per_transaction": "max_locks_per_xact setting",
}
"""What recovery wants at least as large as production has it, under its name in pg_controldata."""
LEAST_WORKERS = 8
LEAST_MEMORY = 64 << 20
"""Bytes for each session that checks."""
ORIGINS = 1000
"""How far subscriptions had come is read at the start, and has to have room: one slot each."""


class PhysicalTrial(PostgresqlTrial):
    """What differs between kinds is how the files and the WAL come into the scratch: ``place``."""

    data: str
    recovery: Dict[str, str]

    def __init__(self, order: Order, copy: Copy, host: Optional[Host] = None) -> None:
        super().__init__(order, copy, host)
        self._pending: Optional[ClusterReading] = None
        self._ending = threading.Event()

    @abstractmethod
    def place(self, manifest: Manifest) -> Seen:
        """Have the files in ``self.data``, the WAL after them within reach, and the recovery's settings."""

    def restore(self, manifest: Manifest) -> Seen:
        self.known = manifest
        self.data = os.path.join(self.scratch.directory("pg", self.user), "data")
        seen = self.place(manifest)
        self.settle_links(self.data)
        self._programs = exactly(self.host, self.order.options, data_version(self.data))
        self._check_tablespaces()
        strip(self.data)
        self._hand_over()
        limited = (self.scratch.unlimited,) if self.scratch.unlimited else ()
        left_out = tuple(each.sentence for each in self.left_out[: links.SHOWN])
        return seen._replace(unproven=(*seen.unproven, *left_out, *limited))

    left_out: Tuple[links.Strange, ...] = ()

    def settle_links(self, directory: str) -> None:
        """Have no link in a directory through which anything could be read or written elsewhere."""
        self.left_out = (*self.left_out, *links.settle(directory))

    def _check_tablespaces(self) -> None:
        """A link out of the scratch may be production's own tablespace: nothing may follow it."""
        outside = links.tablespaces_outside(self.data, self.scratch.path)
        if outside:
            name, target = outside[0]
            raise Damaged(Finding(RESTORE, f"tablespace {name}", "files within the backup", f"a link to {target}"))

    def _hand_over(self) -> None:
        answer = self.scratch.outside(["chown", "-R", f"{self.user}:", os.path.dirname(self.data)], timeout=3600.0)
        if answer.status == 0:
            answer = self.scratch.outside(["chmod", "-R", "u+rwX,go-rwx", self.data], timeout=3600.0)
        if answer.status != 0:
            raise NotRunnable(f"{self.data} cannot be given to {self.user}: {answer.complaint}")

    def start(self, manifest: Manifest) -> Seen:
        """Start it; recovery ends at the manifest's position or nowhere."""
        control = self.control_data()
        version = data_version(self.data)
        target = recovery_target((manifest or {}).get("position") or {})
        server = self.new_server(self._programs, self.data)
        settings = {
            **base_settings(version, self.preload),
            **memory_settings(self.scratch.memory_bytes),
            **recovery_settings(control),
            **self.recovery,
            **target,
        }
        self._signal_recovery()
        server.start(settings)
        self.check_harmless()
        try:
            gone = self.detach_subscriptions(inventory.databases(self.client, "template1"))
        except QueryFailed as error:
            self.failed(START, "the recovered server", "that its databases can be opened", error)
            raise
        told = tuple(f"subscription {name} was removed before anything else, without a word outside" for name in gone)
        if target:
            return Seen(proven=(f"recovery reached {_title(target)}", *told))
        return Seen(proven=told, unproven=("that no WAL is missing at the end: no manifest tells where it has to end",))

    def _signal_recovery(self) -> None:
        """By the user whose directory it is by now, who can do no harm through a link."""
        path = os.path.join(self.data, "recovery.signal")
        answer = self.scratch.host.run(["touch", "--", path], user=self.user)
        if answer.status != 0:
            raise NotRunnable(f"{path} cannot be made: {answer.complaint}")

    def control_data(self) -> Dict[str, str]:
        answer = self.scratch.host.run([f"{self._programs}/pg_controldata", "-D", self.data], timeout=60.0)
        check_killed("pg_controldata", answer.status)
        if answer.status != 0:
            raise_for(START, "global/pg_control", "that it can be read", answer.complaint)
        return parse_control(answer.output)

    def identity(self, manifest: Manifest) -> Seen:
        if manifest is None:
            return Seen(unproven=("which server this is: there is no manifest",))
        expected = manifest.get("server") or {}
        sql = "SELECT system_identifier, current_setting('server_version') FROM pg_catalog.pg_control_system()"
        try:
            identifier, version = self.client.rows("template1", sql)[0]
        except QueryFailed as error:
            self.failed(IDENTITY, "the recovered server", "an answer", error)
            raise
        found: List[Finding] = []
        if expected.get("system_identifier") not in (None, identifier):
            found.append(Finding(IDENTITY, "system identifier", str(expected["system_identifier"]), identifier))
        told = major_of(str(expected.get("version")))
        if told is not None and told != major_of(version):
            found.append(Finding(IDENTITY, "server version", str(expected["version"]), version))
        return Seen(tuple(found), () if found else (f"it is the server {identifier} of the manifest",))

    def structure(self, manifest: Manifest) -> Seen:
        """Check the inside. What it holds is read as soon as a session has nothing left to check, not only after."""
        try:
            names = inventory.databases(self.client, "template1")
            # Asked before extensions that help to check are there, so that they do not count as the site's.
            self._pending = self._reading_of(names, manifest)
            self._pending.look()
            version, memory = data_version(self.data), self.scratch.memory_bytes // (16 * self.jobs)
            memory = max(LEAST_MEMORY, memory)
            result = structure.check(self.client, names, version, self._sessions, memory, self._pending.begin)
        except QueryFailed as error:
            self.failed(STRUCTURE, "the recovered server", "that its catalogs can be read", error)
            raise
        return Seen(result.findings, result.proven, result.unproven)

    @property
    def jobs(self) -> int:
        return max(1, self.order.limits.jobs)

    @cached_property
    def _sessions(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self.jobs)

    def _reading_of(self, names: Sequence[str], manifest: Manifest) -> ClusterReading:
        reading = replace(self.reading(manifest, physical=True), stop=self._ending)
        return ClusterReading(self.client, names, reading, self._sessions)

    def read_content(self, manifest: Manifest) -> Content:
        if self._pending is None:
            self._pending = self._reading_of(inventory.databases(self.client, "template1"), manifest)
        return self._pending.content()

    def close(self) -> None:
        """End the server first: what is read of it ends with it."""
        self._ending.set()
        try:
            super().close()
        finally:
            self._sessions.shutdown()

    def main_database(self) -> str:
        """The largest of the site's own."""
        sql = """SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate
            ORDER BY datname = 'postgres', pg_catalog.pg_database_size(oid) DESC LIMIT 1"""
        try:
            return self.client.value("template1", sql) or "postgres"
        except QueryFailed as error:
            self.failed(CONTENT, "the recovered server", "its databases", error)
            raise


def _title(target: Mapping[str, str]) -> str:
    name = target.get("recovery_target_name")
    return f"the restore point {name}" if name else f"WAL position {target.get('recovery_target_lsn')}"


def recovery_target(position: Mapping[str, Any]) -> Dict[str, str]:
    """Pure: settings with which recovery ends at a manifest's position and fails where it is not reached."""
    if position.get("restore_point"):
        target = {"recovery_target_name": str(position["restore_point"])}
    elif position.get("lsn"):
        target = {"recovery_target_lsn": str(position["lsn"])}
    else:
        return {}
    return {
        **target,
        "recovery_target_timeline": str(position.get("timeline") or "current"),
        "recovery_target_action": "promote",
    }


def recovery_settings(control: Mapping[str, str]) -> Dict[str, str]:
    """Pure: as much room as production had, and nobody lets in before the recovery has ended."""
    found = {name: control[title] for name, title in CONTROL.items() if title in control}
    workers = max(LEAST_WORKERS, int(found.get("max_worker_processes", "0")))
    # Each connection counts against the slots of shared memory; those that check need a few, too.
    connections = max(50, int(found.get("max_connections", "0")))
    return {
        **found,
        "max_worker_processes": str(workers),
        "max_connections": str(connections),
        "max_replication_slots": str(ORIGINS),
        "hot_standby": "off",
        "wal_level": "replica",
        "recovery_target_timeline": "latest",
        "max_wal_size": "8GB",
    }


def parse_control(text: str) -> Dict[str, str]:
    """Pure: pg_controldata's lines."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, mark, value in pairs if mark}


def data_version(data: str) -> int:
    """Return the major version of a data directory; Damaged where it says none."""
    path = os.path.join(data, "PG_VERSION")
    if os.path.islink(path):
        raise Damaged(Finding(RESTORE, "PG_VERSION", "a major version", "a link"))
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read().strip()
    except OSError as error:
        raise Damaged(Finding(RESTORE, "PG_VERSION", "a major version", error.strerror or str(error))) from error
    if not re.fullmatch(r"\d{2}", text):
        raise Damaged(Finding(RESTORE, "PG_VERSION", "a major version", repr(text[:20])))
    return int(text)


def strip(data: str) -> None:
    """Take out of a data directory what would follow, signal, or set anything of production's."""
    for name in STRIPPED:
        links.remove(os.path.join(data, name))
    for name in EMPTIED:
        folder = os.path.join(data, name)
        if os.path.lexists(folder):
            links.remove(folder)
            os.mkdir(folder, 0o700)
    # Settings that ALTER SYSTEM wrote; the server reads this file whatever its command line says.
    links.write_new(os.path.join(data, "postgresql.auto.conf"), "")
    wal = os.path.join(data, links.WAL)
    if os.path.islink(wal):
        os.unlink(wal)
    os.makedirs(os.path.join(wal, "archive_status"), exist_ok=True)


def label_moment(label: str, known: Optional[float]) -> Optional[float]:
    """Pure: when a backup began, by its backup_label; None where it does not say.

    The zone there is an abbreviation, which may mean several: UTC is taken as such. With any other, what the manifest
    says (``known``) tells the zone where the two are whole quarters of an hour apart; else this host's is taken.
    """
    found = re.search(r"^START TIME: (\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+) (\S+)", label, re.MULTILINE)
    if found is None:
        return None
    moment = time.strptime(" ".join(found.groups()[:6]), "%Y %m %d %H %M %S")
    utc = float(calendar.timegm(moment))
    if found.group(7) in ("UTC", "GMT", "Etc/UTC"):
        return utc
    if known is not None:
        quarters = round((utc - known) / 900)
        if abs(quarters) <= 56:
            return utc - quarters * 900
    return time.mktime(moment)
