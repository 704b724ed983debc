# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts one light machine: its own processes, mounts, host name and root file system in its network namespace.

Run as a program with a BootPlan as JSON; ends when the machine's first process runs.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from lab import kernel

SEPARATE = kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
TUN = (10, 200)
DEVICE_LINKS = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}


@dataclass(frozen=True)
class BootPlan:
    """What the first process needs to know."""

    namespace: str
    hostname: str
    lower: str
    upper: str
    work: str
    root: str
    pid_file: str
    console: str
    mark_name: str
    mark: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def boot(plan: BootPlan) -> None:
    kernel.setns(plan.namespace, kernel.CLONE_NEWNET)
    kernel.unshare(kernel.CLONE_NEWPID)
    outcome, tell = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        os.close(outcome)
        _become_machine(plan, tell)
    os.close(tell)
    with os.fdopen(outcome) as reader:
        error = reader.read()
    if error:
        raise SystemExit(f"{plan.hostname} did not start: {error}")
    pid_file = Path(plan.pid_file)
    pid_file.with_suffix(".new").write_text(f"{child}\n", encoding="ascii")
    pid_file.with_suffix(".new").rename(pid_file)


def _become_machine(plan: BootPlan, tell: int) -> NoReturn:
    """In the child: the pipe closes by itself when the machine's own first program takes over."""
    try:
        os.setsid()
        kernel.unshare(SEPARATE)
        console = os.open(plan.console, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        _mount_root(plan)
        _make_devices()
        _attach(console)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", plan.mark_name: plan.mark}
        argv = ["python3", "-I", "-S", "/lab/init.py", plan.mark]
        os.execve("/usr/bin/python3", argv, environment)
    except OSError as error:
        os.write(tell, str(error).encode())
        os._exit(1)


def _mount_root(plan: BootPlan) -> None:
    Path("/proc/sys/kernel/hostname").write_text(plan.hostname, encoding="ascii")
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    options = f"lowerdir={plan.lower},upperdir={plan.upper},workdir={plan.work}"
    root = Path(plan.root)
    kernel.mount("overlay", root, "overlay", options=options)
    kernel.mount("proc", root / "proc", "proc")
    kernel.mount("sysfs", root / "sys", "sysfs")
    kernel.mount("tmpfs", root / "run", "tmpfs", kernel.MS_NOSUID, "mode=755,size=64m")
    kernel.mount("tmpfs", root / "tmp", "tmpfs", kernel.MS_NOSUID, "mode=1777,size=64m")
    kernel.mount("tmpfs", root / "dev", "tmpfs", kernel.MS_NOSUID, "mode=755,size=1m")
    (root / "dev/pts").mkdir()
    (root / "dev/shm").mkdir(mode=0o1777)
    kernel.mount("devpts", root / "dev/pts", "devpts", options="newinstance,ptmxmode=0666,mode=620,gid=5")
    kernel.pivot_root(root)


def _make_devices() -> None:
    os.umask(0)
    for name, (major, minor) in DEVICES.items():
        os.mknod(f"/dev/{name}", 0o666 | stat.S_IFCHR, os.makedev(major, minor))
    Path("/dev/net").mkdir()
    os.mknod("/dev/net/tun", 0o666 | stat.S_IFCHR, os.makedev(*TUN))
    for name, target in DEVICE_LINKS.items():
        Path("/dev", name).symlink_to(target)
    os.umask(0o022)


def _attach(console: int) -> None:
    nothing = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((nothing, 0), (console, 1), (console, 2)):
        os.dup2(source, target)


if __name__ == "__main__":
    boot(BootPlan(**json.loads(sys.argv[1])))
