# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore test may take of its host: a control group for memory, and the last place at disk and processor.

Where systemd runs, it alone makes groups (its rule of the single writer): a test is a slice, whose limits hold for all
its programs together, and each program a scope in there. Elsewhere a directory is made in version 2 or, where that has
no memory controller, version 1 of the control groups.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import List, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Limits

LEAST_BYTES = 256 << 20
"""A server and its clients do not run in less."""
SHARE = 2
"""One part in so many of the memory that is available, where the site sets no limit."""
BACKGROUND = ("ionice", "-c", "3", "nice", "-n", "10")


@dataclass(frozen=True)
class Group:
    """A control group. ``unit``: of systemd's scopes; ``directories`` are made, each with what its files are to say."""

    memory_bytes: int
    unit: Optional[str] = None
    directories: Tuple[Tuple[str, Tuple[Tuple[str, str], ...]], ...] = ()

    @property
    def slice(self) -> Optional[str]:
        """The slice of systemd that all programs are in; a dash in its name would make slices above it."""
        return None if self.unit is None else f"{self.unit.replace('-', '_')}.slice"

    def limit_command(self) -> List[str]:
        """Return what has systemd limit the slice, from its beginning to the next boot."""
        return ["systemctl", "set-property", "--runtime", str(self.slice), *self._settings]

    @property
    def _settings(self) -> Tuple[str, ...]:
        return (f"MemoryMax={self.memory_bytes}", "MemorySwapMax=0", "IOWeight=10")

    @property
    def events(self) -> Tuple[str, ...]:
        """Files in which the kernel counts what it had to end for want of memory."""
        if self.unit is None:
            places = tuple(directory for directory, settings in self.directories)
        else:
            places = tuple(f"{root}/{self.slice}" for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory"))
        return tuple(f"{place}/{name}" for place in places for name in ("memory.events", "memory.oom_control"))

    def command(self, number: int) -> List[str]:
        """Return what a program begins with so that it belongs to the group from its first moment."""
        if self.unit is not None:
            scope = (f"--slice={self.slice}", f"--unit={self.unit}-{number}")
            settings = [f"--property={each}" for each in self._settings]
            return ["systemd-run", "--scope", "--quiet", "--collect", *scope, *settings, "--"]
        if not self.directories:
            return []
        files = [f"{directory}/cgroup.procs" for directory, settings in self.directories]
        joining = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1"; shift; n=$((n - 1)); done; exec "$@"'
        return ["sh", "-c", joining, "join", str(len(files)), *files]


def memory_limitation(host: Host, limits: Limits) -> Optional[str]:
    """Return why there is too little memory for a test, None where there is enough."""
    available = available_bytes(host.read("/proc/meminfo") or "")
    wanted = limits.memory_bytes
    if wanted is not None and wanted < LEAST_BYTES:
        return f"limits.memory is {wanted >> 20} MiB, and a restored server needs at least {LEAST_BYTES >> 20} MiB"
    least = LEAST_BYTES if wanted is None else wanted
    if available is not None and available < least:
        return (
            f"{available >> 20} MiB of memory are available and the test may take {least >> 20} MiB;"
            " lower limits.memory, or test on a host with more"
        )
    return None


def available_bytes(meminfo: str) -> Optional[int]:
    """Pure: MemAvailable, None where the kernel does not tell."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None


def memory_share(host: Host, limits: Limits) -> int:
    """Return how much memory the test may take."""
    if limits.memory_bytes is not None:
        return limits.memory_bytes
    available = available_bytes(host.read("/proc/meminfo") or "")
    return max(LEAST_BYTES, (available or 4 * LEAST_BYTES) // SHARE)


def group_for(host: Host, label: str, memory: int) -> Optional[Group]:
    """Return the group of a new scratch, None where this host has no means to limit memory."""
    if host.exists("/run/systemd/system"):
        return Group(memory, unit=label)
    controllers = (host.read("/sys/fs/cgroup/cgroup.controllers") or "").split()
    if "memory" in controllers:
        weight = (("io.weight", "10"),) if "io" in controllers else ()
        limits = (("memory.max", str(memory)), *weight)
        return Group(memory, directories=((f"/sys/fs/cgroup/{label}", limits),))
    if host.exists("/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        limits = (("memory.limit_in_bytes", str(memory)),)
        return Group(memory, directories=((f"/sys/fs/cgroup/memory/{label}", limits),))
    return None


def ended_for_memory(host: Host, group: Optional[Group]) -> int:
    """Return how many processes of a group the kernel has ended since the group had no memory left."""
    texts = [host.read(path) or "" for path in (group.events if group else ())]
    return sum(int(number) for text in texts for number in re.findall(r"^oom_kill (\d+)$", text, re.MULTILINE))


def make(host: Host, group: Group) -> None:
    """Make a group's directories, or have systemd limit its slice; OSError where they refuse."""
    if group.unit is not None:
        answer = host.run(group.limit_command())
        if answer.status != 0:
            raise OSError(answer.status, answer.complaint, str(group.slice))
    for directory, settings in group.directories:
        _enable(os.path.dirname(directory))
        os.mkdir(directory)
        for name, value in settings:
            with contextlib.suppress(FileNotFoundError), open(f"{directory}/{name}", "w", encoding="ascii") as file:
                file.write(value)
        with open(f"{directory}/{settings[0][0]}", encoding="ascii") as file:
            file.read()


def _enable(parent: str) -> None:
    """Version 2 gives a controller to the groups of a directory only where that says so."""
    path = f"{parent}/cgroup.subtree_control"
    if not os.path.exists(path):
        return
    with open(path, encoding="ascii") as file:
        enabled = file.read().split()
    for controller in ("memory", "io"):
        if controller not in enabled:
            with contextlib.suppress(OSError), open(path, "w", encoding="ascii") as file:
                file.write(f"+{controller}")


def members(directory: str) -> List[int]:
    """Return the processes of a group, none where it is gone."""
    try:
        with open(f"{directory}/cgroup.procs", encoding="ascii") as file:
            return [int(line) for line in file]
    except FileNotFoundError:
        return []
