# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup that lies in memory, on a host whose clock only moves when a stage takes its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.drift import LastGood
from ansible_collections.contingency.infra.plugins.module_utils._restore.engine import Trial
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    STAGES,
    TEAR_DOWN,
    Assertion,
    Content,
    Copy,
    Finding,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import Papers, Tools

NOW = 1_795_000_000.0
HOUR = 3600.0
CONTENT = Content(
    method="text",
    tables={"public.patient": {"rows": 1000, "hash": "77"}, "public.visit": {"rows": 5000, "hash": "88"}},
    sequences={"public.patient_id_seq": (1000, 1000)},
    objects={"index": 12, "trigger": 3},
)
MANIFEST: dict[str, Any] = {
    "format": 1,
    "name": "his",
    "engine": "pg_dump",
    "began_at_epoch": NOW - 2 * HOUR,
    "current_at_epoch": NOW - 2 * HOUR + 1,
    "ended_at_epoch": NOW - HOUR,
    "server": {"kind": "postgresql", "system_identifier": "7", "database": "his", "version_num": 150018},
    "content": CONTENT.as_dict(),
    "digest": "sha256:00",
}
ORDER = Order("his", "pg_dump", (Copy("/backup/a"), Copy("/backup/b")), "/scratch", "/history")
STEP = 10.0
"""Seconds that each stage takes."""


class FakeHost(LocalHost):
    """A clock that is moved by hand, and a disk of a given size."""

    def __init__(self) -> None:
        self.clock = 100.0
        self.free: int | None = 1 << 40

    def now(self) -> float:
        return self.clock

    def wall(self) -> float:
        return NOW + self.clock - 100.0

    def free_bytes(self, path: str) -> int | None:
        return self.free


class MemoryTrial(Trial):
    """A good copy; ``does`` replaces what one of its stages does, by the name of its method."""

    def __init__(self, host: FakeHost, order: Order, copy: Copy, **does: Callable[[], Any]) -> None:
        self.host, self.order, self.copy, self.does = host, order, copy, does
        self.called: list[str] = []

    def _do(self, name: str, otherwise: Any, seconds: float = STEP) -> Any:
        self.called.append(name)
        self.host.clock += seconds
        return self.does[name]() if name in self.does else otherwise

    def fetch(self) -> Seen:
        return Seen(*self._do("fetch", Seen()))

    def checksums(self, manifest: Mapping[str, Any] | None) -> Seen:
        return Seen(*self._do("checksums", Seen()))

    def taken_at(self) -> float | None:
        at: float | None = self._do("taken_at", NOW - 2 * HOUR)
        return at

    def needed_bytes(self, manifest: Mapping[str, Any] | None) -> int | None:
        needed: int | None = self._do("needed_bytes", 1 << 30, 0)
        return needed

    def reserve(self, needed: int) -> str | None:
        reason: str | None = self._do("reserve", None, 0)
        return reason

    def host_fault(self, stage: str, findings: Sequence[Finding]) -> str | None:
        reason: str | None = self.does.get("host_fault", lambda: None)()
        return reason

    def restore(self, manifest: Mapping[str, Any] | None) -> Seen:
        return Seen(*self._do("restore", Seen()))

    def start(self, manifest: Mapping[str, Any] | None) -> Seen:
        return Seen(*self._do("start", Seen()))

    def identity(self, manifest: Mapping[str, Any] | None) -> Seen:
        return Seen(*self._do("identity", Seen()))

    def structure(self, manifest: Mapping[str, Any] | None) -> Seen:
        return Seen(*self._do("structure", Seen()))

    def content(self, manifest: Mapping[str, Any] | None) -> Content:
        content: Content = self._do("content", CONTENT)
        return content

    def answer(self, assertion: Assertion) -> Any:
        return self._do("answer", "t")

    def close(self) -> None:
        self._do("close", None)


class Shelf:
    """The copies of a set: what each does, and their manifest. ``trials`` are the ones that were opened."""

    def __init__(
        self, *does: Mapping[str, Callable[[], Any]], manifest: Mapping[str, Any] | str | None = "his"
    ) -> None:
        self.host = FakeHost()
        self.does = does
        self.papers: Papers = (MANIFEST if isinstance(manifest, str) else manifest, Seen())
        self.trials: list[MemoryTrial] = []

    def tools(self, last_good: LastGood | None = None, accept_drift: bool = False) -> Tools:
        return Tools(self.host, self.open, lambda order, copy: self.papers, last_good, accept_drift)

    def open(self, order: Order, copy: Copy) -> Trial:
        place = len(self.trials)
        does = self.does[place] if place < len(self.does) else {}
        self.trials.append(MemoryTrial(self.host, order, copy, **does))
        return self.trials[-1]


def raising(error: BaseException) -> Callable[[], Any]:
    def work() -> Any:
        raise error

    return work


METHODS = {
    stage: {"age": "taken_at", "assertions": "answer", TEAR_DOWN: "close", "drift": "content"}.get(stage, stage)
    for stage in STAGES
}
"""The method of a trial that a stage calls."""
