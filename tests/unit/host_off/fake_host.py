# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a login, a BMC and a switch port in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.kinds import KINDS, Service
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.remote import MARK, Identity
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.host_off import HostToShut, Means, shut_down
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import LinkWitness, NoLogin, Witness

from tests.unit.power.fake_machine import FakeMachine, VirtualClock

OWN = Identity("boot-of-controller", "machine-of-controller")
HOST = Identity("boot-of-host", "machine-of-host")
SERVICES = (Service("his-app", 20.0), Service("postgresql@15-main", 60.0))
TIMEOUT = 120.0


@dataclass
class FakeHost:
    """A Linux host; ``shuts_in`` is None where its shutdown hangs, ``no_login`` why nobody gets in.

    ``bmc`` holds whether it has power; a host without power answers nobody.
    """

    clock: VirtualClock = field(default_factory=VirtualClock)
    identity: Identity = HOST
    shuts_in: float | None = 8.0
    services_take: tuple[float, ...] = (1.0, 3.0)
    no_login: str | None = None
    no_login_until: float = 0.0
    breaks: int = 0
    hangs_at_login: bool = False
    stopping: bool = False
    root: bool = True
    here: bool = False
    name: str = "his-app-1"
    commands: list[tuple[float, str]] = field(default_factory=list)
    closed: int = 0

    def __post_init__(self) -> None:
        self.bmc = FakeMachine(self.clock)

    # -- as a Machine ----------------------------------------------------------------------------------

    def run(self, command: str, timeout: float) -> Answer:
        self.commands.append((self.clock.now(), command))
        if self.no_login is not None or self.clock.now() < self.no_login_until or not self.bmc.is_on():
            self.clock.sleep(min(timeout, 3.0))
            raise NoLogin(self.no_login or "Connection timed out")
        if self.hangs_at_login:
            self.clock.sleep(timeout)
            return Answer(TIMED_OUT, "", f"no end within {timeout:g} s")
        lines = [f"boot_id {self.identity.boot_id}", f"machine_id {self.identity.machine_id}"]
        state = "stopping" if self.stopping else "running"
        if "systemctl poweroff" not in command:
            units = [f"unit {number} loaded active" for number in range(len(SERVICES))]
            return self._said([*lines, f"state {state}", *units])
        if self.identity == OWN and "own_boot" in command:
            return self._said([*lines, "refused"])
        if not self.root:
            return self._said([*lines, "not_root"])
        if self.stopping:
            return self._said([*lines, "state stopping"])
        return self._shut([*lines, "state running"])

    def close(self) -> None:
        self.closed += 1

    def _shut(self, lines: list[str]) -> Answer:
        """Stop the services and go down; a login that breaks in the middle does not end that."""
        at = 100.0
        for number, seconds in enumerate(self.services_take):
            lines.append(f"service {number} 0 {at:.2f} {at + seconds:.2f} loaded inactive")
            at += seconds
            self.clock.sleep(seconds)
        self.stopping = True
        self.goes_down_in(self.shuts_in)
        if self.breaks:
            self.breaks -= 1
            raise NoLogin("Connection to 10.77.0.61 closed by remote host", broken=True)
        return self._said([*lines, "shutdown 0"])

    def goes_down_in(self, seconds: float | None) -> None:
        if seconds is not None:
            self.bmc.changes.append((self.clock.now() + seconds, False))

    def _said(self, lines: list[str]) -> Answer:
        self.clock.sleep(0.2)
        return Answer(0, "".join(f"{MARK}{line}\n" for line in lines), "")

    # -- around it ---------------------------------------------------------------------------------------

    @property
    def shutdowns_sent(self) -> int:
        return sum("systemctl poweroff" in command for _when, command in self.commands)

    def link(self, **more: Any) -> LinkWitness:
        """The port of its switch, which loses its link with the power of the host."""
        return LinkWitness(self.bmc.is_on, "port swp4 of rack-his", **more)


def host(**changes: Any) -> HostToShut:
    return HostToShut(
        **{"name": "his-app-1", "kind": KINDS["linux"], "services": SERVICES, "timeout": TIMEOUT, **changes}
    )


def run(
    fake: FakeHost,
    *witnesses: Witness,
    bmc: bool = True,
    durations: Durations | None = None,
    check_mode: bool = False,
    login: bool = True,
    **changes: Any,
) -> dict[str, Any]:
    means = Means(
        machine=fake if login else None,
        own=OWN,
        power=fake.bmc if bmc else None,
        witnesses=witnesses,
        durations=durations,
        clock=fake.clock,
    )
    return shut_down(host(**changes), means, check_mode)


def reader(*answers: bool | None) -> Callable[[], bool | None]:
    """A port that shows these one after the other, and then the last one for ever."""
    left = list(answers)
    return lambda: left.pop(0) if len(left) > 1 else left[0]
