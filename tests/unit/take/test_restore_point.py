# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trying for a restore point costs a server next to nothing, however often it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Address, Client
from ansible_collections.contingency.infra.plugins.module_utils._restore.take import restore_point
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.commits import Commit, Sight
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.restore_point import (
    Instant,
    Mark,
    Missed,
    RestorePoint,
)

from tests.unit.take.conftest import Clock

INSTANT = Instant("point", "0/3000060", 1.0, "1", Sight.of("5:5:"))
MARK = Mark("point", "0/3000060", "000000010000000000000003", 1.0)


class Asked(Clock):
    """A machine whose psql answers yes to everything and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.clock = 0.0

    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        self.scripts.append(stdin)
        if "pg_walfile_name" in stdin:
            return Answer(0, f"{MARK.segment}\0", "")
        return Answer(0, "" if restore_point.STUCK in stdin else "t\0", "")

    def now(self) -> float:
        self.clock += 1.0
        return self.clock


def test_wal_goes_to_its_next_segment_once_after_many_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Asked()
    point = RestorePoint(Client(machine, Address(programs="/usr/bin")), "point", wait_seconds=60)

    def missed(self: RestorePoint) -> tuple[Mark, str | None]:
        try:
            self._same([INSTANT], "0/3000000", {})
        except Missed as error:
            return MARK, str(error)
        return MARK, None if self.tries == 9 else "a commit came between"

    class NoWal:
        def __init__(self, *_arguments: object) -> None: ...

        def commits(self) -> list[Commit]:
            return []

    monkeypatch.setattr(restore_point, "Wal", NoWal)
    monkeypatch.setattr(RestorePoint, "_try", missed)
    assert point.set() == MARK
    assert (point.tries, point.inexact) == (9, None)
    switches = [number for number, script in enumerate(machine.scripts) if "pg_switch_wal" in script]
    assert switches == [len(machine.scripts) - 1]
    assert sum("pg_logical_emit_message" in script for script in machine.scripts) == 9
