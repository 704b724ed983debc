# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an event adds to the record: a command that is run again adds nothing."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import (
    DETAILS,
    ENDED,
    SENT,
    Incident,
    ManualState,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.state import Line, incident_of
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

Fields = Mapping[str, Any]
SUBJECTS: Mapping[str, Tuple[str, ...]] = {
    "graded": (),
    "recovered": (),
    "relapsed": (),
    "activated": (),
    "closed": (),
    "confirmed": ("department",),
    "notice": ("key", "contact"),
    "deadline_met": ("key",),
}
"""Kinds of which an event is compared with the last one about the same subject; of the others with every one."""
ONCE = ("activated", "closed", "deadline_met")
"""Kinds of which a second event about the same subject says nothing, whatever else it holds."""
UNDONE_BY: Mapping[str, str] = {
    "recovered": "relapsed",
    "relapsed": "recovered",
    "confirmed": "relapsed",
}
"""After such an event, the same one says something again."""


def news(lines: Sequence[Line], kind: str, event: Fields) -> Optional[Fields]:
    """Pure: what of an event is new to the record, None where nothing is."""
    own = _OF_THEIR_OWN.get(kind)
    if own is not None and lines:
        return own(incident_of(lines), event)
    return None if _told(lines, kind, event) else event


def _told(lines: Sequence[Line], kind: str, event: Fields) -> bool:
    same = [line for line in lines if line.get("kind") == kind]
    if kind == "opened":
        return bool(same)
    subject = SUBJECTS.get(kind)
    if subject is None:
        return any(_says(line) == _says(event) for line in same)
    about = [line for line in same if all(line.get(name) == event.get(name) for name in subject)]
    if not about or _undone(lines, kind, about[-1]):
        return False
    return kind in ONCE or _says(about[-1]) == _says(event)


def _updated(incident: Incident, event: Fields) -> Optional[Fields]:
    new = {name: event[name] for name in DETAILS if name in event and incident.details.get(name) != event[name]}
    return {**{name: event[name] for name in event if name not in DETAILS}, **new} if new else None


def _manual_work(incident: Incident, event: Fields) -> Optional[Fields]:
    going_on = event["state"] == ENDED
    new = [name for name in event["departments"] if incident.manual_work.get(name, ManualState()).going_on == going_on]
    return {**event, "departments": new} if new else None


def _acknowledged(incident: Incident, event: Fields) -> Optional[Fields]:
    """An answer is one to all that its contact was told before; after another notice it says something again."""
    found: Optional[Fields] = event
    for each in incident.events:
        if each.kind == "acknowledged" and each.fields["who"] == event["who"]:
            found = None
        elif each.kind == "notice" and each.fields["state"] == SENT and each.fields.get("contact") == event["who"]:
            found = event
    return found


_OF_THEIR_OWN: Mapping[str, Callable[[Incident, Fields], Optional[Fields]]] = {
    "updated": _updated,
    "manual_work": _manual_work,
    "acknowledged": _acknowledged,
}


def _undone(lines: Sequence[Line], kind: str, line: Line) -> bool:
    other = UNDONE_BY.get(kind)
    return other is not None and any(each.get("kind") == other for each in lines[lines.index(line) + 1 :])


def _says(line: Fields) -> Fields:
    return {name: value for name, value in line.items() if name not in (*chain.OWN, "by")}
