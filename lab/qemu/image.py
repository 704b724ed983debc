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
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.qemu.cpio import Archive

SUITE = "bookworm"
PACKAGES = ("python3", "iproute2", "iputils-ping", "lldpd", "openssh-server", "busybox-static")
KERNEL = "linux-image-cloud-amd64"
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "bonding")
DISK_MEGABYTES = 512
APPLETS = ("sh", "cat", "mount", "insmod", "switch_root")

HERE = Path(__file__).parent
SCRIPTS = {"startup.sh": "etc/lab/startup.sh", "inittab": "etc/inittab"}
WITHOUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/i18n")
DOWNLOAD_KERNEL = (
    "cd /opt && apt-get --quiet --quiet -o APT::Sandbox::User=root download $(apt-cache depends --important " + KERNEL + " | sed -n 's/.*Depends: linux-image/"
    "linux-image/p') && dpkg-deb -x linux-image-*.deb /opt/kernel && rm linux-image-*.deb"
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
    home = cache_directory() / f"guest-{recipe()}"
    with locked(home.with_suffix(".lock")):
        if not home.is_dir():
            build(home)
    return GuestImage(
        kernel=home / "vmlinuz",
        initramfs=home / "initramfs",
        disk=home / "disk",
        host_key=(home / "host_key").read_text().strip(),
    )


def cache_directory() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = base / "contingency-lab"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def recipe() -> str:
    """A name that changes when anything changes of which the image is made."""
    digest = hashlib.sha256()
    for part in ("image.py", "cpio.py", "initramfs.sh", *SCRIPTS):
        digest.update((HERE / part).read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(home: Path) -> None:
    """Build aside and rename, so that a build that was broken off leaves no half image."""
    scratch = home.with_suffix(".building")
    if scratch.exists():
        shutil.rmtree(scratch)
    root, result = scratch / "root", scratch / "result"
    result.mkdir(parents=True)
    progress("Debian packages (about a minute)")
    make_root(root)
    progress("kernel and initial file system")
    take_kernel(root / "opt/kernel", result)
    progress("disk")
    make_disk(root, result / "disk")
    (result / "host_key").write_text((root / "etc/ssh/ssh_host_ed25519_key.pub").read_text())
    result.rename(home)
    shutil.rmtree(scratch)


def progress(step: str) -> None:
    print(f"lab: building the guest: {step}", file=sys.stderr, flush=True)


def make_root(root: Path) -> None:
    """In a mount namespace of its own, so that mounts end with the programs that made them."""
    without = [f"--dpkgopt=path-exclude=/{path}/*" for path in WITHOUT]
    command = ["unshare", "--mount", "mmdebstrap", "--quiet", "--variant=apt", f"--include={','.join(PACKAGES)}", *without]
    command += ['--aptopt=APT::Install-Recommends "false"', f'--customize-hook=chroot "$1" sh -c "{quoted()}"']
    subprocess.run([*command, SUITE, str(root)], check=True)
    for name, path in SCRIPTS.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / name, target)
        target.chmod(0o755)
    for path in ("var/lib/apt/lists", "var/cache/apt"):
        shutil.rmtree(root / path)


def quoted() -> str:
    return DOWNLOAD_KERNEL.replace("$", r"\$")


def take_kernel(tree: Path, result: Path) -> None:
    """The kernel, and an initial file system with busybox and the few drivers that it needs."""
    (vmlinuz,) = tree.glob("boot/vmlinuz-*")
    shutil.copyfile(vmlinuz, result / "vmlinuz")
    modules = {path.name.split(".")[0].replace("-", "_"): path for path in tree.glob("lib/modules/**/*.ko")}
    order = insertion_order(modules)
    archive = Archive()
    for directory in ("bin", "dev", "root", "modules"):
        archive.directory(directory)
    archive.file("init", (HERE / "initramfs.sh").read_bytes(), 0o755)
    archive.file("bin/busybox", (tree.parents[1] / "bin/busybox").read_bytes(), 0o755)
    for applet in APPLETS:
        archive.link(f"bin/{applet}", "busybox")
    for name in order:
        archive.file(f"modules/{name}.ko", modules[name].read_bytes())
    archive.file("modules/order", "\n".join(order).encode())
    (result / "initramfs").write_bytes(archive.finish())
    shutil.rmtree(tree)


def insertion_order(modules: dict[str, Path]) -> list[str]:
    """Each module after those that it depends on."""
    order: list[str] = []

    def add(name: str) -> None:
        if name in order:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", modules[name].read_bytes())
        for needed in (found.group(1).decode().split(",") if found else []):
            if needed:
                add(needed.replace("-", "_"))
        order.append(name)

    for wanted in MODULES:
        add(wanted)
    return order


def make_disk(root: Path, disk: Path) -> None:
    disk.touch()
    os.truncate(disk, DISK_MEGABYTES << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", str(root), str(disk)], check=True)
