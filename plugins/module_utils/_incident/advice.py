# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do next in an incident, a sentence each, with the command that can be typed as it stands."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.changes import open_points
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import (
    FAILED,
    UNANSWERED,
    Due,
    DueNotice,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.planned import in_languages
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import say
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import in_language

UPDATE = "ansible-playbook contingency.infra.incident_update -e incident="
SAMPLES: Mapping[str, str] = {
    "expected_outage_seconds": "-e expected_outage=2h",
    "data_loss": "-e data_loss=false",
    "core_service": "-e core_service=true",
    "handling_error": "-e handling_error=false",
    "affected": "-e affected=1",
}
"""How a detail is said; the others by their own name."""


def next_actions(policy: Policy, incident: Incident, due: Due, language: str, now: float) -> Tuple[str, ...]:
    """Pure: what to do next, the most urgent first."""
    if incident.closed_epoch is not None:
        return tuple(_calls(policy, due.notices, language))
    command = f"{UPDATE}{incident.id}"
    found: List[str] = [*_calls(policy, due.notices, language), *_manual(policy, due, command, language)]
    if due.grade.unknown:
        facts = say("next_facts", language, command=command, options=_options(policy, due.grade.unknown))
        found.append(" ".join([facts, *_choices(policy, due.grade.unknown, language)]))
    if due.pending:
        found.append(say("next_send", language))
    return (*found, *_course(policy, incident, due, command, language, now))


def _course(policy: Policy, incident: Incident, due: Due, command: str, language: str, now: float) -> Iterator[str]:
    if incident.recovered_epoch is None:
        if incident.activated_epoch is None and policy.severities[due.severity].major:
            yield say("next_activate", language, command=command)
        yield say("next_link", language, id=incident.id)
        yield say("next_recovered", language, command=command)
        return
    waiting = [key for key in incident.manual_work if key not in incident.confirmed]
    if waiting or not incident.confirmed:
        keys = ",".join(waiting) or next(iter(policy.departments), "")
        if keys:
            yield say("next_confirm", language, command=command, keys=keys)
    lacking = tuple(dict.fromkeys(name for each in due.deadlines for name in each.needed))
    if lacking:
        yield say("next_report", language, command=command, options=_options(policy, lacking))
    if not open_points(policy, incident, now):
        yield say("next_close", language, id=incident.id)


def _calls(policy: Policy, notices: Sequence[DueNotice], language: str) -> Iterator[str]:
    """Yield whom to call because nothing reached them; the telephone is what is left."""
    people: Dict[str, List[str]] = {}
    for notice in notices:
        if notice.state in (FAILED, UNANSWERED):
            names = [_with_number(policy, key) for key in notice.candidates]
            to = in_language(recipient(policy, notice.to), language)
            people.setdefault(in_language(notice.text, language), []).extend(names or [to])
    for text, names in people.items():
        yield say("next_call", language, people=", ".join(dict.fromkeys(names)), text=text)


def _manual(policy: Policy, due: Due, command: str, language: str) -> Iterator[str]:
    for each in due.manual_work:
        names = ("、" if language == "zh" else ", ").join(
            in_language(policy.departments[key].name, language) for key in each.departments if key in policy.departments
        )
        key = "next_manual_start" if each.action == "start" else "next_manual_end"
        yield say(key, language, command=command, names=names, keys=",".join(each.departments))


def recipient(policy: Policy, to: str) -> Mapping[str, str]:
    """Pure: the name of a role or department, by language."""
    if to in policy.roles:
        return in_languages(policy.roles[to].title)
    if to in policy.departments:
        return in_languages(policy.departments[to].name)
    return {"en": "all who were told", "zh": "所有已通知人员"}


def _with_number(policy: Policy, key: str) -> str:
    contact = policy.contacts.get(key)
    return key if contact is None else f"{contact.name} {contact.phone}".strip()


def _choices(policy: Policy, names: Sequence[str], language: str) -> Iterator[str]:
    for name, known in (("incident_class", policy.classes), ("scope", policy.scopes)):
        if name in names and known:
            keys = ", ".join(f"{key} ({in_language(each.title, language)})" for key, each in known.items())
            yield say("choices", language, name=name, keys=keys)


def _options(policy: Policy, names: Sequence[str]) -> str:
    shown = []
    for name in names:
        known = {"incident_class": policy.classes, "scope": policy.scopes}.get(name)
        shown.append(f"-e {name}={name.upper()}" if known else SAMPLES.get(name, f"-e \"{name}='...'\""))
    return " ".join(shown)
