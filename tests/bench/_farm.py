# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred hosts behind one UPS, shut down by the playbook, or by a script that only knows ssh.

The hosts are light machines of the lab with sshd and a process namespace of their own; each is off some seconds after
its shutdown command. Whether one is on is asked of its chassis, a command on the machine that the lab runs on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan

from lab import topology
from lab.engine import Lab
from lab.instance import CONTROLLER, Instance
from lab.kinds.blade import CHASSIS, POWEROFF, Blade
from lab.kinds.ups import Ups
from lab.playbook import environment
from lab.power import control
from tests.bench._cost import ROOT, cost

HOSTS = 100
CONCURRENCY = 16
FANOUT = 32
"""What pdsh does at once when nothing is said (pdsh(1), -f)."""
TIERS = (("web", 40), ("app", 30), ("database", 20), ("base", 10))
SHORTEST, SPREAD = 6, 10
WATTS = 25
UPS = "ups-a"
TABLE = [360, 205, 159, 124, 106, 98, 83, 75, 66, 53]
"""Minutes at 10, 20 ... 100 % of load, as in lab/topology.yml."""
WITHIN = 300.0


@dataclass(frozen=True)
class Shutdown:
    """One shutdown of all by the playbook; seconds. ``durations`` are what each host took, from order to word."""

    seconds: float
    durations: Mapping[str, float]


def plan() -> topology.Topology:
    """The controller, the UPS and the hosts; each host goes off after two of the tier that needs it."""
    hosts = {name: _entry(name, number) for number, name in enumerate(names())}
    machines = {
        CONTROLLER: {"kind": "controller", "part": "every", "management": "10.77.0.1"},
        UPS: {
            "kind": "ups",
            "management": "10.77.0.71",
            "nominal_watts": HOSTS * WATTS,
            "recharge_minutes": 240,
            "runtime_minutes": TABLE,
        },
        **hosts,
    }
    networks = {"management": {"prefix": "10.77.0.0/24"}, "hospital": {"prefix": "10.9.0.0/24"}}
    return topology.parse({"networks": networks, "machines": machines, "links": []}, "a-hundred-hosts")


def names() -> list[str]:
    return [f"{tier}-{number:02d}" for tier, count in TIERS for number in range(count)]


def _entry(name: str, number: int) -> dict[str, Any]:
    return {
        "kind": "blade",
        "stage": name.rpartition("-")[0],
        "after": _after(name),
        "feeds": [UPS],
        "watts": WATTS,
        "stop_seconds": SHORTEST + number * 7 % SPREAD,
        "management": f"10.77.0.{101 + number}",
    }


def _after(name: str) -> list[str]:
    tier, _dash, number = name.rpartition("-")
    place = [each for each, _count in TIERS].index(tier)
    if not place:
        return []
    before, count = TIERS[place - 1]
    return sorted({f"{before}-{(int(number) * 2 + each) % count:02d}" for each in range(2)})


class Farm:
    """The hosts, on when it starts."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.directory = lab.instance.state / "farm"
        self.turn = 0

    @cached_property
    def hosts(self) -> list[Blade]:
        return [machine for machine in self.lab.machines.values() if isinstance(machine, Blade)]

    @property
    def ups(self) -> Ups:
        return control.ups(self.lab, UPS)

    def renew(self) -> None:
        """All on, mains there, and nothing known of what was; what is going down goes first."""
        ordered = [host for host in self.hosts if host.began() is not None]
        self._wait_until_off(ordered)
        for host in ordered:
            host.forget()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: host.power_on(), self.hosts))
        self.lab.up()

    def on_battery(self) -> None:
        """Mains fail, and the UPS says so."""
        self.lab.fault("mains-off", UPS)
        deadline = time.monotonic() + WITHIN
        while "OB" not in self.ups.variable("ups.status"):
            if time.monotonic() > deadline:
                sys.exit(f"{UPS} does not say that it is on battery")
            time.sleep(0.1)

    def all_off(self) -> bool:
        return not any(host.running() for host in self.hosts)

    # -- the playbook ----------------------------------------------------------------------------------

    def by_playbook(self) -> Shutdown:
        """Shut all down for an announced outage; SystemExit with what it said where not all are off."""
        fresh = self._fresh()
        seconds = self._play(fresh, {"outage": "planned", "contingency_confirm": "planned"}, after_seconds=1800)
        if not self.all_off():
            sys.exit("staged_shutdown ended well, and hosts are on")
        return Shutdown(seconds, _durations(fresh / "durations.json"))

    def reaction(self) -> float:
        """Return the seconds from the start of the playbook, on battery and with a stage due, to the first order."""
        started = time.time()
        self._play(self._fresh(), {}, after_seconds=0)
        began = self._began()
        if not began:
            sys.exit("staged_shutdown gave no order while the UPS was on battery and a stage was due")
        return min(began) - started

    def _play(self, fresh: Path, variables: Mapping[str, str], after_seconds: float) -> float:
        """Return the seconds of a whole run; SystemExit with what it said where it failed."""
        argv = self._command(fresh, variables, after_seconds)
        return cost(argv, environment(self.lab)).wall

    def _began(self) -> list[float]:
        """When orders reached hosts of the first tier: the only one that is due."""
        moments = [host.began() for host in self.hosts[: TIERS[0][1]]]
        return [moment for moment in moments if moment is not None]

    def _fresh(self) -> Path:
        self.turn += 1
        fresh = self.directory / str(self.turn)
        fresh.mkdir(parents=True)
        chassis = {"chassis_of_the_blades": {"hosts": {CHASSIS: {"ansible_connection": "local"}}}}
        (fresh / "chassis.json").write_text(json.dumps(chassis), encoding="utf-8")
        return fresh

    def _command(self, fresh: Path, variables: Mapping[str, str], after_seconds: float) -> list[str]:
        settings = {
            **variables,
            "staged_shutdown_policy": policy(after_seconds),
            "staged_shutdown_state_dir": str(fresh / "outage"),
            "staged_shutdown_evidence_dir": str(fresh / "evidence"),
            "staged_shutdown_durations_file": str(fresh / "durations.json"),
        }
        ansible = str(Path(sys.executable).with_name("ansible-playbook"))
        inventories = ["-i", str(ROOT / "inventories/lab"), "-i", str(fresh / "chassis.json")]
        playbook = str(ROOT / "playbooks/staged_shutdown.yml")
        return self.lab.machine(CONTROLLER).command([ansible, *inventories, playbook, "-e", json.dumps(settings)])

    # -- the script ------------------------------------------------------------------------------------

    def by_parallel_ssh(self) -> float:
        """Send the command to all, in no order, as pdsh does; return the seconds until all are really off."""
        started = time.monotonic()
        with ThreadPoolExecutor(FANOUT) as pool:
            list(pool.map(self._ordered, self.hosts))
        self._wait_until_off(self.hosts)
        return time.monotonic() - started

    def _wait_until_off(self, hosts: Sequence[Blade]) -> None:
        deadline = time.monotonic() + WITHIN
        while left := [host.name for host in hosts if host.running()]:
            if time.monotonic() > deadline:
                sys.exit(f"{left[0]} is not off {WITHIN:.0f} s after it was told to")
            time.sleep(0.1)

    def _ordered(self, host: Blade) -> None:
        instance = self.lab.instance
        options = ["-o", f"UserKnownHostsFile={instance.known_hosts}", "-o", "StrictHostKeyChecking=yes"]
        login = ["ssh", "-i", str(instance.client_key), *options, f"root@{host.spec.management}"]
        command = f"setsid {POWEROFF} </dev/null >/dev/null 2>&1 &"
        subprocess.run(self.lab.machine(CONTROLLER).command([*login, command]), stdin=subprocess.DEVNULL, check=True)

    # -- the plan --------------------------------------------------------------------------------------

    def planned(self, durations: Mapping[str, float]) -> Mapping[str, Any]:
        """Return the plan for hosts that take so long."""
        nodes = [_node(host, durations[host.name]) for host in self.hosts]
        described = self.ups.lists_of_all()["shutdown_upses"]
        return make_plan(nodes, described, policy(1800), [reading()], None, time.time())


@contextmanager
def farm() -> Iterator[Farm]:
    """Start the hosts, and take them down at the end."""
    lab = Lab(Instance.from_environment(), plan())
    lab.up()
    try:
        control.set_pace(lab, 1)
        yield Farm(lab)
    finally:
        lab.down()


def policy(after_seconds: float) -> dict[str, Any]:
    """The first tier after so many seconds, the others later."""
    later = [{"name": tier, "after_seconds": 3600 + number} for number, (tier, _count) in enumerate(TIERS[1:])]
    return {"stages": [{"name": TIERS[0][0], "after_seconds": after_seconds}, *later], "concurrency": CONCURRENCY}


def reading() -> dict[str, Any]:
    """Mains there, and a full battery."""
    return {
        "name": UPS,
        "status": "online",
        "why": None,
        "runtime_seconds": TABLE[-1] * 60.0,
        "charge_percent": 100.0,
        "load_percent": 100.0,
        "power_watts": float(HOSTS * WATTS),
        "age_seconds": 0.0,
        "read_at_epoch": time.time(),
        "marks": [],
    }


def _node(host: Blade, seconds: float) -> dict[str, Any]:
    return {
        "name": host.name,
        "kind": "host",
        "stage": host.options.stage,
        "duration_seconds": seconds,
        "power_watts": float(host.options.watts),
        "feeds": list(host.options.feeds),
        "after": list(host.options.after),
    }


def _durations(file: Path) -> dict[str, float]:
    hosts = json.loads(file.read_text(encoding="utf-8"))["hosts"]
    return {name: float(runs[-1]["seconds"]) for name, runs in hosts.items()}
