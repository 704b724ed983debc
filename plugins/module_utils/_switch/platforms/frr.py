# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR with vtysh as the login shell: routing daemon only, so no neighbors, no MAC table, no spanning tree.

vtysh shows no startup configuration, so the file is read over SFTP of the same session. With vtysh as the
login shell that needs ``Subsystem sftp internal-sftp`` in the switch's sshd_config.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence

from ..errors import Unparsable
from ..model import ArpEntry, MacEntry, Neighbor, Port, Send, Uplinks
from ..session import Session
from .base import Platform

STARTUP_FILE = "/etc/frr/frr.conf"
SAVE = Send(
    "write memory",
    success=r"\[OK\]|onfiguration saved to",
    failure=(r"(?im)^(?!% warning).*(?:can't|cannot|could not|failed|no space|read-only)",),
    timeout=60,
)


class Frr(Platform):
    """A switch whose login is FRR's vtysh."""

    name = "frr"
    aliases = ("frr.frr.frr", "community.network.frr", "vyos.frr")
    netmiko = "cisco_ios"
    rejections = (r"^\s*% ?(?:Unknown|Ambiguous|Command incomplete|There is no|Can't|Configuration failed)",)
    virtual_ports = ("br", "vlan", "bond", "lo")
    volatile = (r"^Building configuration", r"^Current configuration:", r"^ *Link (?:ups|downs): ")
    save_sends = (SAVE,)
    startup_command = "sftp:/etc/frr/frr.conf"
    interfaces_command = "show interface"
    neighbors_command = ""

    def read_ports(self, session: Session) -> Dict[str, Port]:
        return ports_of(_interfaces(session))

    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        return None

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        return None

    def read_arp(self, session: Session) -> List[ArpEntry]:
        return []

    def startup_config(self, session: Session) -> str:
        return session.read_file(STARTUP_FILE)

    def read_addresses(self, session: Session) -> Dict[str, str]:
        return _addresses(_interfaces(session))

    def read_uplinks(self, session: Session, wanted: Sequence[str]) -> Uplinks:
        interfaces = _interfaces(session)
        return Uplinks(self._chosen(session, ports_of(interfaces), wanted), addresses=_addresses(interfaces))


def ports_of(interfaces: Dict[str, Any]) -> Dict[str, Port]:
    """Return the ports of ``show interface json``."""
    return {
        name: Port(
            name=name,
            enabled=each["administrativeStatus"] == "up",
            link=each["administrativeStatus"] == "up" and each.get("operationalStatus") == "up",
        )
        for name, each in interfaces.items()
    }


def _addresses(interfaces: Dict[str, Any]) -> Dict[str, str]:
    return {
        entry["address"].partition("/")[0]: name
        for name, each in interfaces.items()
        for entry in each.get("ipAddresses", [])
    }


def _interfaces(session: Session) -> Dict[str, Any]:
    command = "show interface json"
    output = session.ask(Send(command, end=r"^\}"))
    try:
        found: Dict[str, Any] = json.loads(output)
        if not all(each["administrativeStatus"] in ("up", "down") for each in found.values()):
            raise ValueError("unknown administrative status")
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise Unparsable(session.target.name, command, output) from error
    return found
