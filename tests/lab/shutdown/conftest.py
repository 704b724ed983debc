# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the shutdowns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.pair import Pair
from tests.lab.shutdown.work import Shutdowns


@pytest.fixture
def shutdowns(shared_pair: Pair, tmp_path: Path) -> Iterator[Shutdowns]:
    found = Shutdowns(shared_pair.lab, tmp_path)
    found.restore()
    yield found
    found.restore()
