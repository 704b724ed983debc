# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what is due and what is overdue in the open incidents."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.gaps import gaps
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.moments import future_epoch_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import told
from ansible_collections.contingency.infra.plugins.module_utils._incident.shown import Shown
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import say
from ansible_collections.contingency.infra.plugins.modules.incident_due import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_variables import Reader
from ansible_collections.contingency.infra.plugins.plugin_utils.typed import as_typed


class ActionModule(ActionBase):
    """Read the records, show what they ask for."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        said = plain(validation.validated_parameters)
        variables = task_vars or {}
        # Without what may be a secret: none that is missing keeps anybody from the record.
        plan = said["plan"] or Reader(self._templar, variables.get("hostvars")).plan(variables)
        policy = policy_from(plan, said["language"])
        try:
            now = future_epoch_of(said["at"], time.time(), policy.calendar)
        except ValueError:
            why = told("no_time", option="at", written=said["at"])
            raise AnsibleActionFail(f"{why[said['language']]}.") from None
        return looked(policy, said, now)


def looked(policy: Policy, said: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Show what each incident asks for at the epoch ``now``, and return the task's result."""
    language = said["language"]
    found, unreadable, shown = [], {}, []
    for path in paths_of(said):
        try:
            loaded = store.load(path)
        except store.StoreError as error:
            unreadable[os.path.basename(path)] = as_typed(error.said[language])
            continue
        due = incident_due(policy, loaded.incident, now)
        each = Shown(policy, loaded.incident, due, language, now)
        found.append({**each.as_dict(), "path": path, "damaged": loaded.damage is not None})
        shown += [*map(as_typed, each.lines(loaded.damage)), ""]
    open_points = [each[language] for each in gaps(policy, now)]
    for line in [*shown, *unreadable.values(), *(say("gap", language, gap=gap) for gap in open_points)]:
        Display().display(line)
    if not found and not unreadable:
        Display().display(say("none_open", language))
    overdue = {each["id"]: each["overdue"] for each in found if each["overdue"]}
    return {
        "changed": False,
        "failed": bool(unreadable) or (said["fail_on_overdue"] and bool(overdue)),
        "incidents": found,
        "overdue": overdue,
        "unreadable": unreadable,
        "next_epoch": min((each["next_epoch"] for each in found if each["next_epoch"]), default=None),
        "gaps": open_points,
        "msg": "; ".join([*unreadable.values(), *(f"{key}: {', '.join(keys)}" for key, keys in overdue.items())]),
    }


def paths_of(said: Mapping[str, Any]) -> list[str]:
    """Return the directories of the incidents that are meant."""
    drill = said["drill"] or str(said["id"] or "").startswith(store.DRILL)
    root = said["drill_directory" if drill else "directory"]
    try:
        return [os.path.join(root, key) for key in ([said["id"]] if said["id"] else store.open_ids(root))]
    except store.StoreError as error:
        raise AnsibleActionFail(f"{error.said[said['language']]}.") from None
