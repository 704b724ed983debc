# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a whole: up, down, and its machines."""

from __future__ import annotations

import fcntl
import os
import pickle
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from lab import cleaner, faults, inventory, kinds, network, reachability, rootfs, standby, standby_faults, topology
from lab.commands import run
from lab.errors import LabError
from lab.instance import STATE_ROOT, Instance, require_root
from lab.machine import Machine, Site, create
from lab.power import control as power
from lab.power import faults as power_faults
from lab.probe import DEFAULT_INTERVAL_MS, Probe, clients_to_servers

assert kinds.__all__, "importing the kinds registers them"
assert standby_faults.__name__, "importing them registers the faults"
assert power_faults.__name__, "importing them registers the faults"

READY_WITHIN = 60.0
POLL = 0.02
Progress = Callable[[str], None]


def _quiet(_line: str) -> None:
    pass


class Lab:
    """One instance with its topology: the parts of it that run, or when none does, all."""

    def __init__(self, instance: Instance, plan: topology.Topology) -> None:
        self.instance = instance
        self.plan = plan
        self._take(self._parts_that_run() or plan.parts)

    @classmethod
    def from_environment(cls, topology_file: Path = topology.DEFAULT_FILE) -> Lab:
        """The instance that LAB_NAME names."""
        return cls(Instance.from_environment(), topology.load(topology_file))

    @classmethod
    def of_running(cls, instance: Instance) -> Lab:
        """The instance as it was built, or is being built, whichever topology it was built from."""
        plan = pickle.loads(instance.plan.read_bytes())
        assert isinstance(plan, topology.Topology)
        return cls(instance, plan)

    def _take(self, parts: Iterable[str]) -> None:
        self.topology = self.plan.of_parts(tuple(parts))
        self.__dict__.pop("machines", None)

    def _parts_that_run(self) -> tuple[str, ...]:
        """None when nothing runs, or what runs was built from another topology.yml."""
        try:
            digest, *parts = self.instance.complete.read_text(encoding="ascii").split()
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except PermissionError:
            require_root()
            raise
        return tuple(parts) if digest == self.plan.digest else ()

    @cached_property
    def machines(self) -> dict[str, Machine]:
        site = Site(self.instance, self.topology)
        return {spec.name: create(spec, site) for spec in self.topology.machines.values()}

    def machines_with_power(self) -> list[Machine]:
        """Those that are on when the lab starts."""
        return [machine for machine in self.machines.values() if machine.spec.power]

    def machine(self, name: str) -> Machine:
        self.topology.machine(name)
        return self.machines[name]

    def exec(self, name: str, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.machine(name).exec(*argv, check=check)

    def fault(self, name: str, target: str) -> None:
        """Make something go wrong; lab/faults.py has the names."""
        fault = faults.create(self, name, target)
        if fault.lasting:
            self._record.add(name, target)
        try:
            fault.strike()
        except LabError:
            self._record.remove(name, target)
            raise

    def heal(self, name: str, target: str) -> None:
        faults.create(self, name, target).heal()
        self._record.remove(name, target)

    def heal_all(self) -> None:
        """Power comes first, in the order of topology.yml: the other faults are inside machines that run."""
        for name, target in sorted(self.active_faults(), key=self._healing_order):
            self.heal(name, target)

    def _healing_order(self, fault: tuple[str, str]) -> tuple[int, int]:
        name, target = fault
        return faults.FAULTS[name].rank, self.topology.number(target.partition(":")[0])

    def active_faults(self) -> list[tuple[str, str]]:
        """What has been struck and not healed, as (fault, target)."""
        return self._record.read()

    @property
    def _record(self) -> faults.Record:
        return faults.Record(self.instance.state / "faults.json")

    def probe(self, flows: Iterable[tuple[str, str]] | None = None, interval_ms: float = DEFAULT_INTERVAL_MS) -> Probe:
        """Start watching traffic between pairs of machines, by default from every client to every server."""
        pairs = clients_to_servers(self.topology) if flows is None else flows
        return Probe(self.instance, self.topology, pairs, interval_ms)

    def is_up(self) -> bool:
        return self.instance.complete.exists()

    def up(self, progress: Progress = _quiet, parts: Iterable[str] | None = None) -> None:
        """Whole and ready afterwards, at least these parts: by default those that run, or when none does, all.

        What runs is healed, machines have power as topology.yml says, and the databases are as at the beginning;
        a half-built lab, and one that lacks a part, is built anew.
        """
        require_root()
        with self._lock():
            running = self._parts_that_run()
            wanted = tuple(parts) if parts is not None else running or self.plan.parts
            self._take(dict.fromkeys((*running, *wanted)))
            if running and set(wanted) <= set(running) and self._has_its_namespaces():
                self.heal_all()
                power.renew(self)
                self._power_as_at_the_start()
                self._wait_for_machines(progress)
            else:
                self._build(progress)
                self._wait_for_machines(progress)
                self.wait_for_network(progress)
            power.wait_until_told(self)
            standby.make_whole(self, progress)
            complete = " ".join((self.plan.digest, *self.topology.parts))
            self.instance.complete.write_text(complete, encoding="ascii")

    def down(self) -> None:
        require_root()
        with self._lock():
            cleaner.clean(self.instance)
            cleaner.forget(self.instance)

    def _has_its_namespaces(self) -> bool:
        return all(machine.namespace_path.exists() for machine in self.machines.values())

    def _power_as_at_the_start(self) -> None:
        for machine in self.machines.values():
            if machine.spec.power and not machine.running():
                machine.power_on()
            elif not machine.spec.power and machine.running():
                machine.power_off()

    def _build(self, progress: Progress) -> None:
        machines = self.machines.values()
        cleaner.clean(self.instance)
        for recipe in sorted({recipe for machine in machines for recipe in machine.recipes()}, key=lambda r: r.name):
            rootfs.ensure(rootfs.show, recipe)
        self.instance.state.mkdir(parents=True, mode=0o700)
        self.instance.plan.write_bytes(pickle.dumps(self.plan))
        progress(f"starting {len(machines)} machines as {self.instance.name}")
        with ThreadPoolExecutor() as pool:
            cables = pool.submit(network.build, self.instance, self.topology)
            self._make_keys(pool)
            list(pool.map(lambda machine: machine.prepare(), machines))
            cables.result()
            list(pool.map(lambda machine: machine.start() if machine.spec.power else machine.power_off(), machines))
        inventory.write(self.instance, self.topology, self.machines.values())

    def _make_keys(self, pool: ThreadPoolExecutor) -> None:
        """The controller's key, and each machine's host key, which the controller then knows."""
        keys = {self.instance.client_key: "controller"}
        for name in self.machines:
            self.instance.machine_state(name).mkdir(parents=True)
            keys[self.instance.machine_state(name) / "host_key"] = name
        list(pool.map(lambda item: _make_key(*item), keys.items()))
        lines = []
        for spec in self.topology.machines.values():
            public = self.instance.machine_state(spec.name) / "host_key.pub"
            kind, key = public.read_text(encoding="ascii").split()[:2]
            lines.append(f"{spec.management},{spec.name} {kind} {key}\n")
        self.instance.known_hosts.write_text("".join(lines), encoding="ascii")

    def _wait_for_machines(self, progress: Progress) -> None:
        started = time.monotonic()
        waiting = {machine.name: machine for machine in self.machines_with_power()}
        while waiting:
            reasons = {name: machine.not_ready() for name, machine in waiting.items()}
            waiting = {name: self.machines[name] for name, reason in reasons.items() if reason is not None}
            _pause_or_give_up(started, {name: str(reasons[name]) for name in waiting})
        progress(f"machines ready after {time.monotonic() - started:.1f} s")

    def wait_for_network(self, progress: Progress = _quiet) -> None:
        """Until every machine reaches every address; each of them speaks, so switches learn where it is now."""
        started = time.monotonic()
        while missing := reachability.missing(self.instance, self.topology):
            _pause_or_give_up(started, missing)
        progress(f"network ready after {time.monotonic() - started:.1f} s")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One `up` or `down` of an instance at a time; a dead holder holds nothing."""
        while True:
            STATE_ROOT.mkdir(parents=True, exist_ok=True)
            with self.instance.lock_file.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not self._is_current(lock.fileno()):
                    continue
                yield
                return

    def _is_current(self, descriptor: int) -> bool:
        """False when a `down` removed the lock file while we waited for it."""
        path = self.instance.lock_file
        return path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino


def _make_key(path: Path, comment: str) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def _pause_or_give_up(started: float, waiting: dict[str, str]) -> None:
    if waiting and time.monotonic() - started > READY_WITHIN:
        raise LabError(
            f"The lab is not ready after {READY_WITHIN:.0f} s: "
            + "; ".join(f"{name}: {reason}" for name, reason in waiting.items())
            + "."
        )
    time.sleep(POLL)
