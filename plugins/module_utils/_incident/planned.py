# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an incident has to tell to whom, sent or not: the plan's notices, reminders, and the words on manual work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.clocks import length, moment, start_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.conditions import since
from ansible_collections.contingency.infra.plugins.module_utils._incident.deadlines import applies
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import DueDeadline, ManualAdvice
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident, ManualState
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import TOLD, Notice, Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import LANGUAGES, both
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import end_of
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import Text, in_language

AFTER_THE_END = ("recovered", "closed")
"""What is counted from these still goes out when the incident is closed."""


@dataclass(frozen=True)
class Planned:
    """A notice to one recipient, with when it is due and until when it should be told."""

    key: str
    kind: str
    source: str
    to: str
    since_epoch: float
    by_epoch: Optional[float]
    text: Text
    mode: str = "all"
    acknowledge_within: Optional[float] = None


def planned_of(
    policy: Policy,
    incident: Incident,
    severity: str,
    deadlines: Sequence[DueDeadline],
    advice: Sequence[ManualAdvice],
) -> Tuple[Planned, ...]:
    """Pure: all that is to be told, in the order of the plan."""
    found = [each for notice in policy.notices for each in _notices(policy, notice, incident, severity)]
    found += _manual_words(policy, incident)
    if incident.closed_epoch is None:
        found += _relapse(policy, incident)
        found += _manual_advice(policy, advice)
        found += _reminders(policy, deadlines)
    return tuple(each for each in found if each.to != TOLD or _anybody_told(incident, each.key))


def _notices(policy: Policy, notice: Notice, incident: Incident, severity: str) -> Iterator[Planned]:
    counted_from = "graded" if notice.on_change else notice.counted_from
    if notice.on_change and len(incident.changes) < 2:
        return
    start = start_of(incident, counted_from)
    over = incident.closed_epoch is not None and counted_from not in AFTER_THE_END
    if start is None or over or not applies(notice.severities, severity):
        return
    begin = start if notice.after is None else end_of(notice.after, start, policy.calendar)
    due = since(notice.when, incident, begin)
    if due is None:
        return
    base = start if due == begin else due
    by = None if notice.within is None else end_of(notice.within, base, policy.calendar)
    key = _key(notice, incident)
    for to in notice.to:
        yield Planned(key, "notice", notice.key, to, due, by, notice.text, notice.mode, notice.acknowledge_within)


def _key(notice: Notice, incident: Incident) -> str:
    """Return the key under which a notice goes out once: once for each change of the grade, and for each recovery."""
    if notice.on_change:
        return f"{notice.key}.{len(incident.changes)}"
    again = notice.counted_from == "recovered" and incident.relapses
    return f"{notice.key}.{len(incident.relapses) + 1}" if again else notice.key


def _relapse(policy: Policy, incident: Incident) -> Iterator[Planned]:
    """Yield the word that it has failed again, where people were told that it was over."""
    ends = [notice.key for notice in policy.notices if notice.counted_from == "recovered"]
    told = any(
        each.sent_epoch is not None and each.key.partition(".")[0] in ends for each in incident.deliveries.values()
    )
    if incident.recovered_epoch is None and incident.relapses and told:
        key = f"relapsed.{len(incident.relapses)}"
        yield Planned(key, "notice", "relapsed", TOLD, incident.relapses[-1], None, both("relapsed"))


def _manual_words(policy: Policy, incident: Incident) -> Iterator[Planned]:
    """Yield IT's word to each department: that manual work starts, or after that, that it ends."""
    for key, state in incident.manual_work.items():
        department = policy.departments.get(key)
        if department is not None:
            yield _manual_word(key, department.name, state)


def _manual_word(key: str, name: Text, state: ManualState) -> Planned:
    kind, epoch = ("manual_start", state.started_epoch) if state.going_on else ("manual_end", state.ended_epoch)
    time = f".{state.times}" if state.times > 1 else ""
    text = both(kind, name=in_languages(name))
    return Planned(f"{kind}.{key}{time}", kind, key, key, epoch or 0.0, None, text)


def _manual_advice(policy: Policy, advice: Sequence[ManualAdvice]) -> Iterator[Planned]:
    for each in advice:
        if each.action == "start":
            names = listed(policy.departments[key].name for key in each.departments)
            text = both("manual_advice", names=names, after=length(each.after))
            for to in policy.advise:
                key = f"manual_advice.{int(each.after)}"
                yield Planned(key, "manual_advice", key, to, each.since_epoch, None, text)


def _reminders(policy: Policy, deadlines: Sequence[DueDeadline]) -> Iterator[Planned]:
    entries = {deadline.key: deadline for deadline in policy.deadlines}
    for due in deadlines:
        entry = entries[due.key]
        if due.met_epoch is not None:
            continue
        values = {"title": in_languages(due.title), "at": moment(due.due_epoch, policy.calendar)}
        for to in entry.to:
            if entry.remind_before is not None:
                begin = max(due.start_epoch, due.due_epoch - entry.remind_before)
                key = f"deadline.{due.key}.remind"
                yield Planned(key, "reminder", due.key, to, begin, due.due_epoch, both("remind", **values))
            key = f"deadline.{due.key}.overdue"
            yield Planned(key, "overdue", due.key, to, due.due_epoch, None, both("overdue", **values))


def _anybody_told(incident: Incident, key: str) -> bool:
    return any(each.sent_epoch is not None and each.key != key for each in incident.deliveries.values())


def in_languages(text: Text) -> Dict[str, str]:
    """Pure: a text in every language."""
    return {language: in_language(text, language) for language in LANGUAGES}


def listed(texts: Iterable[Text]) -> Dict[str, str]:
    """Pure: several names as one text in every language."""
    found = [in_languages(text) for text in texts]
    return {"en": ", ".join(each["en"] for each in found), "zh": "、".join(each["zh"] for each in found)}
