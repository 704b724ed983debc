# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and changing bonds of Open vSwitch, in the words of its older and newer versions."""

from __future__ import annotations

import signal

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import Answer
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import (
    BondNotFound,
    Change,
    ServerUplinkError,
)
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.openvswitch import OpenVswitchBond

from tests.unit.server_uplink.fake_host import FakeHost
from tests.unit.server_uplink.recorded import OVS_2_9, OVS_3, OVS_LACP

APPCTL = ("ovs-appctl", "--timeout=5")
SHOW = (*APPCTL, "bond/show", "bond0")
VSCTL = ("ovs-vsctl", "--timeout=5")


def host(show: str, link: str = "up") -> FakeHost:
    return FakeHost(
        answers={
            SHOW: Answer(0, show, ""),
            (*VSCTL, "get", "interface"): Answer(0, link + "\n", ""),
            (*APPCTL, "bond/set-active-member"): Answer(0, "done\n", ""),
            (*APPCTL, "bond/set-active-slave"): Answer(0, "done\n", ""),
        }
    )


@pytest.mark.parametrize("show", [OVS_3, OVS_2_9])
def test_the_active_member_is_read(show: str) -> None:
    state = OpenVswitchBond(host(show), "bond0").read()
    assert (state.kind, state.mode, state.active) == ("openvswitch", "active-backup", "eth0")
    assert [member.name for member in state.members] == ["eth0", "eth1"]
    assert state.primary is None
    assert not state.aggregates


def test_a_disabled_member_is_not_usable() -> None:
    state = OpenVswitchBond(host(OVS_3), "bond0").read()
    assert [member.usable for member in state.members] == [True, False]


def test_a_member_whose_link_is_down_has_no_carrier() -> None:
    state = OpenVswitchBond(host(OVS_2_9, link="down"), "bond0").read()
    assert not any(member.carrier for member in state.members)


@pytest.mark.parametrize(("show", "verb"), [(OVS_3, "set-active-member"), (OVS_2_9, "set-active-slave")])
def test_the_version_at_hand_is_spoken_to_in_its_words(show: str, verb: str) -> None:
    server = host(show)
    bond = OpenVswitchBond(server, "bond0")
    bond.read()
    bond.apply(Change("active", "eth1"))
    sent = f"ovs-appctl --timeout=5 bond/{verb} bond0 eth1"
    assert server.commands[-1] == sent == bond.command(Change("active", "eth1"))


def test_a_primary_is_read_and_can_be_moved() -> None:
    server = host(OVS_3.replace("primary: <none>", "primary: eth0"))
    server.answers[(*VSCTL, "set")] = Answer(0, "", "")
    bond = OpenVswitchBond(server, "bond0")
    assert bond.read().primary == "eth0"
    bond.apply(Change("primary", "eth1"))
    assert server.commands[-1] == "ovs-vsctl --timeout=5 set port bond0 other_config:bond-primary=eth1"


def test_members_of_a_negotiated_lacp_bond_are_aggregated() -> None:
    state = OpenVswitchBond(host(OVS_LACP), "bond0").read()
    assert state.moves_by_itself
    assert [member.aggregated for member in state.members] == [True, True]


def test_members_of_a_bond_whose_lacp_is_not_answered_are_not() -> None:
    silent = OVS_LACP.replace("lacp_status: negotiated", "lacp_status: configured")
    assert not any(member.aggregated for member in OpenVswitchBond(host(silent), "bond0").read().members)


def test_no_such_bond() -> None:
    server = host("")
    server.answers[SHOW] = Answer(2, "", "no such bond\novs-appctl: ovs-vswitchd: server returned an error\n")
    with pytest.raises(BondNotFound):
        OpenVswitchBond(server, "bond0").read()


def test_an_open_vswitch_that_does_not_run_is_unknown() -> None:
    server = host("")
    server.answers[SHOW] = Answer(1, "", "ovs-appctl: cannot connect to ovs-vswitchd.7.ctl (No such file)\n")
    with pytest.raises(ServerUplinkError, match=r"unknown.*OVS_RUNDIR"):
        OpenVswitchBond(server, "bond0").read()


def test_an_unparsable_answer_is_unknown() -> None:
    with pytest.raises(ServerUplinkError, match="unknown"):
        OpenVswitchBond(host("something else\n"), "bond0").read()


def test_a_refused_change_says_what_open_vswitch_said() -> None:
    server = host(OVS_3)
    server.answers[(*APPCTL, "bond/set-active-member")] = Answer(
        2, "", "cannot make disabled member active\novs-appctl: ovs-vswitchd: server returned an error\n"
    )
    with pytest.raises(ServerUplinkError, match=r"cannot make disabled member active"):
        OpenVswitchBond(server, "bond0").apply(Change("active", "eth1"))


def test_only_ports_of_its_bridge_are_carried_by_the_bond() -> None:
    server = host(OVS_3)
    server.files["/sys/class/net/br0.10/lower_br0"] = ""
    server.answers[(*VSCTL, "port-to-br", "bond0")] = Answer(0, "br0\n", "")
    server.answers[(*VSCTL, "iface-to-br")] = Answer(1, "", "ovs-vsctl: no interface named mgmt0\n")
    server.answers[(*VSCTL, "iface-to-br", "vlan20")] = Answer(0, "br0\n", "")
    server.answers[(*VSCTL, "br-to-parent")] = Answer(1, "", "ovs-vsctl: no bridge named mgmt0\n")
    server.answers[(*VSCTL, "br-to-parent", "br0")] = Answer(0, "br0\n", "")
    bond = OpenVswitchBond(server, "bond0")
    assert bond.carries("br0")
    assert bond.carries("br0.10")
    assert bond.carries("vlan20")
    assert not bond.carries("mgmt0")


def test_nothing_waits_for_ever_for_an_open_vswitch_that_hangs() -> None:
    server = host(OVS_3)
    server.answers[(*VSCTL,)] = Answer(0, "br0\n", "")
    server.answers[("ip", "-json", "addr", "show", "dev")] = Answer(0, "[]", "")
    bond = OpenVswitchBond(server, "bond0")
    bond.read()
    bond.apply(Change("active", "eth1"))
    bond.apply(Change("primary", "eth1"))
    bond.announce()
    assert bond.carries("br0")
    asked = [command.split() for command in server.commands if command.startswith("ovs-")]
    assert {words[0] for words in asked} == {"ovs-appctl", "ovs-vsctl"}
    assert [words for words in asked if words[1] != "--timeout=5"] == []


@pytest.mark.parametrize("setting", ["active", "primary"])
def test_a_change_that_is_not_answered_in_time_leaves_the_state_unknown(setting: str) -> None:
    server = host(OVS_3)
    hung = Answer(-signal.SIGALRM, "", "2026-11-21T20:00:00Z|00001|fatal_signal|WARN|terminating with signal 14\n")
    server.answers[(*APPCTL, "bond/set-active-member")] = hung
    server.answers[(*VSCTL, "set")] = hung
    with pytest.raises(ServerUplinkError, match=r"did not answer within 5 s, so the state of bond0 is unknown"):
        OpenVswitchBond(server, "bond0").apply(Change(setting, "eth1"))
