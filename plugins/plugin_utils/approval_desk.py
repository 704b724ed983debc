# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run asks whether its plan is approved: signed approvals first, then standing ones."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._approval.decide import (
    SIGNED,
    STANDING,
    UNAVOIDABLE,
    Decision,
    Given,
    Question,
    decided,
    is_own,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.person import Person, person_of
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.signature import (
    approvers_limitation,
    signers_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.standing import (
    Run,
    Standing,
    chosen,
    standings_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.store import Request, Store, Uses
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import written
from ansible_collections.contingency.infra.plugins.module_utils._approval.words import told
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

REQUESTED, GIVEN, GRANTED, REFUSED = "requested", "given", "granted", "refused"
"""What an approval's line in the journal and its event in an incident are about."""
AGAIN_SECONDS = 86400.0
"""What runs each minute and has nothing new to say is written down once in this time."""


@dataclass(frozen=True)
class Rules:
    """What the site asks for; as the options of the module approval."""

    required: int
    signers: str
    directory: str
    standing: Any = ()
    logins: Mapping[str, Sequence[str]] = field(default_factory=dict)
    person: str = ""
    incident: str = ""


@dataclass(frozen=True)
class Verdict:
    """``basis``: signed, standing, unavoidable, or empty where it is refused. ``reasons``: what does not count and why.

    ``new``: it was written down, and is not what was written within the last day.
    """

    plan: Plan
    required: int
    basis: str
    counted: tuple[Given, ...] = ()
    own: tuple[str, ...] = ()
    standing: Standing | None = None
    reasons: tuple[Said, ...] = ()
    new: bool = False

    @property
    def granted(self) -> bool:
        return bool(self.basis)


class Desk:
    """Asks and writes down; one for a run."""

    def __init__(self, rules: Rules, person: Person | None = None, now: float | None = None) -> None:
        self.rules = rules
        self.person = person or person_of(os.environ, rules.person)
        self.now = time.time() if now is None else now
        self.store = Store(LocalHost(), rules.directory)

    def looked(self, plan: Plan, unavoidable: bool = False) -> Verdict:
        """Return the verdict without writing anything."""
        return self._verdict(plan, (), unavoidable)

    def asked(self, plan: Plan, unavoidable: bool = False) -> Verdict:
        """Return the verdict, written down where the run goes on; Refused where that cannot be."""
        with self.store.alone() as uses:
            earlier = uses.of(plan)
            verdict = self._verdict(plan, earlier, unavoidable)
            if verdict.granted:
                verdict = replace(verdict, new=self._written(uses, verdict, earlier if unavoidable else ()))
        return verdict

    def requested(self, plan: Plan, *, write: bool = True) -> tuple[Request, bool]:
        """Write the request, unless it is only to be shown; return it and whether it is new."""
        by = self.rules.person or ", ".join(sorted(self.person.names)) or "root"
        request = Request(plan, self.rules.required, self.now, by, self.rules.incident)
        return self.store.request(request) if write else (request, False)

    def decision(self, plan: Plan) -> tuple[Decision, list[Said]]:
        """Return what the signed approvals come to, and why others cannot be read or proven."""
        limitation = self._signers_limitation()
        if limitation is not None:
            return Decision(False, (), ()), [limitation]
        found, plans, garbled = self.store.approvals(plan, self.rules.signers)
        return decided(self.question(plan, plans), found), [say("garbled", why=why) for _path, why in garbled]

    def question(self, plan: Plan, plans: Mapping[str, Plan]) -> Question:
        return Question(
            plan=plan,
            required=self.rules.required,
            now=self.now,
            incident=self.rules.incident,
            keyboard=self.person.names if self.person.attended else frozenset(),
            unknown_person=self.person.unknown,
            logins=self.rules.logins,
            plans=plans,
        )

    def _verdict(self, plan: Plan, earlier: Sequence[Mapping[str, Any]], unavoidable: bool = False) -> Verdict:
        decision, unread = self.decision(plan)
        if decision.granted:
            question = self.question(plan, {})
            own = tuple(
                given.statement.approver for given in decision.counted if is_own(given.statement.approver, question)
            )
            return Verdict(plan, self.rules.required, SIGNED, decision.counted, own)
        reasons = (*(say("of", who=who, why=why) for who, why in decision.refused), *unread)
        standing, lacking = self._standing(plan, earlier, unavoidable)
        if standing is not None:
            return Verdict(plan, self.rules.required, STANDING, standing=standing)
        told_too = lacking if any(each.key != "standing_none" for each in lacking) else []
        reasons = (*reasons, *told_too, *missing(decision)) or (say("no_approval"),)
        basis = UNAVOIDABLE if unavoidable else ""
        return Verdict(plan, self.rules.required, basis, decision.counted, reasons=reasons)

    def _standing(
        self, plan: Plan, earlier: Sequence[Mapping[str, Any]], unavoidable: bool
    ) -> tuple[Standing | None, list[Said]]:
        uses = tuple(float(line["epoch"]) for line in earlier if line.get("basis") == STANDING)
        # What the timer may do in a loss of mains, a person may do too.
        run = Run(plan, self.now, self.person.attended and not unavoidable, uses)
        try:
            return chosen(standings_of(self.rules.standing), run)
        except Refused as error:
            return None, [error.said]

    def _signers_limitation(self) -> Said | None:
        limitation = signers_limitation(self.rules.signers)
        if limitation is not None:
            return limitation
        text = LocalHost().read(self.rules.signers) or ""
        return approvers_limitation(text, self.rules.signers, self.rules.required, self.now)

    def _written(self, uses: Uses, verdict: Verdict, earlier: Sequence[Mapping[str, Any]]) -> bool:
        fields = self.record(verdict)
        last = earlier[-1] if earlier else {}
        same = all(last.get(name) == fields[name] for name in ("basis", "plan", "lacks", "standing", "incident"))
        if same and 0 <= self.now - float(last["epoch"]) < AGAIN_SECONDS:
            return False
        uses.add(fields)
        return True

    def record(self, verdict: Verdict) -> dict[str, Any]:
        """Return what the journal and the incident keep of a verdict; plain data, sentences in English."""
        standing = verdict.standing
        return {
            "state": GRANTED if verdict.granted else REFUSED,
            "granted": verdict.granted,
            "basis": verdict.basis,
            "procedure": verdict.plan.procedure,
            "target": verdict.plan.target,
            "plan": verdict.plan.hash,
            "required": verdict.required,
            "approvals": [_approval(given, verdict.own) for given in verdict.counted],
            "standing": None if standing is None else {"by": standing.by, "until": written(standing.until)},
            "person": sorted(self.person.names),
            "attended": self.person.attended,
            "incident": self.rules.incident,
            "lacks": [kind_of(reason) for reason in verdict.reasons],
            "reasons": [told(reason, "en") for reason in verdict.reasons],
        }


def kind_of(reason: Said) -> str:
    """Pure: the key of what is the matter, without times and names, so that two runs can be compared."""
    why = reason.values.get("why")
    return kind_of(why) if isinstance(why, Said) else reason.key


def missing(decision: Decision) -> list[Said]:
    """Pure: what to say where one person has approved and another one has to."""
    return [say("one_more", approver=given.statement.approver) for given in decision.counted]


def _approval(given: Given, own: Sequence[str]) -> dict[str, Any]:
    statement = given.statement
    return {
        "approver": statement.approver,
        "key": given.key,
        "approved_at": written(statement.approved_at),
        "valid_until": written(statement.valid_until),
        "comment": statement.comment,
        "own": statement.approver in own,
        "file": given.path,
    }
