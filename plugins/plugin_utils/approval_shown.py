# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads of a plan, a request and a verdict."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ansible import context
from ansible_collections.contingency.infra.plugins.module_utils._approval.decide import STANDING, UNAVOIDABLE
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import say
from ansible_collections.contingency.infra.plugins.module_utils._approval.store import Request
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import local
from ansible_collections.contingency.infra.plugins.module_utils._approval.words import WORDS, told
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_desk import Verdict
from ansible_collections.contingency.infra.plugins.plugin_utils.typed import typed


def command(plan: Plan, directory: str) -> str:
    """Return what the approver types. ``directory``: of all requests, named where the command line has moved it."""
    given = context.CLIARGS.get("inventory") or ()
    inventory = [word for path in given for word in ("-i", str(path))]
    written = " ".join(map(str, context.CLIARGS.get("extra_vars") or ()))
    moved = any(name in written for name in ("contingency_approval_dir", "contingency_evidence_dir"))
    place = ["-e", json.dumps({"contingency_approval_dir": directory})] if moved else []
    language = typed().get("contingency_language")
    spoken = ["-e", f"contingency_language={language}"] if language in WORDS else []
    words = ["ansible-playbook", "contingency.infra.approve", *inventory, *spoken, *place, "-e", f"request={plan.name}"]
    return f"{shlex.join(words)} -e approver=NAME -e sign_with=KEY"


class Shown:
    """Says things in one language."""

    def __init__(self, language: str, directory: str = "") -> None:
        self.language = language
        self.directory = directory

    def say(self, key: str, /, **values: Any) -> str:
        return _legible(told(say(key, **values), self.language))

    def request(self, request: Request, new: bool | None) -> list[str]:
        """Return what is shown of a request that was made; ``new`` is None where it was not written."""
        plan = request.plan
        needs = "request_needs" if request.required < 2 else "request_needs_two"
        written = {None: "request_check", True: "request_new", False: "request_old"}[new]
        return [
            "",
            self.say("request_title", procedure=plan.procedure, target=plan.target, plan=plan.name),
            self.say(needs, required=request.required),
            f"  {command(plan, self.directory)}",
            self.say("request_then"),
            self.say(written, directory=request.directory),
        ]

    def plan(self, request: Request) -> list[str]:
        """Return all of a plan, for the person who is asked to approve it."""
        plan = request.plan
        width = max((len(host) for host in plan.hosts), default=0)
        incident = [self.say("shown_incident", incident=request.incident)] if request.incident else []
        return [
            "",
            self.say("request_title", procedure=plan.procedure, target=plan.target, plan=plan.name),
            *incident,
            self.say("shown_arguments", arguments=_settings(plan.arguments)),
            *(_legible(f"{host:<{width}}  {_settings(settings)}") for host, settings in plan.hosts.items()),
        ]

    def listed(self, request: Request, approvers: Sequence[str]) -> str:
        plan = request.plan
        return self.say(
            "listed",
            plan=plan.name,
            procedure=plan.procedure,
            target=plan.target,
            at=local(request.requested_at),
            by=request.by,
            required=request.required,
            who=", ".join(approvers) or self.say("listed_nobody"),
        )

    def granted(self, verdict: Verdict) -> str:
        """Return the line of a run that goes on."""
        names = {"procedure": verdict.plan.procedure, "target": verdict.plan.target}
        if verdict.basis == UNAVOIDABLE:
            return self.say("unavoidable", reasons=list(verdict.reasons), **names)
        if verdict.basis == STANDING and verdict.standing is not None:
            return self.say("granted_standing", by=verdict.standing.by, until=local(verdict.standing.until), **names)
        return self.say("granted_signed", who=self.approvers(verdict), **names)

    def approvers(self, verdict: Verdict) -> str:
        said = [
            self.say(
                "granted_own" if given.statement.approver in verdict.own else "granted_one",
                approver=given.statement.approver,
                until=local(given.statement.valid_until),
            )
            for given in verdict.counted
        ]
        return WORDS[self.language]["between"].join(said)

    def refused(self, verdict: Verdict) -> str:
        """Return the sentence with which a run ends that is not approved."""
        plan = verdict.plan
        return self.say(
            "refused",
            procedure=plan.procedure,
            target=plan.target,
            count=len(verdict.counted),
            required=verdict.required,
            reasons=list(verdict.reasons),
            command=command(plan, self.directory),
        )


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in settings.items()) or "-"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _legible(text: str) -> str:
    """Pure: one line, as what moves the cursor of a terminal could hide from the approver what is asked."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)
