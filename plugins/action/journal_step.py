# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark a step of a procedure in the journal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.module_utils._record import steps
from ansible_collections.contingency.infra.plugins.modules.journal_step import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain


class ActionModule(ActionBase):
    """Check what was given, and return it under the key that the journal reads."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = plain(validation.validated_parameters)
        limitation = step_limitation(arguments)
        if limitation:
            raise AnsibleActionFail(limitation)
        host = arguments["host"] or (task_vars or {}).get("inventory_hostname")
        return {"changed": False, steps.KEY: [marked(arguments, host)], "files": arguments["files"]}


def marked(arguments: Mapping[str, Any], host: str | None) -> dict[str, Any]:
    """Pure: the step that the arguments describe."""
    given = {name: value for name, value in arguments.items() if name not in ("files", "host", "phase", "text")}
    given["figures"] = {name: float(value) for name, value in arguments["figures"].items()}
    given["objectives"] = {name: float(value) for name, value in arguments["objectives"].items()}
    return steps.step(arguments["phase"], arguments["text"], **given, host=host)


def step_limitation(arguments: Mapping[str, Any]) -> str | None:
    """Return why the arguments are no step, None where they are one."""
    for name in ("text", "next_action"):
        if not _is_text(arguments[name]) and arguments[name] is not None:
            return f"{name} is to be a sentence or sentences by language such as {{en: ..., zh: ...}}"
    for name in ("figures", "objectives"):
        for key, value in arguments[name].items():
            if not _is_number(value):
                return f"{name}.{key} is {value!r} and is to be a number; its unit belongs to its name"
    return None


def _is_text(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(each, str) and each for each in value.values())
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False
