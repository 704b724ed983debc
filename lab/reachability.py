# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the hospital's network carries traffic: every machine reaches every address."""

from __future__ import annotations

import os
import select
import socket
import time

from lab import echo, kernel
from lab.instance import Instance
from lab.topology import MachineSpec, Topology

ANSWER_WITHIN = 0.3


def missing(instance: Instance, topology: Topology) -> dict[str, str]:
    """For each machine that starts with the lab, whom it does not reach; nothing when all is well."""
    targets = {m.address: m.name for m in topology.machines.values() if m.address is not None and m.power}
    found: dict[str, str] = {}
    sockets: dict[socket.socket, tuple[MachineSpec, set[str]]] = {}
    for source in filter(lambda machine: machine.address and machine.power, topology.machines.values()):
        with kernel.network_namespace(instance.namespace_path(source.name)):
            sockets[echo.open_socket()] = source, set(targets) - {source.address}
    try:
        _ask(sockets)
        for source, silent in sockets.values():
            if silent:
                found[source.name] = "does not reach " + ", ".join(sorted(targets[address] for address in silent))
    finally:
        for opened in sockets:
            opened.close()
    return found


def _ask(sockets: dict[socket.socket, tuple[MachineSpec, set[str]]]) -> None:
    identifier = os.getpid() & 0xFFFF
    for opened, (_address, silent) in sockets.items():
        for address in silent:
            _send(opened, echo.request(identifier, 0), address)
    deadline = time.monotonic() + ANSWER_WITHIN
    while any(silent for _address, silent in sockets.values()) and time.monotonic() < deadline:
        readable, _writable, _broken = select.select(list(sockets), [], [], max(0.0, deadline - time.monotonic()))
        for opened in readable:
            packet, (address, _port) = opened.recvfrom(2048)
            if echo.answered_sequence(packet, identifier) is not None:
                sockets[opened][1].discard(address)


def _send(opened: socket.socket, packet: bytes, address: str) -> None:
    """A host without a route or a neighbor is silent, as one that does not answer is."""
    try:
        opened.sendto(packet, (address, 0))
    except OSError as error:
        if error.errno not in echo.UNREACHABLE:
            raise
