# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of its own for the tests of the lab: they take it down and break it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest

from lab import Lab
from lab.instance import Instance
from lab.kinds.debian import Debian
from lab.topology import load

NAME = f"pytest-{os.getpid()}"


@pytest.fixture(scope="session")
def running_lab() -> Iterator[Lab]:
    lab = Lab(Instance(NAME), load())
    lab.up(parts=["network"])
    yield lab
    lab.down()


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """The lab, put back afterwards: faults healed, access switches on core-a, servers on eth0."""
    yield running_lab
    running_lab.up()
    for switch in running_lab.topology.of_role("access"):
        vtysh(running_lab, switch.name, "interface swp50", "shutdown", "interface swp49", "no shutdown")
    for server in running_lab.topology.of_role("server"):
        running_lab.exec(server.name, "ovs-appctl", "bond/set-active-member", "bond0", "eth0")
    running_lab.wait_for_network()


@pytest.fixture(scope="session")
def running_pair() -> Iterator[Lab]:
    lab = Lab(Instance(f"{NAME}-standby"), load())
    lab.up(parts=["standby"])
    yield lab
    lab.down()


@pytest.fixture
def pair(running_pair: Lab) -> Lab:
    """The servers of the part standby, as new: his-db-1 is the primary and has the service address."""
    running_pair.up()
    return running_pair


@pytest.fixture(scope="session")
def running_power() -> Iterator[Lab]:
    lab = Lab(Instance(f"{NAME}-power"), load())
    lab.up(parts=["power"])
    yield lab
    lab.down()


@pytest.fixture
def power(running_power: Lab) -> Lab:
    """The part power as new: mains, full batteries, every host on."""
    running_power.up()
    return running_power


def debian(lab: Lab, name: str) -> Debian:
    machine = lab.machine(name)
    assert isinstance(machine, Debian)
    return machine


def vtysh(lab: Lab, machine: str, *lines: str) -> None:
    arguments = [word for line in ("configure terminal", *lines) for word in ("-c", line)]
    lab.exec(machine, "vtysh", *arguments)


def eventually(condition: Callable[[], bool], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not true within {within} s"
        time.sleep(0.05)
