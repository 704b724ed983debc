# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small server that can be shut down in an orderly way: a whole Debian, fed by one UPS or by two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.errors import LabError
from lab.kinds.debian import GUEST, Debian, DebianOptions
from lab.machine import Site
from lab.power import store
from lab.topology import MachineSpec

HEALTH_PORT = 8080
STOP_FILE = "etc/lab-stop"
"""How many seconds the host's service takes to stop; whatever is no number is for ever."""
OFF_AFTER_SERVICE = 3
"""Seconds from when its service has stopped until it is off, with room to spare."""
UNIT = """\
[Unit]
Description=The service {service} of the laboratory's information system
After=network.target

[Service]
ExecStart=/usr/bin/python3 -I -S /lab/service.py {service} {address} {port} /{stop_file} {needs}
TimeoutStopSec=infinity

[Install]
WantedBy=multi-user.target
"""
MASKED = (
    "cron.service",
    "e2scrub_reap.service",
    "systemd-pstore.service",
    "systemd-logind.service",
    "dbus.service",
    "dbus.socket",
    "systemd-tmpfiles-clean.timer",
    "systemd-update-done.service",
    "ldconfig.service",
)
JOURNAL = "[Journal]\nStorage=volatile\nRuntimeMaxUse=4M\n"


@dataclass(frozen=True, kw_only=True)
class HostOptions(DebianOptions):
    """What topology.yml may say of a host."""

    service: str
    stage: str
    feeds: tuple[str, ...]
    watts: int
    stop_seconds: int
    after: tuple[str, ...] = ()


class Host(Debian):
    """`after` names the hosts that go off before it: those that need it."""

    kind = "host"
    bmc_variable = "shutdown_bmc"
    options_kind = HostOptions
    options: HostOptions

    def __init__(self, spec: MachineSpec, site: Site) -> None:
        super().__init__(spec, site)
        self._check("feeds", self.options.feeds, "ups")
        self._check("after", self.options.after, self.kind)
        if not self.options.feeds or self.options.watts <= 0:
            raise LabError(f"machine {spec.name} needs feeds and watts: which UPSes carry it, and what it draws.")

    def _check(self, entry: str, names: Sequence[str], kind: str) -> None:
        machines = self.site.topology.machines
        wrong = [name for name in names if name not in machines or machines[name].kind != kind]
        if wrong:
            raise LabError(f"{entry} of machine {self.name} names {', '.join(wrong)}: no machine of kind {kind}.")

    @property
    def unit(self) -> str:
        return f"lis-{self.options.service}.service"

    def needs(self) -> list[MachineSpec]:
        """The hosts that its service does not work without: those that go off after it."""
        machines = self.site.topology.machines.values()
        return [other for other in machines if other.kind == self.kind and self.name in other.options.get("after", ())]

    def files(self) -> dict[str, str]:
        text = UNIT.format(
            service=self.options.service,
            address=self.spec.management,
            port=HEALTH_PORT,
            stop_file=STOP_FILE,
            needs=" ".join(other.management for other in self.needs()),
        )
        return {
            **super().files(),
            f"etc/systemd/system/{self.unit}": text,
            "etc/systemd/journald.conf.d/small.conf": JOURNAL,
            "lab/service.py": (GUEST / "service.py").read_text(encoding="utf-8"),
            STOP_FILE: f"{self.options.stop_seconds}\n",
        }

    def prepare(self) -> None:
        super().prepare()
        self._wanted(self.unit, "/etc/systemd/system")
        for unit in MASKED:
            self._place(f"etc/systemd/system/{unit}").symlink_to("/dev/null")

    def not_ready(self) -> str | None:
        return super().not_ready() or (None if self.answers(HEALTH_PORT) else "its service does not answer yet")

    def stops_after(self, seconds: str) -> None:
        """How long its service takes to stop, from now on, also when it is stopping already."""
        if self.running():
            self.exec("sh", "-c", f"echo {seconds} > /{STOP_FILE}")
        else:
            (self.disk / STOP_FILE).write_text(f"{seconds}\n", encoding="ascii")

    def no_power(self) -> str | None:
        feeds = self.options.feeds
        if any(store.has_output(self.site.instance, feed) for feed in feeds):
            return None
        return f"{self.name} has no power: nothing comes from {' and '.join(feeds)}."

    def variables(self) -> Mapping[str, Any]:
        return {
            "shutdown_kind": "linux",
            "shutdown_stage": self.options.stage,
            "shutdown_after": list(self.options.after),
            "shutdown_feeds": list(self.options.feeds),
            "shutdown_power_watts": self.options.watts,
            "shutdown_seconds": self.options.stop_seconds + OFF_AFTER_SERVICE,
            "shutdown_services": [self.unit],
            "shutdown_health": {"kind": "http", "url": f"http://{self.spec.management}:{HEALTH_PORT}/health"},
        }

    def groups(self) -> Sequence[str]:
        return ("shutdown_hosts", *self.options.groups)

    def describe(self) -> str:
        fed = f"{self.options.watts} W from {' and '.join(self.options.feeds)}"
        return f"{self.options.service}, {self.options.stage}, {fed}"
