# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a machine to a state of power, confirmed by reading back, within a time that is kept."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Callable, List, Optional, Sequence, Type

from .model import Bmc, BmcBusy, BmcRefused, BmcUnreachable, NotConfirmed, Outcome, PowerError, PowerState

POLL_SECONDS = 0.05
REPEAT_SECONDS = 2.0
BUSY_SECONDS = 0.2
_LEAST_PATIENCE = 0.01


class PowerControl(ABC):
    """One machine's power.

    One thread uses it at a time. The session is opened by the first ``state`` or ``request``.
    ``patience`` is what one call may take, in seconds; the ``ensure_`` functions lower it to what is left to them.
    ``readable`` is False where no state can be read back.
    """

    readable = True

    def __init__(self, name: str, patience: float) -> None:
        self.name = name
        self.patience = patience

    @abstractmethod
    def state(self) -> PowerState:
        """Read the state; PowerError where it cannot be read."""

    @abstractmethod
    def request(self, action: str) -> None:
        """Ask for on, graceful_off or forced_off and do not wait for it; PowerError where it is not accepted."""

    @abstractmethod
    def close(self) -> None:
        """End the session; never raises."""

    def limitation(self, action: str) -> Optional[str]:
        """Return why this action cannot be asked for, as far as it is known without asking; else None."""
        return None

    def __enter__(self) -> PowerControl:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


def open_control(bmc: Bmc) -> PowerControl:
    """Return the control of this BMC; it talks to it when it is first asked something."""
    if bmc.protocol == "ipmi":
        from .ipmi import IpmiControl

        return IpmiControl(bmc)
    if bmc.protocol == "redfish":
        from .redfish import RedfishControl

        return RedfishControl(bmc)
    from .wake_on_lan import WakeOnLan

    return WakeOnLan(bmc)


class Clock:
    """The time, so that tests can have their own."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Stage:
    """An action, and until when it has time, in seconds after the start."""

    action: str
    until: float


def stages_off(graceful_timeout: float, timeout: float) -> List[Stage]:
    """Return the way to off: ask the operating system first, where it is given time."""
    graceful = [Stage("graceful_off", graceful_timeout)] if graceful_timeout > 0 else []
    return [*graceful, Stage("forced_off", graceful_timeout + timeout)]


def ensure_on(control: PowerControl, timeout: float, clock: Optional[Clock] = None) -> Outcome:
    """Have the machine on, confirmed within ``timeout`` seconds."""
    return _Work(control, PowerState.ON, [Stage("on", timeout)], clock).run()


def ensure_off(
    control: PowerControl, graceful_timeout: float, timeout: float, clock: Optional[Clock] = None
) -> Outcome:
    """Have the machine off: by its operating system within ``graceful_timeout``, else by force.

    It takes at most ``graceful_timeout`` + ``timeout`` seconds; the latter are for the forced part.
    """
    return _Work(control, PowerState.OFF, stages_off(graceful_timeout, timeout), clock).run()


def ensure_forced_off(
    control: PowerControl, timeout: float, clock: Optional[Clock] = None, seen: Optional[PowerState] = None
) -> Outcome:
    """Have the machine off at once, confirmed within ``timeout`` seconds: the fence of a failover.

    ``seen`` is what the caller has read just now; where that was on, it is not read again before it is switched off.
    """
    return _Work(control, PowerState.OFF, stages_off(0, timeout), clock, seen).run()


def look(control: PowerControl, wanted: PowerState, timeout: float, clock: Optional[Clock] = None) -> Outcome:
    """Read only: ``before`` is the state, ``changed`` whether an ``ensure_`` function would change it."""
    stage = Stage("on" if wanted is PowerState.ON else "forced_off", timeout)
    return _Work(control, wanted, [stage], clock).look()


class _Work:
    """The way to one wanted state: read, ask, read back."""

    def __init__(
        self,
        control: PowerControl,
        wanted: PowerState,
        stages: Sequence[Stage],
        clock: Optional[Clock],
        seen: Optional[PowerState] = None,
    ) -> None:
        self._control = control
        self._wanted = wanted
        self._stages = stages
        self._clock = clock or Clock()
        self._started = self._clock.now()
        self._end = self._started + stages[-1].until
        self._most = control.patience
        self._before = self._seen = PowerState.UNKNOWN
        self._seen_before = seen
        self._asked: List[str] = []
        self._steps: List[str] = []
        self._trouble = ""
        self._confirmed_at: Optional[float] = None

    def run(self) -> Outcome:
        return self._kept(self._bring)

    def look(self) -> Outcome:
        return self._kept(self._look)

    def _kept(self, work: Callable[[], None]) -> Outcome:
        """Give an error what had been done until then, and the control its patience back."""
        try:
            work()
        except PowerError as error:
            error.outcome = self._outcome()
            raise
        finally:
            self._control.patience = self._most
        return self._outcome()

    def _outcome(self) -> Outcome:
        return Outcome(
            changed=bool(self._asked),
            before=self._before,
            after=self._seen,
            steps=self._steps,
            confirmed_at=self._confirmed_at,
            seconds=round(self._clock.now() - self._started, 3),
        )

    def _look(self) -> None:
        self._read()
        self._before = self._seen
        if self._confirmed_at is None:
            self._refuse_what_cannot_be()
            self._asked.append(self._stages[-1].action)

    def _bring(self) -> None:
        if self._seen_before is PowerState.ON and self._wanted is PowerState.OFF:
            self._seen = PowerState.ON
        else:
            self._read()
        self._before = self._seen
        if self._confirmed_at is None:
            self._refuse_what_cannot_be()
        for stage in self._stages:
            if self._confirmed_at is None:
                self._end = self._started + stage.until
                self._ask_and_read_back(stage.action)
        if self._confirmed_at is None and self._control.readable:
            raise NotConfirmed(self._not_confirmed())

    def _refuse_what_cannot_be(self) -> None:
        reason = self._control.limitation(self._stages[-1].action)
        if reason is not None:
            raise BmcRefused(reason)

    def _ask_and_read_back(self, action: str) -> None:
        """Ask, and ask again where that is harmless, until the state is there or the time is over."""
        ask_at = self._clock.now()
        while self._clock.now() < self._end:
            if self._clock.now() >= ask_at:
                ask_at = self._clock.now() + self._ask(action)
            if not self._control.readable or self._confirmed_at is not None:
                return
            self._read_back()
            left = self._end - self._clock.now()
            if self._confirmed_at is not None or left <= 0:
                return
            self._clock.sleep(min(POLL_SECONDS, left))

    def _ask(self, action: str) -> float:
        """Ask once and return after how many seconds to ask again."""
        again = float("inf") if action == "graceful_off" else REPEAT_SECONDS
        self._grant()
        try:
            self._control.request(action)
        except BmcBusy as error:
            self._note(f"{action}: {error.message}")
            return BUSY_SECONDS
        except BmcUnreachable as error:
            # It may have been heard: an answer can get lost too.
            self._trouble = error.message
            self._asked.append(action)
            self._note(f"{action}: {error.message}")
            return POLL_SECONDS
        except BmcRefused as error:
            self._note(f"{action}: {error.message}")
            if action not in self._asked and action != "graceful_off":
                self._raise_unless_there(error)
            return again
        self._note(f"requested {action}" if action not in self._asked else f"requested {action} again")
        self._asked.append(action)
        return again

    def _raise_unless_there(self, error: BmcRefused) -> None:
        """A BMC may refuse because the state was reached meanwhile."""
        if self._control.readable:
            self._read_back()
        if self._confirmed_at is None:
            raise error

    def _read_back(self) -> None:
        """Read once more; a BMC may be silent for a moment while it switches."""
        if self._clock.now() >= self._end:
            return
        try:
            self._read()
        except (BmcBusy, BmcUnreachable) as error:
            self._trouble = error.message
            self._note(f"read: {error.message}")

    def _read(self) -> None:
        self._grant()
        self._seen = PowerState.UNKNOWN
        self._seen = self._control.state()
        self._trouble = ""
        self._note(f"read {self._seen}")
        if self._seen is self._wanted:
            self._confirmed_at = self._clock.wall()

    def _grant(self) -> None:
        self._control.patience = max(_LEAST_PATIENCE, min(self._most, self._end - self._clock.now()))

    def _note(self, step: str) -> None:
        if not self._steps or self._steps[-1] != step:
            self._steps.append(step)

    def _not_confirmed(self) -> str:
        asked = " and ".join(dict.fromkeys(self._asked)) or f"nothing that leads to {self._wanted}"
        found = f"reads {self._seen}" if not self._trouble else "does not say its state"
        trouble = f" ({self._trouble.rstrip('.')})" if self._trouble else ""
        return (
            f"{self._control.name} accepted {asked}, but still {found} after {self._stages[-1].until:g} s{trouble}; "
            "look at the machine itself, and take it for neither on nor off until it was seen."
        )
