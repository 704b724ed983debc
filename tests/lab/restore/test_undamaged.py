# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that were taken while people worked are good, and are called good: a false alarm is as bad as a miss."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from lab.backup.ground import Ground
from lab.backup.writers import CONSISTENT, Writing
from tests.lab.restore.chosen import rounds, sets
from tests.lab.restore.files import FilesChanging
from tests.lab.restore.left import left_over
from tests.lab.restore.shelf import SETS, Shelf, words

INVARIANT = [{"name": "each invoice is what its charges amount to", "query": CONSISTENT, "database": "his"}]


@contextlib.contextmanager
def under_load(ground: Ground, engine: str) -> Iterator[None]:
    """Somebody works in what is backed up."""
    if engine.startswith("maria"):
        with Writing(ground.server, ground.mariadb.writer(), "mariadb", pause=0.002):
            yield
    elif engine.startswith("pg"):
        with Writing(ground.server, ground.production.writer(), pause=0.002):
            yield
    else:
        with FilesChanging(ground):
            yield


@pytest.mark.parametrize("turn", range(rounds()))
@pytest.mark.parametrize("name", sets())
def test_a_backup_that_was_taken_under_load_passes(shelf: Shelf, name: str, turn: int) -> None:
    engine = SETS[name].engine
    with under_load(shelf.ground, engine):
        backup = shelf.take(name)
    database = engine.startswith(("pg", "maria"))
    assertions = [{**each, "expect": 1 if engine.startswith("maria") else True} for each in INVARIANT if database]
    result = shelf.test(name, backup, assertions=assertions)
    assert result["verdict"] == "passed", words(result)
    assert left_over(shelf.ground.server) == []
