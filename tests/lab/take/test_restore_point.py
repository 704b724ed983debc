# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore point that is not exactly the snapshot's moment is never taken for one, and nobody is held up."""

from __future__ import annotations

from contextlib import closing

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.take import restore_point
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.restore_point import RestorePoint

from tests.lab.take.server import Server

LATE = "pg_catalog.pg_export_snapshot(), (SELECT pg_catalog.pg_current_snapshot() FROM pg_catalog.pg_sleep(0.3))"
"""The snapshot is taken first, and the restore point only when others have committed."""


def test_a_commit_between_snapshot_and_restore_point_is_found_in_wal(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_point, "SIGHT", LATE)
    monkeypatch.setattr(restore_point, "INSTANTS", 1)
    with server.writers(), closing(RestorePoint(server.client, "late", wait_seconds=45)) as point:
        point.set()
        assert "a transaction was committed just before the restore point" in str(point.inexact)
        assert point.tries > 1


def test_without_writers_a_late_restore_point_is_as_good(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_point, "SIGHT", LATE)
    monkeypatch.setattr(restore_point, "INSTANTS", 1)
    with closing(RestorePoint(server.client, "quiet", wait_seconds=4)) as point:
        point.set()
        assert point.inexact is None


def test_beside_writers_an_exact_one_is_soon_found_and_they_go_on_meanwhile(server: Server) -> None:
    tries = []
    with server.writers(clients=4):
        for number in range(5):
            before = server.written()
            with closing(RestorePoint(server.client, f"soon_{number}", wait_seconds=60)) as point:
                point.set()
                assert point.inexact is None
                assert server.written() > before
                tries.append(point.tries)
    assert sum(tries) <= 25, tries
