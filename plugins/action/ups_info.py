# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read UPSes from the controller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import (
    DISCHARGING,
    UNKNOWN,
    Reading,
    UpsError,
)
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import SECRETS, read_all
from ansible_collections.contingency.infra.plugins.modules.ups_info import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain


class ActionModule(ActionBase):
    """Wire the options to the UPS area, and its readings to a result."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        hidden = secrets(self._task.args.get("sources")) | secrets(validation.validated_parameters.get("sources"))
        if validation.error_messages:
            raise AnsibleActionFail(str(remove_values("; ".join(validation.error_messages), hidden)))
        arguments = plain(validation.validated_parameters)
        try:
            return summary(read_all(arguments["sources"], arguments["timeout"], arguments["previous"]), hidden)
        except UpsError as error:
            return {"changed": False, "failed": True, "msg": remove_values(error.message, hidden)}


def summary(readings: Iterable[Reading], hidden: set[str]) -> dict[str, Any]:
    """Return the result: the readings, and the names of those that are not on line."""
    found = list(readings)
    return {
        "changed": False,
        "readings": [cleaned(reading.as_dict(), hidden) for reading in found],
        "on_battery": [reading.name for reading in found if reading.status in DISCHARGING],
        "unknown": [reading.name for reading in found if reading.status == UNKNOWN],
    }


def cleaned(reading: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    """Return a reading without secrets in what came from outside; a short one must not cut a status to pieces."""
    return {**reading, **{name: remove_values(reading[name], hidden) for name in ("why", "marks", "raw")}}


def secrets(sources: Any) -> set[str]:
    """Return what must not appear in a result."""
    described = [source for source in sources if isinstance(source, Mapping)] if isinstance(sources, list) else []
    return {str(source[option]) for source in described for option in SECRETS if source.get(option)}
