# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Juniper Junos (EX, QFX).

Safety net: ``commit confirmed``; the newest entry of ``show system commit`` says "rollback pending" while it
runs (Junos CLI User Guide, "Commit the Configuration"). The configuration is locked for the time of a change, so
that nobody else's half-done work is committed with it. What is committed is saved. Tables: ntc-templates for
ARP; its templates for the others know only some names of ports and VLANs.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

from ..model import ArpEntry, MacEntry, Neighbor, Port, Send, TreePort, plain_mac
from ..session import Session
from .base import Platform

_ROLES = {"ROOT": "root", "MSTR": "root", "ALT": "alternate", "DESG": "designated", "BKUP": "backup", "DIS": "disabled"}
_PORT_ROW = r"^(?P<port>[a-z]\S*)\s+(?P<admin>up|down)\s+(?P<link>up|down)\b"
_ADDRESS_ROW = r"^(?P<port>[a-z]\S*)?[ \t]+(?:\S+[ \t]+)*?(?:inet[ \t]+)?(?P<address>\d+\.\d+\.\d+\.\d+)(?:/\d+)?\b"
_NEIGHBORS = "show lldp neighbors"
_NEIGHBOR_HEADING = re.compile(r"^Local Interface\s.*System Name", re.MULTILINE)
_NEIGHBOR_ROW = r"^(?P<port>[a-z]\S*)\s+\S+\s+\S+\s+(?P<remote>\S.*?)(?:[ \t]+(?P<name>\S+))?[ \t]*$"
_MAC_ROW = (
    r"^\s*(?P<vlan>\S+)\s+(?P<mac>(?:[0-9a-f]{2}:){5}[0-9a-f]{2})\s+(?P<kind>\S+)\s+\S+\s+(?P<port>[a-z]+-?\d[\w/.:]*)"
)
_TREE = "show spanning-tree interface"
_TREE_ROW = (
    r"^(?P<port>[a-z]\S*)\s+\d+:\d+\s+\d+:\d+\s+\d+\.[0-9a-f]+\s+\d+\s+"
    r"(?P<state>FWD|BLK|LRN|LIS|DIS)\s+(?P<role>[A-Z]+)\b"
)
_TERSE = "show interfaces terse"
_TERSE_HEADING = r"^Interface\s+Admin\s+Link"
_VIRTUAL = ("irb", "vlan", "lo", "ae")
_STATIC = ("S", "P", "Static", "Learn,P")


class JuniperJunos(Platform):
    """Juniper switches."""

    name = "juniper_junos"
    aliases = ("junos", "juniper", "junipernetworks.junos.junos", "juniper.device.junos")
    netmiko = "juniper_junos"
    prompt = r"{base}[\w.\-]*[>#]"
    rejections = (
        r"^\s*(?:error|unknown command|syntax error|missing (?:mandatory )?argument|invalid \w+|permission denied)\b",
        r"^'?.*'? is ambiguous",
        r"^warning: statement (?:not found|does not match)",
        r"^commit failed",
    )
    virtual_ports = _VIRTUAL
    volatile = (
        r"^## Last (?:commit|changed): ",
        r"^\s*Last flapped",
        r"\buptime\b",
        r"^\{[\w:.-]+\}$",
    )
    running_command = "show configuration"
    startup_command = "show system rollback 0"
    log_command = "show log messages | last 1000"
    interfaces_command = _TERSE
    ping_command = "ping {address} count 2 wait 1"
    ping_success = r"\b[1-9]\d* packets received"

    def read_ports(self, session: Session) -> Dict[str, Port]:
        rows = self.matches(session, _TERSE, _TERSE_HEADING, _PORT_ROW)
        return {
            row["port"]: Port(row["port"], row["admin"] == "up", row["link"] == "up")
            for row in rows
            if "." not in row["port"]
        }

    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        output = session.attempt(_NEIGHBORS)
        if output is None:
            return None
        heading = _NEIGHBOR_HEADING.search(output)
        if heading is None:
            self.matches(session, _NEIGHBORS, _NEIGHBOR_HEADING.pattern, _NEIGHBOR_ROW)
            return []
        column = heading.end() - heading.start() - len("System Name")
        return [_neighbor(row, column) for row in re.finditer(_NEIGHBOR_ROW, output, re.MULTILINE)]

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        heading = r"^\s*Ethernet[ -]switching table"
        rows = self.matches(session, "show ethernet-switching table", heading, _MAC_ROW)
        return [
            MacEntry(plain_mac(row["mac"]), _physical(row["port"]), row["vlan"])
            for row in rows
            if row["kind"].rstrip(",") not in _STATIC
        ]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        rows = self.rows(session, "show arp no-resolve", "juniper_junos_show_arp_no-resolve")
        return [ArpEntry(row["ip_address"], plain_mac(row["mac_address"]), row["interface"]) for row in rows]

    def read_addresses(self, session: Session) -> Dict[str, str]:
        addresses, port = {}, ""
        for row in self.matches(session, _TERSE, _TERSE_HEADING, _ADDRESS_ROW):
            port = row["port"] or port
            addresses[row["address"]] = _physical(port)
        return addresses

    def read_tree(self, session: Session) -> Optional[List[TreePort]]:
        if session.attempt(_TREE) is None:
            return None
        heading = r"(?i)^Spanning tree interface parameters|not (?:running|enabled|configured)"
        return [
            TreePort(_physical(row["port"]), _ROLES.get(row["role"], row["role"].lower()), row["state"] == "FWD")
            for row in self.matches(session, _TREE, heading, _TREE_ROW)
        ]

    def plain_name(self, port: str) -> str:
        return super().plain_name(_physical(port))

    def safety_net(self, session: Session) -> bool:
        return True

    def read_pending(self, session: Session) -> bool:
        newest = re.split(r"(?m)^\s*1\s+\d{4}-", session.read("show system commit"))[0]
        return "rollback pending" in newest

    def port_lines(self, changes: Sequence[Tuple[str, bool]]) -> List[str]:
        return [f"{'delete' if enable else 'set'} interfaces {port} disable" for port, enable in changes]

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        minutes = max(2, -(-net_seconds // 60))
        return _committed(self.port_lines(changes), f"confirmed {minutes} " if net_seconds else "")

    def confirm(self) -> List[Send]:
        return _committed([])

    def cancel(self) -> List[Send]:
        return _committed(["rollback 1"])

    def abandon(self) -> List[Send]:
        return [Send("rollback 0"), Send("exit configuration-mode", answers=((r"\(yes\)", "yes"),))]

    def stanza(self, config: str, port: str) -> List[str]:
        path: List[str] = []
        lines = []
        for line in (each.strip() for each in config.splitlines()):
            if line.endswith("{"):
                path.append(line[:-1].strip())
            elif line == "}" and path:
                path.pop()
            elif path[:1] == ["interfaces"] and len(path) > 1 and path[1] == port:
                lines.append(" ".join([*path[2:], line]))
        return sorted(lines)

    def unsaved(self, session: Session, ports: Sequence[str]) -> List[str]:
        if self.read_pending(session):
            return list(ports)
        return super().unsaved(session, ports)


def _committed(lines: Sequence[str], how: str = "") -> List[Send]:
    """Return the sends that commit these lines alone; the lock ends with the commit, also when the session is cut."""
    return [
        Send("configure exclusive", success=r"Entering configuration mode"),
        *(Send(line) for line in lines),
        Send(f"commit {how}and-quit", success=r"commit complete", timeout=180),
    ]


def _physical(port: str) -> str:
    """Return the port of a logical unit, ``xe-0/0/48.0`` -> ``xe-0/0/48``; virtual ones keep their unit."""
    return port if port.startswith(_VIRTUAL) and not port.startswith("ae") else port.partition(".")[0]


def _neighbor(row: re.Match[str], column: int) -> Neighbor:
    """Return the neighbor; a last word left of the column of names belongs to what is said about its port."""
    named = row["name"] is not None and row.start("name") - row.start() >= column
    remote = row["remote"] if named else row.group()[row.start("remote") - row.start() :].strip()
    return Neighbor(_physical(row["port"]), row["name"] if named else "", remote)
