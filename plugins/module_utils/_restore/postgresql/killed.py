# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that were ended from outside, by the kernel without memory or by somebody: no fault of a backup."""

from __future__ import annotations

import re
import signal
from typing import Optional

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What comes from outside; of SIGSEGV, SIGABRT and SIGBUS programs die, where what they read is damaged."""
NOT_THERE = (126, 127)
VMSTAT = "/proc/vmstat"


def killed_limitation(program: str, status: Optional[int]) -> Optional[str]:
    """Pure: why a program's exit status tells nothing of what it worked on, None where it may.

    A shell adds 128 to the signal of its program.
    """
    if status in NOT_THERE:
        return f"{program} could not be run on this host (status {status}); install it"
    for number in SIGNALS:
        if status in (-number, 128 + number):
            return (
                f"{program} was terminated by signal {int(number)}, as the kernel does where memory runs out;"
                " raise limits.memory, or free memory on the host of the test"
            )
    return None


def check_killed(program: str, status: int) -> None:
    """NotRunnable where a program was ended from outside."""
    reason = killed_limitation(program, status)
    if reason is not None:
        raise NotRunnable(reason)


def kills(scratch: Scratch) -> int:
    """Return how many processes the kernel has ended for want of memory: of the test's group, else of the host."""
    directories = [directory for directory, settings in scratch.group.directories] if scratch.group else []
    # Of version 2 of the control groups, and of version 1; a scope of systemd may be gone.
    paths = [f"{directory}/{name}" for directory in directories for name in ("memory.events", "memory.oom_control")]
    told = [text for text in map(scratch.host.read, paths or [VMSTAT]) if text is not None]
    return sum(map(oom_kills, told))


def oom_kills(text: str) -> int:
    """Pure: the counter of that name, 0 where the kernel (before 4.13) has none."""
    found = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
    return int(found.group(1)) if found else 0
