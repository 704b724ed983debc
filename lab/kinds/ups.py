# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A UPS: NUT's real upsd with the dummy driver, and a battery that the hosts behind it really drain."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lab import kernel, options
from lab.commands import spawn
from lab.errors import LabError
from lab.instance import CONTROLLER, MARK
from lab.kinds.host import Host
from lab.kinds.layered import PACKAGE, process_of
from lab.kinds.light import LightMachine, common_start
from lab.machine import Machine, Site, create
from lab.power import readings, store
from lab.power.battery import Battery, State, Table, advance
from lab.topology import MachineSpec

NUT_PORT = 3493
PASSWORD = "lab-only"
VARIABLES = "/run/ups.dev"
CERTIFICATE = "etc/nut/certificate.pem"
DERATE = 0.8
UPS_CONF = """\
pollinterval = 1
[{name}]
  driver = dummy-ups
  port = {variables}
  mode = dummy-once
  desc = "{watts} W"
"""
UPSD_CONF = """\
LISTEN {address} {port}
LISTEN 127.0.0.1 {port}
MAXAGE 6
CERTPATH /etc/nut/tls
CERTIDENT {name} {password}
CERTREQUEST 0
"""
UPSD_USERS = """\
[admin]
  password = {password}
  actions = SET
  instcmds = ALL
[monitor]
  password = {password}
  upsmon primary
"""
START = """\
if [ ! -e /{certificate} ]; then
  mkdir -p /etc/nut/tls
  echo {password} > /etc/nut/tls/password
  head -c 64 /dev/urandom > /run/noise
  tls="-d sql:/etc/nut/tls -f /etc/nut/tls/password"
  certutil -N $tls
  certutil -S $tls -x -n {name} -s CN={name} -t CT,C,C -k ec -q nistp256 -z /run/noise -v 120 -m 1 \\
    --extSAN ip:{address},dns:{name}
  chown -R nut:nut /etc/nut/tls
  certutil -L $tls -n {name} -a > /{certificate}
  rm /run/noise
fi
install -d -o nut -g nut -m 770 /run/nut
for attempt in $(seq 400); do [ -s {variables} ] && break; sleep 0.05; done
/lab/driver
/lib/nut/upsd -u nut
"""


@dataclass(frozen=True)
class UpsOptions:
    """What topology.yml may say of a UPS."""

    nominal_watts: int
    runtime_minutes: tuple[int, ...]
    recharge_minutes: int
    tls: bool = False


class Ups(LightMachine):
    """Its management controller is a machine of the lab; its battery is a process that goes on when that has no power.

    An empty or broken UPS is dark: its own machine is off, and so is each host that no other UPS feeds.
    """

    kind = "ups"

    def __init__(self, spec: MachineSpec, site: Site) -> None:
        super().__init__(spec, site)
        self.options = options.parse(UpsOptions, dict(spec.options), f"machine {spec.name}")
        minutes = self.options.runtime_minutes
        if len(minutes) < 2 or sorted(minutes, reverse=True) != list(minutes) or minutes[-1] <= 0:
            raise LabError(f"runtime_minutes of machine {spec.name} must fall, from 10 % of load on in steps of 10 %.")
        self.battery = Battery(
            self.options.nominal_watts, Table.from_minutes(minutes), 60.0 * self.options.recharge_minutes
        )
        self.store = store.Store(site.instance, spec.name)

    @cached_property
    def hosts(self) -> list[Host]:
        """The machines that it feeds, alone or with another UPS."""
        machines: list[Machine] = [
            create(spec, self.site) for spec in self.site.topology.machines.values() if spec.kind == Host.kind
        ]
        return [machine for machine in machines if isinstance(machine, Host) and self.name in machine.options.feeds]

    # -- the machine ------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        super().prepare()
        self.store.write_new()
        owner = (self.recipe.path / "etc/nut/upsd.conf").stat()
        for path in self.files():
            os.chown(self.disk / path, owner.st_uid, owner.st_gid)
            (self.disk / path).chmod(0o640)

    def files(self) -> dict[str, str]:
        address, watts = self.spec.management, self.options.nominal_watts
        return {
            "etc/nut/ups.conf": UPS_CONF.format(name=self.name, variables=VARIABLES, watts=watts),
            "etc/nut/upsd.conf": UPSD_CONF.format(address=address, port=NUT_PORT, name=self.name, password=PASSWORD),
            "etc/nut/upsd.users": UPSD_USERS.format(password=PASSWORD),
        }

    def programs(self) -> dict[str, str]:
        return {**super().programs(), "lab/driver": f"#!/bin/sh\nexec /lib/nut/dummy-ups -a {self.name} -u nut\n"}

    def start_script(self) -> str:
        address = self.spec.management
        return common_start(address, self.site.topology.management.prefix.prefixlen) + START.format(
            name=self.name, address=address, password=PASSWORD, variables=VARIABLES, certificate=CERTIFICATE
        )

    def start(self) -> None:
        """It carries its load again if there are mains, or is something left in the battery."""
        self.store.update(lambda state: replace(state, broken=False, output=state.mains or state.charge > 0.0))
        self.light_up()
        self.start_model()

    def light_up(self) -> None:
        with self._power():
            if self.store.read().output and not self.running():
                super().start()

    def power_off(self) -> None:
        """It breaks: what only it feeds has no power any more."""
        self.store.set(broken=True, output=False)
        self.go_dark()

    def power_on(self) -> None:
        self.start()

    def go_dark(self) -> None:
        """Take the power from every host that no UPS feeds any more, and from its own machine."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Host.power_off, [host for host in self.hosts if host.running() and host.no_power()]))
        with self._power():
            if self.running():
                super().power_off()

    @contextmanager
    def _power(self) -> Iterator[None]:
        """One at a time: the lab and the battery both switch it."""
        with (self.state / "power.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def not_ready(self) -> str | None:
        if not self.store.read().output:
            raise LabError(f"{self.name} is empty: bring the mains back with python -m lab heal all.")
        if self.model() is None:
            raise LabError(f"The battery of {self.name} stopped: see {self.state / 'model.log'}.")
        return super().not_ready() or self._silent()

    def _silent(self) -> str | None:
        answer = self.ask(f"GET VAR {self.name} ups.status")
        told = answer.startswith("VAR ") and "WAIT" not in answer
        return None if told else f"its upsd says {answer or 'nothing'}"

    def ask(self, line: str) -> str:
        """What upsd answers the controller: one line of NUT's protocol, or nothing when it does not answer."""
        here = self.site.instance.namespace_path(CONTROLLER)
        with kernel.network_namespace(here), socket.socket() as client:
            client.settimeout(2)
            try:
                client.connect((self.spec.management, NUT_PORT))
                client.sendall(f"{line}\n".encode())
                return client.makefile(encoding="utf-8").readline().strip()
            except OSError:
                return ""

    def variable(self, name: str) -> str:
        """What upsd tells of a variable; raises LabError with its answer where it does not tell."""
        answer = self.ask(f"GET VAR {self.name} {name}")
        if not answer.startswith("VAR "):
            raise LabError(f"upsd on {self.name} does not tell {name}: it says {answer or 'nothing'}.")
        return answer.split(" ", 3)[3].strip('"')

    # -- the battery ------------------------------------------------------------------------------------------

    def load_watts(self) -> float:
        """What the hosts draw that are really on; one with several feeds draws alike from those that carry."""
        instance = self.site.instance
        if not self.store.read().output:
            return 0.0
        total = 0.0
        for host in self.hosts:
            if host.running():
                total += host.options.watts / sum(store.has_output(instance, feed) for feed in host.options.feeds)
        return total

    def publish(self, state: State, pace: float) -> None:
        """Let the driver read how it stands: it looks when the file's time has changed, in whole seconds."""
        pid = self.pid()
        if pid is None:
            return
        try:
            target = Path(f"/proc/{pid}/root{VARIABLES}")
            new = target.with_suffix(".new")
            new.write_text(readings.as_file(readings.readings(self.battery, state, pace)), encoding="ascii")
            turn = int(state.updated / 0.05)
            os.utime(new, (turn, turn))
            new.rename(target)
        except (FileNotFoundError, ProcessLookupError):
            return

    def start_model(self) -> None:
        with self._power():
            if self.model() is None:
                instance = self.site.instance
                environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), MARK: instance.mark(self.name)}
                argv = [sys.executable, "-m", "lab.power", instance.name, self.name]
                pid = spawn(argv, self.state / "model.log", environment)
                (self.state / "model.pid").write_text(f"{pid}\n", encoding="ascii")

    def model(self) -> int | None:
        """The process that is its battery."""
        return process_of(self.state / "model.pid", "\0".join(("lab.power", self.site.instance.name, self.name)))

    def renew(self) -> None:
        """On mains, with a full and good battery that tells the truth."""
        now = time.monotonic()
        self.store.update(lambda _state: advance(self.battery, State(updated=now), 0.0, now, 1.0))
        self.light_up()
        self.start_model()

    # -- for others -------------------------------------------------------------------------------------------

    def login(self) -> Mapping[str, str]:
        return {"ansible_user": "root"}

    def groups(self) -> Sequence[str]:
        return ("ups",)

    def lists_of_all(self) -> Mapping[str, Sequence[Any]]:
        """How it is read, and how long it lasts at the lab's pace: in minutes of the clock."""
        pace = store.pace(self.site.instance)
        source = {"name": self.name, "kind": "nut", "host": self.spec.management, "port": NUT_PORT, "ups": self.name}
        private = {"tls": True, "ca_file": str(self.disk / CERTIFICATE)} if self.options.tls else {}
        table = [[load, seconds / 60.0 / pace] for load, seconds in self.battery.table.points]
        described = {"name": self.name, "nominal_watts": self.options.nominal_watts, "runtime_table": table}
        return {"ups_sources": [{**source, **private}], "shutdown_upses": [{**described, "derate": DERATE}]}

    def describe(self) -> str:
        rated = f"UPS, {self.options.nominal_watts} W"
        if not self.store.exists():
            return rated
        state = self.store.read()
        words = (
            " ".join(readings.status(self.battery, state, store.pace(self.site.instance))) if state.output else "dark"
        )
        return (
            f"{rated}: {words}, charge {100 * state.charge:.0f} %, runtime {state.runtime_seconds:.0f} s,"
            f" load {state.load_watts:.0f} W"
        )
