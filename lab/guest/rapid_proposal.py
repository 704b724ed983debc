# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets Open vSwitch repeat its spanning-tree proposal on a port that has just come up.

Both ends of a virtual cable come up in the same instant, so the first proposal often arrives before the
neighbor listens; Open vSwitch repeats it only with the next hello, 2 s later. Hardware answers a
neighbor's inferior claim at once. This process gives Open vSwitch the same manners: while a port that
came up stays designated and discarding, it changes the port's priority back and forth, which makes
Open vSwitch propose again.

Run inside a switch with the names of its spanning-tree ports as arguments.
"""

from __future__ import annotations

import json
import re
import select
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

RTMGRP_LINK = 1
RTM_NEWLINK = 16
IFLA_IFNAME = 3
IFF_RUNNING = 0x40
NETLINK_HEADER = struct.Struct("=IHHII")
LINK_HEADER = struct.Struct("=BxHiII")
ATTRIBUTE = struct.Struct("=HH")

RUN = Path("/run/openvswitch")
PRIORITIES = (112, 128)
LOOKS = (0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5)


def call(path: Path, method: str, *params: Any) -> Any:
    """One JSON-RPC request to Open vSwitch."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(path))
        client.sendall(json.dumps({"id": 0, "method": method, "params": params}).encode())
        answer = b""
        while True:
            answer += client.recv(65536)
            try:
                return json.loads(answer)["result"]
            except json.JSONDecodeError:
                continue


def waiting_ports() -> set[str]:
    """Ports that propose and have not been answered."""
    control = RUN / f"ovs-vswitchd.{(RUN / 'ovs-vswitchd.pid').read_text(encoding='ascii').strip()}.ctl"
    return set(re.findall(r"^\s*(\S+)\s+Designated\s+Discarding", call(control, "rstp/show", "br0"), re.MULTILINE))


def propose_again(port: str, look: int) -> None:
    key = "rstp-port-priority"
    change = {
        "op": "mutate",
        "table": "Port",
        "where": [["name", "==", port]],
        "mutations": [
            ["other_config", "delete", ["set", [key]]],
            ["other_config", "insert", ["map", [[key, str(PRIORITIES[look % 2])]]]],
        ],
    }
    call(RUN / "db.sock", "transact", "Open_vSwitch", change)


def running_links(message: bytes) -> dict[str, bool]:
    """From a netlink message: interface names and whether they have a carrier."""
    found: dict[str, bool] = {}
    while len(message) >= NETLINK_HEADER.size:
        length, kind, *_rest = NETLINK_HEADER.unpack_from(message)
        if kind == RTM_NEWLINK:
            flags = LINK_HEADER.unpack_from(message, NETLINK_HEADER.size)[3]
            name = _name(message[NETLINK_HEADER.size + LINK_HEADER.size : length])
            found[name] = bool(flags & IFF_RUNNING)
        message = message[(length + 3) & ~3 :]
    return found


def _name(attributes: bytes) -> str:
    while len(attributes) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(attributes)
        if kind == IFLA_IFNAME:
            return attributes[ATTRIBUTE.size : length].rstrip(b"\0").decode()
        attributes = attributes[(length + 3) & ~3 :]
    return ""


def watch(ports: set[str]) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as links:
        links.bind((0, RTMGRP_LINK))
        running = dict.fromkeys(ports, False)
        looks: dict[str, int] = {}
        next_look = 0.0
        while True:
            timeout = max(0.0, next_look - time.monotonic()) if looks else None
            if select.select([links], [], [], timeout)[0]:
                for name, carrier in running_links(links.recv(65536)).items():
                    if name in ports and carrier and not running[name]:
                        looks[name] = 0
                        next_look = time.monotonic() + LOOKS[0]
                    if name in ports:
                        running[name] = carrier
            elif looks:
                look_at(looks, running)
                next_look = time.monotonic() + min((LOOKS[look] for look in looks.values()), default=0.0)


def look_at(looks: dict[str, int], running: dict[str, bool]) -> None:
    """One look at each port that came up; the waits grow, because only ten proposals a second may be sent."""
    waiting = waiting_ports()
    for port in list(looks):
        if port in waiting and running[port]:
            propose_again(port, looks[port])
        looks[port] += 1
        if looks[port] == len(LOOKS) or not running[port]:
            del looks[port]


if __name__ == "__main__":
    watch(set(sys.argv[1:]))
