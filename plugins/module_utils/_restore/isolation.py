# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walls around a restored server: its own network, mounts, processes and IPC, and a root of what it needs and no more.

The root is made of what is named, rather than of the host's with something covered: a socket, a repository or the data
of production cannot be reached at whatever path the site keeps it. What is seen of the host is read-only.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import SEARCH_PATH, Host

SYSTEM = ("/usr", "/etc", "/opt", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""What programs, libraries and their settings are read from; each is left out where the host has none."""
LOCAL = "/usr/local"
"""Programs of the site's own, which may have a disk of their own."""
DEVICES = ("null", "zero", "full", "random", "urandom")
PRIVATE = ("/tmp", "/var/tmp", "/run", "/dev/shm")
"""Empty places of its own."""
READER = "root"
"""Who reads a copy that the server's user may not read. It cannot write what is not root's, nor leave the walls."""
PROGRAMS = ("setpriv", "unshare", "mount", "umount", "pivot_root", "sh")


@dataclass(frozen=True)
class Walls:
    """What one program sees besides SYSTEM: paths that are absolute and exist.

    ``root`` is an empty directory to build in. ``sockets`` are the host's, as /proc/net/unix has them. ``mounts`` are
    its mount points: what is mounted below SYSTEM is not in sight, but for what is named.
    """

    root: str
    user: str
    writable: Tuple[str, ...]
    readable: Tuple[str, ...] = ()
    sockets: Tuple[str, ...] = ()
    mounts: Tuple[str, ...] = ()


def isolation_limitation(host: Host) -> Optional[str]:
    """Return why programs cannot be walled in on this host, None where they can."""
    if os.geteuid() != 0:
        return "a restore test needs root for its own namespaces; run the task with become"
    missing = [name for name in PROGRAMS if host.run(["sh", "-c", 'command -v "$1"', "sh", name]).status != 0]
    if missing:
        return f"{', '.join(missing)} is not on this host; install util-linux 2.32 or later"
    answer = host.run([*namespaces(), "true"], timeout=30.0)
    if answer.status != 0:
        return f"unshare cannot make namespaces here: {answer.complaint}; run the test on a host where root may"
    return None


def namespaces() -> List[str]:
    """Return what a command begins with so that it has its own namespaces, which end with it and with who starts it.

    The first process in them stays root until the end: a change of user would take away its signal for the parent's
    death.
    """
    own = ["--net", "--mount", "--ipc", "--pid", "--uts", "--fork", "--kill-child", "--propagation", "private"]
    return ["setpriv", "--pdeathsig", "KILL", "unshare", *own, "--"]


def walled(walls: Walls, argv: Sequence[str]) -> List[str]:
    """Return the command that runs ``argv`` behind the walls, and ends with its exit status."""
    return [*namespaces(), "sh", "-c", script(walls), "walls", *argv]


def script(walls: Walls) -> str:
    """Pure: what the first process does: build the root, move there, and run the program as its user."""
    lines = [
        "set -eu",
        "umask 022",
        f"root={shlex.quote(walls.root)}",
        'mount -t tmpfs -o mode=755,nosuid,size=16m walls "$root"',
        *_SYSTEM_LINES,
        *_DEVICE_LINES,
        *_private_lines(),
        *_seen_lines(walls),
        *_covered_lines(walls),
        'mount -o remount,bind,nodev "$root"',
        'cd "$root"',
        "pivot_root . .",
        "umount -l .",
        "cd /",
        _LOOPBACK,
        f'{_become(walls.user)} "$@" && status=0 || status=$?',
        'exit "$status"',
    ]
    return "\n".join(lines)


_SYSTEM_LINES = (
    f"for path in {' '.join(SYSTEM)}; do",
    '  if [ -L "$path" ]; then cp -P "$path" "$root$path"',
    '  elif [ -d "$path" ]; then',
    '    mkdir "$root$path"; mount --bind "$path" "$root$path"; mount -o remount,bind,ro "$root$path"',
    "  fi",
    "done",
)
_DEVICE_LINES = (
    'mkdir "$root/proc" "$root/dev" "$root/var"',
    'mount -t proc -o nosuid,nodev,noexec proc "$root/proc"',
    f"for name in {' '.join(DEVICES)}; do",
    '  : > "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"',
    "done",
    'ln -s /proc/self/fd "$root/dev/fd"; ln -s /run "$root/var/run"',
)
# Version 14 and earlier collect their statistics over the loopback address; these namespaces have their own.
_LOOPBACK = "if command -v ip > /dev/null; then ip link set lo up; fi"


def _private_lines() -> List[str]:
    make = 'mkdir -p "$root{0}"; mount -t tmpfs -o mode=1777,nosuid,nodev scratch "$root{0}"'
    return [make.format(path) for path in PRIVATE]


def _seen_lines(walls: Walls) -> List[str]:
    """Outer paths before the inner ones that lie within them, so that none covers another."""
    wanted = [(path, "rw") for path in walls.writable]
    wanted += [(path, "ro") for path in dict.fromkeys(walls.readable) if not _seen_already(path, walls)]
    lines = _room_lines(walls.mounts, [path for path, mode in wanted])
    for path, mode in sorted(wanted, key=lambda each: len(each[0].split("/"))):
        there = f'"$root"{shlex.quote(path)}'
        lines.append(
            f"if [ -d {shlex.quote(path)} ]; then mkdir -p {there};"
            f" else mkdir -p {there[: -len(shlex.quote(path))]}{shlex.quote(os.path.dirname(path))};"
            f" [ -e {there} ] || : > {there}; fi"
        )
        lines.append(f"mount --bind {shlex.quote(path)} {there}")
        if mode == "ro":
            lines.append(f"mount -o remount,bind,ro,nosuid,nodev {there}")
    return lines


def _seen_already(path: str, walls: Walls) -> bool:
    if _within(path, walls.writable):
        return True
    return _within(path, SYSTEM) and hidden_by(path, walls.mounts) is None


def _room_lines(mounts: Sequence[str], wanted: Sequence[str]) -> List[str]:
    """Make room for what is named on a disk that is mounted below SYSTEM, and is not in sight itself."""
    found = {point for path in wanted for point in [hidden_by(path, mounts)] if point is not None}
    rooms = sorted(point for point in found if not _within(point, wanted))
    return [f'mount -t tmpfs -o mode=755,nosuid,nodev,size=1m room "$root"{shlex.quote(room)}' for room in rooms]


def hidden_by(path: str, mounts: Sequence[str]) -> Optional[str]:
    """Pure: the outermost mount point below SYSTEM that a path lies behind, None where it is SYSTEM's own."""
    points = [point for point in mounts if point not in SYSTEM and _within(point, SYSTEM) and _within(path, (point,))]
    return min(points, key=len, default=None)


def system_mounts(mounts: Sequence[str]) -> Tuple[str, ...]:
    """Return what is mounted below SYSTEM and part of it: single files such as a container's /etc/hosts, and LOCAL."""
    outer = (point for point in mounts if hidden_by(point, mounts) == point)
    return tuple(point for point in outer if point == LOCAL or os.path.isfile(point))


def program_places(argv: Sequence[str], mounts: Sequence[str]) -> Tuple[str, ...]:
    """Return where the programs of a command lie that are on a disk mounted below SYSTEM, with their libraries."""
    found = []
    for word in argv:
        point = hidden_by(os.path.realpath(word), mounts) if word.startswith("/") else None
        if point is not None and os.path.isfile(word) and os.access(word, os.X_OK):
            place = os.path.dirname(os.path.dirname(os.path.realpath(word)))
            found.append(place if _within(place, (point,)) else point)
    return tuple(found)


def _covered_lines(walls: Walls) -> List[str]:
    """Cover what of the host's sockets is in sight: a socket of a read-only mount can be connected to."""
    seen = (*SYSTEM, *walls.readable)
    sockets = [path for path in walls.sockets if _within(path, seen) and not _within(path, walls.writable)]
    kept = (*seen, *walls.writable)
    lines = []
    for target in sorted({_cover(path, kept) for path in sockets}):
        there = f'"$root"{shlex.quote(target)}'
        lines.append(f"if [ -d {there} ]; then mount -t tmpfs -o ro,mode=555,size=4k covered {there}; fi")
        lines.append(f"if [ -S {there} ]; then mount --bind /dev/null {there}; fi")
    return lines


def _cover(socket: str, kept: Sequence[str]) -> str:
    """Return the socket's directory, where a restarted server makes its next one; the socket where that is needed."""
    directory = os.path.dirname(socket)
    needed = any(_within(path, (directory,)) for path in kept)
    return socket if needed else directory


def _within(path: str, directories: Sequence[str]) -> bool:
    return any(path == directory or path.startswith(directory.rstrip("/") + "/") for directory in directories)


def _become(user: str) -> str:
    """A reader stays root with the one right to read what it sees; a server has no right of its own at all."""
    rights = "--no-new-privs --inh-caps=-all --bounding-set=-all"
    if user == READER:
        return f"setpriv {rights},+dac_read_search -- env PATH={SEARCH_PATH}"
    who = f'--reuid={shlex.quote(user)} --regid="$(id -g {shlex.quote(user)})" --init-groups'
    return f"setpriv {who} {rights} -- env PATH={SEARCH_PATH}"


def sockets_of(proc_net_unix: str) -> Tuple[str, ...]:
    """Pure: the paths of the sockets that /proc/net/unix lists. Abstract ones end at the network namespace."""
    lines = [line.split(None, 7) for line in proc_net_unix.splitlines()[1:]]
    return tuple(sorted({fields[7] for fields in lines if len(fields) == 8 and fields[7].startswith("/")}))


def mount_points(mountinfo: str) -> Tuple[str, ...]:
    """Pure: the mount points that /proc/self/mountinfo lists; the kernel writes a blank in one as \\040."""
    points = (line.split()[4] for line in mountinfo.splitlines() if len(line.split()) > 4)
    return tuple(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), point) for point in points)
