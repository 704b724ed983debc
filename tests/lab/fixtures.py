# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab for the tests of this folder and of tests/faults: one for the session, as new before each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine import Lab
from lab.instance import Instance
from lab.topology import load
from tests.lab.hospital import Hospital
from tests.lab.pair import STANDBY, Pair
from tests.lab.room import Room


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab that LAB_NAME names, else one of the tests' own; taken down if it was not up before."""
    os.environ.setdefault("LAB_NAME", "test")
    found = Lab.from_environment()
    was_up = found.is_up()
    found.up(parts=["network"])
    yield found
    if not was_up:
        found.down()


@pytest.fixture(scope="session")
def shared_hospital(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return Hospital(lab, tmp_path_factory.mktemp("hospital"))


@pytest.fixture
def hospital(shared_hospital: Hospital) -> Hospital:
    """Everything up and on core-a."""
    shared_hospital.restore()
    return shared_hospital


@pytest.fixture(scope="session")
def shared_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """On the lab that LAB_NAME names if it runs with its part standby, else on one of the tests' own."""
    found = Lab.from_environment()
    was_up = found.is_up() and STANDBY in found.topology.machines
    if not was_up:
        found = Lab(Instance(f"{os.environ.get('LAB_NAME', 'test')}-standby"), load())
        found.up(parts=["standby"])
    yield Pair(found, tmp_path_factory.mktemp("pair"))
    if not was_up:
        found.down()


@pytest.fixture
def pair(shared_pair: Pair) -> Pair:
    """The database servers as new: his-db-1 is the primary, his-db-2 streams from it."""
    shared_pair.restore()
    return shared_pair


@pytest.fixture(scope="session")
def power_lab() -> Iterator[Lab]:
    found = Lab(Instance(f"{os.environ.get('LAB_NAME', 'test')}-power"), load())
    found.up(parts=["power"])
    yield found
    found.down()


@pytest.fixture
def room(power_lab: Lab, tmp_path: Path) -> Room:
    """On mains, with full batteries and all hosts on."""
    power_lab.heal_all()
    power_lab.up(parts=["power"])
    return Room(power_lab, tmp_path)
