# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei VRP 5, as S-series campus switches have it: a line takes effect at once, there is no safety net.

Sources: S1720-S6720 command reference (``display interface brief``, ``save``, ``display stp brief``),
outputs recorded in the tests of ntc-templates and in engineers' notes. The template of ``display
interface brief`` knows two of the marks before ``down``; switches have five, so it is read here.
"""

from __future__ import annotations

import re
from typing import ClassVar, Dict, List, Mapping, Optional, Sequence, Tuple

from ..model import ArpEntry, MacEntry, Port, Send, plain_mac
from ..session import Session
from .views import Views

_PORT_ROW = re.compile(
    r"^ *(?P<port>[A-Za-z0-9][\w./:-]*)(?:\(\d+[MG]\))? +(?P<phy>[*^#!~]?down\S*|up\S*) +[*^#!~]?(?:up|down)\S* +\S",
    re.MULTILINE,
)
UNCOMMITTED = "Uncommitted configurations"
LEAVE = Send("return", answers=((UNCOMMITTED + r"(?s:.*?)\[Y[^\]]*\](?s:.*)", "N"),), failure=(UNCOMMITTED,))


class HuaweiVrp(Views):
    """Huawei switches with VRP 5."""

    name = "huawei_vrp"
    aliases: ClassVar[Tuple[str, ...]] = (
        "huawei",
        "vrp",
        "huawei.vrp",
        "community.network.huawei",
        "community.network.vrp",
    )
    netmiko = "huawei_vrp"
    abbreviations: ClassVar[Mapping[str, str]] = {
        "e": "Ethernet",
        "eth": "Ethernet",
        "g": "GigabitEthernet",
        "ge": "GigabitEthernet",
        "gi": "GigabitEthernet",
        "xg": "XGigabitEthernet",
        "xge": "XGigabitEthernet",
        "vlan": "Vlanif",
    }
    virtual_ports = ("vlanif", "vbdif", "eth-trunk", "loopback", "null", "tunnel", "nve")
    volatile: ClassVar[Tuple[str, ...]] = (
        r"^!Last configuration was (?:updated|saved) ",
        r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
        r" uptime is ",
        r"^\s*(?:Expired|Discovered) time\s*:",
    )
    interfaces_command = "display interface description"
    neighbors_command = "display lldp neighbor"
    neighbor_header = re.compile(r"^\s*(\S+) has \d+ neighbors?(?:\(s\))?\s*:?\s*$")
    mac_command = "display mac-address dynamic"
    arp_command = "display arp all"

    def read_ports(self, session: Session) -> Dict[str, Port]:
        output = session.read("display interface brief")
        return {
            row["port"]: Port(
                name=row["port"],
                enabled=not row["phy"].startswith("*"),
                link=row["phy"].startswith("up"),
                detail=row["phy"],
            )
            for row in _PORT_ROW.finditer(output)
        }

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        rows = self.rows(session, self.mac_command, "huawei_vrp_display_mac-address")
        return [
            MacEntry(plain_mac(row["destination_address"]), row["destination_port"], row["vlan_id"])
            for row in rows
            if row["type"] == "dynamic"
        ]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        rows = self.rows(session, self.arp_command, "huawei_vrp_display_arp_all")
        return [ArpEntry(row["ip_address"], plain_mac(row["mac_address"]), row["interface"]) for row in rows]

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        """Return the lines of a change; one that waits for a commit is an error here, the switch has VRP 8."""
        return [*super().change(changes, net_seconds)[:-1], LEAVE]
