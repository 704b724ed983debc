# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read on one host what a failover needs: its power from the controller, everything else in one remote command."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.module_utils._power.control import open_control
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    Bmc,
    BmcLoginFailed,
    BmcUnreachable,
    PowerError,
)
from ansible_collections.contingency.infra.plugins.modules.readiness_check import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.agent import Agent, AgentError, interpreter
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain

LOOK = "_readiness.look:look"
SENT = ("database", "engine", "server", "addresses", "interface", "services", "run_commands")
DATA_LOSS_SECONDS = 5.0
IMPATIENT = "-o ControlPath=none -o ServerAliveInterval=3 -o ServerAliveCountMax=3"
"""A shared connection to a host that has died since is not noticed for a quarter of an hour."""


class ActionModule(ActionBase):
    """Wire the arguments to the BMC and to the host's agent. What is found is a result, never a failure."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = plain(validation.validated_parameters)
        host = str(variables["inventory_hostname"])
        impatient(self._connection)
        described = plain(variables["hostvars"][host].get("standby_bmc") or {})
        started = time.monotonic()
        power = read_power(described)
        result = {
            "changed": False,
            "power": power,
            "addresses": arguments["addresses"],
            "limits": _limits(arguments),
            **self._looked(host, arguments, variables, power),
            "seconds": round(time.monotonic() - started, 3),
        }
        cleaned: dict[str, Any] = remove_values(result, secrets(arguments["services"], described))
        return cleaned

    def _looked(
        self, host: str, arguments: Mapping[str, Any], variables: Mapping[str, Any], power: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A cold standby that is off is not waited for."""
        nothing = {"looked": None, "clock": None}
        if arguments["cold"] and power.get("state") == "off":
            return {**nothing, "trouble": "it is off"}
        call = {**{name: arguments[name] for name in SENT}, "limits": arguments["promotion_limits"]}
        agent = Agent(host, interpreter(variables), self._execute)
        before = time.time()
        try:
            looked = agent.call(LOOK, call)
        except AgentError as error:
            return {**nothing, "trouble": str(error)}
        except AnsibleConnectionFailure as error:
            return {**nothing, "trouble": f"it cannot be reached ({error.message})"}
        return {"looked": looked, "clock": offset(before, looked["began"], looked["ended"], time.time()), "trouble": ""}

    def _execute(self, command: str, data: bytes) -> Mapping[str, Any]:
        done: Mapping[str, Any] = self._low_level_execute_command(command, in_data=data, sudoable=True)
        return done


def impatient(connection: Any) -> None:
    """Have an SSH connection give up a host that does not answer any more."""
    if connection.transport == "ssh":
        given = connection.get_option("ssh_extra_args") or ""
        connection.set_option("ssh_extra_args", f"{given} {IMPATIENT}".strip())


def read_power(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the BMC says; empty where the inventory describes none."""
    if not described:
        return {}
    answer: dict[str, Any] = {"protocol": described.get("protocol"), "state": None, "error": None, "kind": None}
    try:
        bmc = Bmc.from_dict(described)
    except PowerError as error:
        return {**answer, "error": error.message, "kind": "config"}
    try:
        with open_control(bmc) as control:
            return {**answer, "state": str(control.state()) if control.readable else None}
    except BmcUnreachable as error:
        return {**answer, "error": error.message, "kind": "unreachable"}
    except BmcLoginFailed as error:
        return {**answer, "error": error.message, "kind": "login"}
    except PowerError as error:
        return {**answer, "error": error.message, "kind": "refused"}


def offset(sent: float, began: float, ended: float, received: float) -> dict[str, float]:
    """Return by how much another clock is ahead, from two readings of it within two of our own."""
    uncertainty = max(0.0, (received - sent) - (ended - began)) / 2
    return {"seconds": round(((began - sent) + (ended - received)) / 2, 3), "uncertainty": round(uncertainty, 3)}


def secrets(services: list[dict[str, Any]], described: Mapping[str, Any]) -> set[str]:
    """Return what must not be in a result."""
    found = [described.get("password"), *((each.get("health") or {}).get("password") for each in services)]
    return {str(each) for each in found if each}


def _limits(arguments: Mapping[str, Any]) -> dict[str, float]:
    accepted = arguments["promotion_limits"].get("max_data_loss_seconds")
    return {
        "max_message_age": arguments["max_message_age"],
        "max_clock_offset": arguments["max_clock_offset"],
        "min_free_bytes": arguments["min_free_bytes"],
        "max_data_loss_seconds": DATA_LOSS_SECONDS if accepted is None else float(accepted),
    }
