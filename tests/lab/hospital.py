# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab as the tests use it: start a playbook, look at the switches, break something, put it right."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from lab import reachability
from lab.commands import ip_batch, run
from lab.engine import Lab
from lab.instance import CONTROLLER
from tests.lab.run import Run

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = "swp49", "swp50"
"""The access switches' ports to core-a and core-b."""
BRIDGES = ("access-ward", "access-pharmacy")
"""The access switches without spanning tree."""
FORWARDING_WITHIN = 30.0
LONGEST_RUN = 180

_LLDP_AS_IT_WAS = """
if pidof lldpd >/dev/null; then
  lldpcli unconfigure system hostname >/dev/null; lldpcli configure lldp status rx-and-tx >/dev/null
fi
"""


class Hospital:
    """One lab. Before a test everything is up and on core-a, and saved so."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work
        self.access = [machine.name for machine in lab.topology.of_role("access")]
        self.servers = [machine.name for machine in lab.topology.of_role("server")]
        self.cores = [machine.name for machine in lab.topology.of_role("core")]

    # -- running ---------------------------------------------------------------------------------------

    def start(self, direction: str = "failover", *extra: str, confirm: str = "core-a") -> subprocess.Popen[str]:
        """Start the playbook in a process group of its own."""
        confirmation = ["-e", f"contingency_confirm={confirm}"] if confirm else []
        playbook = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", str(ROOT / "inventories/lab")),
            f"contingency.infra.core_switch_{direction}",
            *("-e", "failed=core-a", *confirmation),
            *("-e", f"contingency_evidence_dir={self.work / 'evidence'}"),
            *("-e", f"contingency_backup_dir={self.work / 'backup'}"),
            *extra,
        ]
        environment = {
            **os.environ,
            "LAB_NAME": self.lab.instance.name,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.work / "ansible"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return subprocess.Popen(
            [sys.executable, "-m", "lab", "run", "--", *playbook],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def play(self, direction: str = "failover", *extra: str, confirm: str = "core-a") -> Run:
        """Run the playbook to its end."""
        before = set(self.records())
        started = time.monotonic()
        process = self.start(direction, *extra, confirm=confirm)
        output, _errors = process.communicate(timeout=LONGEST_RUN)
        records = sorted(set(self.records()) - before)
        return Run(process.returncode, output, time.monotonic() - started, records[-1] if records else None)

    def records(self) -> list[Path]:
        return sorted((self.work / "evidence").glob("core_switch_*.json"))

    # -- looking ---------------------------------------------------------------------------------------

    def shell(self, machine: str, script: str) -> str:
        return self.lab.exec(machine, "sh", "-c", script).stdout

    def running(self, switch: str) -> str:
        return self.shell(switch, "vtysh -c 'show running-config'")

    def startup(self, switch: str) -> str:
        return self.shell(switch, "cat /etc/frr/frr.conf")

    def configurations(self, switches: Iterable[str] = ()) -> dict[str, tuple[str, str]]:
        """Running and startup configuration of the access switches."""
        names = list(switches) or self.access
        with ThreadPoolExecutor() as pool:
            return dict(zip(names, pool.map(lambda name: (self.running(name), self.startup(name)), names), strict=True))

    def enabled(self, switch: str) -> tuple[str, ...]:
        """The uplinks that are administratively up, as the kernel has them."""
        flags = self.shell(switch, f"cd /sys/class/net; cat {OLD}/flags {NEW}/flags").split()
        return tuple(port for port, flag in zip((OLD, NEW), flags, strict=True) if int(flag, 16) & 1)

    def saved(self, switch: str) -> tuple[str, ...]:
        """The uplinks that would be up after a reload."""
        shut, port = set(), ""
        for line in self.startup(switch).splitlines():
            if line.startswith("interface "):
                port = line.split()[1]
            elif line.strip() == "shutdown":
                shut.add(port)
        return tuple(port for port in (OLD, NEW) if port not in shut)

    def uplinks(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """For each access switch, the enabled uplinks and those that were saved as enabled."""
        return {switch: (self.enabled(switch), self.saved(switch)) for switch in self.access}

    def on(self, port: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """What `uplinks` is when every access switch is on one core."""
        return dict.fromkeys(self.access, ((port,), (port,)))

    # -- putting right ---------------------------------------------------------------------------------

    def restore(self) -> None:
        """Everything powered, healed, on core-a, saved, and forwarding."""
        self.lab.heal_all()
        self._wait_for_machines()
        switches = [*self.access, *self.cores]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: self.shell(name, _LLDP_AS_IT_WAS), switches))
            list(pool.map(self._back_to_core_a, self.access))
            list(pool.map(self._open_downlinks, self.cores))
            list(pool.map(self._server_back_to_core_a, self.servers))
        self.wait_until_forwarding()

    def _wait_for_machines(self) -> None:
        deadline = time.monotonic() + FORWARDING_WITHIN
        while reasons := [reason for machine in self.lab.machines_with_power() if (reason := machine.not_ready())]:
            assert time.monotonic() < deadline, reasons
            time.sleep(0.05)

    def wait_until_forwarding(self) -> None:
        deadline = time.monotonic() + FORWARDING_WITHIN
        while missing := reachability.missing(self.lab.instance, self.lab.topology):
            assert time.monotonic() < deadline, missing
            with ThreadPoolExecutor() as pool:
                list(pool.map(self._speak, self.access))

    def wait_until_clients_reach_servers(self) -> None:
        """Over whichever core is there."""
        clients = self.lab.topology.of_role("client")
        servers = self.lab.topology.of_role("server")
        deadline = time.monotonic() + FORWARDING_WITHIN
        while silent := [
            (client.name, server.name)
            for client in clients
            for server in servers
            if self.lab.exec(client.name, "ping", "-n", "-c1", "-W1", str(server.address), check=False).returncode
        ]:
            assert time.monotonic() < deadline, silent

    def _speak(self, switch: str) -> None:
        """Be heard: a core that never hears a quiet switch at its new port sends to the old one until it forgets."""
        self.shell(switch, "ping -n -c 1 -W 1 10.9.0.31 >/dev/null || true")

    def _back_to_core_a(self, switch: str) -> None:
        if (self.enabled(switch), self.saved(switch)) != ((OLD,), (OLD,)):
            self.configure(switch, f"interface {NEW}", "shutdown", "exit", f"interface {OLD}", "no shutdown")

    def _open_downlinks(self, core: str) -> None:
        if " shutdown" in self.running(core):
            self.configure(
                core, *[line for n in (11, 12, 13, 14) for line in (f"interface swp{n}", "no shutdown", "exit")]
            )

    def _server_back_to_core_a(self, server: str) -> None:
        self.shell(server, "ovs-appctl bond/set-active-member bond0 eth0 >/dev/null")

    def configure(self, switch: str, *lines: str) -> None:
        """Configure and save, as a colleague at the console would."""
        words = " ".join(f"-c '{line}'" for line in ("configure terminal", *lines))
        self.shell(switch, f"vtysh {words} && vtysh -c 'write memory'")

    # -- breaking --------------------------------------------------------------------------------------

    @contextmanager
    def in_band(self, switch: str) -> Iterator[str]:
        """The controller gets a port in the hospital's network; yields the switch's address there."""
        instance, address = self.lab.instance, self.lab.topology.machine(switch).address
        via = BRIDGES[1] if switch == BRIDGES[0] else BRIDGES[0]
        ends = f"link add inband netns {instance.namespace(via)} type veth peer name inband"
        run(["ip", *ends.split(), "netns", instance.namespace(CONTROLLER)])
        try:
            self.shell(via, "ip link set inband master br0 up")
            own = ["link set inband up", "addr add 10.9.0.99/24 dev inband"]
            ip_batch(own, namespace=instance.namespace(CONTROLLER))
            # Open vSwitch on the way forwards without the kernel's help with checksums.
            self.lab.exec(CONTROLLER, "ethtool", "-K", "inband", "tx", "off")
            self.shell(switch, "ethtool -K br0 tx off >/dev/null")
            yield str(address)
        finally:
            self.shell(via, "ip link delete inband")

    @contextmanager
    def _broken(self, machine: str, broken: str, healed: str) -> Iterator[None]:
        self.shell(machine, broken)
        try:
            yield
        finally:
            self.shell(machine, healed)

    def kill(self, machine: str) -> None:
        """Take its power away, until the next test."""
        self.lab.fault("power-off", machine)

    def cut_sessions(self, machine: str) -> None:
        """End every SSH session with it; it takes new ones."""
        self.lab.fault("cut-session", machine)

    @contextmanager
    def fault(self, name: str, machine: str) -> Iterator[None]:
        """One of lab/faults.py, while this lasts."""
        self.lab.fault(name, machine)
        try:
            yield
        finally:
            self.lab.heal(name, machine)

    def silent_lldp(self, machine: str) -> AbstractContextManager[None]:
        """It hears its neighbors, and they do not hear it."""
        configure = "lldpcli configure lldp status {}"
        return self._broken(machine, configure.format("rx-only"), configure.format("rx-and-tx"))

    def wrong_name(self, machine: str, name: str) -> AbstractContextManager[None]:
        """What its neighbors see when their cables end at another switch."""
        return self._broken(machine, f"lldpcli configure system hostname {name}", "lldpcli unconfigure system hostname")

    def shut(self, machine: str, port: str) -> AbstractContextManager[None]:
        command = f"vtysh -c 'configure terminal' -c 'interface {port}' -c '{{}}'"
        return self._broken(machine, command.format("shutdown"), command.format("no shutdown"))
