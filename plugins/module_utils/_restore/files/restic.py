# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of a repository of restic: every pack read, a snapshot restored."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import (
    FilesTrial,
    complaint,
    password_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    FETCH,
    IDENTITY,
    RESTORE,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
)


class Snapshot(NamedTuple):
    """A snapshot as restic lists it; ``original`` is its id in the repository that it was copied from."""

    id: str
    time: float
    host: str
    paths: List[str]
    original: Optional[str]

    def is_called(self, name: str) -> bool:
        return any(known is not None and known.startswith(name) for known in (self.id, self.original))


def open_trial(order: Order, copy: Copy) -> FilesTrial:
    return ResticTrial(order, copy)


class ResticTrial(FilesTrial):
    """The copy is the repository as restic names it; it is neither locked nor written."""

    snapshots: List[Snapshot] = []
    chosen: Optional[Snapshot] = None

    def fetch(self) -> Seen:
        reason = password_limitation(self.host, self.options.password_file)
        if reason is not None:
            raise NotRunnable(reason)
        answer = self._restic("snapshots", "--json")
        if answer.status != 0:
            raise Damaged(Finding(FETCH, self.copy.path, "a repository that opens", complaint(answer)))
        self.snapshots = snapshots_in(answer.output)
        if not self.snapshots:
            raise Damaged(Finding(FETCH, self.copy.path, "snapshots", "none"))
        return Seen(proven=(f"the repository opens and lists {len(self.snapshots)} snapshots",))

    def checksums(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """One that is not there is told as identity; its age is then that of the newest, which may be the reason."""
        self.chosen = chosen(self.snapshots, self._wanted(manifest))
        if not self.options.read_data:
            return Seen(unproven=("packs that are not part of the snapshot: read_data is off",))
        answer = self._restic("check", "--read-data")
        if answer.status != 0:
            return Seen(
                (Finding(CHECKSUMS, self.copy.path, "restic check --read-data finds nothing", complaint(answer)),)
            )
        return Seen(proven=("restic check --read-data found every pack sound",))

    def taken_at(self) -> Optional[float]:
        return self.chosen.time if self.chosen else None

    def needed_bytes(self, manifest: Optional[Mapping[str, Any]]) -> Optional[int]:
        answer = self._restic("stats", "--json", "--mode", "restore-size", self._id())
        found = json_of(answer.output) if answer.status == 0 else None
        return int(found["total_size"]) if isinstance(found, dict) and "total_size" in found else None

    def restore(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        answer = self._restic("restore", self._id(), "--target", self.root)
        if answer.status != 0:
            raise Damaged(Finding(RESTORE, f"restic restore {self._id()[:8]}", "status 0", complaint(answer)))
        return Seen(proven=(f"snapshot {self._id()[:8]} was restored",))

    def identity(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        wanted, found = self._wanted(manifest), self.chosen
        if manifest is None or found is None:
            host = found.host if found else "?"
            return Seen(unproven=(f"whose files they are: there is no manifest; the snapshot is of host {host}",))
        if wanted and not found.is_called(wanted):
            return Seen(
                (Finding(IDENTITY, f"snapshot {wanted[:8]}", "in the repository", f"newest is {found.id[:8]}"),)
            )
        host = manifest["server"].get("host")
        if host and host != found.host:
            return Seen((Finding(IDENTITY, "host of the snapshot", str(host), found.host),))
        return Seen(proven=(f"it is snapshot {found.id[:8]} of {found.host}",))

    def _wanted(self, manifest: Optional[Mapping[str, Any]]) -> Optional[str]:
        told = manifest["position"].get("snapshot") if manifest is not None else None
        return self.options.snapshot or (str(told) if told else None)

    def _id(self) -> str:
        if self.chosen is None:
            raise NotRunnable("no snapshot was chosen")
        return self.chosen.id

    def _restic(self, *arguments: str) -> Any:
        environment: Dict[str, str] = {"RESTIC_REPOSITORY": self.copy.path}
        if self.options.password_file:
            environment["RESTIC_PASSWORD_FILE"] = self.options.password_file
        return self.run(["restic", "--no-lock", "--no-cache", *arguments], environment)


def snapshots_in(output: str) -> List[Snapshot]:
    """Pure: from `restic snapshots --json`, the oldest first."""
    rows = json_of(output)
    found = [
        Snapshot(row["id"], epoch_of(row["time"]), row.get("hostname", ""), list(row["paths"]), row.get("original"))
        for row in (rows if isinstance(rows, list) else [])
    ]
    return sorted(found, key=lambda snapshot: snapshot.time)


def chosen(snapshots: List[Snapshot], wanted: Optional[str]) -> Snapshot:
    """Pure: the one that is wanted, else the newest."""
    return next((each for each in snapshots if wanted and each.is_called(wanted)), snapshots[-1])


def epoch_of(text: str) -> float:
    """Pure: 2026-11-22T08:00:00.123456789+08:00, with more digits than Python 3.9 takes."""
    found = re.fullmatch(r"([^.]+?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if found is None:
        return datetime.fromisoformat(text).timestamp()
    zone = "+00:00" if found.group(3) == "Z" else found.group(3)
    return datetime.fromisoformat(found.group(1) + zone).timestamp() + float(f"0.{found.group(2) or 0}")


def json_of(output: str) -> Any:
    """Pure: the first JSON document of an output, None where there is none."""
    start = min((at for at in (output.find("["), output.find("{")) if at >= 0), default=-1)
    try:
        return json.JSONDecoder().raw_decode(output[start:])[0] if start >= 0 else None
    except ValueError:
        return None
