# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei VRP 8 against its fake, and outputs that the fake does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import Refused, Unparsable
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms import huawei_vrpv8
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named

from tests.unit.switch.scripted import scripted
from tests.unit.switch.uplink_contract import Bench, UplinkContract, benches, hurry

VRP8 = platform_named("sw1", "community.network.ce")
TRIAL = "display configuration trial status"
INACTIVE = "Trial status: INACTIVE \nTrial time left (sec): 0\n"
PORTS = """\
PHY: Physical
*down: administratively down
^down: standby
(l): loopback
Interface                  PHY      Protocol  InUti OutUti   inErrors  outErrors
10GE1/0/1                  up       up           0%     0%          0          0
10GE1/0/2                  *down    down         0%     0%          0          0
100GE1/0/2:1               down(b)  down         0%     0%          0          0
MEth0/0/0                  up       up        0.01%  0.01%          0          0
"""
MACS = """\
Flags: * - Backup
       # - forwarding logical interface, operations cannot be performed based
           on the interface.
BD   : bridge-domain   Age : dynamic MAC learned time in seconds
-------------------------------------------------------------------------------
MAC Address    VLAN/VSI/BD   Learned-From        Type                Age
-------------------------------------------------------------------------------
0000-5e00-0101 10/-/-        10GE1/0/1           dynamic             718
5489-98e1-1b1c 10/-/-        -                   blackhole             -
-------------------------------------------------------------------------------
Total items: 2
"""
ARP = """\
ARP Entry Types: D - Dynamic, S - Static, I - Interface, O - OpenFlow, RD - Redirect
EXP: Expire-time VLAN:VLAN or Bridge Domain

IP ADDRESS      MAC ADDRESS    EXP(M) TYPE/VLAN       INTERFACE        VPN-INSTANCE
----------------------------------------------------------------------------------------
10.9.0.21       506f-77e9-e056        I               Vlanif10
10.9.0.1        0000-5e00-0101   19   D/10            10GE1/0/1
10.9.0.3        Incomplete        1   D               Vlanif10
192.0.2.9       90e2-ba35-b091   19   D               MEth0/0/0        MEth0/0/0
10.110.138.3    74c9-9ae5-f147  19        D-0         Eth-Trunk1.201   Abis_IP
----------------------------------------------------------------------------------------
Total:5         Dynamic:4       Static:0    Interface:1    OpenFlow:0
"""


def active(seconds: int) -> str:
    """Return the status of a trial."""
    return f"Trial status:  ACTIVE\nTrial time left (sec): {seconds}\n"


class TestHuaweiVrpV8(UplinkContract):
    """The contract, spoken by VRP 8."""

    platform = "huawei_vrpv8"
    ports_command = "display interface brief"
    minute = 3.0


@pytest.fixture
def start_vrp5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """Return a function that starts a switch with VRP 5."""
    hurry(monkeypatch)
    with ExitStack() as stack:
        yield benches("huawei_vrp", tmp_path, stack)


def test_tables_of_a_cloudengine() -> None:
    session = scripted(
        VRP8, {"display interface brief": PORTS, "display mac-address dynamic": MACS, "display arp all": ARP}
    )
    assert {name: (port.enabled, port.link) for name, port in VRP8.read_ports(session).items()} == {
        "10GE1/0/1": (True, True),
        "10GE1/0/2": (False, False),
        "100GE1/0/2:1": (True, False),
        "MEth0/0/0": (True, True),
    }
    assert [(each.mac, each.port, each.vlan) for each in VRP8.read_macs(session) or []] == [
        ("00005e000101", "10GE1/0/1", "10")
    ]
    assert {each.address: (each.mac, each.interface) for each in VRP8.read_arp(session)} == {
        "10.9.0.21": ("506f77e9e056", "Vlanif10"),
        "10.9.0.1": ("00005e000101", "10GE1/0/1"),
        "192.0.2.9": ("90e2ba35b091", "MEth0/0/0"),
        "10.110.138.3": ("74c99ae5f147", "Eth-Trunk1.201"),
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10GE 1/0/1", "10ge1/0/1", True),
        ("GE1/0/1", "GigabitEthernet1/0/1", True),
        ("10GE1/0/1", "GE1/0/1", False),
        ("10GE1/0/1", "100GE1/0/1", False),
    ],
)
def test_names_of_one_port(one: str, other: str, same: bool) -> None:
    assert VRP8.same_port(one, other) is same


def test_a_commit_is_the_last_line_and_the_trial_keeps_to_its_bounds() -> None:
    def lines(net_seconds: int) -> list[str]:
        return [send.command for send in VRP8.change([("10GE1/0/2", True)], net_seconds)]

    assert lines(0) == ["system-view", "interface 10GE1/0/2", "undo shutdown", "commit", "return"]
    assert lines(5)[3] == "commit trial 60"
    assert lines(90)[3] == "commit trial 90"
    assert lines(99999)[3] == "commit trial 65535"


def test_another_sessions_trial_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huawei_vrpv8, "_PAUSE", 0.01)
    ports = {"display interface brief": PORTS, "display stp brief": "Protocol Status  :Disabled"}
    waiting = [active(2), active(1), "Trial status: CANCELING\nTrial time left (sec): 0\n", INACTIVE]
    session = scripted(VRP8, {TRIAL: waiting, **ports})
    assert not VRP8.read_uplinks(session, ["10GE1/0/1"]).pending_revert
    assert session.asked.index("display interface brief") > 3


def test_a_long_trial_of_another_session_is_refused() -> None:
    session = scripted(VRP8, {TRIAL: active(600)})
    with pytest.raises(Refused, match=r"another session is trying .* undoes in 600 s"):
        VRP8.read_uplinks(session, ["10GE1/0/1"])
    assert session.asked == [TRIAL]


def test_the_own_trial_is_pending_until_it_is_committed() -> None:
    ports = {"display interface brief": PORTS, "display stp brief": "Protocol Status  :Disabled"}
    session = scripted(VRP8, {TRIAL: active(50), **ports})
    session.sent.append("commit trial 60")
    assert VRP8.read_uplinks(session, ["10GE1/0/1"]).pending_revert


def test_without_trials_there_is_no_safety_net() -> None:
    assert not VRP8.safety_net(scripted(VRP8, {}, unknown="   ^\nError: Unrecognized command found at '^' position."))


def test_an_unknown_trial_status_is_not_good_news() -> None:
    with pytest.raises(Unparsable):
        VRP8.read_pending(scripted(VRP8, {TRIAL: "Trial mode"}))


def test_a_switch_with_vrp_5_is_refused(start_vrp5: Callable[..., Bench]) -> None:
    bench = start_vrp5()
    bench.platform = VRP8
    with pytest.raises(Refused, match=r"runs VRP 5.*set switch_platform to huawei_vrp"):
        bench.move()
    assert bench.changes_received() == []
