# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with a BMC in virtual time, so that hours of waiting take none."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.contingency.infra.plugins.module_utils._power.control import Clock, PowerControl
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    BmcUnreachable,
    PowerError,
    PowerState,
)

BMC_TIMEOUT = 5.0


class VirtualClock(Clock):
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return 1_000_000 + self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds


@dataclass
class FakeMachine(PowerControl):
    """A machine that takes its time; ``dead_at`` is when its BMC falls silent."""

    clock: VirtualClock
    powered: bool = True
    on_takes: float | None = 0.3
    graceful_takes: float | None = 20.0
    forced_takes: float | None = 0.1
    call_takes: float = 0.02
    dead_at: float = float("inf")
    in_between: PowerState | None = None
    refusals: dict[str, list[PowerError]] = field(default_factory=dict)
    cannot: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[float, str]] = field(default_factory=list)
    read: list[tuple[float, PowerState]] = field(default_factory=list)
    changes: list[tuple[float, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__("The BMC 10.0.0.21", BMC_TIMEOUT)

    def state(self) -> PowerState:
        self._answer()
        found = PowerState.ON if self.is_on() else PowerState.OFF
        if self.in_between is not None and any(when > self.clock.now() for when, _state in self.changes):
            found = self.in_between
        self.read.append((self.clock.now(), found))
        return found

    def request(self, action: str) -> None:
        assert action in ("on", "graceful_off", "forced_off")
        self._answer()
        if self.refusals.get(action):
            raise self.refusals[action].pop(0)
        self.asked.append((self.clock.now(), action))
        takes = {"on": self.on_takes, "graceful_off": self.graceful_takes, "forced_off": self.forced_takes}[action]
        if takes is not None:
            self.changes.append((self.clock.now() + takes, action == "on"))

    def close(self) -> None:
        pass

    def limitation(self, action: str) -> str | None:
        return self.cannot.get(action)

    def is_on(self) -> bool:
        happened = sorted((when, on) for when, on in self.changes if when <= self.clock.now())
        return happened[-1][1] if happened else self.powered

    def actions(self) -> list[str]:
        return [action for _first, action in self.asked]

    def _answer(self) -> None:
        """Take the time of one call, at most what the caller grants."""
        if self.clock.now() >= self.dead_at:
            self.clock.seconds += self.patience
            raise BmcUnreachable(f"{self.name} does not answer.")
        if self.call_takes > self.patience:
            self.clock.seconds += self.patience
            raise BmcUnreachable(f"{self.name} does not answer in time.")
        self.clock.seconds += self.call_takes
