# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory's contingency_plan to a Policy. A mistake is told with its place; gaps are listed."""

from __future__ import annotations

import copy
import hashlib
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident import entries
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import (
    TOLD,
    Calendar,
    Policy,
    PolicyError,
    Shift,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.reader import Node
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import zone
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

PRESETS = ("hospital", "police", "agency", "company", "bank", "campus")
KEYED = ("classes", "scopes", "notices", "deadlines")
"""Lists whose entries have keys: an entry of the site is laid over that of the preset with the same key."""
KNOWN = (
    "preset",
    "organisation",
    "timezone",
    "working_hours",
    "holidays",
    "extra_workdays",
    "revision",
    "roles",
    "contacts",
    "on_call",
    "departments",
    "channels",
    "notice_board",
    "classes",
    "scopes",
    "severities",
    "severity_rules",
    "notices",
    "deadlines",
    "manual_work",
    "advise",
    "objectives",
)


def merged(preset: Mapping[str, Any], site: Mapping[str, Any]) -> Dict[str, Any]:
    """Pure: a ready plan with what the site says laid over it.

    Mappings are merged, lists replaced; of those in KEYED the entries are merged by key, and one with ``off: true`` is
    left out. The result is a copy.
    """
    found = _laid_over(preset, site)
    for name in KEYED:
        if isinstance(found.get(name), list):
            found[name] = _by_key(preset.get(name) or [], site.get(name) or [])
    return found


def policy_of(plan: Mapping[str, Any]) -> Policy:
    """Pure: the policy that a plan says, already merged with its preset. PolicyError names what is wrong in it."""
    node = Node(plan)
    node.known(KNOWN)
    calendar = _calendar(node)
    severities = entries.severities(node.at("severities"))
    classes, scopes = entries.titled(node.at("classes")), entries.titled(node.at("scopes"))
    channels = entries.channels(node.at("channels"))
    contacts = entries.contacts(node.at("contacts"), channels)
    roles = entries.roles(node.at("roles"), contacts)
    departments = entries.departments(node.at("departments"), contacts)
    names = entries.Names(
        tuple(severities), tuple(classes), tuple(scopes), (*roles, *departments, TOLD), tuple(departments)
    )
    return Policy(
        organisation=node.at("organisation").title({"en": "The organisation", "zh": "本单位"}),
        calendar=calendar,
        digest=digest_of(plan),
        preset=node.at("preset").text(""),
        revision=node.at("revision").each(entries.revision),
        roles=roles,
        contacts=contacts,
        on_call=tuple(_shift(each, calendar, tuple(roles), tuple(contacts)) for each in node.at("on_call").items()),
        departments=departments,
        channels=channels,
        notice_board={name: each.value for name, each in node.at("notice_board").entries()},
        classes=classes,
        scopes=scopes,
        severities=severities,
        severity_rules=tuple(entries.rule(each, names) for each in node.at("severity_rules").items()),
        notices=_unique([entries.notice(each, names) for each in node.at("notices").items()], "notices"),
        deadlines=_unique([entries.deadline(each, names) for each in node.at("deadlines").items()], "deadlines"),
        manual_work=tuple(entries.manual_work(each, names) for each in node.at("manual_work").items()),
        advise=node.at("advise").some_of(tuple(roles)),
        objectives={name: entries.objectives(each) for name, each in node.at("objectives").entries()},
    )


def digest_of(plan: Mapping[str, Any]) -> str:
    """Pure: SHA-256 over a plan without the settings of its channels, which may hold secrets."""
    channels = plan.get("channels") or {}
    kinds = {name: each.get("kind") for name, each in channels.items() if isinstance(each, Mapping)}
    return hashlib.sha256(chain.canonical({**plan, "channels": kinds})).hexdigest()


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> Dict[str, Any]:
    found = {name: copy.deepcopy(value) for name, value in under.items()}
    for name, value in over.items():
        below = found.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        found[name] = _laid_over(below, value) if both and below is not None else copy.deepcopy(value)
    return found


def _by_key(under: Sequence[Any], over: Sequence[Any]) -> List[Any]:
    found: Dict[Any, Any] = {}
    for place, entry in enumerate((*under, *over)):
        if not isinstance(entry, Mapping):
            found[place] = entry
            continue
        key = entry.get("key", place)
        found[key] = _laid_over(found.get(key, {}), entry)
    return [
        {name: value for name, value in entry.items() if name != "off"} if isinstance(entry, Mapping) else entry
        for entry in found.values()
        if not (isinstance(entry, Mapping) and entry.get("off") is True)
    ]


def _unique(found: Sequence[Any], name: str) -> Tuple[Any, ...]:
    keys = [each.key for each in found]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise PolicyError(f"contingency_plan.{name} has the key {twice[0]!r} twice; give each entry a key of its own")
    return tuple(found)


def _calendar(node: Node) -> Calendar:
    name = node.at("timezone").text()
    zone(name)
    hours = node.at("working_hours")
    hours.known(("from", "to"))
    opens, closes = hours.at("from").clock(Calendar.opens), hours.at("to").clock(Calendar.closes)
    if opens >= closes:
        raise hours.wrong("from before to")
    holidays, extra = (frozenset(day.day() for day in node.at(key).items()) for key in ("holidays", "extra_workdays"))
    return Calendar(name, holidays, extra, opens, closes)


def _shift(node: Node, calendar: Calendar, roles: Sequence[str], contacts: Sequence[str]) -> Shift:
    node.known(("from", "to", "contacts", "role"))
    begin, end = (_epoch(node.at(name).moment(), calendar) for name in ("from", "to"))
    if begin >= end:
        raise node.wrong("from before to")
    role: Optional[str] = node.at("role").one_of(roles, Shift.role)
    return Shift(begin, end, node.at("contacts").some_of(contacts), role or Shift.role)


def _epoch(moment: datetime, calendar: Calendar) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone(calendar.timezone))).timestamp()
