# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stateful model of a fake switch: ports, links, neighbors, tables, configuration, log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_interface

from lab.fakes.config import Config, PortConfig
from lab.fakes.faults import Faults


@dataclass
class Peer:
    """The device at the other end of a link."""

    name: str
    port: str
    mac: str
    address: str = ""
    system: str = "Core switch"
    up: bool = True


@dataclass
class Port:
    """One interface of the device; its configuration is in Config."""

    name: str
    kind: str = "ethernet"  # ethernet, management, vlan
    speed: int = 1000
    media: str = ""
    mac: str = "0200.0000.0001"
    peer: Peer | None = None
    uplink: bool = False


@dataclass
class Host:
    """A station whose address the switch learns; port None is behind the core switches."""

    mac: str
    vlan: int
    address: str = ""
    port: str | None = None


@dataclass
class Received:
    """One line as it came in."""

    at: float
    session: int
    mode: str
    line: str


@dataclass
class Event:
    """One entry of the log buffer."""

    at: datetime
    kind: str  # link, protocol, config, save, login, message
    subject: str
    detail: str = ""


@dataclass
class Timings:
    """How long things take on this device, in seconds."""

    link: float = 0.0
    lldp: float = 0.0
    mac: float = 0.0
    ping: float = 0.0
    """For each ping that is not answered."""
    minute: float = 60.0
    """What the device takes for a minute; tests of confirm timers shorten it."""


@dataclass
class Credentials:
    """Who may log in."""

    user: str = "admin"
    password: str = "lab-password"
    enable_secret: str = "lab-enable"
    privileged_login: bool = True
    authorized_keys: tuple[str, ...] = ()
    any_key: bool = False


@dataclass
class Device:
    """A switch: what it is, how it is configured, what it has seen."""

    platform: str
    running: Config
    ports: dict[str, Port]
    hosts: list[Host] = field(default_factory=list)
    credentials: Credentials = field(default_factory=Credentials)
    timings: Timings = field(default_factory=Timings)
    faults: Faults = field(default_factory=Faults)
    management: str = "oob"
    """What carries the session: "oob", "uplink" (any active uplink), or the name of a port."""
    startup: str = ""
    serial: str = "FDO25140001"
    mac: str = "0050.5600.0001"
    received: list[Received] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    history: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    """Uplinks with a link, each time that changed: (monotonic time, names)."""
    defects: list[str] = field(default_factory=list)
    """Tracebacks of the fake itself; a FakeNetwork raises them when it stops."""
    loop: asyncio.AbstractEventLoop | None = None
    broadcast: Callable[[str], None] = field(default=lambda text: None)
    booted: datetime = field(default_factory=lambda: datetime.now() - timedelta(weeks=31, days=4, hours=7, minutes=12))
    saved_at: datetime | None = None
    snapshots: dict[str, Config] = field(default_factory=dict)
    """Checkpoints, archives and rollback points that the platform keeps, by name."""
    _since: dict[str, float] = field(default_factory=dict)
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note which links are up now, as after a boot long ago."""
        self._since = {name: float("-inf") for name in self.ports if self._link_wanted(name)}
        self.history.append((time.monotonic(), self.uplinks_with_link()))

    @property
    def hostname(self) -> str:
        """The configured name."""
        return self.running.hostname

    def config_of(self, name: str) -> PortConfig:
        """Give the running configuration of a port."""
        return self.running.ports[name]

    def of_kind(self, *kinds: str) -> list[Port]:
        """List the ports of these kinds, in their order."""
        return [port for port in self.ports.values() if port.kind in kinds]

    def record(self, kind: str, subject: str, detail: str = "") -> None:
        """Write an entry into the log buffer."""
        self.events.append(Event(datetime.now(), kind, subject, detail))

    def _link_wanted(self, name: str) -> bool:
        port = self.ports[name]
        if self.running.ports[name].shutdown or name in self.faults.link_down:
            return False
        if port.kind == "ethernet":
            return port.peer is not None and port.peer.up
        return True

    def refresh(self) -> None:
        """Follow the configuration, the faults and the peers: links come up and go down."""
        for name, port in self.ports.items():
            wanted = self._link_wanted(name)
            if wanted == (name in self._since):
                continue
            if wanted:
                self._since[name] = time.monotonic()
            else:
                del self._since[name]
            if port.kind != "vlan":
                self.record("link", name, "up" if wanted else "down")
        uplinks = self.uplinks_with_link()
        if uplinks != self.history[-1][1]:
            self.history.append((time.monotonic(), uplinks))

    def uplinks_with_link(self) -> tuple[str, ...]:
        """Name the uplinks that have a link, without waiting for it to settle."""
        return tuple(name for name, port in self.ports.items() if port.uplink and name in self._since)

    def _up_for(self, name: str) -> float:
        self.refresh()
        since = self._since.get(name)
        return -1.0 if since is None else time.monotonic() - since

    def is_up(self, name: str) -> bool:
        """Tell whether a port has a link that has settled."""
        if self.ports[name].kind == "vlan":
            members = [port.name for port in self.of_kind("ethernet")]
            return not self.config_of(name).shutdown and any(self.is_up(member) for member in members)
        return self._up_for(name) >= self.timings.link and name in self._since

    def active_uplink(self) -> str | None:
        """Name the uplink that forwards: the first with a link (spanning tree blocks the second)."""
        return next((name for name, port in self.ports.items() if port.uplink and self.is_up(name)), None)

    def is_blocked(self, name: str) -> bool:
        """Tell whether spanning tree blocks a port."""
        return self.running.spanning_tree and self.ports[name].uplink and self.active_uplink() not in (name, None)

    def has_loop(self) -> bool:
        """Tell whether two uplinks forward at once."""
        return not self.running.spanning_tree and len(self.uplinks_with_link()) > 1

    def neighbors(self, protocol: str = "lldp") -> list[tuple[Port, Peer]]:
        """List what LLDP (or "cdp") shows: ports whose link is up on both ends for long enough."""
        seen: list[tuple[Port, Peer]] = []
        if protocol == "lldp" and not self.running.lldp:
            return seen
        for port in self.of_kind("ethernet", "management"):
            if port.peer is None or not port.peer.system or self._up_for(port.name) < self.timings.lldp:
                continue
            if not self.is_up(port.name):
                continue
            name = self.faults.neighbor.get(port.name, port.peer.name)
            if name:
                peer = port.peer
                seen.append((port, Peer(name, peer.port, peer.mac, peer.address, peer.system)))
        return seen

    def learned(self) -> list[tuple[Host, str]]:
        """List the MAC table: stations and the port each is behind."""
        table = []
        for host in self._stations():
            name = host.port or self.active_uplink()
            if name is None or not self.is_up(name) or self._up_for(name) < self.timings.mac:
                continue
            if not (self.faults.mac_not_learned and self.ports[name].uplink):
                table.append((host, name))
        return table

    def _stations(self) -> list[Host]:
        cores = [
            Host(port.peer.mac, 1, port.peer.address)
            for port in self.ports.values()
            if port.uplink and port.peer is not None and port.peer.up
        ]
        return cores + self.hosts

    def resolved(self) -> list[tuple[Host, str]]:
        """List the ARP entries: stations with an address that were learned on a port."""
        return [(host, name) for host, name in self.learned() if host.address]

    def own_addresses(self) -> list[tuple[str, str]]:
        """List the device's own addresses: (interface, address/prefix)."""
        return [(name, port.address) for name, port in self.running.ports.items() if port.address]

    def answers(self, address: str) -> bool:
        """Tell whether a ping from the switch to an address is answered."""
        if address in self.faults.ping_fails or "*" in self.faults.ping_fails:
            return False
        if any(str(ip_interface(own).ip) == address and self.is_up(name) for name, own in self.own_addresses()):
            return True
        return any(host.address == address for host, _port in self.resolved())

    def carries_session(self) -> bool:
        """Tell whether packets of a management session get through now."""
        if self.management == "oob":
            return True
        if self.management == "uplink":
            return self.active_uplink() is not None
        return self.is_up(self.management)

    def apply(self, config: Config) -> None:
        """Make a whole configuration the running one."""
        self.running = config
        self.refresh()

    def after_minutes(self, name: str, minutes: float, action: Callable[[], None]) -> None:
        """Run an action later; a timer of the same name is replaced."""
        self.after_seconds(name, minutes * self.timings.minute, action)

    def after_seconds(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        """Run an action later; a timer of the same name is replaced."""
        self.cancel_timer(name)
        if self.loop is None:
            raise RuntimeError("A device's timers run only while it is served; start it in a FakeNetwork.")

        def fire() -> None:
            del self._timers[name]
            action()

        self._timers[name] = self.loop.call_later(seconds, fire)

    def cancel_timer(self, name: str) -> bool:
        """Stop a timer; tell whether it was running."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        return timer is not None

    def has_timer(self) -> bool:
        """Tell whether any timer is running."""
        return bool(self._timers)

    def timer_left(self, name: str) -> float | None:
        """Tell how many seconds a timer still has."""
        timer = self._timers.get(name)
        return None if timer is None or self.loop is None else timer.when() - self.loop.time()
