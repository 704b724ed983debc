# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shut one host down from the controller, and know that it is off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.modules.host_shutdown import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils import off_inventory
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.host_off import Means, shut_down
from ansible_collections.contingency.infra.plugins.plugin_utils.machine import (
    ConnectionMachine,
    TaskMachine,
    keywords_of,
    passwords_of,
)

EVIDENCE_DIR = "contingency_evidence_dir"


class ActionModule(ActionBase):
    """Wire the options and the inventory to one shutdown."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = self._validated()
        name = str(self._task.delegate_to or variables["inventory_hostname"])
        hostvars = variables["hostvars"]
        known = self._known(name, variables)
        settings = off_inventory.settings_from(arguments, known)
        host = off_inventory.host_to_shut(name, settings)
        durations = off_inventory.durations_from(arguments["durations_file"], known.get(EVIDENCE_DIR))
        result = shut_down(host, self._means(name, settings, hostvars, durations), bool(self._task.check_mode))
        result["diff"] = {"before": f"power: {_before(result)}\n", "after": f"power: {_after(result)}\n"}
        cleaned: dict[str, Any] = remove_values(result, off_inventory.secrets_of(settings))
        return cleaned

    def _known(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables of the host that matter here; a host of delegate_to has its own."""
        wanted = (*off_inventory.VARIABLES, EVIDENCE_DIR)
        if self._task.delegate_to:
            own = variables["hostvars"][name] if name in variables["hostvars"] else {}  # noqa: SIM401
            return {each: own[each] for each in wanted if each in own}
        return {each: self._templar.template(variables[each]) for each in wanted if each in variables}

    def _means(
        self, name: str, settings: Mapping[str, Any], hostvars: Mapping[str, Any], durations: Durations
    ) -> Means:
        machine = TaskMachine(name, self._connection, self._execute)
        keywords, passwords = keywords_of(self._task), passwords_of(self._play_context)

        def login(other: str) -> ConnectionMachine:
            return ConnectionMachine(other, hostvars[other], keywords, passwords)

        try:
            return off_inventory.means_of(name, settings, machine, login, hostvars, durations)
        except AnsibleError as error:
            raise AnsibleActionFail(f"{name}: {str(error.message).removeprefix(f'{name}: ')}") from error

    def _execute(self, command: str, data: bytes | None) -> Mapping[str, Any]:
        done: Mapping[str, Any] = self._low_level_execute_command(command, in_data=data, sudoable=True)
        return done

    def _validated(self) -> dict[str, Any]:
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        parameters: dict[str, Any] = validation.validated_parameters
        return parameters


def _before(result: Mapping[str, Any]) -> str:
    return "off" if result["how"] == "already" else "on"


def _after(result: Mapping[str, Any]) -> str:
    """In check mode what a run would bring."""
    return "off" if result["changed"] and not result["failed"] else str(result["state"])
