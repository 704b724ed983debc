# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_uplink against the kernel's bonding driver, in a guest.

The usual way is run by Ansible over ssh as users do; what goes wrong is run in a session that keeps the module loaded.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from lab.qemu import BondingGuest
from tests.lab.module_session import ModuleSession
from tests.lab.run_module import Step, Target, run_module, seen

GATEWAY = "10.9.0.2"
NOBODY = "10.9.0.99"

Module = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def guest() -> Iterator[BondingGuest]:
    with BondingGuest(f"{os.environ.get('LAB_NAME', 'contingency')}-bonding") as guest:
        yield guest


@pytest.fixture(autouse=True)
def on_core_a(guest: BondingGuest) -> None:
    """Each test starts with both cables plugged and the bond on eth0."""
    for card in ("eth0", "eth1"):
        guest.set_link(card, up=True)
    guest.run(
        "cd /sys/class/net/bond0/bonding; echo > primary;"
        " until echo eth0 > active_slave && echo eth1 > active_slave && echo eth0 > active_slave; do sleep 0.1; done"
        " 2>/dev/null"
    )


@pytest.fixture(scope="module")
def server_uplink(guest: BondingGuest) -> Iterator[Module]:
    with ModuleSession.in_guest(guest, "server_uplink") as session:
        yield partial(session, bond="bond0")


def active(guest: BondingGuest) -> str:
    return guest.run("cat /sys/class/net/bond0/bonding/active_slave").stdout.strip()


def test_a_move_is_shown_first_then_done(guest: BondingGuest) -> None:
    target = Target(guest.management, guest.management_address, f"-F {guest.ssh_config}")
    wanted = {"bond": "bond0", "active": "eth1", "expect_neighbor": "core-b", "verify": {"reachable": [GATEWAY]}}
    play = run_module(target, "server_uplink", Step(wanted, check=True), Step(wanted))
    assert not play.failed, play.output
    shown, moved = play.results
    assert active(guest) == "eth1"

    assert shown["changed"], shown
    assert "-active: eth0\n+active: eth1\n" in play.output
    assert moved["before"]["active"] == "eth0", "check mode moved the bond"
    assert moved["changed"]
    assert moved["commands"] == shown["commands"]
    assert seen(moved) == {"active": "eth1", "carrier": "up", "neighbor": "core-b", f"reachable {GATEWAY}": "answers"}


def test_a_planned_move_interrupts_nothing_and_is_done_once(guest: BondingGuest, server_uplink: Module) -> None:
    with guest.probe("core-a") as probe:
        moved = server_uplink(active="eth1", verify={"reachable": [GATEWAY]})
    assert not moved["failed"], moved
    assert active(guest) == "eth1"
    traffic = probe.stop()
    print(f"planned move: {traffic}, {moved['seconds']} s in the module")
    assert traffic.sent > 20
    assert traffic.longest_gap_ms < 500

    again = server_uplink(active="eth1", verify={"reachable": [GATEWAY]})
    assert not again["failed"], again
    assert not again["changed"]
    assert again["commands"] == []


def test_a_stranger_is_refused(guest: BondingGuest, server_uplink: Module) -> None:
    refused = server_uplink(active="eth2")
    assert refused["failed"]
    assert "eth2 is not a member of bond0 (members: eth0, eth1)" in refused["msg"]
    assert active(guest) == "eth0"


def test_a_member_without_carrier_is_refused(guest: BondingGuest, server_uplink: Module) -> None:
    guest.set_link("eth1", up=False)
    guest.run("until [ $(cat /sys/class/net/eth1/carrier) = 0 ]; do sleep 0.1; done")
    refused = server_uplink(active="eth1")
    assert refused["failed"]
    assert "eth1 of bond0 has no carrier" in refused["msg"]
    assert refused["commands"] == []
    assert active(guest) == "eth0"


def test_a_gateway_that_does_not_answer_puts_the_former_member_back(guest: BondingGuest, server_uplink: Module) -> None:
    undone = server_uplink(active="eth1", verify={"reachable": [NOBODY], "timeout": 1})
    assert undone["failed"], undone
    assert undone["rolled_back"], undone
    assert not undone["changed"]
    assert undone["after"]["active"] == active(guest) == "eth0"
    assert [command.split()[1] for command in undone["commands"]] == ["eth1", "eth0"]
    assert f"bond0 on eth1: check reachable {NOBODY} saw no answer, expected answers." in undone["msg"]


def test_a_primary_moves_along_and_does_not_take_the_bond_back(guest: BondingGuest, server_uplink: Module) -> None:
    guest.run("echo eth0 > /sys/class/net/bond0/bonding/primary")
    moved = server_uplink(active="eth1", primary="move")
    assert not moved["failed"], moved
    assert (moved["after"]["active"], moved["after"]["primary"]) == ("eth1", "eth1")
    for up in (False, True):
        guest.set_link("eth0", up=up)
        guest.run(f"until [ $(cat /sys/class/net/eth0/carrier) = {int(up)} ]; do sleep 0.1; done; sleep 0.3")
    assert active(guest) == "eth1"


def test_a_link_that_fails_while_moving_ends_on_the_member_that_lives(
    guest: BondingGuest, server_uplink: Module
) -> None:
    """The cable of the wanted member is pulled while its checks run: the bond goes back by itself, and it is told."""

    def pull_once_moved() -> None:
        guest.run(
            "until read member < /sys/class/net/bond0/bonding/active_slave && [ $member = eth1 ]; do sleep 0.2; done"
        )
        guest.set_link("eth1", up=False)

    puller = threading.Thread(target=pull_once_moved)
    with guest.probe("core-a") as probe:
        puller.start()
        undone = server_uplink(active="eth1", verify={"reachable": [NOBODY], "timeout": 4})
        puller.join()
    traffic = probe.stop()
    print(f"link failure: {traffic}")
    assert undone["failed"], undone
    assert undone["rolled_back"], undone
    assert undone["after"]["active"] == active(guest) == "eth0"
    assert "bond0 is on eth0, as it was before" in undone["msg"]
    assert "check active saw eth0, expected eth1" in undone["msg"]
    assert traffic.longest_gap_ms < 2000
