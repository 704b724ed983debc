# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that the site's own plan answers: what a scenario asks with ``kind: plan``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._drill.model import (
    CHOICE,
    PLAN,
    POINTS,
    Choice,
    Question,
    Scenario,
    Text,
    as_text,
)
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import all_listed, said
from ansible_collections.contingency.infra.plugins.module_utils._incident.conditions import truth
from ansible_collections.contingency.infra.plugins.module_utils._incident.deadlines import applies
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Contact, Policy, Span
from ansible_collections.contingency.infra.plugins.module_utils._incident.severity import grade_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_people import moment, span_text
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import Speech

NOW = 0.0
"""The fault of a scenario is discovered now; its answers hang on no clock."""
LANGUAGES = ("en", "zh")


def answered_by_plan(scenario: Scenario, policy: Policy | None) -> Scenario:
    """Pure: the scenario with the plan's answers; a question that the plan does not answer has no points."""
    if policy is None:
        return scenario
    answers = _Answers(policy, incident_of(scenario.incident, policy))
    parts = tuple(
        replace(part, questions=tuple(answers.of(question) for question in part.questions)) for part in scenario.parts
    )
    return replace(scenario, parts=parts)


def incident_of(told: Mapping[str, Any], policy: Policy) -> Incident:
    """Pure: the fault of a scenario as an incident; of its classes and scopes the first one that the plan knows."""
    details = {name: value for name, value in told.items() if name not in ("classes", "scopes")}
    for name, titles in (("classes", policy.classes), ("scopes", policy.scopes)):
        known = [key for key in told.get(name) or () if key in titles]
        if known:
            details["incident_class" if name == "classes" else "scope"] = known[0]
    return Incident(id="DRILL", opened_epoch=NOW, discovered_epoch=NOW, drill=True, details=details)


class _Answers:
    def __init__(self, policy: Policy, incident: Incident) -> None:
        self._policy = policy
        self._incident = incident
        self._grade = grade_of(policy, incident, NOW).severity if policy.severities else ""

    def of(self, question: Question) -> Question:
        if question.kind != PLAN:
            return question
        if question.of == "severity":
            return self._severity(question)
        points = tuple(getattr(self, f"_{question.of}")(question))
        return replace(question, kind=POINTS, points=points) if points else question

    def _severity(self, question: Question) -> Question:
        choices = tuple(Choice(each.key, as_text(each.title)) for each in self._policy.ranked)
        return replace(question, kind=CHOICE, choices=choices, right=(self._grade,)) if choices else question

    def _notices(self, _question: Question) -> Iterator[Text]:
        """Yield who is told by when as soon as the fault is graded; what hangs on the course is left out."""
        for notice in self._policy.notices:
            holds, _missing = truth(notice.when, self._incident, NOW)
            if not applies(notice.severities, self._grade) or holds is not True or notice.counted_from == "recovered":
                continue
            people = [self._titled(key) for key in notice.to if key in (*self._policy.roles, *self._policy.departments)]
            if people and notice.within is not None:
                yield said("told_within", who=all_listed(people), within=in_words(notice.within))
            elif people:
                yield said("told", who=all_listed(people))

    def _manual_work(self, _question: Question) -> Iterator[Text]:
        for each in self._policy.manual_work:
            if applies(each.severities, self._grade):
                names = all_listed(self._titled(key) for key in each.departments)
                after = {language: Speech(language).duration(each.after) for language in LANGUAGES}
                yield said("department_manual", departments=names, after=after)

    def _deadlines(self, _question: Question) -> Iterator[Text]:
        for each in self._policy.deadlines:
            if applies(each.severities, self._grade):
                until = {lang: moment(None, each.within, each.counted_from, Speech(lang)) for lang in LANGUAGES}
                yield said("deadline", title=each.title, until=until)

    def _deputies(self, question: Question) -> Iterator[Text]:
        role = self._policy.roles.get(question.role)
        for key in role.deputies if role is not None else ():
            contact = self._policy.contacts[key]
            yield said("deputy", contact=contact.name, channels=_reached(contact))

    def _titled(self, key: str) -> Text:
        role = self._policy.roles.get(key)
        return as_text(self._policy.departments[key].name if role is None else role.title)


def in_words(span: Span) -> Text:
    """Return a length of time of the plan in every language."""
    return {language: span_text(span, Speech(language)) for language in LANGUAGES}


def _reached(contact: Contact) -> str:
    return ", ".join(part for part in (contact.phone, *contact.channels) if part)
