# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab behaves as the hospital's network would."""

from __future__ import annotations

import json
import socket
import time

import pytest

from lab import Lab, kernel
from lab.gaps import FlowReport
from lab.instance import CONTROLLER
from tests.lab.engine.conftest import eventually, vtysh

WARD = [("client-ward", "server-his")]
# A neighbor's word ages out after three hellos of 2 s, and a proposal that was lost is repeated with the next one.
FOUR_HELLOS_MS = 8000
# A bond sees its link go and waits for no hello; on a busy machine that took 0.6 s.
ONE_HELLO_MS = 2000


def test_shutdown_in_vtysh_interrupts_traffic_and_no_shutdown_restores_it(lab: Lab) -> None:
    with lab.probe(WARD) as probe:
        time.sleep(0.2)
        vtysh(lab, "access-ward", "interface swp49", "shutdown")
        time.sleep(0.5)
        vtysh(lab, "access-ward", "interface swp49", "no shutdown")
        time.sleep(1)
    seen = probe.stop()[0]
    assert 400 < seen.longest_gap_ms < 2000
    assert seen.gap_end is not None


@pytest.mark.parametrize("switch", ["access-outpatient", "access-ward", "access-pharmacy", "access-lab"])
def test_the_standby_uplink_forwards_soon_after_it_is_brought_up(lab: Lab, switch: str) -> None:
    with lab.probe([(switch.replace("access", "client"), "server-his")]) as probe:
        vtysh(lab, switch, "interface swp49", "shutdown")
        vtysh(lab, switch, "interface swp50", "no shutdown")
        time.sleep(2)
    seen = probe.stop()[0]
    assert seen.gap_end is not None
    assert 10 < seen.longest_gap_ms < 1500


def test_spanning_tree_replaces_the_path_between_the_cores(lab: Lab) -> None:
    vtysh(lab, "access-lab", "interface swp50", "no shutdown")
    eventually(lambda: role_of(lab, "access-lab", "swp50") == ["Alternate", "Discarding"])
    with lab.probe([("client-lab", "core-b")]) as probe:
        time.sleep(0.2)
        lab.fault("cut-link", "core-a:swp1")
        eventually(lambda: role_of(lab, "access-lab", "swp50") == ["Designated", "Forwarding"])
        time.sleep(2)
    seen = probe.stop()[0]
    assert seen.lost > 0
    assert came_back(seen, within_ms=FOUR_HELLOS_MS)


def role_of(lab: Lab, switch: str, port: str) -> list[str]:
    lines = lab.exec(switch, "ovs-appctl", "rstp/show", "br0").stdout.splitlines()
    return next(line.split()[1:3] for line in lines if line.split()[:1] == [port])


def test_servers_follow_when_a_core_loses_its_power_and_stay_when_it_is_back(lab: Lab) -> None:
    vtysh(lab, "access-ward", "interface swp49", "shutdown", "interface swp50", "no shutdown")
    lab.wait_for_network()
    with lab.probe(WARD) as probe:
        lab.machine("core-a").power_off()
        time.sleep(1)
    assert came_back(probe.stop()[0], within_ms=ONE_HELLO_MS)
    lab.machine("core-a").power_on()
    eventually(lambda: lab.machine("core-a").not_ready() is None)
    assert "active member mac: 02:00:00:00:07:02(eth1)" in bond(lab)


def came_back(seen: FlowReport, within_ms: float) -> bool:
    return seen.gap_end is not None and seen.longest_gap_ms < within_ms


def bond(lab: Lab) -> str:
    return lab.exec("server-his", "ovs-appctl", "bond/show").stdout


def test_a_machine_that_loses_its_power_says_no_farewell(lab: Lab) -> None:
    with kernel.network_namespace(lab.machine(CONTROLLER).namespace_path):
        session = socket.create_connection((lab.topology.machine("core-b").management, 22), timeout=2)
    with session:
        assert session.recv(4) == b"SSH-"
        session.recv(4096)
        lab.machine("core-b").power_off()
        session.settimeout(1)
        with pytest.raises(TimeoutError):
            session.recv(1)


def test_power_on_starts_from_the_saved_configuration(lab: Lab) -> None:
    vtysh(lab, "core-b", "interface swp14", "shutdown", "do write memory", "interface swp13", "shutdown")
    lab.machine("core-b").power_off()
    lab.machine("core-b").power_on()
    eventually(lambda: lab.machine("core-b").not_ready() is None)
    shown = lab.exec("core-b", "vtysh", "-c", "show running-config").stdout
    assert "interface swp14\n shutdown" in shown
    assert "swp13" not in shown
    vtysh(lab, "core-b", "interface swp14", "no shutdown", "do write memory")


def test_every_link_that_is_up_shows_its_neighbor(lab: Lab) -> None:
    for switch in ("core-a", "access-pharmacy", "server-his"):
        wanted = {
            own.name: (other.machine, other.name)
            for own, other in lab.topology.links_of(switch)
            if lab.topology.machine(other.machine).role != "client" and not {own.name, other.name} & {"swp50"}
        }
        eventually(lambda switch=switch, wanted=wanted: neighbors(lab, switch) == wanted)  # type: ignore[misc]


def neighbors(lab: Lab, machine: str) -> dict[str, tuple[str, str]]:
    shown = json.loads(lab.exec(machine, "lldpcli", "show", "neighbors", "-f", "json0").stdout)
    return {
        interface["name"]: (interface["chassis"][0]["name"][0]["value"], interface["port"][0]["descr"][0]["value"])
        for interface in shown["lldp"][0].get("interface", [])
    }


def test_a_neighbor_shows_soon_after_the_link_comes_up(lab: Lab) -> None:
    vtysh(lab, "access-ward", "interface swp49", "shutdown", "interface swp50", "no shutdown")
    eventually(lambda: neighbors(lab, "access-ward").get("swp50") == ("core-b", "swp12"), within=3)
