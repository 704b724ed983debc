# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of a repository of restic: every pack read, a snapshot restored."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.repository import (
    RepositoryTrial,
    json_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import complaint
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    RESTORE,
    Copy,
    Damaged,
    Finding,
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

    @property
    def title(self) -> str:
        return self.id[:8]

    def is_called(self, name: str) -> bool:
        return any(known is not None and known.startswith(name) for known in (self.id, self.original))


def open_trial(order: Order, copy: Copy) -> ResticTrial:
    return ResticTrial(order, copy)


class ResticTrial(RepositoryTrial[Snapshot]):
    """The repository is neither locked nor written."""

    program = "restic"
    kind = "snapshot"
    parts = "pack"
    deep_check = ("check", "--read-data")

    def listing(self) -> Answer:
        return self._restic("snapshots", "--json")

    def listed(self, output: str) -> List[Snapshot]:
        return snapshots_in(output)

    def checked(self) -> Answer:
        return self._restic(*self.deep_check)

    def needed_bytes(self, manifest: Optional[Mapping[str, Any]]) -> Optional[int]:
        answer = self._restic("stats", "--json", "--mode", "restore-size", self.one.id)
        found = json_of(answer.output) if answer.status == 0 else None
        return int(found["total_size"]) if isinstance(found, dict) and "total_size" in found else None

    def restore(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        answer = self._restic("restore", self.one.id, "--target", self.root)
        if answer.status != 0:
            raise Damaged(Finding(RESTORE, f"restic restore {self.one.title}", "status 0", complaint(answer)))
        return Seen(proven=(f"snapshot {self.one.title} was restored",))

    def _restic(self, *arguments: str) -> Answer:
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


def epoch_of(text: str) -> float:
    """Pure: 2026-11-22T08:00:00.123456789+08:00, with more digits than Python 3.9 takes."""
    found = re.fullmatch(r"([^.]+?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if found is None:
        return datetime.fromisoformat(text).timestamp()
    zone = "+00:00" if found.group(3) == "Z" else found.group(3)
    return datetime.fromisoformat(found.group(1) + zone).timestamp() + float(f"0.{found.group(2) or 0}")
