# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a copy is kept, so that one fire that takes all copies of a backup shows before it burns."""

from __future__ import annotations

import os
import re
import socket
from typing import NamedTuple, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy
from ansible_collections.contingency.infra.plugins.module_utils._restore.papers import ELSEWHERE

MOUNTS = "/proc/self/mountinfo"
PROVIDERS = ("b2", "azure", "gs", "swift")
"""Stores that are named by a container alone: all of one provider's are one place, unless the site says otherwise."""
PROGRAMS = ("sftp", "ssh", "rest", "s3", "http", "https")
"""What stands before the address of a repository that names its host."""
OWN = ("localhost", "127.0.0.1", "::1")
_SERVER = re.compile(r"\A(?:\w+://|//)?(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)")
"""The server in user@host:/path, //server/share and https://user:password@host:8000/."""
NETWORK = re.compile(r"\A(nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|davfs|fuse\.(sshfs|glusterfs|davfs2?|smbnetfs))\Z")
CLUSTER = re.compile(r"\A(ceph|lustre|gpfs|beegfs|fuse\.(ceph|rclone|s3fs))\Z")


class Mount(NamedTuple):
    """What is mounted where a path lies; ``device`` is MAJOR:MINOR."""

    kind: str
    source: str
    device: str


def place_of(host: Host, copy: Copy) -> Optional[str]:
    """Return what the site calls the place, else whose disk it is on; None where a path is not there.

    All disks of one machine are one place, a share is its server, a disk that can be carried away stands by itself.
    """
    if copy.place:
        return copy.place
    if copy.host:
        return _machine(copy.host.rpartition("@")[2])
    if ELSEWHERE.match(copy.path):
        return _repository(copy.path)
    if not host.exists(copy.path):
        return None
    mount = mount_of(host.read(MOUNTS) or "", os.path.realpath(copy.path))
    return _mounted(mount) if mount is not None else _machine(socket.gethostname())


def mount_of(mounts: str, path: str) -> Optional[Mount]:
    """Pure: what a path lies on, by the kernel's table (proc(5)); of several at one point the last one counts."""
    found: Optional[Mount] = None
    longest = 0
    for line in mounts.splitlines():
        words, _dash, more = line.partition(" - ")
        fields, kinds = words.split(), more.split()
        if len(fields) < 5 or len(kinds) < 2:
            continue
        point = _plain(fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= longest:
            found, longest = Mount(kinds[0], _plain(kinds[1]), fields[2]), len(point)
    return found


def _mounted(mount: Mount) -> str:
    if NETWORK.match(mount.kind):
        return _machine(_server(mount.source))
    if CLUSTER.match(mount.kind):
        return f"{mount.kind} {mount.source.partition(':/')[0]}"
    carried = carried_disk(os.path.realpath(f"/sys/dev/block/{mount.device}"))
    return f"removable disk {carried}" if carried is not None else _machine(socket.gethostname())


def carried_disk(device: str) -> Optional[str]:
    """Return the name of the disk where a device of /sys is one that can be carried away, None where it cannot."""
    disk = os.path.dirname(device) if os.path.exists(os.path.join(device, "partition")) else device
    try:
        with open(os.path.join(disk, "removable"), encoding="ascii") as file:
            removable = file.read().strip() == "1"
    except OSError:
        removable = False
    return os.path.basename(disk) if removable or "/usb" in disk else None


def _repository(path: str) -> str:
    """Return the place of what only its program can reach, as restic and borg write it."""
    scheme, _colon, rest = path.partition(":")
    if scheme in PROVIDERS:
        return scheme
    if scheme == "rclone":
        return f"rclone {rest.partition(':')[0]}"
    if scheme == "file":
        return _machine(socket.gethostname())
    return _machine(_server(rest if scheme in PROGRAMS else path))


def _server(source: str) -> str:
    found = _SERVER.match(source)
    return found.group(1).strip("[]") if found is not None else source


def _machine(name: str) -> str:
    own = name.lower() in OWN or name.lower() == socket.gethostname().lower()
    return f"host {socket.gethostname() if own else name}".lower()


def _plain(text: str) -> str:
    r"""The table writes a space as \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)
