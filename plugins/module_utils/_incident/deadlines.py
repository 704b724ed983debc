# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deadlines of an incident: which run, which were kept, which were missed."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.clocks import start_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.conditions import since
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import (
    DUE,
    MET,
    MISSED,
    OVERDUE,
    DueDeadline,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Event, Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Deadline, Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import end_of

BY_ITS_KEY = "deadline_met"


def deadlines_of(policy: Policy, incident: Incident, severity: str, now: float) -> Tuple[DueDeadline, ...]:
    """Pure: the deadlines whose clocks run or ran, in the order of the plan."""
    found = []
    for deadline in policy.deadlines:
        start = _start(deadline, incident) if applies(deadline.severities, severity) else None
        if start is not None:
            found.append(_deadline(policy, deadline, incident, start, now))
    return tuple(found)


def applies(severities: Tuple[str, ...], severity: str) -> bool:
    """Pure: whether an entry of the plan is for a grade; one that names none is for all."""
    return not severities or severity in severities


def _start(deadline: Deadline, incident: Incident) -> Optional[float]:
    start = start_of(incident, deadline.counted_from)
    return None if start is None else since(deadline.when, incident, start)


def _deadline(policy: Policy, deadline: Deadline, incident: Incident, start: float, now: float) -> DueDeadline:
    due = end_of(deadline.within, start, policy.calendar)
    needed = tuple(name for name in deadline.needs if incident.details.get(name) in (None, ""))
    met = _met(deadline, incident, start, needed)
    if met is not None:
        return DueDeadline(deadline.key, deadline.title, MET if met <= due else MISSED, start, due, met)
    state = OVERDUE if now >= due else DUE
    return DueDeadline(deadline.key, deadline.title, state, start, due, None, needed)


def _met(deadline: Deadline, incident: Incident, start: float, needed: Tuple[str, ...]) -> Optional[float]:
    """Return when a deadline was met: by its key at any time, by an event that it names only once the clock runs."""
    if deadline.key in incident.deadlines_met:
        return incident.deadlines_met[deadline.key]
    done = [event.epoch for event in incident.events if _counts(event, deadline, incident) and event.epoch >= start]
    if needed or not done:
        return None
    return max([min(done), *_known(deadline, incident)])


def _counts(event: Event, deadline: Deadline, incident: Incident) -> bool:
    """Whether an event does what a deadline asks for; a recovery that did not last does not."""
    if event.kind not in deadline.done_by or event.kind == BY_ITS_KEY:
        return False
    return event.kind != "recovered" or event.epoch == incident.recovered_epoch


def _known(deadline: Deadline, incident: Incident) -> List[float]:
    """Return since when each detail that a deadline needs has been known."""
    moments = []
    for name in deadline.needs:
        told = incident.history.get(name, ())
        empty = max((place for place, (_epoch, value) in enumerate(told) if value in (None, "")), default=-1)
        moments += [epoch for epoch, _value in told[empty + 1 : empty + 2]]
    return moments
