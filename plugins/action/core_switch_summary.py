# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show and record what the core switch procedure did."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._switch.report import Reporter, Summary
from ansible_collections.contingency.infra.plugins.module_utils._switch.steps import steps_of
from ansible_collections.contingency.infra.plugins.module_utils._switch.words import WORDS
from ansible_collections.contingency.infra.plugins.modules.core_switch_summary import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain, write_record
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run_facts import began_epoch
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_told import with_steps

FIRST = "core_switch_result"
AGAIN = "core_switch_again"


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
            name = f"core_switch_{arguments['direction']}"
            files = write_record(arguments["dest"], name, summary.record, summary.markdown)
        for path in files:
            Display().display(WORDS[arguments["language"]]["record"].format(path=path))
        marked = steps_of(summaries, arguments["direction"], arguments["mode"], began_epoch(), time.time())
        return with_steps(self._result(summary, files, arguments["mode"]), marked)

    @staticmethod
    def _result(summary: Summary, files: list[str], mode: str) -> dict[str, Any]:
        failed = mode == "plan" or bool(summary.failed)
        return {
            "changed": bool(files),
            "failed": failed,
            "failed_hosts": summary.failed,
            "files": files,
            "msg": ". ".join(summary.closing),
        }


def summary_of(hostvars: Mapping[str, Any], arguments: Mapping[str, Any]) -> Summary:
    """Return the summary of what the hosts registered."""

    def registered(host: str, name: str = FIRST) -> Any:
        result = hostvars[host].get(name) if host in hostvars else None
        return None if result is None or result.get("skipped") else plain(result)

    reporter = Reporter(
        arguments["left"], arguments["target"], arguments["direction"], arguments["mode"], arguments["language"]
    )
    return reporter.summary(
        registered(arguments["left"], AGAIN) or registered(arguments["left"]),
        registered(arguments["target"]),
        {host: registered(host) for host in arguments["access"]},
        {host: registered(host) for host in arguments["servers"]},
        arguments["confirm"],
    )
