# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what the readiness check read on each host, show it, and write it down."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._readiness import metrics
from ansible_collections.contingency.infra.plugins.module_utils._readiness.approvals import judge_approvals
from ansible_collections.contingency.infra.plugins.module_utils._readiness.backups import judge_set
from ansible_collections.contingency.infra.plugins.module_utils._readiness.controller import (
    judge_backups,
    judge_evidence,
    read_backups,
    read_evidence,
)
from ansible_collections.contingency.infra.plugins.module_utils._readiness.group import groups_of, judge_group
from ansible_collections.contingency.infra.plugins.module_utils._readiness.machine import Machine, judge_machine
from ansible_collections.contingency.infra.plugins.module_utils._readiness.model import Finding
from ansible_collections.contingency.infra.plugins.module_utils._readiness.report import Report, nothing_looked_at
from ansible_collections.contingency.infra.plugins.module_utils._readiness.steps import step_of
from ansible_collections.contingency.infra.plugins.module_utils._readiness.words import WORDS
from ansible_collections.contingency.infra.plugins.modules.readiness_summary import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_ready import read_approvals
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain, write_record
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_told import with_steps

REGISTERED = "readiness_result"
REGISTERED_SET = "readiness_set_result"
CONTROLLER = "controller"


class ActionModule(ActionBase):
    """Collect what the hosts registered; the judgements are in module_utils/_readiness."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = validation.validated_parameters
        machines = machines_of((task_vars or {})["hostvars"], arguments)
        findings = judged(machines, arguments, time.time())
        findings += judged_sets((task_vars or {})["hostvars"], arguments)
        if arguments["approvals"]:
            found = read_approvals(plain(arguments["approvals"]), arguments["language"])
            findings += judge_approvals(found, CONTROLLER, time.time())
        report = Report(findings, arguments["language"])
        for line in report.shown:
            Display().display(line)
        trouble, files = self._written(report, machines, arguments) if not self._task.check_mode else ("", [])
        closing = ". ".join(part for part in (report.closing, trouble) if part)
        result = {
            "changed": bool(files),
            "failed": not report.ready or bool(trouble),
            "ready": report.ready,
            "counts": report.record["counts"],
            "files": files,
            "msg": closing,
        }
        return with_steps(result, [step_of(findings)])

    @staticmethod
    def _written(report: Report, machines: list[Machine], arguments: Mapping[str, Any]) -> tuple[str, list[str]]:
        """Write metrics and record; return what went wrong, and the files. Metrics come first: they alarm."""
        words = WORDS[arguments["language"]]
        trouble, files = [], []
        if arguments["metrics_file"]:
            text = metrics.rendered(report.findings, time.time(), slowest(machines))
            try:
                LocalHost().write_atomically(arguments["metrics_file"], text, metrics.MODE)
                files.append(arguments["metrics_file"])
                Display().display(words["metrics"].format(path=arguments["metrics_file"]))
            except OSError as error:
                trouble.append(words["metrics_failed"].format(path=arguments["metrics_file"], why=error.strerror))
        try:
            record = write_record(arguments["dest"], "readiness", report.record, report.markdown)
            files += record
            Display().display("\n".join(words["record"].format(path=path) for path in record))
        except AnsibleActionFail as error:
            trouble.append(error.message)
        return ". ".join(trouble), files


def machines_of(hostvars: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[Machine]:
    """Return the hosts with what their check registered."""
    databases = arguments["databases"]
    names = dict.fromkeys([*databases, *arguments["applications"]])
    return [_machine(name, name in databases, hostvars) for name in names]


def _machine(name: str, database: bool, hostvars: Mapping[str, Any]) -> Machine:
    known = name in hostvars
    variables: Mapping[str, Any] = hostvars[name] if known else {}
    registered = variables.get(REGISTERED)
    result = None if registered is None or registered.get("skipped") else plain(registered)
    return Machine(
        name=name,
        database=database,
        cold=bool(variables.get("standby_cold", False)),
        partner=variables.get("standby_partner"),
        result=result,
        limits=(result or {}).get("limits") or {},
    )


def judged(machines: list[Machine], arguments: Mapping[str, Any], now: float) -> list[Finding]:
    """Return every finding of this run."""
    findings = [finding for machine in machines for finding in judge_machine(machine)]
    databases = [machine for machine in machines if machine.database]
    if not databases:
        findings += nothing_looked_at(CONTROLLER)
    for group in groups_of(databases):
        findings += judge_group(group)
    backups = read_backups(arguments["backup_dir"], arguments["switches"], now)
    findings += judge_backups(backups, arguments["backup_max_age_hours"])
    return findings + judge_evidence(read_evidence(arguments["dest"]), CONTROLLER)


def judged_sets(hostvars: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[Finding]:
    """Return the findings of the backup sets."""
    findings: list[Finding] = []
    for name in arguments["backup_sets"]:
        registered = hostvars[name].get(REGISTERED_SET) if name in hostvars else None
        result = None if registered is None else plain(registered)
        findings += judge_set(name, result, arguments["restore_test_max_age_days"])
    return findings


def slowest(machines: list[Machine]) -> float:
    return max((float((machine.result or {}).get("seconds") or 0) for machine in machines), default=0.0)
