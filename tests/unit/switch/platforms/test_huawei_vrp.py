# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei VRP 5 against its fake, and outputs that the fake does not show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import CommandRejected, Unparsable
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Neighbor
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.views import SAVE

from tests.unit.switch.scripted import scripted
from tests.unit.switch.uplink_contract import Bench, UplinkContract, benches, hurry

VRP = platform_named("sw1", "huawei_vrp")
UNKNOWN = "                     ^\nError: Unrecognized command found at '^' position."
PORTS = """\
PHY: Physical
*down: administratively down
#down: LBDT down
InUti/OutUti: input utility/output utility
Interface                   PHY   Protocol  InUti OutUti   inErrors  outErrors
Eth-Trunk1                  up    up           0%  0.38%          0          0
  XGigabitEthernet0/0/1     up    up           0%  0.04%          0          0
  XGigabitEthernet0/0/2     *down down         0%  1.66%          0          0
GigabitEthernet0/0/1(10G)   up    up        0.69% 14.30%          0          0
GigabitEthernet0/0/2        #down down         0%     0%          0          0
GigabitEthernet0/0/3        !down down         0%     0%          0          0
NULL0                       up    up(s)        0%     0%          0          0
"""
NEIGHBORS = """\
XGigabitEthernet0/0/1 has 2 neighbor(s):

Neighbor index                     :1
Chassis ID                         :00e0-fc01-0001
Port ID                            :XGigabitEthernet0/0/24
System name                        :core-a.datacentre.first-hospital.example
System description                 :S6730
System name                        :an impostor inside the description
Some TLV of 2031                   :17

Neighbor index                     :2
Chassis ID                         :00e0-fc01-0002
Port ID                            :2

XGigabitEthernet0/0/2 has 0 neighbor(s)

GigabitEthernet0/0/1 has 1 neighbor(s):

Neighbor index                     :1
Port ID                            :eth0
System name                        :
"""


class TestHuaweiVrp(UplinkContract):
    """The contract, spoken by VRP 5."""

    platform = "huawei_vrp"
    ports_command = "display interface brief"
    has_net = False


def test_every_mark_before_down_is_told_from_a_shut_port() -> None:
    ports = VRP.read_ports(scripted(VRP, {"display interface brief": PORTS}))
    assert {name: (port.enabled, port.link) for name, port in ports.items()} == {
        "Eth-Trunk1": (True, True),
        "XGigabitEthernet0/0/1": (True, True),
        "XGigabitEthernet0/0/2": (False, False),
        "GigabitEthernet0/0/1": (True, True),
        "GigabitEthernet0/0/2": (True, False),
        "GigabitEthernet0/0/3": (True, False),
        "NULL0": (True, True),
    }


def test_neighbors_keep_their_own_names() -> None:
    assert VRP.read_neighbors(scripted(VRP, {"display lldp neighbor": NEIGHBORS})) == [
        Neighbor("XGigabitEthernet0/0/1", "core-a.datacentre.first-hospital.example", "XGigabitEthernet0/0/24"),
        Neighbor("XGigabitEthernet0/0/1", "", "2"),
        Neighbor("GigabitEthernet0/0/1", "", "eth0"),
    ]


MACS = """\
2026-11-21 22:01:02.003 +08:00
-------------------------------------------------------------------------------
MAC Address    VLAN/VSI/BD                       Learned-From        Type
-------------------------------------------------------------------------------
0000-5e00-0101 10/-/-                            XGE0/0/1            dynamic
0000-5e00-0102 10/-/-                            XGE0/0/2            sticky

-------------------------------------------------------------------------------
Total items displayed = 2
"""


@pytest.mark.parametrize(
    ("output", "expected"), [(MACS, [("00005e000101", "XGE0/0/1", "10")]), ("Info: There is no MAC address.", [])]
)
def test_learned_addresses(output: str, expected: list[tuple[str, str, str]]) -> None:
    found = VRP.read_macs(scripted(VRP, {"display mac-address dynamic": output})) or []
    assert [(each.mac, each.port, each.vlan) for each in found] == expected


@pytest.mark.parametrize("output", [UNKNOWN, "Info: Global LLDP is not enabled.", "Error: LLDP is disabled."])
def test_without_lldp_neighbors_cannot_be_told(output: str) -> None:
    assert VRP.read_neighbors(scripted(VRP, {"display lldp neighbor": output})) is None


def test_neighbors_that_are_no_neighbors_are_unparsable() -> None:
    with pytest.raises(Unparsable):
        VRP.read_neighbors(scripted(VRP, {"display lldp neighbor": "please wait\nfor the supervisor"}))


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Protocol Status            :Disabled\nProtocol Standard          :IEEE 802.1s\n", []),
        (UNKNOWN, None),
        (" MSTID  Port                        Role  STP State     Protection\n", []),
        (
            " MSTID  Port                        Role  STP State     Protection\n"
            "   0    XGigabitEthernet0/0/1       ALTE  DISCARDING      NONE\n"
            "   0    XGigabitEthernet0/0/2       DISA  FORWARDING      NONE\n"
            "   1    XGigabitEthernet0/0/1       DESI  LEARNING        NONE\n",
            [("XGigabitEthernet0/0/1", "alternate", False), ("XGigabitEthernet0/0/1", "designated", False)],
        ),
    ],
)
def test_spanning_tree(output: str, expected: list[tuple[str, str, bool]] | None) -> None:
    found = VRP.read_tree(scripted(VRP, {"display stp brief": output}))
    assert (None if found is None else [(row.port, row.role, row.forwarding) for row in found]) == expected


def test_an_unknown_answer_about_spanning_tree_is_not_good_news() -> None:
    with pytest.raises(Unparsable):
        VRP.read_tree(scripted(VRP, {"display stp brief": "STP is busy"}))


@pytest.mark.parametrize(
    ("asked", "reply"),
    [
        ("The current configuration will be written to the device.\nAre you sure to continue?[Y/N]", "Y"),
        ("Warning: The current configuration will be written to the device. Continue? [Y/N]:", "Y"),
        ("Info: Please input the file name ( *.cfg, *.zip ) [vrpcfg.zip]:", ""),
        ("Info: Please input the file name ( *.cfg, *.zip ) [vrpcfg.zip]:\nNov 29 2018 13:44:06 s2 CFM/4/SAVE: Y", ""),
        ("Warning: The current configuration will be written to the device. Continue?\n [Y/N]:", "Y"),
        ("flash:/startup.cfg exists, overwrite? [Y/N]:", "Y"),
        ("The current configuration will be written to the device. Are you sure? [Y/N:y]", "Y"),
        ("The encryption key is too old. Erase it? [Y/N]:", None),
    ],
)
def test_only_known_questions_of_a_save_are_answered(asked: str, reply: str | None) -> None:
    replies = [answer for pattern, answer in SAVE.answers if re.search(rf"(?:{pattern})\s*$", asked)]
    assert replies == ([] if reply is None else [reply])


def test_nothing_is_saved_where_there_is_no_startup_configuration() -> None:
    texts = {
        "display current-configuration": "#\ninterface XGigabitEthernet0/0/1\n#\nreturn",
        "display saved-configuration": "Info: There is no correct configuration file in FLASH",
    }
    assert VRP.unsaved(scripted(VRP, texts), ["XGE0/0/1"]) == ["XGE0/0/1"]


def test_lines_name_ports_in_full() -> None:
    assert VRP.port_lines([("XGE 0/0/1", False)]) == ["interface XGigabitEthernet0/0/1", "shutdown"]


@pytest.fixture
def start_vrp8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """Return a function that starts a switch with VRP 8."""
    hurry(monkeypatch)
    with ExitStack() as stack:
        yield benches("huawei_vrpv8", tmp_path, stack)


def test_a_switch_with_vrp_8_is_told_and_left_as_it_was(start_vrp8: Callable[..., Bench]) -> None:
    bench = start_vrp8()
    bench.platform = VRP
    with pytest.raises(CommandRejected, match="rejected 'return': 'Warning: Uncommitted configurations"):
        bench.move()
    assert bench.enabled() == [bench.old]
    assert bench.uplinks_over_time() == [(bench.old,)]
