# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco NX-OS.

Safety net: a checkpoint taken before the change (Nexus System Management Configuration Guide, "Configuring
Rollback"); NX-OS goes back to it only when told to. Tables: ntc-templates, except the port list: its template
knows too few states, and an unrelated port in another state must not fail a run.
"""

from __future__ import annotations

import re
from typing import ClassVar, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import Unparsable
from ..model import ArpEntry, MacEntry, Neighbor, Port, Send, TreePort, plain_mac
from ..session import Session
from .base import Platform

_ROLES = {"root": "root", "altn": "alternate", "desg": "designated", "back": "backup", "mstr": "root"}
_CHECKPOINT = "contingency-uplink"
_STATUS = "show interface status"
_HEADING = re.compile(r"^Port +Name +(?P<status>Status +)Vlan ", re.MULTILINE)


class CiscoNxos(Platform):
    """Nexus switches."""

    name = "cisco_nxos"
    aliases = ("nxos", "nexus", "cisco.nxos.nxos")
    netmiko = "cisco_nxos"
    rejections = (
        r"^\s*% ?[A-Z]",
        r"^(?:ERROR|Error)\b(?!: No neighbour)",
        r"^Invalid .* at '\^' marker",
        r"^Syntax error",
    )
    abbreviations: ClassVar[Mapping[str, str]] = {
        "eth": "Ethernet",
        "et": "Ethernet",
        "po": "port-channel",
        "vl": "Vlan",
        "lo": "loopback",
    }
    virtual_ports = ("vlan", "loopback", "port-channel")
    volatile = (
        r"^!(?:Command|Time|Running configuration last done at|Startup config saved at): ",
        r"^!Running configuration last done at",
        r"^\s*Kernel uptime is ",
        r"^\s*(?:At|Reason:|Last reset at) ",
    )
    save_sends = (
        Send(
            "copy running-config startup-config",
            success=r"Copy complete|\b100%",
            failure=(r"(?i)\baborted\b|\bfailed\b|\berror\b|permission denied|no space",),
            timeout=180,
        ),
    )
    log_command = "show logging logfile"
    interfaces_command = _STATUS
    ping_command = "ping {address} count 2"
    ping_success = r"\b[1-9]\d* packets received"
    reverts_by_itself = False

    def read_ports(self, session: Session) -> Dict[str, Port]:
        output = session.read(_STATUS)
        heading = _HEADING.search(output)
        if not heading:
            raise Unparsable(session.target.name, _STATUS, output)
        start, end = (offset - heading.start() for offset in heading.span("status"))
        rows = [line for line in output[heading.end() :].splitlines()[1:] if line[:1].isalpha()]
        return {port.name: port for port in (_port(line, line[start:end].strip()) for line in rows)}

    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        for protocol in ("lldp", "cdp"):
            command = f"show {protocol} neighbors detail"
            output = session.attempt(command)
            if output is None:
                continue
            rows = self.parsed(session, command, output, f"cisco_nxos_show_{protocol}_neighbors_detail")
            return [Neighbor(row["local_interface"], row["neighbor_name"], row["neighbor_interface"]) for row in rows]
        return None

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        rows = self.rows(session, "show mac address-table dynamic", "cisco_nxos_show_mac_address-table")
        return [MacEntry(plain_mac(row["mac_address"]), row["ports"], row["vlan_id"]) for row in rows]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        rows = self.rows(session, "show ip arp vrf all", "cisco_nxos_show_ip_arp")
        return [ArpEntry(row["ip_address"], plain_mac(row["mac_address"]), row["interface"]) for row in rows]

    def read_addresses(self, session: Session) -> Dict[str, str]:
        rows = self.rows(session, "show ip interface brief vrf all", "cisco_nxos_show_ip_interface_brief")
        return {row["ip_address"]: row["interface"] for row in rows if row["ip_address"][:1].isdigit()}

    def read_tree(self, session: Session) -> Optional[List[TreePort]]:
        rows = self.rows(session, "show spanning-tree", "cisco_ios_show_spanning-tree")
        return [
            TreePort(row["interface"], _ROLES.get(row["role"].lower(), row["role"].lower()), row["status"] == "FWD")
            for row in rows
        ]

    def safety_net(self, session: Session) -> bool:
        return session.attempt("show checkpoint summary") is not None

    def read_pending(self, session: Session) -> bool:
        output = session.attempt("show checkpoint summary")
        return output is not None and re.search(rf"(?m)^\d+\) {_CHECKPOINT}:", output) is not None

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        sends = super().change(changes)
        return [Send(f"checkpoint {_CHECKPOINT}", timeout=120), *sends] if net_seconds else sends

    def confirm(self) -> List[Send]:
        return [Send(f"no checkpoint {_CHECKPOINT}", timeout=60)]

    def cancel(self) -> List[Send]:
        return [Send(f"rollback running-config checkpoint {_CHECKPOINT}", timeout=180)]


def _port(line: str, status: str) -> Port:
    return Port(line.split(None, 1)[0], enabled=status != "disabled", link=status == "connected", detail=status)
