# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting services in order, each one healthy before the next one starts."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from ansible_collections.contingency.infra.plugins.module_utils._health.looks import look, target
from ansible_collections.contingency.infra.plugins.module_utils._health.model import (
    COMMAND,
    SQL,
    HealthError,
    Outcome,
    Seen,
    Service,
)
from ansible_collections.contingency.infra.plugins.module_utils._health.units import (
    UnitState,
    start,
    start_limitation,
    unit_state,
)
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
GROWTH = 1.5
# A look that starts this short before the end may be cut off; what the look before it saw then says more.
LATE = 0.5
# From this pause on it is worth asking systemd whether waiting has become pointless.
PATIENT = 0.25
NOT_IN_CHECK_MODE = (SQL, COMMAND)


def ensure_services(
    host: Host, services: Sequence[Union[Service, Mapping[str, Any]]], check_mode: bool = False
) -> Outcome:
    """Start what is to be started and wait for the health of each; HealthError at the first that stays unhealthy."""
    wanted = [given if isinstance(given, Service) else Service.of(given) for given in services]
    return _Run(host, check_mode).through(wanted)


class _Run:
    def __init__(self, host: Host, check_mode: bool) -> None:
        self._host = host
        self._check_mode = check_mode
        self._before: Dict[str, Any] = {}
        self._after: Dict[str, Any] = {}
        self._steps: List[str] = []
        self._results: List[Dict[str, Any]] = []

    def through(self, services: Sequence[Service]) -> Outcome:
        began = self._host.now()
        states = self._readable(services)
        for service in services:
            self._ensured(service, states.get(service.unit or ""))
        return self._outcome(self._host.now() - began)

    def _readable(self, services: Sequence[Service]) -> Dict[str, UnitState]:
        """Refuse what cannot be started before anything is: half of a start is no start."""
        states = {}
        for service in services:
            if not service.start or not service.unit:
                continue
            state = unit_state(self._host, service.unit)
            self._before[service.unit] = str(state)
            states[service.unit] = state
            reason = start_limitation(state)
            if reason:
                raise HealthError(f"{service.name}: {reason}", **self._evidence())
        return states

    def _ensured(self, service: Service, state: Optional[UnitState]) -> None:
        began = self._host.now()
        deadline = began + service.timeout
        starts = state is not None and not state.is_active
        if state is not None:
            self._after[state.name] = "active" if starts else str(state)
        if starts and state is not None:
            self._started(service, state, began)
        if self._check_mode:
            self._told(service, starts, self._in_check_mode(service, starts), began)
            return
        seen = self._awaited(service, deadline)
        self._told(service, starts, seen, began)
        if not seen.passed:
            raise HealthError(_complaint(service, seen, starts, self._host.now() - began), **self._evidence())

    def _started(self, service: Service, state: UnitState, began: float) -> None:
        if state.has_failed:
            self._steps.append(f"systemctl reset-failed {state.name}")
        self._steps.append(f"systemctl start {state.name}")
        if self._check_mode:
            return
        try:
            start(self._host, state, service.timeout)
        except HealthError as error:
            self._told(service, True, Seen("not started", "active", False), began)
            self._after[state.name] = "not started"
            raise HealthError(f"{service.name}: {error.message}", **self._evidence()) from error

    def _in_check_mode(self, service: Service, starts: bool) -> Seen:
        if starts:
            return Seen("not looked at: it would be started first", "healthy", False)
        if service.check.kind in NOT_IN_CHECK_MODE:
            return Seen("not looked at in check mode: what it runs may change something", "healthy", False)
        return look(self._host, service.check, service.timeout)

    def _awaited(self, service: Service, deadline: float) -> Seen:
        pause = FIRST_PAUSE
        seen = None
        while True:
            within = deadline - self._host.now()
            latest = look(self._host, service.check, within)
            seen = latest if seen is None or latest.passed or within > LATE else seen
            left = deadline - self._host.now()
            if seen.passed or left <= 0 or (pause >= PATIENT and self._is_lost(service)):
                return seen
            self._host.sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    def _is_lost(self, service: Service) -> bool:
        """A unit that systemd has given up does not become healthy by waiting."""
        return bool(service.start and service.unit and unit_state(self._host, service.unit).has_failed)

    def _told(self, service: Service, started: bool, seen: Seen, began: float) -> None:
        self._results.append(
            {
                "name": service.name,
                "started": started,
                "check": target(service.check),
                "seen": seen.seen,
                "expected": seen.expected,
                "passed": seen.passed,
                "seconds": round(self._host.now() - began, 3),
            }
        )

    def _evidence(self) -> Dict[str, Any]:
        return {
            "changed": bool(self._steps) and not self._check_mode,
            "before": {"units": self._before},
            "after": {"units": self._after},
            "steps": self._steps,
            "services": self._results,
        }

    def _outcome(self, seconds: float) -> Outcome:
        return Outcome(
            changed=bool(self._steps),
            before={"units": self._before},
            after={"units": self._after},
            steps=self._steps,
            services=self._results,
            seconds={"total": round(seconds, 3)},
        )


def _complaint(service: Service, seen: Seen, started: bool, seconds: float) -> str:
    way = f"see journalctl --unit {service.unit}" if service.unit else f"look at {service.name} itself"
    kept = " was started but" if started else ""
    return (
        f"{service.name}{kept} did not get healthy within {seconds:.1f} s: {target(service.check)} saw "
        f"{seen.seen}, expected {seen.expected}; {way}, then run the task again: what is healthy stays as it is."
    )
