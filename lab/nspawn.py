# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts one whole Debian machine with systemd-nspawn and stays with it until it ends.

Run as a program with a Plan as JSON; returns when the machine's root file system is mounted. What is left
then is the supervisor: when the machine was shut down from inside, it takes the links down, as a machine
that is off has none. The mount of the root file system lives and dies with the supervisor.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from lab import cgroups, kernel
from lab.commands import ip_batch

RUN = Path("/run/systemd")
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Plan:
    """What the supervisor needs to know."""

    name: str
    namespace: str
    group: str
    lower: str
    upper: str
    work: str
    root: str
    binds: list[str]
    ports: list[str]
    asleep: list[str]
    pid_file: str
    console: str
    mark: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def start(plan: Plan) -> None:
    outcome, tell = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        os.close(outcome)
        _supervise(plan, tell)
    os.close(tell)
    with os.fdopen(outcome) as reader:
        error = reader.read()
    if error:
        raise SystemExit(f"{plan.name} did not start: {error}")


def _supervise(plan: Plan, tell: int) -> NoReturn:
    try:
        os.setsid()
        _attach(plan.console)
        host_mounts = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        outside = cgroups.enter(plan.group)
        _mount(plan)
        machine = subprocess.Popen(_command(plan), preexec_fn=_die_with_supervisor)  # noqa: PLW1509
        pid_file = Path(plan.pid_file)
        pid_file.with_suffix(".new").write_text(f"{os.getpid()}\n", encoding="ascii")
        pid_file.with_suffix(".new").rename(pid_file)
    except OSError as error:
        os.write(tell, str(error).encode())
        os._exit(1)
    os.close(tell)
    machine.wait()
    ip_batch(commands_of_power_off(plan.ports, bool(plan.asleep)), namespace=Path(plan.namespace).name)
    if plan.asleep:
        cgroups.move(outside)
        kernel.setns(f"/proc/self/fd/{host_mounts}", kernel.CLONE_NEWNS)
        Path(plan.pid_file).with_name("asleep.pid").write_text(f"{os.getpid()}\n", encoding="ascii")
        os.execv(plan.asleep[0], plan.asleep)
    os._exit(0)


def commands_of_power_off(ports: list[str], asleep: bool) -> list[str]:
    """Links down and addresses forgotten; a port that waits for a Wake-on-LAN frame keeps its carrier."""
    down = [f"link set {port} down" for port in ports]
    waiting = [f"link set {port} up" for port in ports] if asleep else []
    return [*down, *(f"addr flush dev {port}" for port in ports), *waiting]


def _attach(console: str) -> None:
    nothing = os.open("/dev/null", os.O_RDONLY)
    output = os.open(console, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)


def _mount(plan: Plan) -> None:
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount(
        "overlay", plan.root, "overlay", options=f"lowerdir={plan.lower},upperdir={plan.upper},workdir={plan.work}"
    )
    RUN.mkdir(exist_ok=True)
    # What systemd-nspawn writes there for its own use does not reach the host.
    kernel.mount("tmpfs", RUN, "tmpfs", kernel.MS_NOSUID, "mode=755,size=4m")


def _command(plan: Plan) -> list[str]:
    return [
        *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--settings=no", "--boot"),
        *(f"--directory={plan.root}", f"--machine={plan.name}", f"--network-namespace-path={plan.namespace}"),
        *("--capability=CAP_NET_ADMIN,CAP_NET_RAW", "--resolv-conf=off", "--timezone=off", "--link-journal=no"),
        *(f"--bind={bind}" for bind in plan.binds),
    ]


def _die_with_supervisor() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    start(Plan(**json.loads(sys.argv[1])))
