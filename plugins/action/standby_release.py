# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop a primary for a planned switchover with proof of its last write, or take it back where that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.modules.standby_release import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.agent import (
    DATABASE_AREAS,
    Agent,
    AgentError,
    interpreter,
)

FUNCTIONS = {
    "released": "_standby.release:release",
    "reclaimed": "_standby.release:reclaim",
    "reprotected": "_standby.release:reprotect",
}


class ActionModule(ActionBase):
    """Wire the arguments to the host's agent."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = validation.validated_parameters
        host = str(self._task.delegate_to or variables["inventory_hostname"])
        call = {**arguments, "host": host, "check_mode": bool(self._task.check_mode)}
        try:
            agent = Agent(host, interpreter(variables), self._execute, DATABASE_AREAS[arguments["engine"]])
            done = agent.call(FUNCTIONS[arguments["state"]], call)
        except AgentError as error:
            return {"failed": True, "msg": str(error)}
        return result_of(done)

    def _execute(self, command: str, data: bytes) -> Mapping[str, Any]:
        done: Mapping[str, Any] = self._low_level_execute_command(command, in_data=data, sudoable=True)
        return done


def result_of(done: dict[str, Any]) -> dict[str, Any]:
    """Return the task's result, with the proof that a takeover asks for."""
    if done.get("refused"):
        return {**done, "failed": True, "msg": done["refused"]}
    if "position" in done:
        what = f"shut down cleanly, last record at {done['position']['shutdown_lsn']}"
        done["proof"] = {"method": "shutdown", "what": what, "at_epoch": done["stopped_at"], "confirmed": True}
    return done
