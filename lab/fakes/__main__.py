# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run fake devices as a process of their own: python -m lab.fakes --help."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path

from lab.fakes.control import Control, ControlServer
from lab.fakes.device import Timings
from lab.fakes.inventory import write_inventory
from lab.fakes.model import NAMES, Fake
from lab.fakes.network import FakeNetwork


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.fakes", description="Fake vendor switches that speak SSH.")
    parser.add_argument("--platform", choices=sorted(NAMES), action="append", help="may be given several times")
    parser.add_argument("--count", type=int, default=1, help="devices in all; the platforms take turns")
    parser.add_argument("--base-port", type=int, default=0, help="first TCP port; 0 takes free ones")
    parser.add_argument("--inventory", type=Path, help="write an Ansible inventory here")
    parser.add_argument("--control", type=Path, help="answer JSON requests at this Unix socket")
    parser.add_argument("--no-spanning-tree", action="store_true")
    parser.add_argument("--lldp-delay", type=float, default=0.0, help="seconds until LLDP shows a neighbor")
    parser.add_argument("--prefix", default="access-", help="start of the devices' names")
    parser.add_argument("--stay", action="store_true", help="do not end with the standard input")
    return parser.parse_args()


def devices(options: argparse.Namespace) -> list[Fake]:
    """Make the devices that the command line asks for."""
    platforms = options.platform or ["cisco_ios"]
    return [
        Fake(
            f"{options.prefix}{number:03d}",
            platforms[(number - 1) % len(platforms)],
            number=number,
            spanning_tree=not options.no_spanning_tree,
            timings=Timings(lldp=options.lldp_delay),
        )
        for number in range(1, options.count + 1)
    ]


def end_with_input(ended: threading.Event) -> None:
    """Wait for the end of the standard input."""
    sys.stdin.read()
    ended.set()


def main() -> None:
    """Start, say so, wait for the end."""
    options = arguments()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(FakeNetwork(devices(options), base_port=options.base_port))
        if options.inventory:
            write_inventory(network, options.inventory)
        if options.control:
            stack.enter_context(ControlServer(Control(network), options.control))
        ports = [handle.port for handle in network]
        print(f"ready {len(ports)} 127.0.0.1:{min(ports)}-{max(ports)}", flush=True)
        if not options.stay:
            threading.Thread(target=end_with_input, args=[ended], daemon=True).start()
        ended.wait()


if __name__ == "__main__":
    main()
