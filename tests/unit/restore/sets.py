# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several sets came to in one run, as their hosts registered it: one of each verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._restore.history import summary
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    CONTENT,
    Assertion,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import run

from tests.unit.restore.memory import HOUR, NOW, ORDER, Shelf, raising

CUT = {"checksums": raising(Damaged(Finding(CHECKSUMS, "his.dump", "sha256 7d1a", "sha256 09ff")))}
FEWER = {"content": raising(Damaged(Finding(CONTENT, "table public.visit", "5000 rows", "4200 rows")))}
NO_ROOM = {"restore": raising(NotRunnable("/scratch has 2,048 MiB free, and the restore needs 91,200 MiB"))}
OFFSITE = Copy("/backup/offsite/his.dump", host="offsite-1", place="building C")


def registered(order: Order, shelf: Shelf, months: int = 12) -> dict[str, Any]:
    """Return what the module returns, with a history of a test a month that went ever slower."""
    outcome = run(order, shelf.tools())
    now = summary(outcome)
    good = {**now, "verdict": "passed", "copy_used": 1, "recovery_seconds": 50.0}
    history = [
        {**good, "began_at_epoch": NOW - month * 30.5 * 86400, "recovery_seconds": 80.0 - month * 5}
        for month in range(months - 1, 0, -1)
    ]
    return {
        **outcome.as_dict(),
        "host": "restore-1",
        "findings": [finding.line for finding in outcome.findings],
        "objectives_missed": outcome.missed,
        "history": [*history, now],
        "problems": [],
        "files": [f"/srv/evidence/restore_test-{order.name}.json"],
        "changed": True,
    }


def of_each_verdict() -> dict[str, dict[str, Any] | None]:
    his = replace(
        ORDER,
        copies=(Copy("/backup/local/his.dump"), OFFSITE),
        rto=2 * HOUR,
        rpo=24 * HOUR,
        assertions=(Assertion("prescriptions are recent", query="select true"),),
    )
    return {
        "his": registered(his, Shelf()),
        "lis": registered(replace(his, name="lis", rto=60.0), Shelf(CUT, manifest=None), 7),
        "pacs": registered(replace(his, name="pacs", engine="restic"), Shelf(CUT, FEWER)),
        "archive": registered(replace(his, name="archive", engine="borg"), Shelf(NO_ROOM, NO_ROOM), 3),
        "finance": {"unreachable": True, "msg": "ssh: connect to host restore-2 port 22: No route to host"},
        "mail": None,
    }
