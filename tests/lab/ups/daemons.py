# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real upsd, snmpd and apcupsd, each out of one root file system and with a directory of its own in it.

A daemon sees its directory as /lab in a mount namespace of its own, so that nothing is left in the root file system,
and belongs to the network namespace that the test is in.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import rootfs

ROOT = rootfs.Recipe(
    "ups", ("libnss3-tools", "libusb-0.1-4", "nut-server", "snmpd"), Path(__file__).with_name("root.sh")
)
ADDRESS = "127.0.0.1"
UPSD_PORT, SNMP_PORT, APCUPSD_PORT = 3493, 16161, 3551
READY_SECONDS = 20.0
COMMUNITY = "lab-only"
AUTH_PASSWORD, PRIVACY_PASSWORD = "lab-only-auth", "lab-only-privacy"

_START = 'root=$1 own=$2; shift 2; mount --bind "$own" "$root/lab" && exec chroot "$root" "$@"'
_NUT = ("env", "NUT_CONFPATH=/lab", "NUT_STATEPATH=/lab")
_UPSD_CONF = f"LISTEN {ADDRESS} {UPSD_PORT}\nMAXAGE 3\n"
_TLS_CONF = 'CERTPATH "/lab/nss"\nCERTIDENT "upsd" "lab-only"\nCERTREQUEST 0\n'
_CERTIFICATE = """\
set -e
mkdir /lab/nss; echo lab-only > /lab/password; head -c 64 /dev/urandom > /lab/noise
certutil -N -d sql:/lab/nss -f /lab/password
certutil -S -x -d sql:/lab/nss -f /lab/password -z /lab/noise -n upsd -s CN=upsd -t CTu,, --extSAN ip:127.0.0.1
certutil -L -d sql:/lab/nss -n upsd -a > /lab/upsd.pem
"""
_APCUPSD_CONF = f"""\
## apcupsd.conf v1.1 ##
UPSNAME rack-1
UPSCABLE ether
UPSTYPE snmp
DEVICE {ADDRESS}:{SNMP_PORT}:%s:{COMMUNITY}
POLLTIME 1
LOCKFILE /lab
SCRIPTDIR /lab
PWRFAILDIR /lab
NOLOGINDIR /lab
EVENTSFILE /lab/events
NETSERVER on
NISIP {ADDRESS}
NISPORT {APCUPSD_PORT}
KILLDELAY 0
"""


@contextmanager
def daemon(directory: Path, argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in the foreground; what it says goes to a file of its directory."""
    with (directory / f"{Path(argv[-1]).name}.log").open("wb") as log:
        process = subprocess.Popen(_argv(directory, argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run(directory: Path, script: str) -> None:
    """Run a shell script to its end."""
    done = subprocess.run(_argv(directory, ["sh", "-c", script]), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _argv(directory: Path, argv: Sequence[str]) -> list[str]:
    root = rootfs.ensure(rootfs.show, ROOT)
    return [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        _START,
        "sh",
        str(root),
        str(directory),
        *argv,
    ]


@dataclass
class Upsd:
    """A running upsd and the dummy drivers behind it, by the names of their UPSes."""

    directory: Path
    drivers: dict[str, subprocess.Popen[bytes]]

    def say(self, ups: str, variables: Mapping[str, str]) -> None:
        """Have a UPS say this from now on; its driver looks at the file again within some 2 s."""
        fresh = self.directory / f"{ups}.new"
        told = self.directory / f"{ups}.dev"
        fresh.write_text("".join(f"{name}: {text}\n" for name, text in variables.items()), encoding="utf-8")
        if told.exists():
            # The driver compares whole seconds; two changes within one of them would be one to it.
            moment = max(time.time(), told.stat().st_mtime + 1)
            os.utime(fresh, (moment, moment))
        fresh.rename(told)

    @property
    def certificate(self) -> Path:
        return self.directory / "upsd.pem"


@contextmanager
def upsd(directory: Path, upses: Mapping[str, Mapping[str, str]], tls: bool = False) -> Iterator[Upsd]:
    found = Upsd(directory, {})
    for name, variables in upses.items():
        found.say(name, variables)
    sections = [f"[{name}]\n  driver = dummy-ups\n  port = {name}.dev\n  mode = dummy-once\n" for name in upses]
    (directory / "ups.conf").write_text("pollinterval = 1\n" + "".join(sections), encoding="ascii")
    (directory / "upsd.conf").write_text(_UPSD_CONF + (_TLS_CONF if tls else ""), encoding="ascii")
    (directory / "upsd.users").touch()
    for file in directory.iterdir():
        file.chmod(0o640)
    if tls:
        run(directory, _CERTIFICATE)
    with ExitStack() as stack:
        for name in upses:
            argv = [*_NUT, "/lib/nut/dummy-ups", "-F", "-u", "root", "-a", name]
            found.drivers[name] = stack.enter_context(daemon(directory, argv))
            wait((directory / f"dummy-ups-{name}").is_socket, f"driver of {name}")
        stack.enter_context(daemon(directory, [*_NUT, "/lib/nut/upsd", "-F", "-u", "root"]))
        wait(lambda: listens(UPSD_PORT), "upsd")
        yield found


@contextmanager
def snmpd(directory: Path, objects: Mapping[str, tuple[str, str]]) -> Iterator[None]:
    """An agent of these objects, by OID with type and value, for a community of version 2c and a user of version 3."""
    lines = [
        f"rocommunity {COMMUNITY}",
        f"createUser reader SHA-256 {AUTH_PASSWORD} AES {PRIVACY_PASSWORD}",
        "rouser reader priv",
        *(f"override .{oid} {kind} {value}" for oid, (kind, value) in objects.items()),
    ]
    (directory / "snmpd.conf").write_text("\n".join(lines) + "\n", encoding="ascii")
    argv = ["env", "SNMP_PERSISTENT_DIR=/lab", "snmpd", "-f", "-Lo", "-C", "-c", "/lab/snmpd.conf"]
    with daemon(directory, [*argv, f"udp:{ADDRESS}:{SNMP_PORT}"]):
        wait(lambda: f":{SNMP_PORT:04X} " in Path("/proc/thread-self/net/udp").read_text(encoding="ascii"), "snmpd")
        yield


@contextmanager
def apcupsd(directory: Path, vendor: str) -> Iterator[None]:
    """apcupsd that reads its UPS from the agent of ``snmpd``; vendor is RFC or APC."""
    (directory / "apcupsd.conf").write_text(_APCUPSD_CONF % vendor, encoding="ascii")
    script = directory / "apccontrol"
    script.write_text("#!/bin/sh\nexit 99\n", encoding="ascii")
    script.chmod(0o755)
    with daemon(directory, ["/opt/sbin/apcupsd", "-b", "-f", "/lab/apcupsd.conf"]):
        wait(lambda: listens(APCUPSD_PORT), "apcupsd")
        yield


def wait(ready: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> float:
    """Wait until it is ready; the seconds that it took."""
    started = time.monotonic()
    while not ready():
        assert time.monotonic() - started < seconds, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)
    return time.monotonic() - started


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex((ADDRESS, port)) == 0
