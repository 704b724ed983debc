# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announcing an address again for some seconds, in a process of its own that nobody waits for.

A switch that was just learning, or a neighbor whose receive queue was full, misses the first burst. The process holds
no pipe of its parent, is in a session of its own, sends nothing for an address that has left the interface meanwhile,
and ends by itself. It is given as text, since an agent that came over a connection has no files to start from.
"""

from __future__ import annotations

import json
import sys
from typing import Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host

# Seconds after the first burst; what is asked for beyond them follows in steps of the last one.
SCHEDULE = (0.25, 1.0, 2.5, 4.5)
FURTHER = 2.0

REPEATER = """
import json, os, socket, subprocess, sys, time
os.setsid()
task = json.loads(sys.argv[1])
began = time.monotonic()
def here(address):
    command = ["ip", "-o", "address", "show", "dev", task["interface"], "to", address]
    return bool(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=5).stdout)
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
    raw.bind((task["interface"], 0))
    for moment in task["moments"]:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        for address, frames in task["frames"].items():
            if here(address):
                for frame in frames:
                    raw.send(bytes.fromhex(frame))
"""
DETACHED = '"$@" </dev/null >/dev/null 2>&1 &'


def moments(times: int) -> Tuple[float, ...]:
    further = (SCHEDULE[-1] + FURTHER * more for more in range(1, times - len(SCHEDULE) + 1))
    return (*SCHEDULE[:times], *further)


def repeat(host: Host, interface: str, frames: Mapping[str, Sequence[bytes]], times: int) -> Optional[str]:
    """Start the process and return at once; a warning where it could not be started."""
    task = {
        "interface": interface,
        "moments": moments(times),
        "frames": {address: [frame.hex() for frame in burst] for address, burst in frames.items()},
    }
    python = sys.executable or "python3"
    answer = host.run(
        ["sh", "-c", DETACHED, "announce", python, "-I", "-S", "-c", REPEATER, json.dumps(task)], timeout=5
    )
    if answer.status != 0:
        return f"{', '.join(frames)} was announced once on {interface}, not repeatedly: {answer.complaint}."
    return None
