# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what journals hold and whether they were altered."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._journal.place import INDEX, JOURNAL, RUNS
from ansible_collections.contingency.infra.plugins.module_utils._journal.report import closing, line_of, worst
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import (
    ALTERED,
    INTACT,
    Verdict,
    verify,
    verify_all,
)
from ansible_collections.contingency.infra.plugins.module_utils._journal.words import WORDS
from ansible_collections.contingency.infra.plugins.modules.journal_info import ARGUMENT_SPEC


class ActionModule(ActionBase):
    """Read, show, return."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = validation.validated_parameters
        verdicts = verdicts_on(arguments["journal"])
        language = arguments["language"]
        if not verdicts:
            raise AnsibleActionFail(WORDS[language]["no_runs"].format(path=arguments["journal"]))
        for line in shown(verdicts, language):
            Display().display(line)
        state = worst(verdicts)
        failed = arguments["require_intact"] and state != INTACT
        # A failed task's whole result is shown: what is intact would hide what is not.
        runs = [damaged(each, language) for each in verdicts if each.state != INTACT] if failed else []
        return {
            "changed": False,
            "failed": failed,
            "state": state,
            "runs": runs or [told(verdict, language) for verdict in verdicts],
            "msg": ". ".join(closing(verdicts, language)),
        }


def verdicts_on(path: str) -> Sequence[Verdict]:
    """Return the verdicts on one run, or on all of an evidence; none where there is no run."""
    directory = os.path.abspath(path)
    if os.path.basename(directory) in (JOURNAL, INDEX) and not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    if os.path.basename(directory) == RUNS:
        directory = os.path.dirname(directory)
    if os.path.isdir(os.path.join(directory, RUNS)):
        return verify_all(directory)
    of_run = os.path.basename(os.path.dirname(directory)) == RUNS
    if os.path.isfile(os.path.join(directory, JOURNAL)) or (of_run and os.path.isdir(directory)):
        return [verify(directory)]
    # A run that the index knows and that is not there any more, or a name that never was one.
    gone = verify(directory) if of_run else None
    return [gone] if gone is not None and gone.state == ALTERED else []


def shown(verdicts: Sequence[Verdict], language: str) -> list[str]:
    return [line for verdict in verdicts for line in line_of(verdict, language)] + closing(verdicts, language)


def damaged(verdict: Verdict, language: str) -> dict[str, Any]:
    """Return what is wrong with a run."""
    return {
        "run": verdict.run,
        "directory": verdict.directory,
        "state": verdict.state,
        "head": verdict.head,
        "findings": [finding.as_dict(language) for finding in verdict.findings],
    }


def told(verdict: Verdict, language: str) -> dict[str, Any]:
    """Return a verdict as the task's result has it."""
    first, end = verdict.first, verdict.end
    results = [line for line in verdict.lines if line.get("kind") == "result"]
    return {
        **damaged(verdict, language),
        "remarks": [remark.as_dict(language) for remark in verdict.remarks],
        "lines": len(verdict.lines),
        **{name: first.get(name) for name in ("playbook", "person", "incident", "drill", "check")},
        "begun_epoch": first.get("epoch"),
        "ended_epoch": _of(end, "epoch"),
        "status": _of(end, "status"),
        "steps": [dict(line) for line in verdict.lines if line.get("kind") == "step"],
        "counts": dict(Counter(str(line.get("status")) for line in results)),
        "files": [dict(file) for file in verdict.files],
    }


def _of(line: Mapping[str, Any] | None, name: str) -> Any:
    return None if line is None else line.get(name)
