# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes everything behind a machine's sshd slow: it stands still for most of the time.

The process of sshd that is confined before a login is left alone: its sandbox kills it when a system call
is restarted. Forwarding and routing are not touched, as on a switch whose management processor is busy. Run inside
the machine with how many milliseconds of each fifth of a second the processes stand still.
"""

from __future__ import annotations

import os
import pwd
import signal
import sys
import time
from pathlib import Path

PERIOD = 0.2
SSHD_PID = Path("/run/sshd.pid")


def parents() -> dict[int, int]:
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def family(root: int, confined: int) -> list[int]:
    """A process and all below it, but for those of the confined user."""
    above = parents()
    found = [root]
    for pid in found:
        found.extend(child for child, parent in above.items() if parent == pid)
    return [pid for pid in found if owner(pid) != confined]


def owner(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except FileNotFoundError:
        return None


def tell(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            continue


def main(still: float) -> None:
    sshd = int(SSHD_PID.read_text("ascii"))
    confined = pwd.getpwnam("sshd").pw_uid
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            stopped = family(sshd, confined)
            tell(stopped, signal.SIGSTOP)
            time.sleep(still)
            tell(stopped, signal.SIGCONT)
            time.sleep(PERIOD - still)
    finally:
        tell(stopped, signal.SIGCONT)


if __name__ == "__main__":
    main(min(int(sys.argv[1]), 190) / 1000)
