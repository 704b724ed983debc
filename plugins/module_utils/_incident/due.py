# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due now and what is overdue. Pure: the same plan, record and time give the same answer.

What was sent to a contact never becomes due again: it is told by the record alone, whatever the clock says.
"""

from __future__ import annotations

from typing import Iterator, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident import due_model as told
from ansible_collections.contingency.infra.plugins.module_utils._incident.conditions import crossings, since
from ansible_collections.contingency.infra.plugins.module_utils._incident.deadlines import applies, deadlines_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import Due, DueNotice, ManualAdvice
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident, ManualState
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Condition, Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.planned import Planned, planned_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.recipients import Reach, reach
from ansible_collections.contingency.infra.plugins.module_utils._incident.severity import (
    Grade,
    grade_of,
    regrade_due,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import both


def incident_due(policy: Policy, incident: Incident, now: float) -> Due:
    """Pure: what the plan asks for at the epoch ``now``.

    What is in the record has happened: a clock that was set back since must not hold up who has to be told.
    """
    now = max(now, incident.latest_epoch)
    grade = grade_of(policy, incident, now)
    severity = severity_of(policy, incident, grade)
    deadlines = deadlines_of(policy, incident, severity, now)
    advice = tuple(_advice(policy, incident, severity))
    planned = planned_of(policy, incident, severity, deadlines, advice)
    notices, waits = [], []
    for each in planned:
        found = reach(policy, incident, each, now)
        notices.append(_notice(each, found, now))
        waits += [each.since_epoch, each.by_epoch, found.wait_epoch]
    moments = [*waits, *(each.due_epoch for each in deadlines), *(each.since_epoch for each in advice)]
    moments += [moment for rule in policy.severity_rules for moment in crossings(rule.when, incident)]
    return Due(
        grade=grade,
        regrade=incident.closed_epoch is None and regrade_due(incident, grade),
        severity=severity,
        notices=tuple(notices),
        deadlines=deadlines,
        manual_work=tuple(each for each in advice if each.since_epoch <= now),
        next_epoch=min((moment for moment in moments if moment is not None and moment > now), default=None),
    )


def severity_of(policy: Policy, incident: Incident, grade: Grade) -> str:
    """Pure: the grade on record; that of the rules where none is there, or the plan does not know it any more."""
    recorded = incident.severity
    return recorded if recorded in policy.severities and recorded is not None else grade.severity


def _notice(planned: Planned, found: Reach, now: float) -> DueNotice:
    waiting = planned.since_epoch > now
    state = told.COMING if waiting else _state(planned, found, now)
    return DueNotice(
        key=planned.key,
        kind=planned.kind,
        source=planned.source,
        to=planned.to,
        state=state,
        since_epoch=planned.since_epoch,
        by_epoch=planned.by_epoch,
        candidates=found.candidates,
        pending=() if waiting else found.pending,
        text=planned.text,
        mode=planned.mode,
        acknowledge_within=planned.acknowledge_within,
        problem=_problem(state, planned, found),
        chosen=found.chosen,
    )


def _state(planned: Planned, found: Reach, now: float) -> str:
    if found.pending:
        return told.OVERDUE if planned.by_epoch is not None and now >= planned.by_epoch else told.DUE
    if found.exhausted or found.done_epoch is None:
        return told.FAILED
    if found.unanswered:
        return told.UNANSWERED
    late = planned.by_epoch is not None and found.done_epoch > planned.by_epoch
    return told.LATE if late else told.SENT


def _problem(state: str, planned: Planned, found: Reach) -> Optional[Mapping[str, str]]:
    if state not in (told.COMING, told.FAILED, told.UNANSWERED) or (state == told.COMING and found.candidates):
        return None
    if not found.candidates:
        return both("no_contact", to=planned.to)
    return both("given_up" if state == told.FAILED else "unanswered", to=planned.to)


def _advice(policy: Policy, incident: Incident, severity: str) -> Iterator[ManualAdvice]:
    """Yield which departments should be told to start or end manual work, and from when on."""
    for each in policy.manual_work:
        begin = since(Condition(outage_over=each.after), incident, incident.opened_epoch)
        waiting = _never_started(incident, each.departments)
        over = incident.recovered_epoch is not None or not applies(each.severities, severity)
        if begin is not None and waiting and not over:
            yield ManualAdvice(waiting, "start", begin, each.after)
    if incident.recovered_epoch is not None:
        working = tuple(key for key, state in incident.manual_work.items() if state.going_on)
        if working:
            yield ManualAdvice(working, "end", incident.recovered_epoch, 0.0)


def _never_started(incident: Incident, departments: Tuple[str, ...]) -> Tuple[str, ...]:
    return tuple(key for key in departments if incident.manual_work.get(key, ManualState()).times == 0)
