# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading each kind of entry of a contingency plan."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import DETAILS, KINDS
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import (
    CHANNEL_KINDS,
    COUNTED_FROM,
    MODES,
    Channel,
    Condition,
    Contact,
    Deadline,
    Department,
    ManualWork,
    Notice,
    Revision,
    Role,
    Rule,
    Severity,
    Titled,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.reader import Node

CONDITIONS = (
    "class",
    "scope",
    "outage_over",
    "outage_up_to",
    "elapsed_over",
    "elapsed_up_to",
    "core_service",
    "data_loss",
    "handling_error",
    "affected_at_least",
    "recovered",
    "activated",
)
SHRINKING = ("outage_up_to", "elapsed_up_to")
"""Conditions that time alone undoes; what is due must not become undue by waiting."""


class Names(NamedTuple):
    """What other entries of the plan may refer to."""

    severities: Tuple[str, ...]
    classes: Tuple[str, ...]
    scopes: Tuple[str, ...]
    recipients: Tuple[str, ...]
    departments: Tuple[str, ...]


def severities(node: Node) -> Dict[str, Severity]:
    found: Dict[str, Severity] = {}
    for each in node.items():
        each.known(("key", "title", "rank", "major"))
        key, rank = each.at("key").text(), each.at("rank").number(None)
        if rank is None or rank in [other.rank for other in found.values()]:
            raise each.at("rank").wrong("a number of its own; 1 is the worst")
        found[key] = Severity(key, each.at("title").title(), rank, bool(each.at("major").flag(False)))
    if not found:
        raise node.wrong("at least one severity; set contingency_plan.preset, or give your own grades")
    return found


def titled(node: Node) -> Dict[str, Titled]:
    found = {}
    for each in node.items():
        each.known(("key", "title"))
        key = each.at("key").text()
        found[key] = Titled(key, each.at("title").title())
    return found


def channels(node: Node) -> Dict[str, Channel]:
    """Read the ways to send; what each kind needs is the business of the code that sends."""
    return {
        name: Channel(
            name,
            each.at("kind").one_of(CHANNEL_KINDS),
            {key: value.value for key, value in each.entries() if key != "kind"},
        )
        for name, each in node.entries()
    }


def contacts(node: Node, ways: Mapping[str, Channel]) -> Dict[str, Contact]:
    found = {}
    for key, each in node.entries():
        each.known(("name", "phone", "channels", "address"))
        address = {name: value.text() for name, value in each.at("address").entries()}
        each.at("address").known(tuple(ways))
        chosen = each.at("channels").some_of(tuple(ways)) or tuple(address)
        found[key] = Contact(key, each.at("name").text(), each.at("phone").text(""), chosen, address)
    return found


def roles(node: Node, people: Mapping[str, Contact]) -> Dict[str, Role]:
    found = {}
    for key, each in node.entries():
        each.known(("title", "contacts", "deputies"))
        first, second = (each.at(name).some_of(tuple(people)) for name in ("contacts", "deputies"))
        found[key] = Role(key, each.at("title").title(key), first, second)
    return found


def departments(node: Node, people: Mapping[str, Contact]) -> Dict[str, Department]:
    found = {}
    for key, each in node.entries():
        each.known(("name", "contacts"))
        found[key] = Department(key, each.at("name").title(key), each.at("contacts").some_of(tuple(people)))
    return found


def condition(node: Node, names: Names, *, growing: bool = False) -> Condition:
    """Read what has to hold. ``growing``: nothing that time alone undoes may stand in it."""
    node.known(tuple(name for name in CONDITIONS if not growing or name not in SHRINKING))
    return Condition(
        classes=node.at("class").some_of(names.classes) if node.at("class").there else None,
        scopes=node.at("scope").some_of(names.scopes) if node.at("scope").there else None,
        outage_over=node.at("outage_over").seconds(),
        outage_up_to=node.at("outage_up_to").seconds(),
        elapsed_over=node.at("elapsed_over").seconds(),
        elapsed_up_to=node.at("elapsed_up_to").seconds(),
        core_service=node.at("core_service").flag(None),
        data_loss=node.at("data_loss").flag(None),
        handling_error=node.at("handling_error").flag(None),
        affected_at_least=node.at("affected_at_least").number(None),
        recovered=node.at("recovered").flag(None),
        activated=node.at("activated").flag(None),
    )


def rule(node: Node, names: Names) -> Rule:
    node.known(("severity", "when"))
    grade = node.at("severity").one_of(names.severities)
    when = node.at("when")
    written = ", ".join(f"{name}: {_shown(each.value)}" for name, each in when.entries()) or "always"
    return Rule(grade, condition(when, names), written)


def notice(node: Node, names: Names) -> Notice:
    node.known(
        (
            "key",
            "severities",
            "to",
            "within",
            "after",
            "counted_from",
            "when",
            "mode",
            "acknowledge_within",
            "text",
            "on_change",
        )
    )
    return Notice(
        key=_key(node),
        to=_recipients(node, names),
        counted_from=node.at("counted_from").one_of(COUNTED_FROM, "graded"),
        text=node.at("text").title(),
        within=node.at("within").span(),
        after=node.at("after").span(),
        severities=node.at("severities").some_of(names.severities),
        when=condition(node.at("when"), names, growing=True),
        mode=node.at("mode").one_of(MODES, "all"),
        acknowledge_within=node.at("acknowledge_within").seconds(),
        on_change=bool(node.at("on_change").flag(False)),
    )


def deadline(node: Node, names: Names) -> Deadline:
    node.known(
        (
            "key",
            "title",
            "within",
            "counted_from",
            "done_by",
            "needs",
            "severities",
            "when",
            "remind_before",
            "to",
        )
    )
    within = node.at("within").span()
    if within is None:
        raise node.at("within").wrong("a length of time, such as 24h or 5 working days")
    return Deadline(
        key=_key(node),
        title=node.at("title").title(),
        within=within,
        counted_from=node.at("counted_from").one_of(COUNTED_FROM, "discovered"),
        done_by=node.at("done_by").some_of(tuple(sorted(KINDS))) or ("deadline_met",),
        needs=node.at("needs").some_of(DETAILS),
        severities=node.at("severities").some_of(names.severities),
        when=condition(node.at("when"), names, growing=True),
        remind_before=node.at("remind_before").seconds(),
        to=node.at("to").some_of(names.recipients),
    )


def manual_work(node: Node, names: Names) -> ManualWork:
    node.known(("after", "departments", "severities"))
    after = node.at("after").seconds()
    if after is None:
        raise node.at("after").wrong("a duration such as 30m")
    return ManualWork(
        after, node.at("departments").some_of(names.departments), node.at("severities").some_of(names.severities)
    )


def revision(node: Node) -> Revision:
    node.known(("version", "date", "by", "what"))
    return Revision(
        node.at("version").text(), str(node.at("date").day()), node.at("by").text(), node.at("what").title()
    )


def objectives(node: Node) -> Dict[str, float]:
    node.known(("rto", "rpo"))
    found: Dict[str, Optional[float]] = {name: each.seconds() for name, each in node.entries()}
    return {name: value for name, value in found.items() if value is not None}


def _key(node: Node) -> str:
    found = node.at("key").text()
    if not found.replace("_", "").isalnum() or not found.isascii():
        raise node.at("key").wrong("letters, digits and _")
    return found


def _recipients(node: Node, names: Names) -> Tuple[str, ...]:
    found: Sequence[str] = node.at("to").some_of(names.recipients)
    if not found:
        raise node.at("to").wrong(f"at least one of {', '.join(names.recipients) or 'the roles and departments'}")
    return tuple(found)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value).lower()
