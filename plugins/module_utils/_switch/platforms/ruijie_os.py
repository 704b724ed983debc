# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ruijie RGOS, releases 10 to 12.

No template of ntc-templates reads RGOS: the tables are read as Ruijie's command references (interface, LLDP,
MAC address, ARP, MSTP) show them. RGOS has no roll-back by timer.
"""

from __future__ import annotations

import re
from typing import ClassVar, Dict, List, Mapping, Optional

from ..errors import Unparsable
from ..model import ArpEntry, MacEntry, Neighbor, Port, Send, TreePort, plain_mac
from ..session import Session
from .base import Platform

_ROLES = {
    "root": "root",
    "mast": "root",
    "altn": "alternate",
    "desg": "designated",
    "back": "backup",
    "disb": "disabled",
}
_NAME = r"[A-Za-z][A-Za-z-]*(?: ?\d[\d/.:]*)?"
_MAC = r"[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}"
_PORT_ROW = rf"^(?P<port>{_NAME})\s+(?P<link>up|down)\s+(?P<admin>up|down)\b"
_MAC_ROW = rf"^\s*(?P<vlan>\d+)\s+(?P<mac>{_MAC})\s+DYNAMIC\s+(?P<port>{_NAME})"
_ARP_ROW = rf"^Internet\s+(?P<address>[\d.]+)\s+\S+\s+(?P<mac>{_MAC})\s+\S+\s+(?P<port>{_NAME})"
_ADDRESS_ROW = rf"^(?P<port>{_NAME})\s+(?P<address>\d+\.\d+\.\d+\.\d+)/\d+\b"
_TREE_ROW = r"^(?P<port>\S+\d)\s+(?P<role>Root|Altn|Desg|Back|Mast|Disb)\s+(?P<state>[A-Z]{3})\b"
_LLDP = "show lldp neighbors detail"
_LLDP_PORT = re.compile(r"LLDP neighbor-information of port \[([^\]]+)\]")
_LLDP_NAME = re.compile(r"(?mi)^\s*System name\s*:[ \t]*(\S*)")
_LLDP_REMOTE = re.compile(r"(?mi)^\s*Port ID\s*:[ \t]*(.*?)\s*$")


class RuijieOs(Platform):
    """Ruijie switches."""

    name = "ruijie_os"
    aliases = ("ruijie", "rgos")
    netmiko = "ruijie_os"
    needs_enable = True
    rejections = (r"^\s*%(?! ?(?:LLDP is not|LLDP:))",)
    abbreviations: ClassVar[Mapping[str, str]] = {
        "fa": "FastEthernet",
        "gi": "GigabitEthernet",
        "te": "TenGigabitEthernet",
        "tf": "TFGigabitEthernet",
        "fo": "FortyGigabitEthernet",
        "hu": "HundredGigabitEthernet",
        "mg": "Mgmt",
        "ag": "AggregatePort",
        "vl": "VLAN",
    }
    virtual_ports = ("vlan", "loopback", "aggregateport")
    volatile = (
        r"^Building configuration",
        r"^Current configuration\s*: ",
        r"^System (?:start time|uptime)\s*: ",
        r"^\s*(?:Update|Aging) time\s*: ",
    )
    save_sends = (
        Send(
            "write",
            answers=((r"\[(?:confirm|[Yy](?:es)?/[Nn]o?)\]:?", "yes"),),
            success=r"\[OK\]",
            failure=(r"(?i)\bfail(?:ed|ure)?\b|\berror\b|permission denied|no space",),
            timeout=120,
        ),
    )
    interfaces_command = "show interfaces status"
    neighbors_command = _LLDP
    ping_command = "ping {address} ntimes 2"
    ping_success = r"Success rate is [1-9]"

    def read_ports(self, session: Session) -> Dict[str, Port]:
        heading = r"^Interface\s+Status\s+Administrative"
        rows = self.matches(session, "show interfaces description", heading, _PORT_ROW)
        return {row["port"]: Port(row["port"], row["admin"] == "up", row["link"] == "up") for row in rows}

    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        output = session.attempt(_LLDP)
        if output is None or "LLDP is not" in output:
            return None
        parts = _LLDP_PORT.split(output)
        if len(parts) == 1 and output.strip():
            raise Unparsable(session.target.name, _LLDP, output)
        return [
            Neighbor(port, name, remote)
            for port, text in zip(parts[1::2], parts[2::2])
            for name, remote in zip(_LLDP_NAME.findall(text), _LLDP_REMOTE.findall(text))
        ]

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        rows = self.matches(session, "show mac-address-table dynamic", r"(?i)^Vlan\s+MAC Address", _MAC_ROW)
        return [MacEntry(plain_mac(row["mac"]), row["port"], row["vlan"]) for row in rows]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        rows = self.matches(session, "show arp", r"^Protocol\s+Address", _ARP_ROW)
        return [ArpEntry(row["address"], plain_mac(row["mac"]), row["port"]) for row in rows]

    def read_addresses(self, session: Session) -> Dict[str, str]:
        rows = self.matches(session, "show ip interface brief", r"^Interface\s+IP-Address", _ADDRESS_ROW)
        return {row["address"]: row["port"] for row in rows}

    def read_tree(self, session: Session) -> Optional[List[TreePort]]:
        heading = r"^Spanning tree enabled|(?i:^No spanning tree)"
        rows = self.matches(session, "show spanning-tree summary", heading, _TREE_ROW)
        return [TreePort(row["port"], _ROLES[row["role"].lower()], row["state"] == "FWD") for row in rows]
