# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole Debian machine: systemd, sshd, and what a hospital's server runs."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from lab import cgroups, kernel, mariadb, nspawn, options, postgresql, rootfs
from lab.commands import ip_batch, run, spawn
from lab.errors import LabError
from lab.instance import MARK
from lab.kinds.layered import PACKAGE, LayeredMachine, kill, process_of
from lab.machine import Site
from lab.network import MANAGEMENT_PORT
from lab.topology import MachineSpec

DATABASES = ("var/lib/postgresql", "var/lib/mysql")
VOLUME_MEGABYTES = 512
GUEST = PACKAGE / "guest"
APPLICATION = """\
[Unit]
Description=The hospital's application, which writes through the service address
After=network.target

[Service]
ExecStart=/usr/bin/python3 /lab/his_app.py {service} {own}
DynamicUser=yes
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Database:
    """What its databases are when the lab is new."""

    begins_as: Literal["primary", "standby"]
    of: str | None = None
    slot: str | None = None


@dataclass(frozen=True)
class DebianOptions:
    """What topology.yml may say of a Debian machine."""

    database: Database | None = None
    application: bool = False
    wake_on_lan: bool = False
    groups: tuple[str, ...] = ()
    backup_sets: tuple[str, ...] = ()


class Debian(LayeredMachine):
    """Its power switch is the lab's: nothing on the host knows of the machine."""

    kind = "debian"
    recipe = rootfs.SERVER
    options_kind: ClassVar[type[DebianOptions]] = DebianOptions
    bmc_variable: ClassVar[str] = "standby_bmc"
    """The inventory variable that says how it is switched on and off."""

    def __init__(self, spec: MachineSpec, site: Site) -> None:
        super().__init__(spec, site)
        self.options = options.parse(self.options_kind, dict(spec.options), f"machine {spec.name}")

    @property
    def volume(self) -> Path:
        """The file system of its databases: small, so that it can be filled, and kept when the power is lost."""
        return self.state / "volume"

    def files(self) -> dict[str, str]:
        files: dict[str, str] = {}
        if self.options.application:
            service = self.site.topology.hospital.service
            files["lab/impatient.py"] = (GUEST / "impatient.py").read_text(encoding="utf-8")
            files["lab/his_app.py"] = (GUEST / "his_app.py").read_text(encoding="utf-8")
            files["etc/systemd/system/his-app.service"] = APPLICATION.format(service=service, own=self.spec.address)
        if self.options.database is not None:
            number = self.site.topology.number(self.name)
            files["etc/mysql/mariadb.conf.d/80-server.cnf"] = mariadb.configuration(number, self.name)
        return files

    def prepare(self) -> None:
        super().prepare()
        if self.options.application:
            self._wanted("his-app.service", "/etc/systemd/system")
        if self.options.database is not None:
            self._prepare_databases()

    def _prepare_databases(self) -> None:
        self.volume.mkdir()
        kernel.mount("tmpfs", self.volume, "tmpfs", kernel.MS_NOSUID, f"mode=755,size={VOLUME_MEGABYTES}m")
        self._fill_volume()
        self._wanted("postgresql.service", "/lib/systemd/system")

    def _wanted(self, unit: str, directory: str) -> None:
        self._place(f"etc/systemd/system/multi-user.target.wants/{unit}").symlink_to(f"{directory}/{unit}")

    def renew_disk(self) -> None:
        """Everything that it has written is gone; the machine is off."""
        for directory in ("disk", "work", "root"):
            shutil.rmtree(self.state / directory)
        if self.options.database is not None:
            kernel.umount(self.volume, kernel.MNT_DETACH)
            self.volume.rmdir()
        self.prepare()

    def _fill_volume(self) -> None:
        database = self.options.database
        assert database is not None
        run(["cp", "-a", *(str(self.recipe.path / directory) for directory in DATABASES), str(self.volume)])
        if database.begins_as == "standby":
            postgresql.make_standby(self.volume / "postgresql", self._primary_conninfo(database), database.slot)

    def programs(self) -> dict[str, str]:
        return {"lab/network": f"#!/bin/sh\nset -eu\nip link set lo up\n{''.join(self._configure_ports())}"}

    def _configure_ports(self) -> Iterator[str]:
        """Addresses that were given at run time are gone after a start, as on any machine."""
        topology = self.site.topology
        yield _port(MANAGEMENT_PORT, topology.management.interface(self.spec.management))
        for number, port in enumerate(self.ports):
            yield f"ethtool -K {port} tx off >/dev/null\n"
            address = self.spec.address if number == 0 else None
            yield _port(port, topology.hospital.interface(address) if address else None)

    def start(self) -> None:
        with self._power():
            reason = self.no_power()
            if reason is not None:
                raise LabError(reason)
            if not self.running():
                self._start()

    def no_power(self) -> str | None:
        """Why it cannot be switched on, or None."""
        return None

    def _start(self) -> None:
        instance = self.site.instance
        group = cgroups.group(instance, self.name)
        cgroups.remove(group)
        sleeper = self._sleeper()
        if sleeper is not None:
            kill([sleeper])
        plan = nspawn.Plan(
            name=self.name,
            namespace=str(self.namespace_path),
            group=group,
            lower=str(self.recipe.path),
            upper=str(self.disk),
            work=str(self.state / "work"),
            root=str(self.state / "root"),
            binds=[f"{self.volume / Path(path).name}:/{path}" for path in DATABASES if self.options.database],
            ports=[MANAGEMENT_PORT, *self.ports],
            asleep=self._sleep_command,
            pid_file=str(self.state / "pid"),
            console=str(self.state / "console.log"),
            mark=instance.mark(self.name),
        )
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), MARK: plan.mark}
        argv = [sys.executable, "-S", "-m", "lab.nspawn", plan.to_json()]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError((done.stderr.strip() or f"{self.name} did not start").splitlines()[-1])

    @property
    def _sleep_command(self) -> list[str]:
        """What runs while it is off: its network card, which waits for a Wake-on-LAN frame."""
        if not self.options.wake_on_lan:
            return []
        ports = [MANAGEMENT_PORT, *self.ports]
        return [sys.executable, "-m", "lab.wake", self.site.instance.name, self.name, *ports]

    def supervisor(self) -> int | None:
        """The lab's own process that stays with the machine as long as it is on."""
        return process_of(self.state / "pid", f'"{self.site.instance.mark(self.name)}"')

    def running(self) -> bool:
        return self.supervisor() is not None

    def pid(self) -> int | None:
        """The machine's systemd, which appears a moment after the power is on."""
        for pid in _descendants(self.supervisor()):
            if _is_first_of_its_namespace(pid):
                return pid
        return None

    def not_ready(self) -> str | None:
        if not self.running():
            raise LabError(f"{self.name} stopped while it started: see {self.state / 'console.log'}.")
        return None if self.answers_ssh() else "its sshd does not answer yet"

    def power_off(self) -> None:
        with self._power():
            self.links_down()
            supervisor = self.supervisor()
            if supervisor is not None:
                kill([supervisor, *_descendants(supervisor)])
            self._rest()

    def _rest(self) -> None:
        """Its ports forget their addresses, or wait for a frame that wakes it."""
        ports = [MANAGEMENT_PORT, *self.ports]
        ip_batch(nspawn.commands_of_power_off(ports, bool(self._sleep_command)), namespace=self.namespace)
        if self._sleep_command and self._sleeper() is None:
            environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), MARK: self.site.instance.mark(self.name)}
            pid = spawn(self._sleep_command, self.state / "console.log", environment)
            (self.state / "asleep.pid").write_text(f"{pid}\n", encoding="ascii")

    def _sleeper(self) -> int | None:
        """The process that is its network card while it is off."""
        found = process_of(self.state / "asleep.pid", "lab.wake")
        return found if found != os.getpid() else None

    def power_on(self) -> None:
        self.start()

    def shut_down(self) -> None:
        """As by the power button: systemd stops the services, then the machine is off; returns at once."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGRTMIN + 4)

    @contextmanager
    def _power(self) -> Iterator[None]:
        """One at a time: the lab, a management controller and a Wake-on-LAN frame may all press the button."""
        with (self.state / "power.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _primary_conninfo(self, database: Database) -> str:
        primary = self.site.topology.machine(database.of or "")
        return postgresql.primary_conninfo(str(primary.address), self.name)

    def login(self) -> Mapping[str, str]:
        return {"ansible_user": "root"}

    def variables(self) -> Mapping[str, Any]:
        """How its service moves: a machine without a cable has none."""
        plugged = next(self.site.topology.links_of(self.name), None)
        if plugged is None:
            return {}
        port, other = plugged
        return {
            "standby_interface": port.name,
            "standby_replication_address": self.spec.address,
            "standby_switch_port": {"switch": other.machine, "port": other.name},
            **({} if self.spec.power else {"standby_cold": True}),
            **({"standby_partner": self._partner()} if self.options.database else {}),
        }

    def _partner(self) -> str:
        """The machine that takes over from this one: a standby's primary, a primary's first standby that is on."""
        if self.options.database and self.options.database.of:
            return self.options.database.of
        others = (spec for spec in self.site.topology.machines.values() if spec.power and "database" in spec.options)
        return next((spec.name for spec in others if spec.name != self.name), self.name)

    def groups(self) -> Sequence[str]:
        cold = () if self.spec.power else ("cold_standbys",)
        return (f"{self.spec.role}s", *cold, *self.options.groups)

    def backup_sets(self) -> Mapping[str, Mapping[str, Any]]:
        return {name: {"restore_test_host": self.name} for name in self.options.backup_sets}


def _port(port: str, interface: str | None) -> str:
    address = f"ip addr add {interface} dev {port}\n" if interface else ""
    return f"ip addr flush dev {port}\n{address}ip link set {port} up\n"


def _descendants(pid: int | None) -> list[int]:
    """systemd-nspawn and what it started, down to the machine's systemd, whose end is the end of all below it."""
    found: list[int] = []
    level = [pid] if pid is not None else []
    while level := [child for parent in level for child in _children(parent)]:
        found += level
        if any(_is_first_of_its_namespace(child) for child in level):
            break
    return found


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _is_first_of_its_namespace(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    numbers = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
    return len(numbers) > 1 and numbers[-1] == "1"
