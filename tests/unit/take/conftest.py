# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine whose backups are a few small files, so that all around it can be told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.take import registry
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    SecondCopy,
    Taken,
    TakeOrder,
    Taker,
)

DAY = 86400.0
BEGAN = 1795312801.0


class Clock(LocalHost):
    """This machine, at another time."""

    def __init__(self) -> None:
        self.time = BEGAN
        self.free: dict[str, int] = {}

    def wall(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def free_bytes(self, path: str) -> int | None:
        return next((free for place, free in self.free.items() if path.startswith(place)), 1 << 50)


class FewFiles(Taker):
    """Writes two files; breaks off where the test says so."""

    broken: ClassVar[type[BaseException] | None] = None
    closed: ClassVar[int] = 0
    inexact: ClassVar[str | None] = None

    def limitation(self) -> str | None:
        return "there is no database" if self.order.options.get("no_database") else None

    def steps(self) -> tuple[str, ...]:
        return ("write two files",)

    def needed_bytes(self) -> int | None:
        return 2000

    def take(self, work: str) -> Taken:
        Path(work, "data").mkdir()
        Path(work, "data/one").write_bytes(b"1" * 1000)
        if FewFiles.broken is not None:
            raise FewFiles.broken("the disk broke")
        Path(work, "two").write_bytes(b"2" * 500)
        now = self.host.wall()
        content = Content("m", tables={"t": {"rows": 3, "hash": "9"}})
        position = {"inexact": FewFiles.inexact}
        return Taken(now, now, now + 1, {"kind": "files"}, position, 1500, content, failure=FewFiles.inexact)

    def close(self) -> None:
        FewFiles.closed += 1


@pytest.fixture(autouse=True)
def few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.TAKERS, "few_files", lambda: FewFiles)
    monkeypatch.setattr(FewFiles, "broken", None)
    monkeypatch.setattr(FewFiles, "closed", 0)
    monkeypatch.setattr(FewFiles, "inexact", None)


@pytest.fixture
def host() -> Clock:
    return Clock()


Ordering = Callable[..., TakeOrder]


@pytest.fixture
def order(tmp_path: Path) -> Ordering:
    """An order with one copy; both places are there."""
    first, second = tmp_path / "local", tmp_path / "offsite"
    first.mkdir()
    second.mkdir()
    made = TakeOrder("his", "few_files", str(first), (SecondCopy(str(second)),), keep=2, reserve_bytes=1000)
    return lambda **changes: dataclasses.replace(made, **changes)


__all__ = ["BEGAN", "DAY", "Clock", "FewFiles", "NotTaken", "Ordering"]
