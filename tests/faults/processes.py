# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a playbook that this test started, by their numbers."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path


def workers(parent: int) -> list[int]:
    """The children of a process, now."""
    try:
        found = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return [int(pid) for pid in found.split()]


def kill_group(process: subprocess.Popen[str]) -> None:
    """End the playbook and its workers at one instant; they are in a process group of their own."""
    os.killpg(process.pid, signal.SIGKILL)


def kill_workers(process: subprocess.Popen[str]) -> int:
    """End only the workers; the number of those that were there."""
    killed = 0
    for pid in workers(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed += 1
    return killed


def output_at_the_end(process: subprocess.Popen[str], within: float) -> str:
    """What a playbook whose workers were killed printed until its end.

    A worker that dies while it tells something keeps the lock of the queue on which it did, and ansible-core (2.19)
    then waits for that lock for ever, in StrategyBase.cleanup: the engineer presses Ctrl-C.
    """
    try:
        return process.communicate(timeout=within)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        return process.communicate(timeout=within)[0]
