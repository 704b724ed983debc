# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bonding guest leaves nothing behind, even when the program that started it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from lab.qemu import BondingGuest
from lab.qemu.machine import words

NAME = f"{os.environ.get('LAB_NAME', 'contingency')}-crash"
KILLED_WHILE_BOOTING = """
import os, signal, sys
from lab.qemu import BondingGuest
guest = BondingGuest(sys.argv[1])
guest._wait_for_sshd = lambda: os.kill(os.getpid(), signal.SIGKILL)
guest.start()
"""


def left_overs(guest: BondingGuest) -> list[str]:
    processes = [
        path.parent.name for path in Path("/proc").glob("[0-9]*/cmdline") if f"{guest.state}/" in " ".join(words(path))
    ]
    files = [str(path) for path in (guest.state, *Path("/run/netns").glob(f"{guest.name}-*")) if path.exists()]
    return processes + files


def test_what_a_killed_run_left_is_removed() -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_BOOTING, NAME], check=False, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    assert killed.returncode == -signal.SIGKILL
    guest = BondingGuest(NAME)
    assert len(left_overs(guest)) == 5, "the qemu, its state and three namespaces"
    guest.stop()
    assert left_overs(guest) == []
    guest.stop()
