# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trial of a backup in a pgBackRest repository: restored by pgBackRest, with its WAL fetched before the start.

The server behind the walls reaches no repository: what it needs is in the scratch, and its restore_command copies.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.fetch import missing
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
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import wal
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.basebackup import wal_command
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.physical import (
    PhysicalTrial,
    data_version,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.programs import exactly
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.repository import (
    NOT_FOUND,
    Backup,
    Repository,
    configured,
    read_configuration,
    where,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.trial import Manifest

SHOWN = 10


class PgBackRest(PhysicalTrial):
    """``order.options``: ``stanza``, ``config`` (the site's own file), ``program``; the copy's path is a repository."""

    repository: Repository
    listed: List[Backup]
    chosen: Backup

    def fetch(self) -> Seen:
        at = where(self.copy.path)
        stanza = str(self.order.options.get("stanza") or "")
        if not stanza:
            raise NotRunnable("the engine pgbackrest tests one stanza; name it in options.stanza")
        if at.path is not None and not os.path.isdir(at.path):
            raise Damaged(missing(at.path))
        scratch = self.scratch
        given = self.order.options.get("config")
        text = configured(read_configuration(scratch, str(given) if given else None, at), at)
        who = scratch.reader(at.path, self.user) if at.path is not None else self.user
        config = os.path.join(scratch.directory("pgbackrest", self.user), "pgbackrest.conf")
        scratch.host.write_atomically(config, text, owner=self.user)
        self.data = os.path.join(scratch.directory("pg", self.user), "data")
        program = str(self.order.options.get("program") or "pgbackrest")
        user = self.user if who == self.user else None
        self.repository = Repository(scratch, program, stanza, config, at, self.data, user)
        self.listed = self.repository.backups(FETCH)
        self.chosen = self.listed[-1]
        return Seen(proven=(f"the repository lists {len(self.listed)} backups of {stanza}",))

    def checksums(self, manifest: Manifest) -> Seen:
        """Choose the manifest's backup. pgBackRest compares each file with its checksum while it restores it."""
        self.known = manifest
        wanted = labels((manifest or {}).get("position") or {})
        if wanted:
            there = [each for each in self.listed if each.label in wanted]
            if not there:
                seen = f"only {', '.join(each.label for each in self.listed[-3:])}"
                raise Damaged(Finding(CHECKSUMS, f"backup {' or '.join(wanted)}", "in the repository", seen))
            self.chosen = there[-1]
        if self.chosen.error:
            told = "pgBackRest found pages with a wrong checksum when it was taken"
            raise Damaged(Finding(CHECKSUMS, f"backup {self.chosen.label}", "pages with right checksums", told))
        return Seen(proven=(f"{self.chosen.label} had no damaged page when it was taken",))

    def taken_at(self) -> Optional[float]:
        return self.chosen.stopped

    def needed_bytes(self, manifest: Manifest) -> Optional[int]:
        return self.chosen.size + (1 << 30) if self.chosen.size else None

    def place(self, manifest: Manifest) -> Seen:
        os.mkdir(self.data, 0o700)
        self._hand_over()
        spaces = self.scratch.directory("pg/tablespaces", self.user)
        answer = self.repository.restore(self.chosen.label, spaces, self.order.limits.jobs)
        if answer.status != 0:
            self.repository.failed(RESTORE, f"backup {self.chosen.label}", "that pgBackRest restores it", answer)
        into = self.scratch.directory("pg/wal", self.user)
        names = self._wal(manifest, into)
        self.recovery = {"restore_command": wal_command([into])}
        return Seen(proven=(f"pgBackRest restored {self.chosen.label}, each file with its checksum", *_told(names)))

    def _wal(self, manifest: Manifest, into: str) -> List[str]:
        """Fetch what recovery needs; Damaged names each segment that the archive does not have."""
        self._programs = exactly(self.host, self.order.options, data_version(self.data))
        size = int(self.control_data()["Bytes per WAL segment"])
        last = self._last((manifest or {}).get("position") or {}, size)
        history = self._history(wal.timeline_of(last), wal.timeline_of(self.chosen.first_wal), into)
        names = wal.needed(self.chosen.first_wal, last, size, history)
        reason = self.scratch.space_limitation(len(names) * size)
        if reason is not None:
            raise NotRunnable(reason)
        with ThreadPoolExecutor(max_workers=max(1, self.order.limits.jobs)) as getters:
            answers = list(getters.map(lambda name: self.repository.archive_get(name, into), names))
        wrong: List[Finding] = []
        for name, answer in zip(names, answers):
            if answer.status == NOT_FOUND:
                wrong.append(Finding(RESTORE, f"WAL segment {name}", "in the archive", "not there"))
            elif answer.status != 0:
                try:
                    self.repository.failed(RESTORE, f"WAL segment {name}", "that it can be read", answer)
                except Damaged as error:
                    wrong.extend(error.findings)
        if wrong:
            raise Damaged(*wrong[:SHOWN])
        return names

    def _last(self, position: Mapping[str, Any], size: int) -> str:
        """Return the last segment to recover: the manifest's, else the newest that was archived."""
        if wal.SEGMENT.match(str(position.get("segment") or "")):
            return str(position["segment"])
        if position.get("lsn"):
            timeline = int(position.get("timeline") or wal.timeline_of(self.chosen.first_wal))
            return wal.segment_at(str(position["lsn"]), timeline, size)
        newest = self.repository.newest_wal(self.chosen.archive)
        return max(newest or "", self.chosen.last_wal)

    def _history(self, last: int, first: int, into: str) -> List[Tuple[int, str]]:
        if last == first:
            return []
        name = f"{last:08X}.history"
        answer = self.repository.archive_get(name, into)
        text = self.host.read(os.path.join(into, name))
        if answer.status != 0 or text is None:
            raise Damaged(Finding(RESTORE, f"timeline {last}'s history", "in the archive", "not there"))
        return wal.parse_history(text)


def _told(names: List[str]) -> Tuple[str, ...]:
    return (f"the archive has all {len(names)} WAL segments from {names[0]} to {names[-1]}",) if names else ()


def labels(position: Mapping[str, Any]) -> List[str]:
    """Pure: what a manifest's backup is called, in each of its repositories."""
    found: Dict[str, None] = {}
    if position.get("archive"):
        found[str(position["archive"])] = None
    for label in (position.get("repositories") or {}).values():
        found[str(label)] = None
    return list(found)


def open_trial(order: Order, copy: Copy) -> PgBackRest:
    return PgBackRest(order, copy, LocalHost())
