# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a person says of an incident to the events that record it, or the sentence why that cannot be."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import DUE, OVERDUE
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import (
    BY_HAND,
    ENDED,
    STARTED,
    Incident,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.moments import (
    epoch_of,
    future_epoch_of,
    is_relative,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import Told, told
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import seconds_of

Arguments = Mapping[str, Any]
TEXTS = ("title", "place", "reported_by", "cause", "effect", "handling", "rule_broken", "prevention")
ANSWERS = ("core_service", "data_loss", "cause_found", "handling_error")
"""Details that are yes, no or unknown."""
YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "unknown": None}
TIMES = ("occurred", "discovered", "expected_recovery")
UNKNOWN = "unknown"
BY_RULES = "rules"
"""In place of a severity: back to what the rules of the plan give."""
EARLY_SECONDS = 60.0
"""How far a time may lie ahead of this machine's clock, for clocks that differ."""


class Refused(Told):
    """What was said cannot be recorded; the sentence says what was seen, what is expected, and the way on."""


class Change(NamedTuple):
    """An event to be written. ``happened_epoch``: when it happened where that is not now."""

    kind: str
    fields: Mapping[str, Any]
    happened_epoch: Optional[float] = None


def details_of(policy: Policy, said: Arguments, began: Optional[float], now: float) -> Dict[str, Any]:
    """Pure: the details that were said, by their names in the record; None takes one back. Refused where one is wrong.

    ``began``: when the fault began, from which an expected recovery is counted.
    """
    found = {name: said[name] or None for name in TEXTS if said.get(name) is not None}
    found.update({name: _answer(name, said[name]) for name in ANSWERS if said.get(name) is not None})
    if said.get("affected") is not None:
        found["affected"] = said["affected"]
    for option, name, known in (
        ("incident_class", "incident_class", policy.classes),
        ("scope", "scope", policy.scopes),
    ):
        if said.get(option) is not None:
            found[name] = _one_of(option, said[option], known)
    for option in ("occurred", "discovered"):
        if said.get(option) is not None:
            found[f"{option}_epoch"] = _time(policy, option, said[option], now)
    expected = _expected(policy, said, found.get("occurred_epoch") or began or now, now)
    return {**found, **expected}


def without_relative_times(said: Arguments) -> Dict[str, Any]:
    """Pure: what was said without times that count from now: an opening that is repeated means those of the first."""
    return {name: value for name, value in said.items() if name not in TIMES or not is_relative(str(value))}


def times_limitation(occurred: Optional[float], discovered: float, now: float) -> Optional[Dict[str, str]]:
    """Pure guard: why these times of the fault and its discovery cannot be."""
    if discovered > now + EARLY_SECONDS:
        return told("discovered_early")
    if occurred is not None and occurred > discovered:
        return told("occurred_late")
    return None


def changes_of(policy: Policy, incident: Incident, said: Arguments, now: float) -> Tuple[Change, ...]:
    """Pure: the events of an update, in their order; Refused where one cannot be recorded."""
    details = details_of(policy, said, incident.began_epoch, now)
    limitation = _update_limitation(incident, details, said, now)
    if limitation:
        raise Refused(limitation)
    at = None if said.get("at") is None else _past(policy, "at", said["at"], now)
    found = [Change("updated", details)] if details else []
    for add in (_people, _ends, _after):
        found += add(policy, incident, said, at, now)
    return tuple(found)


def closing(policy: Policy, incident: Incident, reason: str, now: float) -> Change:
    """Pure: the event that closes an incident; Refused names what is open where no reason was given."""
    left = open_points(policy, incident, now)
    if left and not reason:
        listed = {"en": "; ".join(each["en"] for each in left), "zh": "；".join(each["zh"] for each in left)}
        raise Refused(told("not_closed", id=incident.id, left=listed))
    return Change("closed", {"reason": reason, "left": [each["en"] for each in left]} if left or reason else {})


def open_points(policy: Policy, incident: Incident, now: float) -> List[Dict[str, str]]:
    """Pure: what stands in the way of closing an incident, a sentence each, by language."""
    found = [] if incident.recovered_epoch is not None else [told("not_over")]
    by_hand = [key for key, state in incident.manual_work.items() if state.going_on]
    if by_hand:
        found.append(told("by_hand", names=", ".join(by_hand), keys=",".join(by_hand)))
    waiting = [key for key in incident.manual_work if key not in incident.confirmed and key not in by_hand]
    if waiting:
        found.append(told("not_confirmed", names=", ".join(waiting), keys=",".join(waiting)))
    elif policy.departments and not incident.confirmed and _is_major(policy, incident):
        found.append(told("nobody_confirmed"))
    due = incident_due(policy, incident, now)
    late = [each.key for each in due.deadlines if each.state in (DUE, OVERDUE)]
    if late:
        found.append(told("not_met", names=", ".join(late), keys=",".join(late)))
    return found


def _is_major(policy: Policy, incident: Incident) -> bool:
    severity = policy.severities.get(incident.severity or "")
    return severity is None or severity.major


def _update_limitation(
    incident: Incident, details: Mapping[str, Any], said: Arguments, now: float
) -> Optional[Dict[str, str]]:
    if incident.closed_epoch is not None and [name for name in said if said[name] and name not in ("note", "at")]:
        return told("closed", id=incident.id)
    occurred = details.get("occurred_epoch", incident.occurred_epoch)
    discovered = details.get("discovered_epoch") or incident.discovered_epoch
    return times_limitation(occurred, discovered, now)


def _people(policy: Policy, _incident: Incident, said: Arguments, at: Optional[float], _now: float) -> Iterator[Change]:
    if said.get("activated"):
        yield Change("activated", {}, at)
    if said.get("acknowledged"):
        yield Change("acknowledged", {"who": _contact(policy, said["acknowledged"])}, at)
    if said.get("manual_work"):
        yield Change("manual_work", _manual(policy, "manual_work", said, STARTED), at)


def _ends(policy: Policy, incident: Incident, said: Arguments, at: Optional[float], now: float) -> Iterator[Change]:
    if said.get("relapsed") and incident.recovered_epoch is not None:
        yield Change("relapsed", {}, at)
    if said.get("recovered") and not (_is_now(said["recovered"]) and incident.recovered_epoch is not None):
        yield Change("recovered", {}, _recovery(policy, incident, said["recovered"], now))
    if said.get("manual_work_ended"):
        yield Change("manual_work", _manual(policy, "manual_work_ended", said, ENDED), at)
    for department in said.get("confirmed") or ():
        key = _one_of("confirmed", department, policy.departments)
        yield Change("confirmed", {"department": key, "who": said.get("confirmed_by") or key}, at)


def _after(policy: Policy, _incident: Incident, said: Arguments, at: Optional[float], _now: float) -> Iterator[Change]:
    for department, what in (said.get("reentered") or {}).items():
        key = _one_of("reentered", department, policy.departments)
        yield Change("reentered", {"department": key, "what": str(what)}, at)
    for deadline in said.get("met") or ():
        yield Change("deadline_met", {"key": _one_of("met", deadline, [each.key for each in policy.deadlines])}, at)
    if said.get("note"):
        yield Change("note", {"text": said["note"]}, at)
    if said.get("severity") and said["severity"] != BY_RULES:
        yield Change("graded", _by_hand(policy, said))


def _by_hand(policy: Policy, said: Arguments) -> Dict[str, Any]:
    if not said.get("reason"):
        raise Refused(told("no_reason"))
    severity = _one_of("severity", said["severity"], policy.severities)
    return {"severity": severity, "rule": BY_HAND, "why": said["reason"]}


def _recovery(policy: Policy, incident: Incident, written: str, now: float) -> Optional[float]:
    if _is_now(written):
        return None
    found = _past(policy, "recovered", written, now)
    if found < incident.began_epoch:
        raise Refused(told("recovered_early", written=written))
    return found


def _manual(policy: Policy, option: str, said: Arguments, state: str) -> Dict[str, Any]:
    return {"departments": [_one_of(option, each, policy.departments) for each in said[option]], "state": state}


def _contact(policy: Policy, who: str) -> str:
    named = [key for key, contact in policy.contacts.items() if who in (key, contact.name)]
    return named[0] if named else _one_of("acknowledged", who, policy.contacts)


def _expected(policy: Policy, said: Arguments, began: float, now: float) -> Dict[str, Any]:
    written = said.get("expected_outage")
    if written is not None:
        return {"expected_outage_seconds": None if written == UNKNOWN else _seconds("expected_outage", written)}
    back = said.get("expected_recovery")
    if back is None:
        return {}
    epoch = _parsed("expected_recovery", back, lambda text: future_epoch_of(text, now, policy.calendar))
    return {"expected_outage_seconds": max(0.0, epoch - began)}


def _seconds(option: str, written: str) -> float:
    found = seconds_of(written)
    if found is None:
        raise Refused(told("no_length", option=option, written=written))
    return found


def _time(policy: Policy, option: str, written: str, now: float) -> Optional[float]:
    return None if written == UNKNOWN and option == "occurred" else _past(policy, option, written, now)


def _past(policy: Policy, option: str, written: str, now: float) -> float:
    found = _parsed(option, written, lambda text: epoch_of(text, now, policy.calendar))
    if found > now + EARLY_SECONDS:
        raise Refused(told("future", option=option, written=written))
    if found < 0:
        raise Refused(told("old", option=option, written=written))
    return found


def _parsed(option: str, written: str, parse: Callable[[str], float]) -> float:
    try:
        return parse(written)
    except ValueError:
        raise Refused(told("no_time", option=option, written=written)) from None


def _answer(option: str, written: str) -> Optional[bool]:
    word = str(written).lower()
    if word not in YES_NO:
        raise Refused(told("no_answer", option=option, written=written))
    return YES_NO[word]


def _one_of(option: str, written: str, known: Any) -> Any:
    if written == UNKNOWN and option in ("incident_class", "scope"):
        return None
    names: Sequence[str] = list(known)
    if written not in names:
        key = "not_in_plan" if names else "plan_has_none"
        raise Refused(told(key, option=option, written=written, names=", ".join(names)))
    return written


def _is_now(written: str) -> bool:
    return str(written).strip().lower() in ("now", "true", "yes")
