# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having one host on and healthy: its BMC switches it on, then its health is looked at until it is well."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._health.looks import look, target
from ansible_collections.contingency.infra.plugins.module_utils._health.model import Check, HealthError
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._power.control import (
    PowerControl,
    ensure_on,
    open_control,
)
from ansible_collections.contingency.infra.plugins.module_utils._power.model import Bmc, PowerError
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import FAILED, UP
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.machine import ConnectionMachine
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import NoLogin
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Outcome

HEALTHY_WITHIN = 300.0
SWITCHED_ON_WITHIN = 60.0
PAUSE = 1.0
LOGIN_SECONDS = 10.0
REMOTE = ("unit", "command")
Look = Callable[[], str | None]
"""Looks once at a host: the reason why it is not healthy, or None."""


def starting(name: str, bmc: Any, variables: Mapping[str, Any]) -> Callable[[], Outcome]:
    """Return the work; AnsibleActionFail names what the inventory says wrongly. To be called in the main thread."""
    control = _control(name, bmc)
    healthy = _health(name, variables)
    timeout = float(variables.get("shutdown_start_timeout") or HEALTHY_WITHIN)
    return lambda: started(name, control, healthy, timeout)


def started(name: str, control: PowerControl | None, healthy: Look, timeout: float) -> Outcome:
    """Switch it on, and wait at most ``timeout`` seconds until it is healthy; raises nothing for the host's sake."""
    began = time.monotonic()
    trouble = _switched_on(control)
    if trouble and healthy() is not None:
        return Outcome(name, FAILED, "NOT switched on", time.monotonic() - began, trouble)
    while True:
        why = healthy()
        seconds = time.monotonic() - began
        if why is None:
            return Outcome(name, UP, "up and healthy", seconds)
        if seconds > timeout:
            return Outcome(name, FAILED, "NOT healthy", seconds, f"{why}; look at it, then run this again")
        time.sleep(PAUSE)


def _switched_on(control: PowerControl | None) -> str:
    """Return why it could not be switched on, nothing where it is on or somebody has to do it by hand."""
    if control is None:
        return "it has no shutdown_bmc or standby_bmc; switch it on by hand, then run this again"
    try:
        with control:
            ensure_on(control, SWITCHED_ON_WITHIN)
    except PowerError as error:
        return error.message
    return ""


def _control(name: str, described: Any) -> PowerControl | None:
    if not described:
        return None
    try:
        return open_control(Bmc.from_dict(dict(described)))
    except (PowerError, TypeError, ValueError) as error:
        raise AnsibleActionFail(f"{name}: shutdown_bmc or standby_bmc cannot be used: {error}") from error


def _health(name: str, variables: Mapping[str, Any]) -> Look:
    """Return the look at shutdown_health, else at whether the host can be logged in to."""
    described = plain(variables.get("shutdown_health"))
    if not described:
        return _login(ConnectionMachine(name, variables))
    try:
        check = Check.of(described)
    except (HealthError, TypeError, AttributeError) as error:
        raise AnsibleActionFail(f"{name}: shutdown_health is {described!r}: {error}") from error
    if check.kind in REMOTE:
        raise AnsibleActionFail(f"{name}: shutdown_health of kind {check.kind} is not seen from here; use tcp or http.")
    return lambda: _seen(check)


def _seen(check: Check) -> str | None:
    seen = look(LocalHost(), check, check.timeout)
    return None if seen.passed else f"{target(check)} {seen.seen}, expected {seen.expected}"


def _login(machine: ConnectionMachine) -> Look:
    def tried() -> str | None:
        try:
            answer = machine.run("true", LOGIN_SECONDS)
        except NoLogin as error:
            return f"no login: {error}"
        return None if answer.status == 0 else f"the login says: {answer.complaint}"

    return tried
