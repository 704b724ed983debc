# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump of MariaDB that does not come to its end is told as that, and not as a full disk."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.program import start
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import Ends
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.mariadb_dump import MariadbDumpTaker
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, TakeOrder

from tests.unit.mariadb.fake_host import FakeHost

WHOLE = Ends(30, b"-- MariaDB dump\n", b"-- Dump completed on 2026-11-22 2:00:00\n")


@pytest.mark.parametrize(
    ("written", "named"), [(None, r"mariadb-dump did not end within 0\.05 s"), (WHOLE, "the reading of rows")]
)
def test_what_takes_too_long_is_named(written: Ends | None, named: str) -> None:
    taker = MariadbDumpTaker(TakeOrder("his", "mariadb_dump", "/backup", timeout_seconds=0.05), FakeHost())
    writing: Future[Ends] = Future()
    reading: Future[Content] = Future()
    if written is not None:
        writing.set_result(written)
    dump = start(["true"])
    try:
        with pytest.raises(NotTaken, match=f"{named}.*; raise timeout"):
            taker._judge(dump, None, writing, reading)
    finally:
        dump.kill()
