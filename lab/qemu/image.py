# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's kernel, initial file system and disk, built from Debian's packages and cached."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import rootfs
from lab.commands import run
from lab.errors import LabError
from lab.qemu.cpio import Archive

KERNEL = "linux-image-cloud-amd64"
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "bonding")
DISK_MEGABYTES = 768
APPLETS = ("sh", "cat", "mount", "insmod", "switch_root")

HERE = Path(__file__).parent
SCRIPTS = {"startup.sh": "etc/lab/startup.sh", "inittab": "etc/inittab"}
SSHD = (
    "HostKey /etc/ssh/ssh_host_ed25519_key\nPermitRootLogin prohibit-password\nUsePAM no\nUseDNS no\nStrictModes no\n"
)


@dataclass(frozen=True)
class GuestImage:
    """What qemu boots, and the key by which the guest's sshd is known."""

    kernel: Path
    initramfs: Path
    disk: Path
    host_key: str


def ensure_image() -> GuestImage:
    """The image from the cache, built first where it is not there."""
    root = rootfs.ensure(rootfs.show)
    home = rootfs.cache_directory() / f"guest-{recipe()}"
    with locked(home.with_suffix(".lock")):
        if not home.is_dir():
            build(home, root)
    return GuestImage(
        kernel=home / "vmlinuz",
        initramfs=home / "initramfs",
        disk=home / "disk",
        host_key=(home / "host_key").read_text().strip(),
    )


def recipe() -> str:
    """A name that changes when anything changes of which the image is made."""
    digest = hashlib.sha256(rootfs.LIGHT.key().encode())
    for part in ("image.py", "cpio.py", "initramfs.sh", *SCRIPTS):
        digest.update((HERE / part).read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(home: Path, shared: Path) -> None:
    """Build aside and rename, so that a build that was broken off leaves no half image."""
    scratch = home.with_suffix(".building")
    if scratch.exists():
        shutil.rmtree(scratch)
    root, packages, result = scratch / "root", scratch / "packages", scratch / "result"
    for directory in (packages, result):
        directory.mkdir(parents=True)
    rootfs.show("building the guest (once, some seconds): kernel and busybox from Debian's packages")
    unpack(packages, kernel_package(), "busybox-static")
    pack_kernel(packages, result)
    rootfs.show("building the guest: disk")
    make_root(shared, root)
    (result / "host_key").write_text((root / "etc/ssh/ssh_host_ed25519_key.pub").read_text())
    shutil.copyfile(packages / "bin/busybox", root / "bin/busybox")
    (root / "bin/busybox").chmod(0o755)
    make_disk(root, result / "disk")
    result.rename(home)
    shutil.rmtree(scratch)


def kernel_package() -> str:
    """The package that the newest kernel of this Debian release is in."""
    found = re.search(r"Depends: (linux-image-\S+)", run(["apt-cache", "depends", "--important", KERNEL]))
    if not found:
        raise LabError(f"apt knows no package {KERNEL}: run apt-get update.")
    return found.group(1)


def unpack(directory: Path, *packages: str) -> None:
    """Download Debian packages with the host's apt and unpack them, without installing anything."""
    run(
        [
            "sh",
            "-c",
            'cd "$1" && shift && apt-get --quiet=2 -o APT::Sandbox::User=root download "$@"',
            "sh",
            str(directory),
            *packages,
        ]
    )
    for package in directory.glob("*.deb"):
        run(["dpkg-deb", "--extract", str(package), str(directory)])
        package.unlink()


def make_root(shared: Path, root: Path) -> None:
    """The root file system of the lab's machines, with what a machine of its own needs on top."""
    run(["cp", "--archive", "--reflink=auto", str(shared), str(root)])
    for name, path in SCRIPTS.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / name, target)
        target.chmod(0o755)
    (root / "etc/ssh/sshd_config").write_text(SSHD)
    run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "guest", "-f", str(root / "etc/ssh/ssh_host_ed25519_key")]
    )


def pack_kernel(tree: Path, result: Path) -> None:
    """The kernel, and an initial file system with busybox and the few drivers that it needs."""
    (vmlinuz,) = tree.glob("boot/vmlinuz-*")
    shutil.copyfile(vmlinuz, result / "vmlinuz")
    modules = {path.name.split(".")[0].replace("-", "_"): path for path in tree.glob("lib/modules/**/*.ko")}
    order = insertion_order(modules)
    archive = Archive()
    for directory in ("bin", "dev", "root", "modules"):
        archive.directory(directory)
    archive.file("init", (HERE / "initramfs.sh").read_bytes(), 0o755)
    archive.file("bin/busybox", (tree / "bin/busybox").read_bytes(), 0o755)
    for applet in APPLETS:
        archive.link(f"bin/{applet}", "busybox")
    for name in order:
        archive.file(f"modules/{name}.ko", modules[name].read_bytes())
    archive.file("modules/order", "\n".join(order).encode())
    (result / "initramfs").write_bytes(archive.finish())


def insertion_order(modules: dict[str, Path]) -> list[str]:
    """Each module after those that it depends on."""
    order: list[str] = []

    def add(name: str) -> None:
        if name in order:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", modules[name].read_bytes())
        for needed in found.group(1).decode().split(",") if found else []:
            if needed:
                add(needed.replace("-", "_"))
        order.append(name)

    for wanted in MODULES:
        add(wanted)
    return order


def make_disk(root: Path, disk: Path) -> None:
    disk.touch()
    os.truncate(disk, DISK_MEGABYTES << 20)
    run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", str(root), str(disk)])
