# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One backup server for the session, with a hospital that is backed up."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.backup.ground import Ground
from lab.backup.server import NAME, BackupServer
from lab.engine import Lab
from lab.instance import Instance
from lab.topology import load
from tests.lab.restore.shelf import Shelf


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """On the lab that LAB_NAME names if it runs with its part backup, else on one of the tests' own."""
    found = Lab.from_environment()
    was_up = found.is_up() and NAME in found.topology.machines
    if not was_up:
        found = Lab(Instance(f"{os.environ.get('LAB_NAME', 'test')}-backup"), load())
        found.up(parts=["backup"])
    made = Ground.on(BackupServer(found))
    made.make()
    yield made
    if not was_up:
        found.down()


@pytest.fixture(scope="session")
def shelf(ground: Ground) -> Iterator[Shelf]:
    made = Shelf(ground)
    yield made
    made.close()
