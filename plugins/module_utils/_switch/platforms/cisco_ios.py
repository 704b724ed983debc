# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS and IOS XE.

Safety net: ``configure terminal revert timer``, where the configuration archive is set up (Cisco IOS
Configuration Fundamentals, "Configuration Replace and Configuration Rollback").
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..model import ArpEntry, MacEntry, Neighbor, Port, Send, TreePort, plain_mac
from ..session import Session
from .base import Platform

_ROLES = {"root": "root", "altn": "alternate", "desg": "designated", "back": "backup", "mstr": "root"}


class CiscoIos(Platform):
    """Catalyst switches with IOS or IOS XE."""

    name = "cisco_ios"
    aliases = ("ios", "iosxe", "cisco.ios.ios", "cisco_xe", "cisco.iosxe.iosxe")
    netmiko = "cisco_ios"
    needs_enable = True
    rejections = (r"^\s*%(?! ?(?:LLDP|CDP) is not enabled)",)
    abbreviations = {
        "fa": "FastEthernet",
        "gi": "GigabitEthernet",
        "tw": "TwoGigabitEthernet",
        "fi": "FiveGigabitEthernet",
        "te": "TenGigabitEthernet",
        "twe": "TwentyFiveGigE",
        "fo": "FortyGigabitEthernet",
        "hu": "HundredGigE",
        "po": "Port-channel",
        "vl": "Vlan",
    }
    templates = (
        "cisco_ios_show_interfaces_status",
        "cisco_ios_show_lldp_neighbors_detail",
        "cisco_ios_show_mac-address-table",
        "cisco_ios_show_ip_interface_brief",
        "cisco_ios_show_spanning-tree",
    )
    virtual_ports = ("vlan", "loopback", "port-channel")
    volatile = (
        r"^Building configuration",
        r"^Current configuration : ",
        r"^Using \d+ out of ",
        r"^! (?:Last configuration change|NVRAM config last updated|No configuration change)",
        r"^ntp clock-period ",
        r" uptime is ",
        r"^(?:Uptime for this control processor|Last reload reason|System restarted at) ",
    )
    save_sends = (
        Send(
            "write memory",
            answers=((r"\[confirm\]", ""), (r"\[no\]:?", "yes")),
            success=r"\[OK\]",
            failure=(r"(?i)\bfailed\b|\berror\b|permission denied",),
            timeout=120,
        ),
    )
    ping_command = "ping {address} repeat 3 timeout 1"
    ping_success = r"Success rate is [1-9]"
    revert_minutes = 3

    def read_ports(self, session: Session) -> Dict[str, Port]:
        rows = self.rows(session, "show interfaces status", "cisco_ios_show_interfaces_status")
        return {
            row["port"]: Port(
                name=row["port"],
                enabled=row["status"] != "disabled",
                link=row["status"] in ("connected", "up", "monitoring"),
                detail=row["status"],
            )
            for row in rows
        }

    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        for protocol in ("lldp", "cdp"):
            command = f"show {protocol} neighbors detail"
            output = session.attempt(command)
            if output is None or "is not enabled" in output:
                continue
            rows = self.parsed(session, command, output, f"cisco_ios_show_{protocol}_neighbors_detail")
            return [Neighbor(row["local_interface"], row["neighbor_name"], row["neighbor_interface"]) for row in rows]
        return None

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        rows = self.rows(session, "show mac address-table dynamic", "cisco_ios_show_mac-address-table")
        return [
            MacEntry(plain_mac(row["destination_address"]), port, row["vlan_id"])
            for row in rows
            for port in _ports(row["destination_port"])
        ]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        rows = self.rows(session, "show ip arp", "cisco_ios_show_ip_arp")
        return [ArpEntry(row["ip_address"], plain_mac(row["mac_address"]), row["interface"]) for row in rows]

    def read_addresses(self, session: Session) -> Dict[str, str]:
        rows = self.rows(session, "show ip interface brief", "cisco_ios_show_ip_interface_brief")
        return {row["ip_address"]: row["interface"] for row in rows if row["ip_address"][:1].isdigit()}

    def read_tree(self, session: Session) -> Optional[List[TreePort]]:
        rows = self.rows(session, "show spanning-tree", "cisco_ios_show_spanning-tree")
        return [
            TreePort(row["interface"], _ROLES.get(row["role"].lower(), row["role"].lower()), row["status"] == "FWD")
            for row in rows
        ]

    def safety_net(self, session: Session) -> bool:
        output = session.attempt("show archive")
        return output is not None and "not enabled" not in output.lower()

    def read_pending(self, session: Session) -> bool:
        output = session.attempt("show archive config rollback timer")
        return output is not None and "no rollback confirmed change pending" not in output.lower()

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        sends = super().change(changes)
        if not net_seconds:
            return sends
        minutes = max(self.revert_minutes, -(-net_seconds // 60))
        return [Send(f"configure terminal revert timer {minutes}"), *sends[1:]]

    def confirm(self) -> List[Send]:
        return [Send("configure confirm")]

    def cancel(self) -> List[Send]:
        return [Send("configure revert now", timeout=120)]


def _ports(value: Any) -> List[str]:
    return [value] if isinstance(value, str) else list(value)
