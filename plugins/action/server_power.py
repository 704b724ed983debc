# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch a server's power from the controller, through its BMC or by Wake-on-LAN."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.module_utils._power.control import (
    PowerControl,
    ensure_forced_off,
    ensure_off,
    ensure_on,
    look,
    open_control,
)
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    Bmc,
    BmcBusy,
    BmcLoginFailed,
    BmcRefused,
    BmcUnreachable,
    NotConfirmed,
    Outcome,
    PowerError,
    PowerState,
)
from ansible_collections.contingency.infra.plugins.modules.server_power import ARGUMENT_SPEC

INVENTORY_VARIABLE = "standby_bmc"
_OF_THE_TASK = ("state", "graceful_timeout", "timeout", "answer_timeout")
_REASONS = (
    (BmcUnreachable, "unreachable"),
    (BmcLoginFailed, "login_failed"),
    (BmcBusy, "busy"),
    (BmcRefused, "refused"),
    (NotConfirmed, "not_confirmed"),
    (PowerError, "unusable"),
)


class ActionModule(ActionBase):
    """Wire the arguments to what the power area does, and its outcome to a result."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = self._validated()
        described = bmc_mapping(arguments, self._inventory_bmc(task_vars or {}))
        try:
            result = self._work(Bmc.from_dict(described), arguments)
        except PowerError as error:
            result = failure(error)
        password = described.get("password")
        cleaned: dict[str, Any] = remove_values(result, [str(password)] if password else [])
        return cleaned

    def _work(self, bmc: Bmc, arguments: dict[str, Any]) -> dict[str, Any]:
        check = bool(self._task.check_mode)
        with open_control(bmc) as control:
            outcome = (foreseen if check else done)(control, arguments)
        result = outcome.as_dict()
        if check and outcome.changed:
            result["after"] = wanted_state(arguments["state"]).value
        result["diff"] = {"before": f"power: {result['before']}\n", "after": f"power: {result['after']}\n"}
        return result

    def _validated(self) -> dict[str, Any]:
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        parameters: dict[str, Any] = validation.validated_parameters
        return parameters

    def _inventory_bmc(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        delegate = self._task.delegate_to
        if delegate and delegate in task_vars.get("hostvars", {}):
            found = task_vars["hostvars"][delegate].get(INVENTORY_VARIABLE)
        else:
            found = self._templar.template(task_vars.get(INVENTORY_VARIABLE))
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise AnsibleActionFail(
                f"{INVENTORY_VARIABLE} is not a dictionary; write it with protocol, host, user and password."
            )
        return dict(found)


def bmc_mapping(arguments: dict[str, Any], inventory: dict[str, Any]) -> dict[str, Any]:
    """Return what describes the BMC: the options that were given, else the inventory's."""
    given = {name: value for name, value in arguments.items() if name not in _OF_THE_TASK and value is not None}
    if arguments.get("answer_timeout") is not None:
        given["timeout"] = arguments["answer_timeout"]
    return {**inventory, **given}


def wanted_state(state: str) -> PowerState:
    """Return the state that is to be read back."""
    return PowerState.ON if state == "on" else PowerState.OFF


def foreseen(control: PowerControl, arguments: dict[str, Any]) -> Outcome:
    """Say what a real run would do."""
    return look(control, wanted_state(arguments["state"]), arguments["timeout"])


def done(control: PowerControl, arguments: dict[str, Any]) -> Outcome:
    """Bring the machine to the state that was asked for."""
    state, timeout = arguments["state"], arguments["timeout"]
    if state == "on":
        return ensure_on(control, timeout)
    if state == "off":
        return ensure_off(control, arguments["graceful_timeout"], timeout)
    return ensure_forced_off(control, timeout)


def failure(error: PowerError) -> dict[str, Any]:
    """Return the result of a failed task: one sentence, and a fixed word that a playbook can branch on."""
    reason = next(word for kind, word in _REASONS if isinstance(error, kind))
    so_far = error.outcome.as_dict() if error.outcome else {"changed": False}
    return {**so_far, "failed": True, "msg": error.message, "reason": reason}
