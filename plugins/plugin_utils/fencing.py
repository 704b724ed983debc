# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making sure that a former primary reaches nobody any more: the ways to it, tried in order."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._power.control import (
    ensure_forced_off,
    ensure_on,
    open_control,
)
from ansible_collections.contingency.infra.plugins.module_utils._power.model import Bmc, PowerError, PowerState

START_SECONDS = 30.0
FRESH_SECONDS = 1.0
"""A machine that was seen off is off for so long at least: no server starts its operating system any faster."""


@dataclass(frozen=True)
class Proof:
    """That a host was fenced: how, what was seen, when (seconds since the epoch).

    ``already`` is True where it was found fenced, so that it may have been so for longer.
    """

    method: str
    what: str
    at_epoch: float
    confirmed: bool = True
    already: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "already"}


class NotFenced(Exception):
    """This way did not lead to a proof; the text says why and what to do."""


class NotStarted(Exception):
    """A cold host could not be switched on; the text says why and what to do."""


class Starter:
    """Switches a cold standby host on."""

    def __init__(self, host: str, bmc: Bmc | None) -> None:
        self._host = host
        self._bmc = bmc

    def plan(self) -> str:
        """Return in words what ``start`` would do."""
        by = f"through its BMC {self._bmc.host}" if self._bmc else "by hand (it has no standby_bmc)"
        return f"switch {self._host} on {by} and read whether it may take over"

    def start(self) -> str:
        """Switch it on and return what was done; NotStarted where that cannot be done."""
        if self._bmc is None:
            raise NotStarted(f"{self._host} has no standby_bmc in the inventory; switch it on by hand")
        try:
            with open_control(self._bmc) as control:
                outcome = ensure_on(control, START_SECONDS)
        except PowerError as error:
            raise NotStarted(error.message) from error
        return f"{self._host} {'was switched on' if outcome.changed else 'was on already'}"


class Fence(ABC):
    """One way to fence a host."""

    method: str

    @abstractmethod
    def prepare(self) -> None:
        """Log in ahead of time, without changing anything; what goes wrong is told by ``fence``."""

    @abstractmethod
    def fence(self) -> Proof:
        """Fence it and prove it; NotFenced where that cannot be done."""

    @abstractmethod
    def plan(self) -> str:
        """Return in words what ``fence`` would do."""


class BmcFence(Fence):
    """The power is taken away through the BMC, and read back."""

    method = "bmc"

    def __init__(self, host: str, bmc: Bmc, timeout: float) -> None:
        self._host = host
        self._bmc = bmc
        self._timeout = timeout
        self._control: Any = None
        self._trouble: PowerError | None = None
        self._seen: PowerState | None = None
        self._seen_at = 0.0

    def prepare(self) -> None:
        try:
            self._control = open_control(self._bmc)
            self._seen = self._control.state()
            self._seen_at = time.time()
        except PowerError as error:
            self._trouble = error

    def fence(self) -> Proof:
        if self._control is None and self._trouble is None:
            self.prepare()
        if self._trouble is not None:
            raise NotFenced(self._trouble.message)
        if self._seen is PowerState.OFF and 0 <= time.time() - self._seen_at < FRESH_SECONDS:
            self._control.close()
            self._control = None
            return self._proof("was off already", self._seen_at, already=True)
        try:
            outcome = ensure_forced_off(self._control, self._timeout, seen=self._seen)
        except PowerError as error:
            raise NotFenced(error.message) from error
        finally:
            self._control.close()
            self._control = None
        seen = "switched off" if outcome.changed else "was off already"
        if outcome.confirmed_at is None:
            raise NotFenced(f"{self._bmc.host} cannot tell whether {self._host} is off; look at the machine")
        return self._proof(seen, outcome.confirmed_at, already=not outcome.changed)

    def _proof(self, seen: str, at_epoch: float, already: bool) -> Proof:
        return Proof(self.method, f"{self._host} {seen}, its BMC {self._bmc.host} reads off", at_epoch, already=already)

    def plan(self) -> str:
        return f"switch {self._host} off through its BMC {self._bmc.host} and read it back"


class OperatorFence(Fence):
    """A person states in writing that the host is off."""

    method = "operator"

    def __init__(self, host: str, statement: str, who: str) -> None:
        self._host = host
        self._statement = statement.strip()
        self._who = who

    def prepare(self) -> None:
        """Nothing to log in to."""

    def fence(self) -> Proof:
        if not self._statement:
            raise NotFenced(
                f"nobody has stated that {self._host} is off: pull its power, then run this again with "
                f"-e 'fenced=\"{self._host} is off, seen by NAME\"'"
            )
        if self._host not in self._statement:
            raise NotFenced(f"the statement '{self._statement}' does not name {self._host}; write which host is off")
        return Proof(self.method, f"stated by {self._who}: {self._statement}", time.time())

    def plan(self) -> str:
        return f"take the word of {self._who}: {self._statement or '(nothing stated)'}"


def fence_first(fences: Sequence[Fence]) -> Proof:
    """Return the proof of the first way that leads to one; NotFenced names what was wrong with each."""
    troubles = []
    for each in fences:
        try:
            return each.fence()
        except NotFenced as error:
            troubles.append(f"{each.method}: {str(error).rstrip('.')}")
    raise NotFenced("; ".join(troubles) or "no way to fence it is configured: give it standby_bmc in the inventory")
