# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask for an approval, give it, and see that a plan has it before it is run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._approval.decide import UNAVOIDABLE
from ansible_collections.contingency.infra.plugins.module_utils._approval.person import person_of
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.words import WORDS, told
from ansible_collections.contingency.infra.plugins.modules.approval import ARGUMENT_SPEC, REQUIRED_IF
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_action import (
    RECORD,
    ApprovalAction,
    refused,
    rules_of,
    shown,
    tell_incident,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_desk import GRANTED, REQUESTED, Desk, Verdict
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_give import Pen, listed
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_plan import plan_from
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_shown import Shown

Arguments = Mapping[str, Any]


class ActionModule(ApprovalAction):
    """Wires options and inventory to the desk and the pen."""

    argument_spec = ARGUMENT_SPEC
    required_if = REQUIRED_IF

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        lacks = lacking(self._task.args)
        if lacks:
            return refused(say("given_lacks", names=lacks), self._language())
        try:
            return super().run(tmp, task_vars)
        except AnsibleActionFail as error:
            if not boolean(self._task.args.get("unavoidable"), strict=False):
                raise
            return unlooked(self._as_far_as_given(), str(error), Shown(self._language()))

    def _language(self) -> str:
        language = self._task.args.get("language")
        return str(language) if language in WORDS else "en"

    def _as_far_as_given(self) -> dict[str, Any]:
        """Return what a record needs of options of which some cannot be meant."""
        args = self._task.args
        plan = args.get("plan")
        named = plan if isinstance(plan, Mapping) else {}
        return {
            "plan": {name: str(named.get(name) or "?") for name in ("procedure", "target")},
            "required": 1,
            "person": str(args.get("person") or ""),
            "incident": str(args.get("incident") or ""),
        }

    def work(self, arguments: Arguments, hostvars: Mapping[str, Any]) -> dict[str, Any]:
        say_it = Shown(arguments["language"], os.path.abspath(arguments["directory"]))
        if arguments["state"] == "required":
            return self._required(arguments, hostvars, say_it)
        desk = Desk(rules_of(arguments))
        if arguments["state"] == "requested":
            return self._requested(desk, arguments, hostvars, say_it)
        if arguments["state"] == "given":
            return Pen(desk, arguments, say_it).given(write=not self._task.check_mode)
        return listed(desk, arguments["request"] or "", say_it)

    def _requested(
        self, desk: Desk, arguments: Arguments, hostvars: Mapping[str, Any], say_it: Shown
    ) -> dict[str, Any]:
        plan = plan_from(arguments["plan"], hostvars)
        verdict = desk.looked(plan)
        if verdict.granted:
            # Nothing is asked for twice.
            shown(["", say_it.granted(verdict)])
            return {"changed": False, "plan": plan.hash, "directory": "", "missing": 0}
        request, new = desk.requested(plan, write=not self._task.check_mode)
        shown(say_it.request(request, None if self._task.check_mode else new))
        record = {**desk.record(verdict), "state": REQUESTED}
        return {
            "changed": new,
            "plan": plan.hash,
            "directory": request.directory,
            "missing": verdict.required - len(verdict.counted),
            "trouble": tell_incident(arguments, "approval", record, say_it) if new else [],
        }

    def _required(self, arguments: Arguments, hostvars: Mapping[str, Any], say_it: Shown) -> dict[str, Any]:
        if not arguments["unavoidable"]:
            desk = Desk(rules_of(arguments))
            plan = plan_from(arguments["plan"], hostvars)
            return self._result(desk, self._verdict(desk, plan), arguments, say_it)
        try:
            desk = Desk(rules_of(arguments))
            plan = plan_from(arguments["plan"], hostvars)
            return self._result(desk, self._verdict(desk, plan, unavoidable=True), arguments, say_it)
        except Refused as error:
            why = told(error.said, arguments["language"])
        except Exception as error:  # noqa: BLE001  A fault in here keeps no host on until the batteries are empty.
            why = f"{type(error).__name__}: {error}"
        return unlooked(arguments, why, say_it)

    def _verdict(self, desk: Desk, plan: Plan, *, unavoidable: bool = False) -> Verdict:
        """Ask, and in check mode only look."""
        return (desk.looked if self._task.check_mode else desk.asked)(plan, unavoidable)

    def _result(self, desk: Desk, verdict: Verdict, arguments: Arguments, say_it: Shown) -> dict[str, Any]:
        record = desk.record(verdict)
        if not verdict.granted:
            request, new = desk.requested(verdict.plan, write=not self._task.check_mode)
            shown(say_it.request(request, None if self._task.check_mode else new))
            trouble = [] if self._task.check_mode else tell_incident(arguments, "approval", record, say_it)
            return {
                "changed": False,
                "failed": True,
                "plan": verdict.plan.hash,
                "directory": request.directory,
                "missing": max(1, verdict.required - len(verdict.counted)),
                "trouble": trouble,
                RECORD: record,
                "msg": say_it.refused(verdict),
            }
        line = say_it.granted(verdict)
        if verdict.basis == UNAVOIDABLE:
            Display().warning(line)
        else:
            Display().display(line)
        trouble = tell_incident(arguments, "approval", record, say_it) if verdict.new else []
        return {
            "changed": False,
            "plan": verdict.plan.hash,
            "missing": 0,
            RECORD: record,
            "trouble": trouble,
            "msg": line,
        }


def lacking(args: Mapping[str, Any]) -> str:
    """Pure: what the approver has to type as well, as it is typed; an empty text where all is there."""
    needed = {"request": "-e request=", "approver": "-e approver=", "key": "-e sign_with="}
    given = args.get("state") == "given"
    return " ".join(word for name, word in needed.items() if given and not args.get(name))


def unlooked(arguments: Arguments, why: str, say_it: Shown) -> dict[str, Any]:
    """Return the result of a run that goes on although nobody could look whether it is approved."""
    line = say_it.say("unavoidable_broken", why=why)
    Display().warning(line)
    plan = arguments["plan"]
    person = person_of(os.environ, arguments["person"] or "")
    record = {
        "state": GRANTED,
        "granted": True,
        "basis": UNAVOIDABLE,
        "procedure": plan["procedure"],
        "target": plan["target"],
        "plan": "",
        "required": arguments["required"],
        "approvals": [],
        "standing": None,
        "person": sorted(person.names),
        "attended": person.attended,
        "incident": arguments["incident"] or "",
        "lacks": ["unavoidable_broken"],
        "reasons": [why],
    }
    return {"changed": False, "missing": arguments["required"], RECORD: record, "trouble": [line], "msg": line}
