# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd's units: their state, and starting them within a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ansible_collections.contingency.infra.plugins.module_utils._health.model import HealthError
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Host

PROPERTIES = "LoadState,ActiveState,SubState"


@dataclass(frozen=True)
class UnitState:
    name: str
    load: str
    active: str
    sub: str

    @property
    def is_active(self) -> bool:
        return self.active == "active"

    @property
    def has_failed(self) -> bool:
        return self.active == "failed"

    def __str__(self) -> str:
        if self.load != "loaded":
            return self.load
        return self.active if self.sub in ("", self.active) else f"{self.active} ({self.sub})"


def unit_state(host: Host, unit: str, timeout: float = 10.0) -> UnitState:
    """Return the state of a unit; HealthError where systemd does not tell."""
    answer = host.run(["systemctl", "show", f"--property={PROPERTIES}", "--", unit], timeout=timeout)
    if answer.status == MISSING:
        raise HealthError(f"{unit} cannot be looked at: this host has no systemctl; check the service in another way.")
    told = dict(line.split("=", 1) for line in answer.output.splitlines() if "=" in line)
    if answer.status != 0 or "ActiveState" not in told:
        raise HealthError(
            f"systemd did not tell the state of {unit} ({answer.complaint}); see systemctl status {unit}."
        )
    return UnitState(unit, told.get("LoadState", ""), told["ActiveState"], told.get("SubState", ""))


def start_limitation(state: UnitState) -> Optional[str]:
    """Why a unit cannot be started at all."""
    if state.load == "loaded" or state.is_active:
        return None
    if state.load == "masked":
        return f"{state.name} is masked, so it cannot be started; run systemctl unmask {state.name}."
    return (
        f"This host has no usable unit {state.name} (systemd says {state.load}); "
        "install the service or correct its name."
    )


def start(host: Host, state: UnitState, timeout: float) -> None:
    """Start a unit and wait until systemd has it started; HealthError with systemd's reason."""
    if state.has_failed:
        # A unit that failed too often in a row is refused until this is forgotten.
        host.run(["systemctl", "reset-failed", "--", state.name], timeout=timeout)
    answer = host.run(["systemctl", "start", "--", state.name], timeout=timeout)
    if answer.status == TIMED_OUT:
        raise HealthError(
            f"{state.name} was not started within {timeout:g} s; systemd goes on with it: see systemctl status "
            f"{state.name}, and run the task again when it is up."
        )
    if answer.status != 0:
        raise HealthError(
            f"{state.name} could not be started ({answer.complaint}); see journalctl --unit {state.name}, correct the "
            "cause, then run the task again."
        )
