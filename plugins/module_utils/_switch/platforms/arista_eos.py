# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arista EOS.

Safety net: a configuration session whose commit is undone unless it is committed again in time (EOS User
Manual, "Configure Session"); how a running timer is shown changed in 4.32 (napalm issue 2166), so it is read
from the JSON output. Tables: ntc-templates, except where its patterns exclude the ports of modular chassis.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import Refused, Unparsable
from ..model import ArpEntry, MacEntry, Neighbor, Port, Send, TreePort, plain_mac
from ..session import Session
from .base import Platform

_SESSION = "contingency-uplink"
_SESSIONS = "show configuration sessions detail | json"
_MAC_ROW = r"^\s*(?P<vlan>\d+)\s+(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\s+DYNAMIC\s+(?P<port>\S+)"
_TREE_ROW = (
    r"^(?P<port>\S+)\s+(?P<role>root|designated|alternate|backup|master|disabled)\s+"
    r"(?P<state>forwarding|discarding|blocking|learning|listening|disabled)\s+\d+\s"
)


class AristaEos(Platform):
    """Arista switches."""

    name = "arista_eos"
    aliases = ("eos", "arista", "arista.eos.eos")
    netmiko = "arista_eos"
    needs_enable = True
    prompt = r"{base}[\w.\-]*(?:\([^)\r\n]*\))*[>#]"
    rejections = (r"^\s*% ?[A-Za-z]",)
    abbreviations: ClassVar[Mapping[str, str]] = {
        "et": "Ethernet",
        "eth": "Ethernet",
        "ma": "Management",
        "po": "Port-Channel",
        "vl": "Vlan",
        "lo": "Loopback",
    }
    virtual_ports = ("vlan", "loopback", "port-channel")
    volatile = (
        r"^! (?:Command: |device: |Startup-config last modified )",
        r"^(?:Uptime|Free memory): ",
        r"^(?:Last table change time|Number of table (?:inserts|deletes|drops|age-outs)) ",
    )
    save_sends = (
        Send(
            "write memory",
            success=r"(?i)copy completed successfully",
            failure=(r"(?i)\bfailed\b|\berror\b|permission denied|no space",),
            timeout=120,
        ),
    )
    ping_command = "ping {address} repeat 2"
    ping_success = r"\b[1-9]\d* received"

    def read_ports(self, session: Session) -> Dict[str, Port]:
        rows = self.rows(session, "show interfaces status", "arista_eos_show_interfaces_status")
        return {
            row["port"]: Port(
                name=row["port"],
                enabled=row["status"] != "disabled",
                link=row["status"] == "connected",
                detail=row["status"],
            )
            for row in rows
        }

    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        command = "show lldp neighbors detail"
        output = session.attempt(command)
        if output is None:
            return None
        rows = self.parsed(session, command, output, "arista_eos_show_lldp_neighbors_detail")
        return [Neighbor(row["local_interface"], row["neighbor_name"], row["neighbor_interface"]) for row in rows]

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        rows = self.matches(session, "show mac address-table dynamic", r"Mac Address Table", _MAC_ROW)
        return [MacEntry(plain_mac(row["mac"]), row["port"], row["vlan"]) for row in rows]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        rows = self.rows(session, "show ip arp", "arista_eos_show_ip_arp")
        return [
            ArpEntry(row["ip_address"], plain_mac(row["mac_address"]), row["interface"].partition(",")[0])
            for row in rows
        ]

    def read_addresses(self, session: Session) -> Dict[str, str]:
        rows = self.rows(session, "show ip interface brief", "arista_eos_show_ip_interface_brief")
        return {
            row["ip_address"].partition("/")[0]: row["interface"] for row in rows if row["ip_address"][:1].isdigit()
        }

    def read_tree(self, session: Session) -> Optional[List[TreePort]]:
        heading = r"^ *Spanning tree enabled|^Spanning-tree has been disabled|^No spanning tree"
        rows = self.matches(session, "show spanning-tree", heading, _TREE_ROW)
        return [
            TreePort(row["port"], "root" if row["role"] == "master" else row["role"], row["state"] == "forwarding")
            for row in rows
        ]

    def safety_net(self, session: Session) -> bool:
        return session.attempt(_SESSIONS) is not None

    def read_pending(self, session: Session) -> bool:
        output = session.attempt(_SESSIONS)
        if output is None:
            return False
        waiting = _waiting(session, output)
        if waiting and waiting != _SESSION:
            raise Refused(
                session.target.name,
                f"configuration session '{waiting}' waits for its commit timer, which would undo any change made now; "
                f"end it with configure session {waiting} commit (or abort) and run this again",
            )
        return waiting == _SESSION

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        if not net_seconds:
            return super().change(changes)
        minutes, seconds = divmod(net_seconds, 60)
        return [
            Send(f"no configure session {_SESSION}", optional=True),
            Send(f"configure session {_SESSION}"),
            *(Send(line) for line in self.port_lines(changes)),
            Send(f"commit timer {minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}", timeout=120),
        ]

    def confirm(self) -> List[Send]:
        return [Send(f"configure session {_SESSION} commit", timeout=120)]

    def cancel(self) -> List[Send]:
        return [Send(f"configure session {_SESSION} abort", timeout=120)]

    def abandon(self) -> List[Send]:
        return [Send("abort"), Send("end")]


def _waiting(session: Session, output: str) -> str:
    """Return the name of the session whose commit timer runs, or an empty text."""
    try:
        found: Dict[str, Any] = json.loads(output)
        if "commitTimerSessionName" in found:
            return str(found["commitTimerSessionName"])
        states = {name: each["state"] for name, each in found["sessions"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unparsable(session.target.name, _SESSIONS, output) from error
    return next((name for name, state in states.items() if state == "pendingCommitTimer"), "")
