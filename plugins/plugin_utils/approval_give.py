# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approver's side: read what is asked, sign it, and see that the signature counts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._approval.decide import LONGEST, SIGNED, Given
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.signature import (
    NAMESPACE,
    Signature,
    signed,
    signers_limitation,
    signers_of,
    verified,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.statement import (
    Statement,
    principal_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.store import Request
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import epoch_of, local, seconds_of
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_action import (
    RECORD,
    incident_is_here,
    shown,
    tell_incident,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_desk import GIVEN, Desk, Verdict
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_shown import Shown

MOST_LISTED = 20
RENEWED_SECONDS = 300.0
"""Given again by the same person, an approval that ends hardly later is the same one."""
_KEY_LINE = re.compile(r"[\w@.-]+ [A-Za-z0-9+/=]+")


class Pen:
    """Gives one approval."""

    def __init__(self, desk: Desk, arguments: Mapping[str, Any], say_it: Shown) -> None:
        self._desk = desk
        self._arguments = arguments
        self._say_it = say_it
        self._host = LocalHost()

    def given(self, *, write: bool) -> dict[str, Any]:
        """Sign and keep an approval, and return the task's result; Refused where it cannot be given."""
        request = self._desk.store.referred(self._arguments["request"])
        statement = self._statement(request)
        _refuse(signers_limitation(self._desk.rules.signers))
        _refuse(span_limitation(statement, self._desk.now))
        shown(self._say_it.plan(request))
        there = self._there(request, statement)
        if there:
            said = self._say_it.say("given_already", approver=statement.approver, until=local(there))
            return self._result(request, [], said)
        if not write:
            return self._result(request, [], self._told("would_give", statement), changed=True)
        files, key = self._kept(request, statement)
        found = self._result(request, files, self._told("given", statement, key=key), changed=True)
        record = self._record(request, Given(files[0], statement, key))
        return {**found, RECORD: record, "trouble": self._tell(record)}

    def _record(self, request: Request, given: Given) -> dict[str, Any]:
        """Return what journal and incident keep of an approval that was given."""
        verdict = Verdict(request.plan, request.required, SIGNED, (given,))
        return {**self._desk.record(verdict), "state": GIVEN, "granted": False, "incident": request.incident}

    def _tell(self, record: Mapping[str, Any]) -> list[str]:
        """Write it into the incident, where that is on this machine; an approver may have another one."""
        arguments = {**self._arguments, "incident": record["incident"]}
        return tell_incident(arguments, "approval", record, self._say_it) if incident_is_here(arguments) else []

    def _statement(self, request: Request) -> Statement:
        approver = self._arguments["approver"] or ""
        if principal_limitation(approver) is not None:
            raise Refused(say("approver_garbled", approver=approver))
        now = float(int(self._desk.now))
        begin = self._arguments["valid_from"]
        starts = now if not begin else epoch_of(begin, "valid_from")
        return Statement(
            plan=request.plan.hash,
            procedure=request.plan.procedure,
            target=request.plan.target,
            approver=approver,
            approved_at=now,
            valid_from=starts,
            valid_until=starts + seconds_of(self._arguments["valid_for"], "valid_for"),
            incident=request.incident,
            comment=self._arguments["comment"] or "",
        )

    def _there(self, request: Request, wanted: Statement) -> float | None:
        """Return until when this person has approved it already for as long as is wanted, None where not so."""
        found, _plans, _garbled = self._desk.store.approvals(request.plan, self._desk.rules.signers)
        same = [
            given.statement.valid_until
            for given in found
            if given.key
            and given.statement.plan == wanted.plan
            and given.statement.approver == wanted.approver
            and given.statement.incident == wanted.incident
            and given.statement.valid_from <= wanted.valid_from
            and given.statement.valid_until >= wanted.valid_until - RENEWED_SECONDS
        ]
        return max(same, default=None)

    def _kept(self, request: Request, statement: Statement) -> tuple[list[str], str]:
        key = os.path.abspath(self._arguments["key"] or "")
        signature = signed(self._host, statement.text, key, os.environ)
        files = self._desk.store.keep(request, statement, signature)
        proven = self._proven(statement, files)
        if proven.limitation is not None:
            for path in files:
                os.unlink(path)
            line = f'{statement.approver} namespaces="{NAMESPACE}" {self._public(key)}'
            signers = self._desk.rules.signers
            sentence = not_taken(statement.approver, self._host.read(signers) or "")
            values = {"approver": statement.approver, "signers": signers, "line": line}
            raise Refused(say(sentence, why=proven.limitation, **values))
        return files, proven.key

    def _proven(self, statement: Statement, files: list[str]) -> Signature:
        return verified(self._host, statement.text, files[1], statement.approver, self._desk.rules.signers)

    def _public(self, key: str) -> str:
        """Return the public key as allowed_signers has it, as far as it lies beside the private one."""
        text = self._host.read(key if key.endswith(".pub") else f"{key}.pub") or ""
        match = _KEY_LINE.match(text)
        return match.group(0) if match else "PUBLIC KEY"

    def _told(self, sentence: str, statement: Statement, /, **values: Any) -> str:
        return self._say_it.say(
            sentence,
            approver=statement.approver,
            procedure=statement.procedure,
            target=statement.target,
            plan=statement.plan[:12],
            begin=local(statement.valid_from),
            until=local(statement.valid_until),
            **values,
        )

    def _result(self, request: Request, files: list[str], said: str, *, changed: bool = False) -> dict[str, Any]:
        count = len(approvers_of(self._desk, request))
        shown(["", said, self._say_it.say("given_of", count=count, required=request.required)])
        return {
            "changed": changed,
            "plan": request.plan.hash,
            "directory": request.directory,
            "missing": max(0, request.required - count),
            "files": files,
            "msg": said,
        }


def not_taken(approver: str, signers: str) -> str:
    """Pure: the sentence for a signature that does not count. ``signers``: the text of allowed_signers.

    Whoever stands there with another key must not be told to add this one: it may be somebody else's.
    """
    known = any(approver in each.principals for each in signers_of(signers))
    return "given_other_key" if known else "given_unlisted"


def span_limitation(statement: Statement, now: float) -> Said | None:
    """Pure: why an approval would hold for no time, or for too long; None where it can be given."""
    begin, until = statement.valid_from, statement.valid_until
    if now < until and begin < until and until - min(begin, until) <= LONGEST:
        return None
    return say("span_wrong", begin=local(begin), until=local(until), days=f"{LONGEST / 86400:g}")


def approvers_of(desk: Desk, request: Request) -> list[str]:
    """Return who has approved a request, by signatures that are good now."""
    if signers_limitation(desk.rules.signers) is not None:
        return []
    found, _plans, _garbled = desk.store.approvals(request.plan, desk.rules.signers)
    good = [given for given in found if given.key and desk.now < given.statement.valid_until]
    return sorted({given.statement.approver for given in good})


def listed(desk: Desk, reference: str, say_it: Shown) -> dict[str, Any]:
    """Show what waits for an approval, or one request with all of its plan, and return the task's result."""
    requests = [desk.store.referred(reference)] if reference else desk.store.requests()[:MOST_LISTED]
    approvers = {request.plan.hash: approvers_of(desk, request) for request in requests}
    shown(["", *(say_it.listed(request, approvers[request.plan.hash]) for request in requests)])
    if reference:
        shown([*say_it.plan(requests[0]), *say_it.request(requests[0], False)])
    if not requests:
        shown([say_it.say("listed_none", directory=desk.rules.directory)])
    return {
        "changed": False,
        "requests": [
            {
                "plan": request.plan.hash,
                "procedure": request.plan.procedure,
                "target": request.plan.target,
                "required": request.required,
                "approvers": approvers[request.plan.hash],
            }
            for request in requests
        ],
    }


def _refuse(limitation: Said | None) -> None:
    if limitation is not None:
        raise Refused(limitation)
