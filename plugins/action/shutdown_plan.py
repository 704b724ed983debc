# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a staged shutdown, or the start after it, on the controller."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Problem
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.start import make_start
from ansible_collections.contingency.infra.plugins.modules.shutdown_plan import ARGUMENT_SPEC


class ActionModule(ActionBase):
    """Wire the arguments to the planner, and its plan to a result."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        return result_of(validation.validated_parameters, time.time())


def result_of(arguments: Mapping[str, Any], clock: float) -> dict[str, Any]:
    """Return the task's result; ``clock`` is the time where the arguments give none."""
    now = clock if arguments["now_epoch"] is None else arguments["now_epoch"]
    outage = (arguments["readings"], arguments["outage"], now)
    site = (arguments["nodes"], arguments["upses"], arguments["policy"])
    try:
        if arguments["direction"] == "start":
            plan = make_start(*site, *outage, arguments["online_since_epoch"], arguments["up"])
        else:
            plan = make_plan(*site, *outage)
    except Problem as problem:
        return {"changed": False, "failed": True, "msg": problem.message}
    return {"changed": False, **plan}
