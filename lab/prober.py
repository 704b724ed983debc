# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process behind lab.probe: sends echo requests on a steady beat until its standard input closes.

Answers are timed by the kernel on arrival, so how late this process reads them does not count; how
late it sends is recorded. The kernel of the target machine answers.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from array import array
from dataclasses import dataclass, field
from typing import Any

from lab import echo, gaps, kernel

SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@qq")
BUFFER = 1 << 20
LAST_ANSWERS_WITHIN = 0.5
PRIORITY = 10


@dataclass
class Flow:
    """One machine asking another."""

    source: str
    target: str
    address: str
    identifier: int
    socket: socket.socket
    sent: array[int] = field(default_factory=lambda: array("q"))
    answered: array[int] = field(default_factory=lambda: array("q"))

    def ask(self) -> None:
        packet = echo.request(self.identifier, len(self.sent))
        self.sent.append(time.time_ns())
        self.answered.append(0)
        try:
            self.socket.sendto(packet, (self.address, 0))
        except OSError as error:
            if error.errno not in echo.UNREACHABLE:
                raise

    def collect(self) -> None:
        """Read what has arrived."""
        while True:
            try:
                packet, ancillary, _flags, _sender = self.socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in echo.UNREACHABLE:
                    raise
                continue
            sequence = echo.answered_sequence(packet, self.identifier)
            if sequence is not None:
                self._note(sequence, ancillary)

    def _note(self, sequence: int, ancillary: list[Any]) -> None:
        newest = len(self.sent) - 1
        index = newest - (newest - sequence) % echo.SEQUENCES
        if index >= 0 and not self.answered[index]:
            seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
            self.answered[index] = seconds * gaps.SECOND + nanoseconds


def open_flow(source: str, namespace: str, target: str, address: str, identifier: int) -> Flow:
    with kernel.network_namespace(namespace):
        opened = echo.open_socket()
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    return Flow(source, target, address, identifier, opened)


def beat(flows: list[Flow], interval: int) -> int:
    """Send and collect until standard input closes; the greatest lateness of a sending."""
    lateness = 0
    due = time.monotonic_ns() + interval
    while not _closed():
        wait = due - time.monotonic_ns()
        if wait > 0:
            time.sleep(wait / gaps.SECOND)
        late = time.monotonic_ns() - due
        lateness = max(lateness, late)
        for flow in flows:
            flow.ask()
        for flow in flows:
            flow.collect()
        due += interval * (1 + late // interval)
    return lateness


def _closed() -> bool:
    return bool(select.select([0], [], [], 0)[0])


def finish(flows: list[Flow]) -> None:
    """Wait a little for the answers that are still under way."""
    deadline = time.monotonic() + LAST_ANSWERS_WITHIN
    while any(not flow.answered[-1] for flow in flows if flow.answered) and time.monotonic() < deadline:
        select.select([flow.socket for flow in flows], [], [], 0.02)
        for flow in flows:
            flow.collect()


def main(plan: dict[str, Any]) -> list[dict[str, Any]]:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    base = os.getpid() << 4
    flows = [open_flow(**flow, identifier=(base + number) & 0xFFFF) for number, flow in enumerate(plan["flows"])]
    print("started", flush=True)
    lateness = beat(flows, plan["interval_ns"])
    finish(flows)
    return [
        gaps.report(flow.source, flow.target, plan["interval_ns"], flow.sent, flow.answered, lateness).as_dict()
        for flow in flows
    ]


if __name__ == "__main__":
    json.dump(main(json.loads(sys.argv[1])), sys.stdout)
