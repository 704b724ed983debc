# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An incident is the fold of its events, in the order in which they were written, whatever the clock said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import (
    DETAILS,
    ENDED,
    FAILED,
    KINDS,
    MANUAL_STATES,
    NOTICE_STATES,
    PLANNED,
    SENT,
    Delivery,
    Event,
    Grading,
    Incident,
    ManualState,
)

Line = Mapping[str, Any]
NUMBERS = ("epoch", "_seconds", "affected")
"""How the names of fields end that hold numbers."""

LARGEST = 1e11
"""In the year 5138; beyond it, and long before 1970, there are no dates: showing it would end every run."""


class NoIncident(ValueError):
    """The lines do not begin an incident."""


def incident_of(lines: Iterable[Line]) -> Incident:
    """Pure: what the lines of an events.jsonl come to; NoIncident where none of them opens it."""
    incident: Optional[Incident] = None
    unreadable: List[int] = []
    for line in lines:
        kind = line.get("kind")
        if kind == "torn":
            continue
        if event_limitation(str(kind), line) or (incident is None) != (kind == "opened"):
            unreadable.append(_number(line))
            continue
        incident = _opened(line) if incident is None else _after(incident, line)
    if incident is None:
        raise NoIncident("no line opens an incident")
    return replace(incident, unreadable=tuple(unreadable))


def event_limitation(kind: str, fields: Line) -> Optional[str]:
    """Pure guard: why these fields are no event of that kind."""
    if kind not in KINDS:
        return f"{kind!r} is no kind of event; take one of {', '.join(sorted(KINDS))}"
    missing = [name for name in KINDS[kind] if fields.get(name) in (None, "")]
    if missing:
        return f"an event {kind!r} lacks {', '.join(missing)}"
    wrong = [name for name in fields if name.endswith(NUMBERS) and not _is_number(fields[name])]
    if wrong:
        return f"{wrong[0]} of an event {kind!r} is {fields[wrong[0]]!r}; expected a number"
    states = {"notice": NOTICE_STATES, "manual_work": MANUAL_STATES}.get(kind)
    if states and fields["state"] not in states:
        return f"state of an event {kind!r} is {fields['state']!r}; expected one of {', '.join(states)}"
    if kind == "manual_work" and not isinstance(fields["departments"], (list, tuple)):
        return f"departments of an event {kind!r} is {fields['departments']!r}; expected a list"
    return None


def happened(line: Line) -> float:
    """Pure: when an event happened: as it tells itself, else when it was written."""
    told = line.get("happened_epoch")
    return float(line.get("epoch") or 0.0) if told is None else float(told)


def _is_number(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return value is None
    return isinstance(value, (int, float)) and 0 <= value < LARGEST


def _number(line: Line) -> int:
    number = line.get("n")
    return number if isinstance(number, int) else 0


def _event(line: Line) -> Event:
    own = {"n", "at", "epoch", "kind", "previous", "by", "happened_epoch"}
    fields = {name: value for name, value in line.items() if name not in own}
    return Event(_number(line), str(line["kind"]), happened(line), str(line.get("by", "")), fields)


def _opened(line: Line) -> Incident:
    epoch = float(line.get("epoch") or 0.0)
    return Incident(
        id=str(line["id"]),
        opened_epoch=epoch,
        discovered_epoch=float(line["discovered_epoch"]),
        occurred_epoch=line.get("occurred_epoch"),
        drill=bool(line.get("drill")),
        policy_hash=str(line.get("policy_hash", "")),
        details={name: line[name] for name in DETAILS if line.get(name) is not None},
        history={name: ((epoch, line.get(name)),) for name in DETAILS},
        events=(_event(line),),
    )


def _after(incident: Incident, line: Line) -> Incident:
    told = replace(incident, events=(*incident.events, _event(line)))
    apply = _FOLDS.get(str(line["kind"]))
    return told if apply is None else apply(told, line)


def _updated(incident: Incident, line: Line) -> Incident:
    # None takes back what was said: an expected outage can become unknown again.
    given = {name: line[name] for name in DETAILS if name in line}
    details = {name: value for name, value in {**incident.details, **given}.items() if value is not None}
    discovered = given.get("discovered_epoch")
    told = {name: (*incident.history[name], (happened(line), value)) for name, value in given.items()}
    return replace(
        incident,
        details=details,
        history={**incident.history, **told},
        occurred_epoch=given.get("occurred_epoch", incident.occurred_epoch),
        discovered_epoch=incident.discovered_epoch if discovered is None else float(discovered),
    )


def _graded(incident: Incident, line: Line) -> Incident:
    grading = Grading(str(line["severity"]), str(line["rule"]), line["why"], happened(line), str(line.get("by", "")))
    return replace(incident, gradings=(*incident.gradings, grading))


def _activated(incident: Incident, line: Line) -> Incident:
    return incident if incident.activated_epoch is not None else replace(incident, activated_epoch=happened(line))


def _recovered(incident: Incident, line: Line) -> Incident:
    return replace(incident, recovered_epoch=happened(line))


def _relapsed(incident: Incident, _line: Line) -> Incident:
    return replace(incident, recovered_epoch=None, confirmed={})


def _closed(incident: Incident, line: Line) -> Incident:
    return incident if incident.closed_epoch is not None else replace(incident, closed_epoch=happened(line))


def _acknowledged(incident: Incident, line: Line) -> Incident:
    return replace(incident, acknowledged={str(line["who"]): happened(line), **incident.acknowledged})


def _manual_work(incident: Incident, line: Line) -> Incident:
    states = dict(incident.manual_work)
    for department in line["departments"]:
        states[department] = _manual(states.get(department, ManualState()), line)
    return replace(incident, manual_work=states)


def _manual(state: ManualState, line: Line) -> ManualState:
    if line["state"] == ENDED:
        return replace(state, ended_epoch=happened(line)) if state.going_on else state
    return state if state.going_on else ManualState(happened(line), None, state.times + 1)


def _confirmed(incident: Incident, line: Line) -> Incident:
    return replace(incident, confirmed={**incident.confirmed, str(line["department"]): str(line["who"])})


def _deadline_met(incident: Incident, line: Line) -> Incident:
    return replace(incident, deadlines_met={str(line["key"]): happened(line), **incident.deadlines_met})


def _run(incident: Incident, line: Line) -> Incident:
    return replace(incident, runs=(*incident.runs, {**_event(line).fields, "epoch": happened(line)}))


def _notice(incident: Incident, line: Line) -> Incident:
    place = (str(line["key"]), str(line.get("contact", "")))
    delivery = _delivered(incident.deliveries.get(place), place, line)
    return replace(incident, deliveries={**incident.deliveries, place: delivery})


def _delivered(before: Optional[Delivery], place: Tuple[str, str], line: Line) -> Delivery:
    """Fold one event of a notice. What was sent stays sent, whatever is told after it."""
    state, epoch = str(line["state"]), happened(line)
    known = before or Delivery(*place, state=state, epoch=epoch)
    told: Dict[str, Any] = {
        name: str(line[name]) for name in ("channel", "message_id", "reason") if line.get(name) is not None
    }
    found = replace(
        known,
        **told,
        state=SENT if known.sent_epoch is not None else state,
        epoch=epoch,
        attempts=max(known.attempts, _count(line.get("attempt"))),
        planned_epoch=known.planned_epoch if known.planned_epoch is not None or state != PLANNED else epoch,
        given_up=(state == FAILED and bool(line.get("final"))) or (known.given_up and state == FAILED),
    )
    return replace(found, sent_epoch=epoch) if state == SENT and known.sent_epoch is None else found


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


_FOLDS: Mapping[str, Callable[[Incident, Line], Incident]] = {
    "updated": _updated,
    "graded": _graded,
    "activated": _activated,
    "acknowledged": _acknowledged,
    "manual_work": _manual_work,
    "recovered": _recovered,
    "relapsed": _relapsed,
    "confirmed": _confirmed,
    "notice": _notice,
    "deadline_met": _deadline_met,
    "run": _run,
    "closed": _closed,
}
