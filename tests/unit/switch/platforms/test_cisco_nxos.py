# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco NX-OS: against the fake device, and outputs that it does not give."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import Unparsable
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS

from tests.unit.switch.platforms.behaviour import SafetyNet, Saving
from tests.unit.switch.platforms.recorded import Recorded

NXOS = PLATFORMS["cisco_nxos"]

STATUS = """\

--------------------------------------------------------------------------------
Port          Name               Status    Vlan      Duplex  Speed   Type
--------------------------------------------------------------------------------
mgmt0         --                 connected routed    full    1000    --
Eth1/1        nurses station 3   notconnec 10        auto    auto    1000base-T
Eth1/2        --                 linkFlapE 10        auto    auto    1000base-T
Eth1/49       to core-a          connected trunk     full    10G     10Gbase-SR
Eth1/50       disabled on 1 Nov  disabled  trunk     full    10G     10Gbase-SR
Po1           --                 noOperMem trunk     auto    auto    --
"""

TREE = """\

VLAN0010
  Spanning tree enabled protocol rstp
  Root ID    Priority    4106
             Address     0050.56c0.0001
             Cost        2
             Port        49 (Ethernet1/49)
             Hello Time  2  sec  Max Age 20 sec  Forward Delay 15 sec

  Bridge ID  Priority    32778  (priority 32768 sys-id-ext 10)
             Address     0050.5001.0000
             Hello Time  2  sec  Max Age 20 sec  Forward Delay 15 sec

Interface        Role Sts Cost      Prio.Nbr Type
---------------- ---- --- --------- -------- --------------------------------
Eth1/1           Desg FWD 4         128.1    P2p
Eth1/49          Root FWD 2         128.49   P2p
Eth1/50          Altn BLK 2         128.50   P2p
"""


class TestCiscoNxos(SafetyNet, Saving):
    """The common behaviour."""

    name = "cisco_nxos"
    own_port = "mgmt0"
    rejected_line = "interface Ethernet1/50"
    cut_line = "no shutdown"


def test_port_in_an_uncommon_state_does_not_fail_the_others() -> None:
    ports = NXOS.read_ports(Recorded("cisco_nxos", {"show interface status": STATUS}))
    assert {name: (port.enabled, port.link, port.detail) for name, port in ports.items()} == {
        "mgmt0": (True, True, "connected"),
        "Eth1/1": (True, False, "notconnec"),
        "Eth1/2": (True, False, "linkFlapE"),
        "Eth1/49": (True, True, "connected"),
        "Eth1/50": (False, False, "disabled"),
        "Po1": (True, False, "noOperMem"),
    }


def test_list_of_ports_without_its_heading_is_an_error() -> None:
    with pytest.raises(Unparsable):
        NXOS.read_ports(Recorded("cisco_nxos", {"show interface status": "Eth1/49 connected\n"}))


def test_spanning_tree_roles() -> None:
    rows = NXOS.read_tree(Recorded("cisco_nxos", {"show spanning-tree": TREE})) or []
    assert [(row.port, row.role, row.forwarding) for row in rows] == [
        ("Eth1/1", "designated", True),
        ("Eth1/49", "root", True),
        ("Eth1/50", "alternate", False),
    ]
    none = Recorded("cisco_nxos", {"show spanning-tree": "No spanning tree instance exists.\n"})
    assert NXOS.read_tree(none) == []


def test_neighbors_by_lldp_else_by_cdp_else_not_told() -> None:
    lldp = (
        "Capability codes:\n  (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n\n"
        "Chassis id: 0050.56c0.0001\nPort id: Ethernet1/11\nLocal Port id: Eth1/49\nPort Description: Ethernet1/11\n"
        "System Name: core-a.building-7.hospital.example\nSystem Description: Core\nTime remaining: 108 seconds\n"
        "System Capabilities: B, R\nEnabled Capabilities: B, R\nManagement Address: 10.9.0.2\nVlan ID: 1\n\n\n"
        "Total entries displayed: 1\n"
    )
    found = NXOS.read_neighbors(Recorded("cisco_nxos", {"show lldp neighbors detail": lldp})) or []
    assert [(each.port, each.name, each.remote_port) for each in found] == [
        ("Eth1/49", "core-a.building-7.hospital.example", "Ethernet1/11")
    ]
    nobody = {"show lldp neighbors detail": "ERROR: No neighbour information\n"}
    assert NXOS.read_neighbors(Recorded("cisco_nxos", nobody)) == []
    assert NXOS.read_neighbors(Recorded("cisco_nxos", {})) is None


def test_only_our_own_checkpoint_is_pending() -> None:
    shown = (
        "User Checkpoint Summary\n{rule}\n1) {name}:\nCreated by admin\n"
        "Created at Sat, 21:51:46 21 Nov 2026\nSize is 15,568 bytes\nDescription: None\n\n"
        "System Checkpoint Summary\n{rule}\n2) system-fm-vrrp:\nCreated by admin\n"
    )
    for name, pending in (("contingency-uplink", True), ("before-upgrade", False)):
        output = shown.format(rule="-" * 80, name=name)
        assert NXOS.read_pending(Recorded("cisco_nxos", {"show checkpoint summary": output})) is pending
    assert not NXOS.safety_net(Recorded("cisco_nxos", {}))


def test_net_does_not_act_by_itself() -> None:
    assert not NXOS.reverts_by_itself
    sends = [send.command for send in NXOS.change([("Ethernet1/50", True)], 90)]
    assert sends[0] == "checkpoint contingency-uplink"
    assert sends[1:] == [send.command for send in NXOS.change([("Ethernet1/50", True)])]
