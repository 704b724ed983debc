# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the condition of a rule holds, and since when that of a notice does."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Condition

ALWAYS = float("-inf")
Test = Callable[[Any], bool]
Asked = Tuple[str, Test]
"""A detail of the incident, and what is asked of it where it is known."""


def truth(condition: Condition, incident: Incident, now: float) -> Tuple[Optional[bool], Tuple[str, ...]]:
    """Pure: whether a condition holds, None where that is not known, and the details that would have to be known."""
    answers: List[Tuple[str, Optional[bool]]] = [
        (name, None if incident.details.get(name) is None else test(incident.details[name]))
        for name, test in asked(condition)
    ]
    answers += [("expected_outage_seconds", answer) for answer in _outages(condition, incident, now)]
    answers += [("", answer) for answer in (*_elapsed(condition, incident, now), *_stages(condition, incident))]
    found = [answer for _name, answer in answers]
    if False in found:
        return False, ()
    unknown = tuple(name for name, answer in answers if answer is None)
    return (None if unknown else True), unknown


def since(condition: Condition, incident: Incident, start: float) -> Optional[float]:
    """Pure: from when on a condition holds, not before ``start``; None where waiting alone does not make it hold.

    What is not known counts as holding: rather one too many is told. But for the expected outage: an outage of which
    nothing is expected is as long as it has lasted.
    """
    moments: List[Optional[float]] = [start]
    moments += [_held_since(incident, name, _or_unknown(test)) for name, test in asked(condition)]
    moments += [_over_since(incident, limit) for limit in _given(condition.outage_over)]
    moments += [_lasting_since(incident, limit) for limit in _given(condition.elapsed_over)]
    if None in moments or False in _stages(condition, incident):
        return None
    return max(moment for moment in moments if moment is not None)


def asked(condition: Condition) -> Sequence[Asked]:
    """Pure: what a condition asks of the details."""
    found: List[Asked] = []
    for name, among in (("incident_class", condition.classes), ("scope", condition.scopes)):
        if among is not None:
            found.append((name, _among(among)))
    for name in ("core_service", "data_loss", "handling_error"):
        wanted = getattr(condition, name)
        if wanted is not None:
            found.append((name, _among((wanted,))))
    least = condition.affected_at_least
    if least is not None:
        found.append(("affected", _at_least(least)))
    return found


def _among(values: Sequence[Any]) -> Test:
    return lambda value: value in values


def _at_least(least: int) -> Test:
    return lambda value: bool(value >= least)


def _or_unknown(test: Test) -> Test:
    return lambda value: value is None or test(value)


def crossings(condition: Condition, incident: Incident) -> Tuple[float, ...]:
    """Pure: the moments at which time alone may change a condition's answer."""
    if incident.recovered_epoch is not None:
        return ()
    limits = (condition.outage_over, condition.outage_up_to, condition.elapsed_over, condition.elapsed_up_to)
    return tuple(incident.began_epoch + limit for limit in limits if limit is not None)


def has_lasted(incident: Incident, limit: float, now: float) -> bool:
    """Pure: whether the outage is over a limit. One that goes on will be when it has lasted that long."""
    if incident.recovered_epoch is not None:
        return incident.outage_seconds(now) > limit
    return now >= incident.began_epoch + limit


def _outages(condition: Condition, incident: Incident, now: float) -> Sequence[Optional[bool]]:
    over = [_will_last(incident, limit, now) for limit in _given(condition.outage_over)]
    up_to = [_will_last(incident, limit, now) for limit in _given(condition.outage_up_to)]
    return [*over, *(None if answer is None else not answer for answer in up_to)]


def _will_last(incident: Incident, limit: float, now: float) -> Optional[bool]:
    """Whether the whole outage is longer than a limit, None where nobody has said what is expected."""
    expected = incident.details.get("expected_outage_seconds")
    if incident.recovered_epoch is not None or has_lasted(incident, limit, now):
        return has_lasted(incident, limit, now)
    return None if expected is None else bool(expected > limit)


def _elapsed(condition: Condition, incident: Incident, now: float) -> Sequence[bool]:
    over = [has_lasted(incident, limit, now) for limit in _given(condition.elapsed_over)]
    return [*over, *(not has_lasted(incident, limit, now) for limit in _given(condition.elapsed_up_to))]


def _stages(condition: Condition, incident: Incident) -> Sequence[bool]:
    recovered = incident.recovered_epoch is not None
    activated = incident.activated_epoch is not None
    pairs = ((condition.recovered, recovered), (condition.activated, activated))
    return [wanted == seen for wanted, seen in pairs if wanted is not None]


def _held_since(incident: Incident, name: str, test: Test) -> Optional[float]:
    """Return since when the value of a detail passes, None where the one of now does not.

    What was known when the incident was opened counts as known from the beginning.
    """
    found: Optional[float] = None
    for epoch, value in reversed(incident.history.get(name, ((incident.opened_epoch, None),))):
        if not test(value):
            return found
        found = epoch
    return ALWAYS


def _over_since(incident: Incident, limit: float) -> Optional[float]:
    lasting = _lasting_since(incident, limit)
    if incident.recovered_epoch is not None or lasting is None:
        return lasting
    expected = _held_since(incident, "expected_outage_seconds", lambda value: value is not None and bool(value > limit))
    return lasting if expected is None else min(lasting, expected)


def _lasting_since(incident: Incident, limit: float) -> Optional[float]:
    if incident.recovered_epoch is not None and not has_lasted(incident, limit, incident.recovered_epoch):
        return None
    return incident.began_epoch + limit


def _given(limit: Optional[float]) -> Sequence[float]:
    return () if limit is None else (limit,)
