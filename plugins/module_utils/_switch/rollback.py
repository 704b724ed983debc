# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting back what was there, and proving it."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Dict, Sequence

from .errors import CheckFailed, SessionLost, StateUnknown, SwitchError, told
from .line import Line
from .model import Uplinks
from .plan import MAKE_BEFORE_BREAK, plan_restore

_PAUSE = 0.5
_PATIENCE = 30.0
_ATTEMPTS = 3


class Rollback:
    """Undoes what a transaction sent, through sessions that may be cut as well.

    ``inherited``: all there is to undo is what a killed run left to the safety net, which is cancelled. What was
    there before that run only the switch knows.
    """

    def __init__(self, line: Line, before: Uplinks, strategy: str, inherited: bool = False) -> None:
        self._line = line
        self._before = before
        self._strategy = strategy
        self._inherited = inherited

    def left_as_it_is(self, cause: SwitchError) -> SwitchError:
        """Return the error of a transaction that must not be undone."""
        with contextlib.suppress(SwitchError):
            self._line.leave_config()
            self._line.read_states()
        net = ", and the switch itself undoes what an earlier run left unconfirmed" if self._inherited else ""
        return cause.adding(f"rollback is off, it was left as it is now{net}")

    def undone(self, cause: SwitchError) -> SwitchError:
        """Put back what was there; return the error that says so, or that the state is unknown."""
        try:
            self._restored()
        except StateUnknown as unknown:
            return unknown
        except SwitchError as error:
            return StateUnknown(
                self._line.target.name,
                f"{cause.message}; putting the former state back failed too: {error.message}; look at its console",
            )
        outcome = self._line.outcome
        outcome.rolled_back = True
        outcome.changed = self._inherited
        done = "cancelled what an earlier run had left unconfirmed: " if self._inherited else "put back and proven: "
        return cause.adding(f"{done}{_now(outcome.after)}")

    def _restored(self) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._restore()
            except SessionLost as lost:
                if attempt == _ATTEMPTS:
                    raise
                self._line.reconnect(lost)
            except SwitchError:
                raise
            except Exception as error:
                raise told(self._line.target.name, error) from error
        return None

    def _restore(self) -> None:
        line = self._line
        line.leave_config()
        if line.platform.read_pending(line.session):
            line.cancel()
        now = line.read()
        if self._inherited:
            return self._settled(now)
        if now.pending_revert:
            line.confirm()
        steps = plan_restore(self._before, now, self._strategy).steps
        for number, step in enumerate(steps, start=1):
            line.change(step, net=False)
            if self._strategy == MAKE_BEFORE_BREAK and number < len(steps):
                self._wait_for_link()
        return self._prove()

    def _settled(self, now: Uplinks) -> None:
        """Give the uplink that the cancelled change left time to come up."""
        if now.pending_revert:
            raise CheckFailed(self._line.target.name, "the unconfirmed change of an earlier run could not be cancelled")
        deadline = time.monotonic() + _PATIENCE
        while not any(port.enabled and port.link for port in self._line.read_states().values()):
            if time.monotonic() > deadline:
                return
            time.sleep(_PAUSE)

    def _wait_for_link(self) -> None:
        """Give the former uplink time to come up before the new one is shut; it is shut in any case."""
        had_link = [name for name, was in self._before.ports.items() if was.link]
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            ports = self._line.read_states()
            if all(ports[name].link for name in had_link):
                return
            time.sleep(_PAUSE)

    def _prove(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            wrong = self._differences()
            if not wrong:
                return
            if time.monotonic() > deadline:
                raise CheckFailed(self._line.target.name, "; ".join(wrong))
            time.sleep(_PAUSE)

    def _differences(self) -> Sequence[str]:
        after = self._line.read_states()
        return [
            f"{name} is {_state(after[name].enabled, after[name].link)}, was {_state(was.enabled, was.link)}"
            for name, was in self._before.ports.items()
            if after[name].enabled != was.enabled or (was.link and not after[name].link)
        ]


def _state(enabled: bool, link: bool) -> str:
    return f"{'enabled' if enabled else 'shut'}, link {'up' if link else 'down'}"


def _now(ports: Dict[str, Any]) -> str:
    """Return in words which uplinks are up after a roll-back."""
    up = [name for name, port in ports.items() if port["enabled"] and port["link"]]
    if up:
        return f"on {', '.join(up)} as before"
    enabled = [name for name, port in ports.items() if port["enabled"]]
    state = f"{', '.join(enabled)} enabled without link" if enabled else "all of them shut"
    return f"as before, {state}: THIS SWITCH HAS NO UPLINK"
