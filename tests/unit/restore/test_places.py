# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two places are two where one fire does not take both: neither two partitions nor two ways to one host."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy
from ansible_collections.contingency.infra.plugins.module_utils._restore.places import (
    Mount,
    carried_disk,
    mount_of,
    place_of,
)

HERE = f"host {socket.gethostname()}".lower()
MOUNTS = r"""22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 8:2 / /srv/backup rw,relatime shared:1 - ext4 /dev/sda2 rw
24 22 0:40 / /mnt/off\040site rw shared:7 master:2 - nfs4 nas-1:/export/b rw
25 22 0:41 / /mnt/auto rw - autofs systemd-1 rw
26 25 0:42 / /mnt/auto rw - cifs //nas-2/share rw
27 22 0:43 / /mnt/sshfs rw - fuse.sshfs backup@offsite-1:/b rw
28 22 0:44 / /mnt/six rw - nfs4 [2001:db8::7]:/b rw
29 22 0:45 / /mnt/ceph rw - ceph mon-1,mon-2:/b rw
"""


class Mounted(LocalHost):
    """This machine with another table of what is mounted; every path is there."""

    def read(self, path: str) -> str | None:
        return MOUNTS

    def exists(self, path: str) -> bool:
        return True


@pytest.mark.parametrize(
    ("copy", "place"),
    [
        (Copy("/srv/backup/his"), HERE),
        (Copy("/home/his"), HERE),
        (Copy("/srv/backup2/his"), HERE),
        (Copy("/mnt/off site/his"), "host nas-1"),
        (Copy("/mnt/auto/his"), "host nas-2"),
        (Copy("/mnt/sshfs/his"), "host offsite-1"),
        (Copy("/mnt/six/his"), "host 2001:db8::7"),
        (Copy("/mnt/ceph/his"), "ceph mon-1,mon-2"),
        (Copy("/srv/backup/his", host="Offsite-1"), "host offsite-1"),
        (Copy("/srv/backup/his", host="root@offsite-1"), "host offsite-1"),
        (Copy("/srv/backup/his", host="localhost"), HERE),
        (Copy("/srv/backup/his", place="building C"), "building C"),
        (Copy("sftp:u@hosta:/r"), "host hosta"),
        (Copy("sftp:u@hostb:"), "host hostb"),
        (Copy("sftp://u@hosta:2222//r"), "host hosta"),
        (Copy("ssh://u@hosta:22/./r"), "host hosta"),
        (Copy("u@hosta:r"), "host hosta"),
        (Copy("offsite-1:/r"), "host offsite-1"),
        (Copy("rest:https://u:p@hosta:8000/r"), "host hosta"),
        (Copy("s3:https://s3.example.com/r"), "host s3.example.com"),
        (Copy("s3:s3.example.com/r"), "host s3.example.com"),
        (Copy("b2:r:/x"), "b2"),
        (Copy("rclone:cloud:r"), "rclone cloud"),
        (Copy("file:///srv/r"), HERE),
        (Copy("sftp:u@localhost:/r"), HERE),
    ],
)
def test_places(copy: Copy, place: str) -> None:
    assert place_of(Mounted(), copy) == place


def test_what_is_not_there_has_no_place(tmp_path: Path) -> None:
    assert place_of(LocalHost(), Copy(str(tmp_path / "none"))) is None


def test_a_copy_on_this_machine_is_found_by_its_own_table(tmp_path: Path) -> None:
    assert mount_of(LocalHost().read("/proc/self/mountinfo") or "", str(tmp_path)) is not None
    assert mount_of("torn line\n", "/srv") is None
    assert mount_of(MOUNTS, "/") == Mount("ext4", "/dev/sda1", "8:1")


@pytest.mark.parametrize(
    ("below", "removable", "carried"),
    [
        ("pci0/ata1/block/sda", "0", None),
        ("pci0/usb2/2-1/block/sdb", "0", "disk"),
        ("pci0/mmc/block/mmcblk0", "1", "disk"),
    ],
)
def test_a_disk_that_can_be_carried_away_is_a_place_of_its_own(
    tmp_path: Path, below: str, removable: str, carried: str | None
) -> None:
    disk = tmp_path / below
    part = disk / "part1"
    part.mkdir(parents=True)
    (disk / "removable").write_text(removable + "\n", encoding="ascii")
    (part / "partition").write_text("1\n", encoding="ascii")
    name = disk.name if carried else None
    assert carried_disk(str(part)) == name
    assert carried_disk(str(disk)) == name
