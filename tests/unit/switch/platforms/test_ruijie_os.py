# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ruijie RGOS: against the fake device, and outputs that it does not give."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import Unparsable
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS

from tests.unit.switch.platforms.behaviour import Saving
from tests.unit.switch.platforms.recorded import Recorded

RGOS = PLATFORMS["ruijie_os"]
LLDP = "show lldp neighbors detail"


class TestRuijieOs(Saving):
    """The common behaviour."""

    name = "ruijie_os"
    own_port = "Mgmt 0"
    rejected_line = "interface TenGigabitEthernet 0/50"
    cut_line = "no shutdown"


def test_neighbor_names_are_whole_and_may_be_missing() -> None:
    shown = (
        "LLDP neighbor-information of port [TenGigabitEthernet 0/49]\n"
        "  System name                       : core-a.building-7.hospital.example\n"
        "  Port ID type                      : Interface name\n"
        "  Port ID                           : TenGigabitEthernet 0/12\n"
        "LLDP neighbor-information of port [TenGigabitEthernet 0/50]\n"
        "  System name                       : \n"
        "  Port ID type                      : MAC address\n"
        "  Port ID                           : 00d0.f822.33cd\n"
    )
    found = RGOS.read_neighbors(Recorded("ruijie_os", {LLDP: shown})) or []
    assert [(each.port, each.name, each.remote_port) for each in found] == [
        ("TenGigabitEthernet 0/49", "core-a.building-7.hospital.example", "TenGigabitEthernet 0/12"),
        ("TenGigabitEthernet 0/50", "", "00d0.f822.33cd"),
    ]


def test_lldp_switched_off_cannot_be_told() -> None:
    assert RGOS.read_neighbors(Recorded("ruijie_os", {LLDP: "% LLDP is not enabled.\n"})) is None
    assert RGOS.read_neighbors(Recorded("ruijie_os", {})) is None


def test_no_neighbors_is_an_answer_and_noise_is_none() -> None:
    assert RGOS.read_neighbors(Recorded("ruijie_os", {LLDP: ""})) == []
    with pytest.raises(Unparsable):
        RGOS.read_neighbors(Recorded("ruijie_os", {LLDP: "~}!#\n"}))


def test_spanning_tree_of_several_instances() -> None:
    shown = (
        "Spanning tree enabled protocol mstp\n"
        "MST 0 vlans map : 1-9, 11-4094\n"
        "Interface        Role Sts Cost       Prio     OperEdge Type\n"
        "---------------- ---- --- ---------- -------- -------- ----------------\n"
        "Te0/50           Altn BLK 2000       128      False    P2p\n"
        "Te0/49           Mast FWD 2000       128      False    P2p Bound(RSTP)\n"
    )
    rows = RGOS.read_tree(Recorded("ruijie_os", {"show spanning-tree summary": shown})) or []
    assert [(row.port, row.role, row.forwarding, row.settled) for row in rows] == [
        ("Te0/50", "alternate", False, True),
        ("Te0/49", "root", True, True),
    ]


def test_has_no_safety_net() -> None:
    assert not RGOS.safety_net(Recorded("ruijie_os", {}))
    assert RGOS.change([("TenGigabitEthernet 0/50", True)], 90) == RGOS.change([("TenGigabitEthernet 0/50", True)])
