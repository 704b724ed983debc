# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show and record what a standby procedure did."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._standby.report import Reporter, Summary
from ansible_collections.contingency.infra.plugins.module_utils._standby.steps import steps_of
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import WORDS
from ansible_collections.contingency.infra.plugins.modules.standby_summary import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain, write_record
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run_facts import began_epoch
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_told import with_steps

REGISTERED = "standby_result"
PREVIEW, RELEASED, RECLAIMED = "standby_preview", "standby_released", "standby_reclaimed"


class ActionModule(ActionBase):
    """Collect what the hosts registered, show it, write it down."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = validation.validated_parameters
        hostvars = (task_vars or {})["hostvars"]
        summaries = {each: summary_of(hostvars, {**arguments, "language": each}) for each in WORDS}
        summary = summaries[arguments["language"]]
        for line in summary.shown:
            Display().display(line)
        files = []
        if arguments["mode"] == "run":
            files = write_record(
                arguments["dest"], f"standby_{arguments['procedure']}", summary.record, summary.markdown
            )
        for path in files:
            Display().display(WORDS[arguments["language"]]["record"].format(path=path))
        result = {
            "changed": bool(files),
            "failed": arguments["mode"] == "plan" or bool(summary.failed),
            "failed_hosts": summary.failed,
            "files": files,
            "msg": ". ".join(summary.closing),
        }
        return with_steps(result, steps_of(summaries, arguments, began_epoch(), time.time()))


def summary_of(hostvars: Mapping[str, Any], arguments: Mapping[str, Any]) -> Summary:
    """Return the summary of what the hosts registered."""

    def registered(host: str, name: str = REGISTERED) -> Any:
        result = hostvars[host].get(name) if host in hostvars else None
        return None if result is None or result.get("skipped") else plain(result)

    reporter = Reporter(
        arguments["failed"], arguments["target"], arguments["procedure"], arguments["mode"], arguments["language"]
    )
    if arguments["procedure"] == "rejoin":
        return reporter.rejoined(registered(arguments["failed"]))
    failed = arguments["failed"]
    return reporter.summary(
        registered(arguments["target"]),
        {host: registered(host) for host in arguments["applications"]},
        registered(failed, RELEASED) or registered(failed, PREVIEW),
        registered(arguments["target"], RECLAIMED),
    )
