# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, driving and stopping the guest."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from lab import kernel
from lab.errors import LabError
from lab.instance import STATE_ROOT
from lab.qemu.image import GuestImage, ensure_image
from lab.qemu.lldp import Announcement, Announcer
from lab.qemu.network import CORES, SERVER_PORT, GuestNetwork, namespace_path
from lab.qemu.probe import GuestProbe

ADDRESS = "10.9.0.31"
MANAGEMENT_ADDRESS = "10.77.0.31"
MEMORY_MEGABYTES = 256
CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand"
"""Without what costs time when it is emulated: wide vectors, deep page tables, access prevention."""
BOOT_SECONDS = 120
STOP_SECONDS = 10
KERNEL_OPTIONS = "console=ttyS0 quiet panic=-1 tsc=unstable random.trust_cpu=on mitigations=off"


class GuestError(LabError):
    """The guest does not do what it should."""


class BondingGuest:
    """One guest with bond0 between two cores."""

    address = ADDRESS
    management_address = MANAGEMENT_ADDRESS

    def __init__(self, name: str) -> None:
        self.name = name
        self.network = GuestNetwork(name)
        self.state = STATE_ROOT / name
        self.boot_seconds = 0.0
        self._announcer: Announcer | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> BondingGuest:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def management(self) -> str:
        """The namespace from which the guest's sshd is reached."""
        return self.network.management

    @property
    def ssh_config(self) -> Path:
        return self.state / "ssh_config"

    def start(self) -> None:
        """Start the guest and wait until its sshd answers; what a crashed run left behind is removed first."""
        image = ensure_image()
        self.stop()
        started = time.monotonic()
        self.state.mkdir(parents=True)
        key = self._make_key(image)
        self.network.up()
        taps = self.network.taps()
        self._process = self._boot(image, key, taps)
        self._announce()
        self._wait_for_sshd()
        self.boot_seconds = time.monotonic() - started

    def stop(self) -> None:
        """Stop the guest and remove everything that it needed; nothing to do is fine."""
        if self._announcer:
            self._announcer.stop()
            self._announcer = None
        self._end_ssh()
        self._end_qemu()
        self.network.down()
        shutil.rmtree(self.state, ignore_errors=True)

    def ssh_command(self) -> list[str]:
        """The ssh client with everything that it needs to reach the guest, from within ``management``."""
        return ["ssh", "-F", str(self.ssh_config), "guest"]

    def run(self, command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the guest."""
        result = subprocess.run(
            ["ip", "netns", "exec", self.management, *self.ssh_command(), command],
            capture_output=True,
            text=True,
            check=False,
        )
        if check and result.returncode:
            raise GuestError(f"`{command}` failed in the guest: {result.stderr.strip()}")
        return result

    def set_link(self, card: str, up: bool) -> None:
        """Plug or pull the cable of a network card."""
        self._qmp("set_link", {"name": card, "up": up})

    def probe(self, core: str) -> GuestProbe:
        """Ask the guest from one of the cores, steadily, until the probe is stopped."""
        return GuestProbe(core, namespace_path(self.network.core(core)), self.name, self.address)

    def console(self) -> str:
        return (self.state / "console.log").read_text(errors="replace")

    def _boot(self, image: GuestImage, key: str, taps: dict[str, int]) -> subprocess.Popen[bytes]:
        command = self._qemu(image, key, taps)
        process = subprocess.Popen(
            command, pass_fds=tuple(taps.values()), stdin=subprocess.DEVNULL, start_new_session=True
        )
        for descriptor in taps.values():
            os.close(descriptor)
        return process

    def _qemu(self, image: GuestImage, key: str, taps: dict[str, int]) -> list[str]:
        settings = f"lab.name={self.name} lab.address={ADDRESS}/24 lab.management={MANAGEMENT_ADDRESS}/24 lab.key={key}"
        command = [
            "qemu-system-x86_64",
            "-accel",
            "tcg,tb-size=256",
            "-cpu",
            CPU,
            "-m",
            str(MEMORY_MEGABYTES),
            "-nodefaults",
        ]
        command += ["-display", "none", "-no-reboot"]
        command += ["-kernel", str(image.kernel), "-initrd", str(image.initramfs)]
        command += ["-append", f"{KERNEL_OPTIONS} {settings}"]
        command += ["-serial", f"file:{self.state / 'console.log'}"]
        command += ["-qmp", self._monitor]
        command += ["-drive", f"file={image.disk},format=raw,if=virtio,snapshot=on"]
        for number, (card, descriptor) in enumerate(taps.items()):
            command += ["-netdev", f"tap,id={card}-tap,fd={descriptor}"]
            command += [
                "-device",
                f"virtio-net-pci,id={card},netdev={card}-tap,mac=52:54:00:09:00:{number:02x},romfile=",
            ]
        return command

    def _announce(self) -> None:
        self._announcer = Announcer([Announcement(self.network.core(core), SERVER_PORT, core) for core in CORES])
        self._announcer.start()

    def _make_key(self, image: GuestImage) -> str:
        """A key of its own for each start; returns the public half."""
        key = self.state / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
        known = self.state / "known_hosts"
        known.write_text(f"{MANAGEMENT_ADDRESS} {' '.join(image.host_key.split()[:2])}\n")
        self.ssh_config.write_text(
            f"Host guest {MANAGEMENT_ADDRESS}\n HostName {MANAGEMENT_ADDRESS}\n User root\n IdentityFile {key}\n"
            f" IdentitiesOnly yes\n UserKnownHostsFile {known}\n GlobalKnownHostsFile none\n BatchMode yes\n"
            f" ControlMaster auto\n ControlPath {self.state / 'ssh'}\n ControlPersist 5m\n"
        )
        return key.with_suffix(".pub").read_text().split()[1]

    def _wait_for_sshd(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            if self._process and self._process.poll() is not None:
                raise GuestError(f"qemu ended with status {self._process.returncode} while the guest was starting.")
            if self._sshd_answers():
                return
            time.sleep(0.1)
        raise GuestError(f"The guest's sshd did not answer within {BOOT_SECONDS} s; its console:\n{self.console()}")

    def _sshd_answers(self) -> bool:
        with kernel.network_namespace(namespace_path(self.management)):
            client = socket.socket()
        client.settimeout(2)
        with client:
            try:
                client.connect((MANAGEMENT_ADDRESS, 22))
                return client.recv(4) == b"SSH-"
            except OSError:
                return False

    def _qmp(self, command: str, arguments: dict[str, Any]) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.state / "qmp"))
            with client.makefile("rw") as stream:
                stream.readline()
                for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                    answer = self._ask(stream, request)
        if "error" in answer:
            raise GuestError(f"qemu refused {command} {arguments}: {answer['error']['desc']}")

    @staticmethod
    def _ask(stream: Any, request: dict[str, Any]) -> dict[str, Any]:
        stream.write(json.dumps(request) + "\n")
        stream.flush()
        while True:
            answer: dict[str, Any] = json.loads(stream.readline())
            if "event" not in answer:
                return answer

    def _end_ssh(self) -> None:
        """The client that keeps the session open for the next command."""
        if (self.state / "ssh").exists():
            subprocess.run([*self.ssh_command(), "-O", "exit"], check=False, capture_output=True)

    def _end_qemu(self) -> None:
        """This run's qemu, or one that a killed run left."""
        for pid in self._qemu_pids():
            os.kill(pid, signal.SIGKILL)
        if self._process:
            self._process.wait(STOP_SECONDS)
            self._process = None
        deadline = time.monotonic() + STOP_SECONDS
        while self._qemu_pids():
            if time.monotonic() > deadline:
                raise GuestError(f"The guest's qemu did not end within {STOP_SECONDS} s: pid {self._qemu_pids()}.")
            time.sleep(0.05)

    def _qemu_pids(self) -> list[int]:
        """Known by its control socket, so that nothing else can be meant."""
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if self._monitor in words(path)]

    @property
    def _monitor(self) -> str:
        return f"unix:{self.state / 'qmp'},server=on,wait=off"


def words(command_line: Path) -> list[str]:
    """The arguments of a process, none when it has just ended."""
    try:
        return command_line.read_text(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
