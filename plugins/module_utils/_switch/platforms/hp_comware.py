# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""H3C and HPE Comware 5, 7 and 9.

Sources: H3C S6800 (Release 26xx) and HPE 5510 HI fundamentals guides for ``configuration commit delay``
and ``save``; HPE 3100 v2 command reference for ``display stp brief``; tests of ntc-templates.

Safety net: ``configuration commit delay MINUTES``, kept by ``configuration commit``. No command tells
whether it is running. It is therefore armed only where the uplinks are saved as they run, and a new
session that finds an uplink's ``shutdown`` not as saved takes it for running.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import ClassVar, Dict, List, Mapping, Optional, Sequence, Set, Tuple
from weakref import WeakSet

from ..model import ArpEntry, MacEntry, Port, Send, Uplinks, plain_mac
from ..session import Session
from .views import Views

_RELEASE = re.compile(r"\bVersion (\d+)\.(\d+)\.(\d+)")
_FIRST_RELEASE_WITH_DELAY = (7, 1, 70)
_DELAY = "configuration commit delay {minutes}"
_COMMIT = "configuration commit"


class HpComware(Views):
    """H3C and HPE switches with Comware."""

    name = "hp_comware"
    aliases = (
        "comware",
        "h3c",
        "h3c_comware",
        "hpe_comware",
        "hp",
        "community.network.comware",
        "h3c.comware",
        "h3c_open.comware",
    )
    netmiko = "hp_comware"
    rejections = (*Views.rejections, r"^\s*% [A-Z]")
    abbreviations: ClassVar[Mapping[str, str]] = {
        "e": "Ethernet",
        "eth": "Ethernet",
        "ge": "GigabitEthernet",
        "xge": "Ten-GigabitEthernet",
        "wge": "Twenty-FiveGigE",
        "fge": "FortyGigE",
        "hge": "HundredGigE",
        "m-e": "M-Ethernet",
        "m-eth": "M-Ethernet",
        "m-ge": "M-GigabitEthernet",
        "mge": "M-GigabitEthernet",
        "bagg": "Bridge-Aggregation",
        "ragg": "Route-Aggregation",
        "vlan": "Vlan-interface",
        "loop": "LoopBack",
        "inloop": "InLoopBack",
        "tun": "Tunnel",
    }
    virtual_ports = (
        "vlan-interface",
        "vsi-interface",
        "bridge-aggregation",
        "route-aggregation",
        "loopback",
        "inloopback",
        "null",
        "tunnel",
    )
    volatile = (
        r" uptime is ",
        r"^\s*Last reboot reason\s*:",
        r"^\s*(?:Update time|Time to live)\s*:",
    )
    interfaces_command = "display interface brief"
    neighbors_command = "display lldp neighbor-information verbose"
    neighbor_header = re.compile(r"^LLDP neighbor-information of port \d+\s*\[(\S+)\]")

    def __init__(self) -> None:
        self._asked: WeakSet[Session] = WeakSet()

    # -- reading -----------------------------------------------------------------------------------

    def read_ports(self, session: Session) -> Dict[str, Port]:
        rows = self.rows(session, "display interface brief", "hp_comware_display_interface_brief")
        return {
            row["interface"]: Port(
                name=row["interface"],
                enabled=row["link"].upper() != "ADM",
                link=row["link"].upper().startswith("UP"),
                detail=row["link"],
            )
            for row in rows
        }

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        rows = self.rows(session, "display mac-address", "hp_comware_display_mac-address")
        return [
            MacEntry(plain_mac(row["mac_address"]), row["interface"], row["vlan_id"])
            for row in rows
            if row["state"].lower() == "learned"
        ]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        rows = self.rows(session, "display arp", "hp_comware_display_arp")
        return [ArpEntry(row["ip_address"], plain_mac(row["mac_address"]), row["interface"]) for row in rows]

    def read_pending(self, session: Session) -> bool:
        lines = [line for line in session.sent if line.startswith(_COMMIT)]
        return bool(lines) and lines[-1] != _COMMIT

    def read_uplinks(self, session: Session, wanted: Sequence[str]) -> Uplinks:
        """Return the state of the wanted ports; in a new session also what a killed run may have left behind."""
        uplinks = super().read_uplinks(session, wanted)
        if session.sent or session in self._asked:
            return uplinks
        self._asked.add(session)
        left_behind = bool(self._shut_differently(session) & self._expanded(wanted)) and self._knows_delay(session)
        return replace(uplinks, pending_revert=left_behind)

    def _expanded(self, ports: Sequence[str]) -> Set[str]:
        return {self.plain_name(port) for port in ports}

    def _shut_differently(self, session: Session) -> Set[str]:
        """Return the ports that are shut in only one of the running and the startup configuration."""
        running, startup = self.both_configs(session)
        return self._shut(running) ^ self._shut(startup)

    def _shut(self, config: str) -> Set[str]:
        shut, port = set(), ""
        for line in config.splitlines():
            if line.startswith("interface "):
                port = self.plain_name(line.split(None, 1)[1])
            elif line.strip() == "shutdown" and line[:1] == " ":
                shut.add(port)
            elif line[:1] != " ":
                port = ""
        return shut

    # -- changing ----------------------------------------------------------------------------------

    def _knows_delay(self, session: Session) -> bool:
        output = session.attempt(self.version_command)
        release = _RELEASE.search(output or "")
        return release is not None and tuple(int(part) for part in release.groups()) >= _FIRST_RELEASE_WITH_DELAY

    def safety_net(self, session: Session) -> bool:
        """Can it undo a change, and would a later run see that it is about to?"""
        return self._knows_delay(session) and not self._shut_differently(session)

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        sends = super().change(changes)
        if not net_seconds:
            return sends
        return [sends[0], Send(_DELAY.format(minutes=-(-net_seconds // 60))), *sends[1:]]

    def confirm(self) -> List[Send]:
        return [Send("system-view"), Send(_COMMIT), Send("return")]
