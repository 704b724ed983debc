# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pair of MariaDB servers, as new before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.mariadb.pair import Pair


@pytest.fixture(scope="session")
def shared_pair() -> Iterator[Pair]:
    pair = Pair()
    try:
        pair.build()
        yield pair
    finally:
        pair.destroy()


@pytest.fixture
def pair(shared_pair: Pair) -> Pair:
    shared_pair.restore()
    return shared_pair
