# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open networking: a Linux shell with vtysh, lldpcli and a bridge or Open vSwitch, as Cumulus and SONiC have it.

Ports are read from the kernel, neighbors from lldpd, MAC addresses and spanning tree from the bridge
or from Open vSwitch; changes go through vtysh, so that they are part of FRR's configuration. The user
is root or a member of the groups frrvty and _lldpd.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..errors import Unparsable
from ..model import ArpEntry, MacEntry, Neighbor, Port, Send, TreePort, Uplinks, plain_mac
from ..session import Session
from .base import Platform
from .frr import SAVE, Frr

_MARK = "----next----"
_PATH = "PATH=$PATH:/usr/sbin:/sbin; "
_LINKS = "ip -json -details addr show"
_NEIGHBORS = "lldpcli -f json0 show neighbors"
_READ_BY = {"ports": _LINKS, "addresses": _LINKS, "neighbors": _NEIGHBORS}
_MACS = "bridge -json fdb show"
_OVS_BRIDGES = (
    "command -v ovs-appctl >/dev/null && for b in $(ovs-vsctl --timeout=5 list-br 2>/dev/null); "
    "do ovs-appctl --timeout=5 {command} $b; done; true"
)
_OVS_TREE = _OVS_BRIDGES.format(command="rstp/show")
_OVS_MACS = _OVS_BRIDGES.format(command="fdb/show")
_OVS_PORTS = (
    "command -v ovs-vsctl >/dev/null && ovs-vsctl --timeout=5 --bare --columns=ofport,name list Interface; true"
)
_OVS_TREE_ROW = re.compile(
    r"^ +(?P<port>\S+) +(?P<role>Root|Designated|Alternate|Backup|Disabled) +(?P<state>\w+) ", re.MULTILINE
)
_OVS_MAC_ROW = re.compile(r"^ *(?P<port>\d+) +\d+ +(?P<mac>(?:[0-9a-f]{2}:){5}[0-9a-f]{2}) +\d+", re.MULTILINE)


class LinuxFrr(Platform):
    """A Linux switch: Cumulus, SONiC, or a plain Debian with FRR."""

    name = "linux_frr"
    aliases = ("cumulus", "sonic", "nvidia.nvue", "dellemc.enterprise_sonic.sonic", "linux")
    netmiko = "linux"
    shell = True
    rejections = (*Frr.rejections, r"^% exit status")
    virtual_ports = Frr.virtual_ports
    volatile = (*Frr.volatile, r"^lldp\.\S+\.(?:rid|age)=")
    running_command = "vtysh -c 'show running-config'"
    startup_command = "cat /etc/frr/frr.conf"
    version_command = "uname -sr; vtysh -c 'show version'"
    log_command = (
        "journalctl --no-pager -n 1000 2>/dev/null || tail -n 1000 /var/log/syslog /var/log/frr/frr.log 2>/dev/null"
    )
    save_sends = (Send("vtysh -c 'write memory'", success=SAVE.success, failure=SAVE.failure, timeout=60),)
    interfaces_command = "vtysh -c 'show interface'"
    neighbors_command = _PATH + "lldpcli -f keyvalue show neighbors"
    ping_command = "ping -n -c 1 -W 1 {address}"
    ping_success = r"\b1 received\b"

    def together(self, subsets: Sequence[str], backup: bool) -> List[str]:
        wanted = [_PATH + _READ_BY[subset] for subset in subsets if subset in _READ_BY]
        if backup:
            wanted += [self.running_command, self.startup_command, *self.backup_commands().values()]
        return list(dict.fromkeys(wanted))

    def read_ports(self, session: Session) -> Dict[str, Port]:
        return _ports(session, _json(session, _LINKS))

    def read_tree(self, session: Session) -> Optional[List[TreePort]]:
        links, ovs = _parts(session, _LINKS, _OVS_TREE)
        return [*_bridge_tree(_loaded(session, _LINKS, links)), *_ovs_tree(ovs)]

    def read_uplinks(self, session: Session, wanted: Sequence[str]) -> Uplinks:
        links, ovs = _parts(session, _LINKS, _OVS_TREE)
        parsed = _loaded(session, _LINKS, links)
        ports = self._chosen(session, _ports(session, parsed), wanted)
        tree = [*_bridge_tree(parsed), *_ovs_tree(ovs)]
        return Uplinks(ports, self.protected(tree, ports.values()), addresses=_addresses(parsed))

    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        found = _json(session, _NEIGHBORS)
        try:
            return [_neighbor(entry) for part in found["lldp"] for entry in part.get("interface", [])]
        except (KeyError, IndexError, TypeError) as error:
            raise Unparsable(session.target.name, _NEIGHBORS, str(found)) from error

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        bridge, ovs, ports = _parts(session, _MACS, _OVS_MACS, _OVS_PORTS)
        learned = [
            MacEntry(plain_mac(entry["mac"]), entry["ifname"], str(entry.get("vlan", "")))
            for entry in _loaded(session, _MACS, bridge)
            if entry.get("state") != "permanent" and "master" in entry
        ]
        words = ports.split()
        names = dict(zip(words[::2], words[1::2]))
        return learned + [
            MacEntry(plain_mac(row["mac"]), names[row["port"]])
            for row in _OVS_MAC_ROW.finditer(ovs)
            if row["port"] in names
        ]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        return [
            ArpEntry(entry["dst"], plain_mac(entry["lladdr"]), entry.get("dev", ""))
            for entry in _json(session, "ip -json neigh show")
            if "lladdr" in entry
        ]

    def read_addresses(self, session: Session) -> Dict[str, str]:
        return _addresses(_json(session, _LINKS))

    def both_configs(self, session: Session) -> Tuple[str, str]:
        running, startup = _parts(session, self.running_command, self.startup_command)
        return running, startup

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        lines = ["configure terminal", *self.port_lines(changes)]
        return [Send("vtysh " + " ".join(f"-c {shlex.quote(line)}" for line in lines))]

    def abandon(self) -> List[Send]:
        return []


def _parts(session: Session, *commands: str) -> List[str]:
    """Return the outputs of several commands that only read, in one exchange."""
    script = _PATH + f" && echo && echo {_MARK} && ".join(f"{{ {command}; }}" for command in commands)
    parts = [part.strip("\n") for part in session.read(script).split(_MARK)]
    if len(parts) != len(commands):
        raise Unparsable(session.target.name, script, "\n".join(parts))
    return parts


def _json(session: Session, command: str) -> Any:
    return _loaded(session, command, session.read(_PATH + command))


def _loaded(session: Session, command: str, output: str) -> Any:
    try:
        return json.loads(output or "[]")
    except ValueError as error:
        raise Unparsable(session.target.name, command, output) from error


def _ports(session: Session, links: Any) -> Dict[str, Port]:
    try:
        return {
            link["ifname"]: Port(link["ifname"], "UP" in link["flags"], "LOWER_UP" in link["flags"])
            for link in links
            if "LOOPBACK" not in link["flags"]
        }
    except (KeyError, TypeError) as error:
        raise Unparsable(session.target.name, _LINKS, str(links)) from error


def _addresses(links: Any) -> Dict[str, str]:
    return {info["local"]: link["ifname"] for link in links for info in link.get("addr_info", []) if "local" in info}


def _neighbor(entry: Dict[str, Any]) -> Neighbor:
    chassis, port = entry["chassis"][0], entry.get("port", [{}])[0]
    name = chassis.get("name", chassis.get("id", [{}]))[0].get("value", "")
    return Neighbor(entry["name"], name, port.get("id", [{}])[0].get("value", ""))


def _bridge_tree(links: Any) -> List[TreePort]:
    """Return the ports of kernel bridges on which spanning tree runs; the kernel does not tell the role."""
    running = {
        link["ifname"]
        for link in links
        if link.get("linkinfo", {}).get("info_kind") == "bridge"
        and link["linkinfo"].get("info_data", {}).get("stp_state", 0)
    }
    return [
        TreePort(link["ifname"], *_kernel_role(link["linkinfo"].get("info_slave_data", {}).get("state", "")))
        for link in links
        if link.get("master") in running
    ]


def _kernel_role(state: str) -> Tuple[str, bool]:
    return {"forwarding": ("designated", True), "blocking": ("alternate", False)}.get(state, ("unsettled", False))


def _ovs_tree(output: str) -> List[TreePort]:
    return [
        TreePort(row["port"], row["role"].lower(), row["state"].lower() == "forwarding")
        for row in _OVS_TREE_ROW.finditer(output)
    ]
