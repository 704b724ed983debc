# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network card of a machine that is off: a Wake-on-LAN frame switches the machine on.

`python -m lab.wake INSTANCE MACHINE PORT...`, started when the machine goes off; ends when it is on again.
A real card looks for the pattern anywhere in a frame, so an Ethernet frame and a UDP packet work alike.
"""

from __future__ import annotations

import errno
import selectors
import socket
import sys

from lab import kernel
from lab.engine import Lab
from lab.instance import Instance
from lab.kinds.debian import Debian

ALL_PROTOCOLS = 3
LONGEST_FRAME = 65535
REPETITIONS = 16


def main(instance: str, name: str, *ports: str) -> None:
    machine = Lab.of_running(Instance(instance)).machine(name)
    assert isinstance(machine, Debian)
    with selectors.DefaultSelector() as waiting, kernel.network_namespace(machine.namespace_path):
        for port in ports:
            card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
            card.bind((port, 0))
            waiting.register(card, selectors.EVENT_READ, b"\xff" * 6 + card.getsockname()[4] * REPETITIONS)
        while not any(key.data in _frame(key.fileobj) for key, _events in waiting.select()):
            continue
    machine.power_on()


def _frame(card: object) -> bytes:
    assert isinstance(card, socket.socket)
    try:
        return card.recv(LONGEST_FRAME)
    except OSError as error:
        # The port went down or came up; it is heard again when it is up.
        if error.errno != errno.ENETDOWN:
            raise
        return b""


if __name__ == "__main__":
    main(*sys.argv[1:])
