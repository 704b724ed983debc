# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds and removes everything that belongs to one instance, also what a killed `up` left half built."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from lab import cgroups, kernel, network, nspawn, watches
from lab.errors import LabError
from lab.instance import MARK, NAMESPACES, STATE_ROOT, Instance

PATIENCE = 10.0


def clean(instance: Instance) -> None:
    _end_processes(instance)
    cgroups.remove_all(instance)
    network.remove_namespaces(instance)
    for mount in reversed(mounts(instance)):
        kernel.umount(mount, kernel.MNT_DETACH)
    if instance.state.exists():
        shutil.rmtree(instance.state)


def _end_processes(instance: Instance) -> None:
    deadline = time.monotonic() + PATIENCE
    while found := list(processes(instance)):
        if time.monotonic() > deadline:
            raise LabError(f"Processes {', '.join(map(str, found))} of the lab did not end within {PATIENCE:.0f} s.")
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)


def processes(instance: Instance) -> Iterator[int]:
    """Processes with the instance's mark, or in one of its network namespaces; never the caller's own line."""
    namespaces = set(_namespace_inodes(instance))
    mark = f"{MARK}={instance.prefix[:-1]}:".encode()
    spared = set(_own_line())
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and int(entry.name) not in spared and _belongs(Path(entry.path), mark, namespaces):
            yield int(entry.name)


def _belongs(process: Path, mark: bytes, namespaces: set[int]) -> bool:
    try:
        if any(variable.startswith(mark) for variable in (process / "environ").read_bytes().split(b"\0")):
            return True
        return (process / "ns/net").stat().st_ino in namespaces
    except (FileNotFoundError, ProcessLookupError):
        return False


def _namespace_inodes(instance: Instance) -> Iterator[int]:
    for path in NAMESPACES.glob(f"{instance.prefix}*"):
        yield path.stat().st_ino


def _own_line() -> Iterator[int]:
    """This process and its ancestors."""
    pid = os.getpid()
    while pid > 0:
        yield pid
        pid = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def mounts(instance: Instance) -> list[str]:
    """Mount points below the instance's state, in the order in which they were mounted."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [line.split()[4] for line in lines]
    return [point for point in points if point.startswith(f"{instance.state}/")]


def forget(instance: Instance) -> None:
    """Remove the empty directories that several instances share."""
    instance.lock_file.unlink(missing_ok=True)
    if nspawn.RUN.exists() and not any(nspawn.RUN.iterdir()):
        nspawn.RUN.rmdir()
    if STATE_ROOT.exists() and {path.name for path in STATE_ROOT.iterdir()} <= {".lock", watches.BEFORE.name}:
        watches.put_back()
        shutil.rmtree(STATE_ROOT)
