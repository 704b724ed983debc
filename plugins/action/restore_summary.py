# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show and record what the restore tests of all backup sets came to."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore import junit
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import WORDS
from ansible_collections.contingency.infra.plugins.modules.restore_summary import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain, write_record
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run_facts import began_epoch
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_told import with_steps
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_page import rendered
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_report import Report, known, result_of
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_steps import steps_of

REGISTERED = "restore_test_result"


class ActionModule(ActionBase):
    """Collect what the sets registered, show it, write it down."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = validation.validated_parameters
        registered = registered_by((task_vars or {})["hostvars"], arguments["sets"])
        if self._task.check_mode:
            return looked(registered, arguments["language"])
        report = Report(
            [result_of(name, result, arguments["language"]) for name, result in registered.items()],
            arguments["language"],
        )
        return recorded(report, arguments)


def registered_by(hostvars: Mapping[str, Any], sets: list[str]) -> dict[str, Any]:
    """Return what each set registered, None where its test did not run."""
    found = {name: hostvars[name].get(REGISTERED) if name in hostvars else None for name in sets}
    return {name: None if each is None or each.get("skipped") else plain(each) for name, each in found.items()}


def looked(registered: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Show what is known without a test."""
    for line in known(registered, language, time.time()):
        Display().display(line)
    return {"changed": False, "failed": False, "files": []}


def recorded(report: Report, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Show the report, write it down, and return the task's result."""
    for line in report.shown:
        Display().display(line)
    files = _written(report, arguments["dest"])
    for path in files:
        Display().display(WORDS[report.language]["record"].format(path=path))
    result = {
        "changed": True,
        "failed": not report.results or bool(report.failing(arguments["fail_on"])),
        "verdicts": {result["name"]: result["verdict"] for result in report.results},
        "files": files,
        "msg": ". ".join(report.closing),
    }
    return with_steps(result, steps_of(report, began_epoch(), time.time()))


def _written(report: Report, directory: str) -> list[str]:
    record = {"title": report.title, "closing": report.closing, "sets": list(report.results)}
    files = write_record(directory, "restore_test", record, report.markdown)
    base = os.path.splitext(files[0])[0]
    for path, text in (
        (f"{base}.xml", junit.rendered(report.results)),
        (f"{base}.html", rendered(report, time.time())),
    ):
        try:
            LocalHost().write_atomically(path, text)
        except OSError as error:
            raise AnsibleActionFail(
                f"What the tests came to is shown above but {path} could not be written: {error.strerror}; free space "
                "or set contingency_evidence_dir."
            ) from error
        files.append(path)
    return files
