# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scratch is made of, as its record says it, and how exactly that is removed, also by a later test.

The record is there before anything else is, and goes last. A process is only ended where its number, its start time
and the boot are those of the record: numbers are given again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import time
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore import limits
from ansible_collections.contingency.infra.plugins.module_utils._restore.isolation import mount_points
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable

RECORD_PREFIX, RECORD_SUFFIX = ".scratch-", ".jsonl"
LABEL = re.compile(r"[A-Za-z0-9_.-]+-[0-9a-f]{8}")
"""A set's name as part of a path, and what tells its tests apart."""
GROUP_PREFIX = "contingency-restore-"
END_SECONDS = 10.0
NOT_LOADED = 5
"""systemctl's status for a unit that systemd does not know, or no longer."""
BOOT = "/proc/sys/kernel/random/boot_id"


@dataclass(frozen=True)
class Remains:
    """What one record names. ``directory`` may not have been made, or be gone already.

    ``reserved``: the bytes that the test wanted last, and those that its directory had taken before.
    """

    record: str
    directory: str
    name: str
    boot: str
    groups: Tuple[str, ...] = ()
    processes: Tuple[Tuple[int, str], ...] = ()
    slices: Tuple[str, ...] = ()
    reserved: Tuple[int, int] = (0, 0)


def record_path(base: str, label: str) -> str:
    return os.path.join(base, f"{RECORD_PREFIX}{label}{RECORD_SUFFIX}")


def note(record: str, **entry: Any) -> None:
    """Add a line to a record, on disk when this returns."""
    handle = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, (json.dumps(entry) + "\n").encode("utf-8"))
        os.fsync(handle)
    finally:
        os.close(handle)


def read(record: str) -> Remains:
    """Return what a record names; a last line that was cut by a crash names nothing, as nothing was done for it."""
    label = os.path.basename(record)[len(RECORD_PREFIX) : -len(RECORD_SUFFIX)]
    base = os.path.dirname(record)
    with open(record, encoding="utf-8", errors="replace") as file:
        entries = [entry for entry in map(_entry, file) if entry is not None]
    first = entries[0] if entries else {}
    return Remains(
        record=record,
        directory=os.path.join(base, label),
        name=str(first.get("name", label.rpartition("-")[0])),
        boot=str(first.get("boot", "")),
        groups=tuple(entry["group"] for entry in entries if "group" in entry),
        processes=tuple((entry["pid"], entry["start"]) for entry in entries if "pid" in entry),
        slices=tuple(entry["slice"] for entry in entries if "slice" in entry),
        reserved=([(0, 0)] + [(entry["reserved"], entry["before"]) for entry in entries if "reserved" in entry])[-1],
    )


def _entry(line: str) -> Optional[Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def boot_id() -> str:
    with open(BOOT, encoding="ascii") as file:
        return file.read().strip()


def start_time(pid: int) -> Optional[str]:
    """Return when a process started, in ticks since the boot; None where there is none of this number."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None


def remove(remains: Remains) -> None:
    """End and remove all that a record names, then the record; NotRunnable says what stays and what to do."""
    if remains.boot == boot_id():
        for name in remains.slices:
            _end_slice(name)
        _end_all(remains)
    _unmount(remains.directory)
    if os.path.lexists(remains.directory):
        shutil.rmtree(remains.directory)
    for group in reversed(remains.groups):
        _remove_group(group)
    os.unlink(remains.record)


def _end_slice(name: str) -> None:
    """End all scopes of a test, and forget the limits that were set for them."""
    host = LocalHost()
    host.run(["systemctl", "kill", "--signal=KILL", name])
    answer = host.run(["systemctl", "stop", name], timeout=120.0)
    if answer.status not in (0, NOT_LOADED):
        raise NotRunnable(f"{name} does not end: {answer.complaint}; stop it with systemctl and run the test again")
    host.run(["systemctl", "revert", name])


def _end_all(remains: Remains) -> None:
    """The first process of the namespaces takes all others with it; the group has those that were not yet inside."""
    deadline = time.monotonic() + END_SECONDS
    while True:
        alive = _alive(remains)
        if not alive:
            return
        if time.monotonic() > deadline:
            listed = ", ".join(map(str, alive))
            raise NotRunnable(f"process {listed} of {remains.directory} does not end; end it and run the test again")
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _alive(remains: Remains) -> List[int]:
    recorded = [pid for pid, started in remains.processes if start_time(pid) == started and not _ended(pid)]
    grouped = [pid for group in remains.groups for pid in limits.members(group) if not _ended(pid)]
    return sorted({*recorded, *grouped})


def _ended(pid: int) -> bool:
    """A process that waits to be collected by its parent holds nothing any more."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return True


def _unmount(directory: str) -> None:
    """Nothing of a test is mounted in the host's own namespace, but for what an engine mounts to read a repository."""
    for path in mounts_within(directory):
        # umount of the C library is not reachable without ctypes; the program is in util-linux as unshare is.
        status = os.spawnlp(os.P_WAIT, "umount", "umount", "-l", path)
        if status != 0:
            raise NotRunnable(f"{path} is mounted and umount ended with {status}; unmount it and run the test again")


def mounts_within(directory: str) -> List[str]:
    """Return mount points in a directory, the innermost first."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        points = mount_points(file.read())
    return sorted((each for each in points if each.startswith(directory + "/")), key=len, reverse=True)


def _remove_group(group: str) -> None:
    """A group can be removed once the kernel has collected its last process."""
    deadline = time.monotonic() + END_SECONDS
    while os.path.isdir(group):
        try:
            os.rmdir(group)
        except OSError as error:
            if time.monotonic() > deadline:
                raise NotRunnable(f"{group} cannot be removed: {error.strerror}; remove it") from error
            time.sleep(0.02)


def swept(base: str) -> List[str]:
    """Return the records in a directory of scratches; none that another user made or may write."""
    try:
        names = os.listdir(base)
    except FileNotFoundError:
        return []
    return sorted(os.path.join(base, name) for name in names if _is_record(name) and _mine(os.path.join(base, name)))


def _is_record(name: str) -> bool:
    """Only a label that a scratch could have had is one: the directory it leads to lies here and has a plain name."""
    if not (name.startswith(RECORD_PREFIX) and name.endswith(RECORD_SUFFIX)):
        return False
    return LABEL.fullmatch(name[len(RECORD_PREFIX) : -len(RECORD_SUFFIX)]) is not None


def _mine(path: str) -> bool:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def outstanding(remains: Remains) -> int:
    """Return the bytes that a test has reserved and not yet written."""
    wanted, before = remains.reserved
    return min(wanted, max(0, wanted - (used(remains.directory) - before))) if wanted else 0


def used(directory: str) -> int:
    """Return the bytes that a directory takes on disk; what is gone meanwhile takes none."""
    total = 0
    for folder, folders, names in os.walk(directory):
        for name in (*folders, *names):
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return total
