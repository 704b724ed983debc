# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold a drill of the contingency plan, at the table or live, and judge it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import LIVE, Scenario
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import say
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.modules.drill import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils import drill_end, drill_record, drill_table
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_asker import Asker
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_briefing import briefing, preview
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_child import Command, checked
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_command import command_of
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_people import Terminal, answers_in
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Record, RecordError
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_start import (
    Begun,
    Prepared,
    alone,
    end_with_parent,
    meant,
    opened,
    prepared,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run import by
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_variables import Reader
from ansible_collections.contingency.infra.plugins.plugin_utils.report_gather import places_of


class ActionModule(ActionBase):
    """Wire the options and the inventory to one drill."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        variables = task_vars or {}
        arguments = plain(validation.validated_parameters)
        plan = arguments["plan"] or Reader(self._templar, variables["hostvars"]).plan(variables)
        policy = policy_from(plan) if plan else None
        command = command_of(self._loader, arguments)
        return Drill(arguments, plan, policy, dict(variables["groups"]), command, self._task.check_mode).result()


@dataclass(frozen=True)
class Drill:
    """One call of the module."""

    arguments: Mapping[str, Any]
    plan: Mapping[str, Any]
    policy: Policy | None
    groups: Mapping[str, Any]
    command: Command
    check: bool

    def result(self) -> dict[str, Any]:
        if self.arguments["state"] == "evaluated" or self.arguments["drill"]:
            return self._gone_on()
        return self._begun()

    @property
    def root(self) -> str:
        places = places_of(self.arguments["evidence_dir"], None, self.arguments["drill_dir"])
        return places.drills

    @property
    def language(self) -> str:
        return str(self.arguments["language"])

    # -- beginning ---------------------------------------------------------------------------------

    def _begun(self) -> dict[str, Any]:
        if not self.arguments["scenario"]:
            raise AnsibleActionFail("Which drill is meant? Name a scenario with -e scenario=NAME, or -e drill=ID.")
        ready = self._prepared(self.arguments["scenario"], self.arguments["targets"])
        if self.check:
            self._show(preview(ready.scenario, self.command, self.titles, self.language))
            return self._told(None, "", False)
        terminal = self._terminal()
        if terminal is None:
            # What is wrong in the file is told before anything is written.
            answers_in(self.arguments["answers"], ready.scenario)
        record, new = opened(self.root, ready, self.policy, self._begin())
        self._show(("", self._say("opened" if new else "resumed", id=record.id, directory=record.directory)))
        if self.arguments["mode"] == LIVE:
            self._show(briefing(ready.scenario, self.command.drilled(record.id), record, self.language))
            return self._told(None, record.directory, new)
        # One that is gone on with is about what it was about when it began.
        return self._held(record, self._prepared_for(record), terminal)

    def _begin(self) -> Begun:
        return Begun(self.arguments["mode"], self.arguments["participants"], by(), LocalHost().wall(), self.language)

    def _prepared(self, name: str, targets: Mapping[str, Any]) -> Prepared:
        given = {str(key): str(value) for key, value in targets.items()}
        return prepared(name, self.arguments["scenarios"], given, self.groups, self.policy)

    def _prepared_for(self, record: Record) -> Prepared:
        """Return the scenario of a drill: its file, or where that has moved the one of the same name."""
        path = str(record.begun["path"])
        return self._prepared(path if os.path.exists(path) else record.begun["scenario"], record.begun["targets"])

    def _terminal(self) -> Terminal | None:
        """Return the people at the terminal, None where a file has their answers or nobody is asked anything."""
        if self.arguments["answers"] or self.arguments["mode"] == LIVE or self.arguments["state"] == "evaluated":
            return None
        terminal = Terminal(self.language)
        terminal.begin()
        return terminal

    # -- going on and ending -----------------------------------------------------------------------

    def _gone_on(self) -> dict[str, Any]:
        record = meant(self.root, self.arguments["drill"])
        ready = self._prepared_for(record)
        if ready.file.sha256 != record.begun["sha256"]:
            Display().warning(self._say("scenario_changed", path=ready.file.path))
        if self.check:
            self._show(preview(ready.scenario, self.command, self.titles, self.language))
            return self._told(None, record.directory, False)
        if self.arguments["state"] != "evaluated" and record.begun["mode"] != LIVE and record.evaluated is None:
            return self._held(record, ready, self._terminal())
        with alone(record.directory):
            self._noted(record, ready.scenario)
            return self._ended(record, ready.scenario)

    def _held(self, record: Record, ready: Prepared, terminal: Terminal | None) -> dict[str, Any]:
        """Hold a drill at the table from where it is, then judge it."""
        asker = answers_in(self.arguments["answers"], ready.scenario) if terminal is None else terminal.asker
        end_with_parent()
        with alone(record.directory):
            try:
                # Somebody else may have gone on with it until now.
                self._table(drill_record.read_record(record.directory), ready.scenario, asker).hold()
            except RecordError as error:
                raise AnsibleActionFail(str(error)) from None
            return self._ended(record, ready.scenario)

    def _table(self, record: Record, scenario: Scenario, asker: Asker) -> drill_table.Table:
        command = self.command.drilled(record.id)
        return drill_table.Table(
            scenario=scenario,
            record=record,
            by=by(),
            language=self.language,
            titles=self.titles,
            show=Display().display,
            asker=asker,
            check=lambda call: checked(call, command, LocalHost(), self.arguments["timeout"]),
            command=self.command.shown,
        )

    def _noted(self, record: Record, scenario: Scenario) -> None:
        """Write down what was measured and answered beside a live drill, once."""
        for procedure, figures in self.arguments["measured"].items():
            drill_end.measured(record, procedure, figures, by())
        if self.arguments["answers"]:
            drill_end.answered(record, scenario, answers_in(self.arguments["answers"], scenario), by())

    def _ended(self, record: Record, scenario: Scenario) -> dict[str, Any]:
        places = places_of(self.arguments["evidence_dir"], None, self.arguments["drill_dir"])
        end = drill_end.ended(places, record, scenario, self.plan, self.titles, self.language, by(), time.time())
        self._show(end.shown)
        return self._told(end, record.directory, end.changed)

    # -- what is told ------------------------------------------------------------------------------

    @property
    def titles(self) -> dict[str, str]:
        """The plan's names of roles, in the language of the drill."""
        roles = self.policy.roles if self.policy is not None else {}
        return {
            key: role.title if isinstance(role.title, str) else role.title.get(self.language, "")
            for key, role in roles.items()
        }

    def _say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)

    @staticmethod
    def _show(lines: Any) -> None:
        for line in lines:
            Display().display(line)

    def _told(self, end: drill_end.End | None, directory: str, changed: bool) -> dict[str, Any]:
        return {
            "changed": changed,
            "drill": os.path.basename(directory),
            "directory": directory,
            "score": None if end is None else end.score,
            "scores": {} if end is None else dict(end.scores),
            "findings": [] if end is None else list(end.findings),
            "files": [] if end is None else list(end.files),
        }
