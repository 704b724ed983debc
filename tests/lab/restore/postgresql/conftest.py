# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One production server for the tests of a file, and a trial that always leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.restore.postgresql.production import Production


@pytest.fixture(scope="module")
def production() -> Iterator[Production]:
    root = Path(tempfile.mkdtemp(prefix="prod-", dir="/tmp"))
    root.chmod(0o755)
    made = Production(root)
    try:
        made.make()
        yield made
    finally:
        made.down()
        shutil.rmtree(root)


@pytest.fixture(autouse=True)
def _nothing_is_left(production: Production) -> Iterator[None]:
    yield
    scratch = production.root / "scratch"
    left = list(scratch.iterdir()) if scratch.exists() else []
    assert left == []
