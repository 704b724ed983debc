# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch in memory with a platform of its own: every state that it was ever in is noted, and time is virtual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from ansible_collections.contingency.infra.plugins.module_utils._switch import checks, line, rollback, uplink
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SessionLost, Unreachable
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import (
    ArpEntry,
    MacEntry,
    Neighbor,
    Port,
    Send,
    TreePort,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target

CONTROLLER, MANAGEMENT, GATEWAY = "10.77.0.1", "10.77.0.21", "10.9.0.1"
TARGET = Target(name="access-ward", host=MANAGEMENT)
EXCHANGE = 0.01


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @contextmanager
    def installed(self) -> Iterator[Clock]:
        """The clock of the switch area while this lasts."""
        modules = (checks, line, rollback, uplink)
        with ExitStack() as stack:
            for module in modules:
                stack.enter_context(patch.object(module, "time", self))
            yield self


class FakeSwitch:
    """Uplinks that can be enabled and shut. What goes wrong is set by its attributes."""

    def __init__(self, enabled: dict[str, bool], spanning_tree: bool | None = False, net: bool = False) -> None:
        self.clock = Clock()
        self.running = dict(enabled)
        self.startup = dict(enabled)
        self.spanning_tree = spanning_tree
        self.has_net = net
        self.revert_at: float | None = None
        self.revert_to: dict[str, bool] = {}
        self.cable = dict.fromkeys(enabled, True)
        self.neighbor = {port: f"core-{letter}" for port, letter in zip(enabled, "abc", strict=False)}
        self.ready_after = 0.0
        self.changed_at = 0.0
        self.addresses: dict[str, str] = {MANAGEMENT: "mgmt0"}
        self.arp: list[ArpEntry] = []
        self.macs: list[MacEntry] | None = []
        self.saves = True
        self.session_faults: dict[int, str] = {}
        self.reachable_again = True
        self.logins = 0
        self.lines: list[str] = []
        self.history: list[tuple[str, ...]] = [self.enabled()]

    def enabled(self) -> tuple[str, ...]:
        return tuple(name for name, up in self.running.items() if up)

    def link(self, port: str) -> bool:
        settled = self.clock.now - self.changed_at >= self.ready_after
        return self.running[port] and self.cable[port] and settled

    def let_time_pass(self) -> None:
        """Undo what was not confirmed in time."""
        if self.revert_at is not None and self.clock.now >= self.revert_at:
            self.revert_at = None
            self._become(self.revert_to)

    def take(self, line: str) -> str:
        """Obey one line of a change, unless a fault says otherwise."""
        fault = self.session_faults.pop(len(self.lines), "")
        self.lines.append(line)
        if fault == "reject":
            return "% Invalid input"
        if fault != "cut before":
            self._obey(*line.split())
        if fault.startswith("cut"):
            raise SessionLost(TARGET.name, f"the session ended after '{line}'")
        return ""

    def _obey(self, verb: str, *words: str) -> None:
        if verb in ("enable", "shut"):
            self._become({**self.running, words[0]: verb == "enable"})
        elif verb == "arm":
            self.revert_at, self.revert_to = self.clock.now + float(words[0]), dict(self.running)
        elif verb == "confirm":
            self.revert_at = None
        elif verb == "cancel":
            self.revert_at = None
            self._become(self.revert_to)
        elif verb == "save" and self.saves:
            self.startup = dict(self.running)

    def _become(self, states: dict[str, bool]) -> None:
        self.running = dict(states)
        self.changed_at = self.clock.now
        self.history.append(self.enabled())


class FakeSession(Session):
    """The lines of a change go to the switch; reads go past it."""

    def __init__(self, switch: FakeSwitch) -> None:
        super().__init__(TARGET, (r"^%",))
        self.switch = switch
        self.closed = False
        self._address = next(iter(switch.addresses))

    @property
    def connection(self) -> Any:
        raise AssertionError("there is no connection")

    @property
    def addresses(self) -> tuple[str, str]:
        return CONTROLLER, self._address

    def exchange(self, send: Send) -> str:
        self.switch.clock.sleep(EXCHANGE)
        self.switch.let_time_pass()
        if self.closed:
            raise SessionLost(TARGET.name, "the session is closed")
        if send.command.startswith("ping "):
            return "1 received" if any(self.switch.link(port) for port in self.switch.running) else "0 received"
        try:
            return self.switch.take(send.command)
        except SessionLost:
            self.closed = True
            raise

    def close(self) -> None:
        self.closed = True


class FakePlatform(Platform):
    """The words of the switch in memory."""

    rejections = (r"^%",)
    abbreviations = {"sw": "swp"}
    ping_command = "ping {address}"
    ping_success = "^1 received"
    save_sends = (Send("save"),)

    def __init__(self, switch: FakeSwitch) -> None:
        self.switch = switch

    def open(self, target: Target) -> Session:
        self.switch.logins += 1
        self.switch.let_time_pass()
        if self.switch.logins > 1 and not self.switch.reachable_again:
            raise Unreachable(target.name, "no answer")
        return FakeSession(self.switch)

    def _read(self, session: Session) -> FakeSwitch:
        assert isinstance(session, FakeSession)
        if session.closed:
            raise SessionLost(TARGET.name, "the session is closed")
        self.switch.clock.sleep(EXCHANGE)
        self.switch.let_time_pass()
        return self.switch

    def read_ports(self, session: Session) -> dict[str, Port]:
        switch = self._read(session)
        return {name: Port(name, up, switch.link(name)) for name, up in switch.running.items()}

    def read_neighbors(self, session: Session) -> list[Neighbor] | None:
        switch = self._read(session)
        return [Neighbor(port, name) for port, name in switch.neighbor.items() if switch.link(port)]

    def read_macs(self, session: Session) -> list[MacEntry] | None:
        switch = self._read(session)
        if switch.macs is None:
            return None
        learned = [MacEntry("020000000031", port) for port in switch.running if switch.link(port)]
        return learned + switch.macs

    def read_arp(self, session: Session) -> list[ArpEntry]:
        return self._read(session).arp

    def read_addresses(self, session: Session) -> dict[str, str]:
        return self._read(session).addresses

    def read_tree(self, session: Session) -> list[TreePort] | None:
        switch = self._read(session)
        if switch.spanning_tree is None:
            return None
        if not switch.spanning_tree:
            return []
        return [TreePort(port, "alternate" if switch.link(port) else "disabled", False) for port in switch.running]

    def read_pending(self, session: Session) -> bool:
        return self._read(session).revert_at is not None

    def safety_net(self, session: Session) -> bool:
        return self.switch.has_net

    def change(self, changes: Sequence[tuple[str, bool]], net_seconds: int = 0) -> list[Send]:
        arm = [Send(f"arm {net_seconds}")] if net_seconds else []
        return arm + [Send(f"{'enable' if enable else 'shut'} {port}") for port, enable in changes]

    def confirm(self) -> list[Send]:
        return [Send("confirm")] if self.switch.has_net else []

    def cancel(self) -> list[Send]:
        return [Send("cancel")] if self.switch.revert_at is not None else []

    def abandon(self) -> list[Send]:
        return []

    def running_config(self, session: Session) -> str:
        return _config(self._read(session).running)

    def startup_config(self, session: Session) -> str:
        return _config(self._read(session).startup)


def _config(states: dict[str, bool]) -> str:
    return "".join(f"interface {name}\n{'' if up else ' shutdown' + chr(10)}" for name, up in states.items())
