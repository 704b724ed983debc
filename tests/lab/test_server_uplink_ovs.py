# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_uplink against a bond of Open vSwitch on one of the lab's servers, run by Ansible over ssh as users do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.engine import Lab
from lab.instance import CONTROLLER
from lab.probe import Probe
from tests.lab.hospital import Hospital
from tests.lab.run_module import Play, Step, Target, run_module, seen

SERVER = "server-his"
CORE_A, CORE_B = "10.9.0.2", "10.9.0.3"
NOBODY = "10.9.0.99"


@pytest.fixture(scope="module", autouse=True)
def as_new(shared_hospital: Hospital) -> None:
    """Whatever the tests before left of the lab that all share."""
    shared_hospital.restore()


@pytest.fixture(autouse=True)
def on_core_a(lab: Lab) -> Iterator[None]:
    lab.exec(SERVER, "ovs-appctl", "bond/set-active-member", "bond0", "eth0")
    yield
    for member in ("eth0", "eth1"):
        lab.exec(SERVER, "ip", "link", "set", member, "up")
    lab.exec(SERVER, "ovs-vsctl", "remove", "port", "bond0", "other_config", "bond-primary")


def play(lab: Lab, *steps: Step) -> Play:
    instance = lab.instance
    ssh = f"-i {instance.client_key} -o UserKnownHostsFile={instance.known_hosts} -o StrictHostKeyChecking=yes"
    target = Target(instance.namespace(CONTROLLER), lab.topology.machine(SERVER).management, ssh)
    return run_module(target, "server_uplink", *steps)


def server_uplink(lab: Lab, **arguments: Any) -> dict[str, Any]:
    """What it returned, with ``failed``."""
    done = play(lab, Step({"bond": "bond0", **arguments}))
    (result,) = done.results
    return {**result, "failed": done.failed}


def active(lab: Lab) -> str:
    lines = lab.exec(SERVER, "ovs-appctl", "bond/show", "bond0").stdout.splitlines()
    (before,) = (lines[number - 1] for number, line in enumerate(lines) if line.strip() == "active member")
    return before.removeprefix("member ").split(":")[0]


def test_a_planned_move_is_shown_first_then_done_then_left_alone(lab: Lab) -> None:
    verify = {"reachable": [CORE_A, CORE_B]}
    wanted = {"bond": "bond0", "active": "eth1", "expect_neighbor": "core-b", "verify": verify}
    with Probe(lab.instance, lab.topology, [("client-outpatient", SERVER)]) as probe:
        done = play(lab, Step(wanted, check=True), Step(wanted), Step(wanted))
    assert not done.failed, done.output
    shown, moved, again = done.results
    assert active(lab) == "eth1"

    assert shown["changed"], shown
    assert "+active: eth1\n" in done.output
    assert moved["before"]["active"] == "eth0", "check mode moved the bond"
    assert moved["commands"] == shown["commands"] == ["ovs-appctl --timeout=5 bond/set-active-member bond0 eth1"]
    assert seen(moved)["neighbor"] == "core-b"
    assert seen(moved)[f"reachable {CORE_A}"] == "answers"
    assert not again["changed"]

    (traffic,) = probe.stop()
    print(f"planned move: {traffic}, {moved['seconds']} s in the module")
    assert traffic.sent > 100
    assert traffic.longest_gap_ms < 500


def test_a_gateway_that_does_not_answer_puts_the_former_member_back(lab: Lab) -> None:
    undone = server_uplink(lab, active="eth1", verify={"reachable": [NOBODY], "timeout": 1})
    assert undone["failed"], undone
    assert undone["rolled_back"], undone
    assert active(lab) == "eth0"
    assert f"check reachable {NOBODY} saw no answer" in undone["msg"]


def test_a_member_whose_link_is_down_is_refused(lab: Lab) -> None:
    lab.exec(SERVER, "ip", "link", "set", "eth1", "down")
    refused = server_uplink(lab, active="eth1")
    assert refused["failed"]
    assert "eth1 of bond0 has no carrier" in refused["msg"]
    assert active(lab) == "eth0"


def test_the_wrong_switch_is_found_before_anything_is_changed(lab: Lab) -> None:
    refused = server_uplink(lab, active="eth1", expect_neighbor="core-a", verify={"timeout": 1})
    assert "check neighbor saw core-b, expected core-a. Nothing was changed." in refused["msg"]
    assert active(lab) == "eth0"


def test_an_address_of_the_management_network_proves_nothing(lab: Lab) -> None:
    refused = server_uplink(lab, active="eth1", verify={"reachable": [str(lab.topology.machine("core-b").management)]})
    assert "not over bond0" in refused["msg"]
    assert active(lab) == "eth0"


def test_a_primary_that_would_take_the_bond_back(lab: Lab) -> None:
    lab.exec(SERVER, "ovs-vsctl", "set", "port", "bond0", "other_config:bond-primary=eth0")
    refused = server_uplink(lab, active="eth1")
    assert "primary: move" in refused["msg"]
    moved = server_uplink(lab, active="eth1", primary="move")
    assert not moved["failed"], json.dumps(moved)
    assert (moved["after"]["active"], moved["after"]["primary"]) == ("eth1", "eth1")


def test_a_host_without_the_bond(lab: Lab) -> None:
    refused = server_uplink(lab, bond="bond7", active="eth1")
    assert "This host has no bond bond7" in refused["msg"]
    assert "Open vSwitch has no bond bond7" in refused["msg"]


def test_an_open_vswitch_that_hangs_does_not_hang_the_task(lab: Lab) -> None:
    signal_it = "kill -{} $(cat ${{OVS_RUNDIR:-/run/openvswitch}}/ovs-vswitchd.pid)"
    lab.exec(SERVER, "sh", "-c", signal_it.format("STOP"))
    try:
        refused = server_uplink(lab, active="eth1")
    finally:
        lab.exec(SERVER, "sh", "-c", signal_it.format("CONT"))
    assert "Open vSwitch did not answer within 5 s, so the state of bond0 is unknown" in refused["msg"]
    assert active(lab) == "eth0"
