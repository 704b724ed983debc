# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comware against its fake, and outputs that the fake does not show."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Neighbor, Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named

from lab.fakes import Cut
from tests.unit.switch.scripted import scripted
from tests.unit.switch.uplink_contract import UplinkContract

COMWARE = platform_named("sw1", "h3c")
PORTS = """\
Brief information on interfaces in route mode:
Link: ADM - administratively down; Stby - standby
Protocol: (s) - spoofing
Interface            Link Protocol Primary IP        Description
M-GE0/0/0            UP   UP       192.0.2.7         out of band
Vlan10               UP   UP       10.9.0.21
NULL0                UP   UP(s)    --

Brief information on interfaces in bridge mode:
Link: ADM - administratively down; Stby - standby
Speed: (a) - auto
Duplex: (a)/A - auto; H - half; F - full
Type: A - access; T - trunk; H - hybrid
Interface            Link Speed     Duplex Type PVID Description
BAGG1                UP   20G(a)    F(a)   T    1    to core
XGE1/0/49            UP   10G(a)    F(a)   T    1    to core-a
XGE1/0/50            ADM  auto      A      T    1    to core-b
GE1/0/1              Stby auto      A      A    10

"""
NEIGHBORS = """\
LLDP neighbor-information of port 49[Ten-GigabitEthernet1/0/49]:
LLDP agent nearest-bridge:
 LLDP neighbor index : 1
 Port ID type        : Interface name
 Port ID             : Ten-GigabitEthernet1/0/1
 System name         : core-a.datacentre.first-hospital.example

LLDP neighbor-information of port 1[GigabitEthernet1/0/1]:
LLDP agent nearest-bridge:
 LLDP neighbor index : 1
 Port ID             : 0050-5601-0001
 Time to live        : 120

LLDP neighbor-information of port 2[GigabitEthernet1/0/2]:
 System name         : somebody-at-the-next-port
"""
RUNNING = "#\ninterface Ten-GigabitEthernet1/0/49\n shutdown\n#\ninterface Ten-GigabitEthernet1/0/50\n#\nreturn\n"
STARTUP = "#\ninterface Ten-GigabitEthernet1/0/49\n#\ninterface Ten-GigabitEthernet1/0/50\n shutdown\n#\nreturn\n"
NEW = "H3C Comware Software, Version 7.1.070, Release 2612P02"
OLD = "Comware Software, Version 5.20, Release 1211"


class TestHpComware(UplinkContract):
    """The contract, spoken by Comware 7."""

    platform = "hp_comware"
    ports_command = "display interface brief"

    def test_a_session_cut_before_its_first_change_leaves_nothing_behind(self, start: Any) -> None:
        bench = start()
        bench.handle.faults.cut = [Cut("configuration commit delay*", "after")]
        outcome = bench.move()
        assert outcome.saved
        assert bench.enabled() == [bench.new]
        self.no_timer_runs(bench)


def session(running: str, startup: str, version: str) -> Any:
    """Return a session with a switch that runs and starts with these."""
    answers = {
        "display interface brief": PORTS,
        "display stp brief": "Protocol status  : Disabled",
        "display current-configuration": running,
        "display saved-configuration": startup,
        "display version": version,
    }
    return scripted(COMWARE, answers)


def test_ports_of_both_modes() -> None:
    ports = COMWARE.read_ports(session(RUNNING, RUNNING, NEW))
    assert {name: (port.enabled, port.link) for name, port in ports.items() if name != "NULL0"} == {
        "M-GE0/0/0": (True, True),
        "Vlan10": (True, True),
        "BAGG1": (True, True),
        "XGE1/0/49": (True, True),
        "XGE1/0/50": (False, False),
        "GE1/0/1": (True, False),
    }


@pytest.mark.parametrize(
    ("short", "name", "virtual"),
    [
        ("XGE1/0/49", "Ten-GigabitEthernet1/0/49", False),
        ("M-GE0/0/0", "M-GigabitEthernet0/0/0", False),
        ("FGE1/0/53", "FortyGigE1/0/53", False),
        ("WGE1/0/1", "Twenty-FiveGigE 1/0/1", False),
        ("BAGG1", "Bridge-Aggregation1", True),
        ("Vlan10", "Vlan-interface10", True),
        ("InLoop0", "InLoopBack0", True),
    ],
)
def test_short_and_full_names_are_one_port(short: str, name: str, virtual: bool) -> None:
    assert COMWARE.same_port(short, name)
    assert COMWARE.is_virtual(short) is virtual


def test_neighbors_keep_their_own_names() -> None:
    found = COMWARE.read_neighbors(scripted(COMWARE, {"display lldp neighbor-information verbose": NEIGHBORS}))
    assert found == [
        Neighbor("Ten-GigabitEthernet1/0/49", "core-a.datacentre.first-hospital.example", "Ten-GigabitEthernet1/0/1"),
        Neighbor("GigabitEthernet1/0/1", "", "0050-5601-0001"),
    ]


def test_log_lines_are_no_rejections() -> None:
    log = "%Nov 21 21:45:00:123 2026 sw1 IFNET/3/PHY_UPDOWN: Physical state on Ten-GigabitEthernet1/0/49 changed to up."
    scripted(COMWARE, {"undo shutdown": log}).change([Send("undo shutdown")])


@pytest.mark.parametrize(
    ("running", "startup", "version", "pending"),
    [
        (RUNNING, STARTUP, NEW, True),
        (RUNNING, RUNNING, NEW, False),
        (RUNNING, STARTUP, OLD, False),
        (RUNNING.replace("/50", "/51"), RUNNING.replace("interface Ten-GigabitEthernet1/0/50\n#\n", ""), NEW, False),
    ],
)
def test_an_unsaved_shut_is_taken_for_a_running_timer(running: str, startup: str, version: str, pending: bool) -> None:
    wanted = ["XGE1/0/49", "XGE1/0/50"]
    fresh = session(running, startup, version)
    assert COMWARE.read_uplinks(fresh, wanted).pending_revert is pending
    assert not COMWARE.read_uplinks(fresh, wanted).pending_revert


def test_the_own_timer_is_pending_until_it_is_committed() -> None:
    own = session(RUNNING, RUNNING, NEW)
    own.change(COMWARE.change([("XGE1/0/50", True)], 90))
    assert own.sent[1] == "configuration commit delay 2"
    assert COMWARE.read_pending(own)
    own.change(COMWARE.confirm())
    assert not COMWARE.read_pending(own)


@pytest.mark.parametrize(
    ("running", "startup", "version", "armed"),
    [(RUNNING, RUNNING, NEW, True), (RUNNING, STARTUP, NEW, False), (RUNNING, RUNNING, OLD, False)],
)
def test_the_net_is_armed_only_where_a_later_run_would_see_it(
    running: str, startup: str, version: str, armed: bool
) -> None:
    assert COMWARE.safety_net(session(running, startup, version)) is armed
