# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS against its fake, and outputs that the fake does not show."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import Unparsable
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import (
    PLATFORMS,
    platform_named,
)

from tests.unit.switch.platforms.behaviour import RevertingSafetyNet, Saving, Switches
from tests.unit.switch.platforms.recorded import Recorded
from tests.unit.switch.scripted import scripted
from tests.unit.switch.uplink_contract import UplinkContract

IOS = platform_named("sw1", "cisco.ios.ios")
PORTS = """\

Port      Name               Status       Vlan       Duplex  Speed Type
Te1/0/1   to core-a          connected    trunk        full    10G SFP-10GBase-SR
Te1/0/2   to core-b          err-disabled 1            full    10G SFP-10GBase-SR
Te1/0/3                      notconnect   1            full    10G Not Present
Te1/0/4   spare              disabled     1            full    10G Not Present
Po1       to core            connected    trunk      a-full  a-10G
"""
LLDP_DETAIL, CDP_DETAIL = "show lldp neighbors detail", "show cdp neighbors detail"
OFF = "% {} is not enabled"
CDP = """\
-------------------------
Device ID: core-a.first-hospital.example
Entry address(es):
  IP address: 10.9.0.2
Platform: cisco WS-C3850-48P,  Capabilities: Router Switch IGMP
Interface: TenGigabitEthernet1/0/1,  Port ID (outgoing port): TenGigabitEthernet1/1/1
Holdtime : 158 sec

Version :
Cisco IOS Software, IOS-XE Software, Catalyst L3 Switch Software (CAT3K_CAA-UNIVERSALK9-M), Version 03.06.05E

advertisement version: 2
VTP Management Domain: ''
Native VLAN: 1
Duplex: full


Total cdp entries displayed : 1
"""


class TestCiscoIosBehaviour(RevertingSafetyNet, Saving):
    """The common behaviour."""

    name = "cisco_ios"
    own_port = "GigabitEthernet0/0"
    rejected_line = "interface TenGigabitEthernet1/0/2"
    cut_line = "no shutdown"

    def test_without_archive_there_is_no_safety_net(self, switches: Switches) -> None:
        handle = switches.start(archive="")
        assert not self.platform.safety_net(switches.session(handle))
        assert switches.move(handle).saved


def test_release_that_does_not_know_the_archive_has_no_safety_net() -> None:
    assert not PLATFORMS["cisco_ios"].safety_net(Recorded("cisco_ios", {}))


class TestCiscoIos(UplinkContract):
    """The contract, spoken by IOS."""

    platform = "cisco_ios"
    ports_command = "show interfaces status"


def test_a_port_in_error_is_not_shut_and_has_no_link() -> None:
    ports = IOS.read_ports(scripted(IOS, {"show interfaces status": PORTS}))
    assert {name: (port.enabled, port.link) for name, port in ports.items()} == {
        "Te1/0/1": (True, True),
        "Te1/0/2": (True, False),
        "Te1/0/3": (True, False),
        "Te1/0/4": (False, False),
        "Po1": (True, True),
    }


def test_cdp_tells_the_neighbors_where_lldp_is_off() -> None:
    session = scripted(IOS, {LLDP_DETAIL: OFF.format("LLDP"), CDP_DETAIL: CDP})
    found = IOS.read_neighbors(session) or []
    assert [(each.name, IOS.same_port(each.port, "Te1/0/1")) for each in found] == [
        ("core-a.first-hospital.example", True)
    ]


def test_without_lldp_and_cdp_neighbors_cannot_be_told() -> None:
    session = scripted(IOS, {LLDP_DETAIL: OFF.format("LLDP"), CDP_DETAIL: OFF.format("CDP")})
    assert IOS.read_neighbors(session) is None


def test_spanning_tree_that_does_not_run() -> None:
    session = scripted(IOS, {"show spanning-tree": "\nNo spanning tree instances exist.\n"})
    assert IOS.read_tree(session) == []


def test_neighbors_that_are_no_neighbors_are_unparsable() -> None:
    with pytest.raises(Unparsable):
        IOS.read_neighbors(scripted(IOS, {LLDP_DETAIL: "please wait for the supervisor"}))


@pytest.mark.parametrize(
    ("short", "name"),
    [("Te1/0/1", "TenGigabitEthernet1/0/1"), ("gi 1/0/1", "GigabitEthernet1/0/1"), ("Po1", "Port-channel1")],
)
def test_short_and_full_names_are_one_port(short: str, name: str) -> None:
    assert IOS.same_port(short, name)
