# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BMC simulators in a network namespace of their own, switching a file instead of a machine.

openipmi and ipmitool are those of the lab's root file system of servers; sushy-tools belongs to the Python that runs
the tests.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt

from lab import rootfs
from lab.kernel import network_namespace

ADDRESS = "127.0.0.1"
IPMI_PORT, REDFISH_PORT = 6230, 8443
USER, PASSWORD = "admin", "lab-only"
_READY_SECONDS = 20.0

_CHASSIS = """\
#!/bin/sh
# $1 is the controller's number
shift
case "$1 $2" in
"get power") echo "power:$(cat {state})" ;;
"set power") echo "$3" > {state} ;;
"set shutdown") [ -e {stuck} ] || echo 0 > {state} ;;
esac
"""
_LAN = """\
name "bmc"
set_working_mc 0x20
  startlan 1
    addr {address} {port}
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid a1234567890000000000000000000001
  endlan
  chassis_control "{directory}/chassis.sh 1"
  user 2 true "{user}" "{password}" admin 10 none md2 md5 straight
"""
_EMULATOR = "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n"
_CERTIFICATE = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
    *("-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=bmc"),
)
_REDFISH = """\
import pathlib, sys
from sushy_tools.emulator import main
from sushy_tools.emulator.resources.systems import fakedriver

state, stuck = pathlib.Path(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))

class Driver(fakedriver.FakeDriver):
    def get_power_state(self, identity):
        self._get(identity)
        return "On" if state.read_text().strip() == "1" else "Off"

    def set_power_state(self, identity, wanted):
        self._get(identity)
        if wanted == "On":
            state.write_text("1")
        elif wanted == "ForceOff" or not stuck.exists():
            state.write_text("0")

fakedriver.FakeDriver = Driver
sys.exit(main.main())
"""


@dataclass
class Simulated:
    """A BMC and the machine behind it."""

    described: dict[str, Any]
    state: Path
    stuck: Path
    silence: Callable[[], None]

    def power(self, on: bool) -> None:
        self.state.write_text("1\n" if on else "0\n", encoding="ascii")

    def is_on(self) -> bool:
        return self.state.read_text(encoding="ascii").strip() == "1"


@contextmanager
def own_network() -> Iterator[None]:
    """This thread, its processes and its threads see only a loopback."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep infinity"],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        with network_namespace(f"/proc/{holder.pid}/ns/net"):
            yield
    finally:
        holder.kill()
        holder.communicate()


@contextmanager
def ipmi(directory: Path) -> Iterator[Simulated]:
    state, stuck = directory / "power", directory / "stuck"
    script = directory / "chassis.sh"
    script.write_text(_CHASSIS.format(state=state, stuck=stuck), encoding="ascii")
    script.chmod(0o755)
    lan = _LAN.format(address=ADDRESS, port=IPMI_PORT, directory=directory, user=USER, password=PASSWORD)
    (directory / "lan.conf").write_text(lan, encoding="ascii")
    (directory / "bmc.emu").write_text(_EMULATOR, encoding="ascii")
    (directory / "state").mkdir()
    described = {
        "protocol": "ipmi",
        "port": IPMI_PORT,
        "ipmitool": str(_wrapped("ipmitool", directory)),
    }
    argv = [str(_wrapped("ipmi_sim", directory)), "-c", "lan.conf", "-f", "bmc.emu", "-s", "state", "-n"]
    with _running(argv, directory, state, stuck, described) as found:
        _wait(lambda: _udp_bound(IPMI_PORT))
        yield found


@contextmanager
def redfish(directory: Path) -> Iterator[Simulated]:
    certificate = directory / "cert.pem"
    subprocess.run(
        [*_CERTIFICATE, "-addext", f"subjectAltName=IP:{ADDRESS}"],
        cwd=directory,
        check=True,
        capture_output=True,
    )
    digest = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4)).decode()
    (directory / "accounts").write_text(f"{USER}:{digest}\n", encoding="ascii")
    settings = {
        "LISTEN_IP": ADDRESS,
        "LISTEN_PORT": REDFISH_PORT,
        "SSL_CERT": str(certificate),
        "SSL_KEY": str(directory / "key.pem"),
        "STATE_DIR": str(directory),
        "AUTH_FILE": str(directory / "accounts"),
        "FAKE_SYSTEMS": [
            {"uuid": "27946b59-9e44-4fa7-8e91-000000000001", "name": "his-db-2", "power_state": "On", "nics": []}
        ],
    }
    lines = [f"SUSHY_EMULATOR_{name} = {value!r}" for name, value in settings.items()]
    (directory / "emulator.conf").write_text("\n".join(lines), encoding="ascii")
    (directory / "emulator.py").write_text(_REDFISH, encoding="ascii")
    state, stuck = directory / "power", directory / "stuck"
    argv = [sys.executable, "emulator.py", str(state), str(stuck), "--fake", "--config", "emulator.conf"]
    described = {"protocol": "redfish", "port": REDFISH_PORT, "ca_file": str(certificate)}
    with _running(argv, directory, state, stuck, described) as found:
        _wait(lambda: _tcp_answers(REDFISH_PORT))
        yield found


@contextmanager
def _running(
    argv: list[str], directory: Path, state: Path, stuck: Path, described: dict[str, Any]
) -> Iterator[Simulated]:
    state.write_text("1\n", encoding="ascii")
    with (directory / "log").open("wb") as log:
        # An open standard input: at its end ipmi_sim would read it again and again.
        process = subprocess.Popen(argv, cwd=directory, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
    whole = {"host": ADDRESS, "user": USER, "password": PASSWORD, "timeout": 2, **described}
    try:
        yield Simulated(whole, state, stuck, lambda: process.send_signal(signal.SIGSTOP))
    finally:
        process.kill()
        process.communicate()


def _wrapped(program: str, directory: Path) -> Path:
    """Return a script that runs a program out of the root file system with that one's libraries."""
    root = rootfs.ensure(rootfs.show, rootfs.SERVER)
    path = directory / program
    libraries = f'export LD_LIBRARY_PATH="$(echo {root}/usr/lib/*-linux-gnu)"'
    path.write_text(f'#!/bin/sh\n{libraries}\nexec {root}/usr/bin/{program} "$@"\n', encoding="ascii")
    path.chmod(0o755)
    return path


def _wait(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + _READY_SECONDS
    while not ready():
        assert time.monotonic() < end, "the simulator did not start"
        time.sleep(0.05)


def _udp_bound(port: int) -> bool:
    table = Path("/proc/thread-self/net/udp").read_text(encoding="ascii")
    return f":{port:04X} " in table


def _tcp_answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex((ADDRESS, port)) == 0
