# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How bad it is: the first rule of the plan that holds, or the worst grade that cannot be ruled out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.conditions import truth
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import BY_HAND, Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.rule_words import condition_words
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import FIELDS, both

NO_RULE = "none"
"""In place of a rule, where none of the plan's holds."""


class Possible(NamedTuple):
    """A grade that is not ruled out, by which rule, and that rule as people read it."""

    severity: str
    rule: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class Grade:
    """A grade with its reason. ``unknown``: details that may change it; none where the grade is certain."""

    severity: str
    rule: str
    why: Mapping[str, str]
    unknown: Tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        return not self.unknown and self.rule != NO_RULE


def grade_of(policy: Policy, incident: Incident, now: float) -> Grade:
    """Pure: the grade that the plan's rules give an incident now."""
    possible: List[Possible] = []
    unknown: List[str] = []
    ruled_out = set()
    for rule in policy.severity_rules:
        answer, missing = truth(rule.when, incident, now)
        if answer is False:
            ruled_out.add(rule.severity)
            continue
        possible.append(Possible(rule.severity, rule.written, condition_words(policy, rule.when, incident)))
        if answer:
            return _worst(policy, possible, unknown)
        unknown += missing
    left = {severity.key for severity in policy.ranked} - ruled_out or set(policy.severities)
    return _worst(policy, [*possible, *(Possible(key, NO_RULE, {}) for key in sorted(left))], unknown)


def regrade_due(incident: Incident, grade: Grade) -> bool:
    """Pure: whether the rules give another grade, or another reason, than the record; what a person gave stays."""
    if not incident.gradings:
        return True
    last = incident.gradings[-1]
    return last.rule != BY_HAND and (last.severity, last.rule, last.why) != (grade.severity, grade.rule, grade.why)


def _worst(policy: Policy, possible: Sequence[Possible], unknown: Sequence[str]) -> Grade:
    worst = min(possible, key=lambda each: policy.severities[each.severity].rank)
    # What is not known matters only where it could change the grade.
    missing = tuple(dict.fromkeys(unknown)) if len({each.severity for each in possible}) > 1 else ()
    if missing:
        names = {language: _listed(missing, language) for language in FIELDS}
        return Grade(worst.severity, worst.rule, both("grade_unknown", names=names), missing)
    why = both("grade_no_rule") if worst.rule == NO_RULE else both("grade_rule", rule=worst.words)
    return Grade(worst.severity, worst.rule, why)


def _listed(names: Tuple[str, ...], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(FIELDS[language][name] for name in names)
