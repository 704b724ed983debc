# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shutdown area talks about: nodes, UPSes and the policy, as a site describes them, and what is wrong there.

All times are seconds, all powers watts, all moments seconds since the epoch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HOST, SWITCH, CONTROLLER, SAVE = "host", "switch", "controller", "save"
KINDS = (HOST, SWITCH, CONTROLLER, SAVE)

_NODE_FIELDS = ("name", "kind", "stage", "duration_seconds", "power_watts", "feeds", "after")
_UPS_FIELDS = ("name", "nominal_watts", "runtime_table", "derate", "low_battery_percent")
_STAGE_FIELDS = ("name", "after_seconds", "below_runtime_seconds")
_POLICY_FIELDS = (
    *("stages", "reserve_seconds", "concurrency", "poll_seconds", "minimum_charge_percent", "stable_seconds"),
)


class Problem(Exception):
    """A plan cannot be made of what was given; ``message`` names the object, what was seen, and what to write."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Node:
    """Something that is shut down, or saved, in its turn.

    ``duration`` is the time until it is confirmed off; of a save, its time-out. ``power`` is None where it is not
    known: then shutting it gains nothing in the plan. ``feeds`` names the UPSes of its power supplies, ``after`` what
    has to be off, or done, before it.
    """

    name: str
    kind: str
    stage: str
    duration: float
    power: float | None
    feeds: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def watts(self) -> float:
        """The draw that goes away with it, as far as it is known."""
        return 0.0 if self.kind == SAVE else self.power or 0.0

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Node:
        """Return the node; Problem names the field that cannot be."""
        name = _name("node", given)
        whose = f"The node {name}"
        _only(whose, given, _NODE_FIELDS)
        kind = given.get("kind") or HOST
        if kind not in KINDS:
            raise Problem(f"{whose} is of kind {kind!r}; use one of {', '.join(KINDS)}.")
        return cls(
            name=name,
            kind=kind,
            stage=_text(whose, "stage", given.get("stage")),
            duration=_needed(whose, "duration_seconds", given.get("duration_seconds")),
            power=_optional(whose, "power_watts", given.get("power_watts")),
            feeds=_names(whose, "feeds", given.get("feeds")),
            after=_names(whose, "after", given.get("after")),
        )


@dataclass(frozen=True)
class Ups:
    """An uninterruptible power supply.

    ``table`` has (load in percent of ``nominal``, seconds of a new, full battery), by rising load; ``derate`` is what
    is left of that with age. ``low`` is the share of the charge at which it says low battery, which counts as empty.
    """

    name: str
    nominal: float | None
    table: tuple[tuple[float, float], ...]
    derate: float
    low: float

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Ups:
        """Return the UPS; Problem names the field that cannot be."""
        name = _name("UPS", given)
        whose = f"The UPS {name}"
        _only(whose, given, _UPS_FIELDS)
        nominal = _optional(whose, "nominal_watts", given.get("nominal_watts"))
        table = _table(whose, given.get("runtime_table") or ())
        if table and not nominal:
            raise Problem(f"{whose} has a runtime_table, in percent, and no nominal_watts; write its watts at 100 %.")
        derate = _needed(whose, "derate", given.get("derate", 0.8))
        if not 0 < derate <= 1:
            raise Problem(f"{whose} has derate {derate:g}; write what is left of a new battery, above 0 and at most 1.")
        low = _needed(whose, "low_battery_percent", given.get("low_battery_percent") or 0)
        if low >= 100:
            raise Problem(f"{whose} has low_battery_percent {low:g}; write one below 100.")
        return cls(name, nominal or None, table, derate, low / 100)


@dataclass(frozen=True)
class Stage:
    """Due when the outage is that old, or when less runtime than that remains; None is never by that."""

    name: str
    after: float | None
    below: float | None

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Stage:
        """Return the stage; Problem names the field that cannot be."""
        name = _name("stage", given)
        whose = f"The stage {name}"
        _only(whose, given, _STAGE_FIELDS)
        return cls(
            name,
            _optional(whose, "after_seconds", given.get("after_seconds")),
            _optional(whose, "below_runtime_seconds", given.get("below_runtime_seconds")),
        )


@dataclass(frozen=True)
class Policy:
    """The stages in their order, and the margins."""

    stages: tuple[Stage, ...]
    reserve: float
    concurrency: int
    poll: float
    minimum_charge: float
    stable: float

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Policy:
        """Return the policy with the defaults of what is missing; Problem names the field that cannot be."""
        whose = "The policy"
        _only(whose, given, _POLICY_FIELDS)
        stages = tuple(Stage.from_dict(each) for each in given.get("stages") or ())
        if not stages:
            raise Problem("The policy has no stages; write at least one, with a name.")
        _once("stage", [stage.name for stage in stages])
        policy = cls(
            stages=stages,
            reserve=_needed(whose, "reserve_seconds", _or(given.get("reserve_seconds"), 120)),
            concurrency=int(_needed(whose, "concurrency", _or(given.get("concurrency"), 8))),
            poll=_needed(whose, "poll_seconds", _or(given.get("poll_seconds"), 60)),
            minimum_charge=_needed(whose, "minimum_charge_percent", _or(given.get("minimum_charge_percent"), 50)),
            stable=_needed(whose, "stable_seconds", _or(given.get("stable_seconds"), 300)),
        )
        if policy.concurrency < 1:
            raise Problem(f"The policy's concurrency is {policy.concurrency}; write at least 1.")
        if policy.poll <= 0:
            raise Problem(f"The policy's poll_seconds is {policy.poll:g}; write the seconds between two looks.")
        return policy


@dataclass(frozen=True)
class Site:
    """All that is to be shut, what feeds it, and by which rules. Names are unique and known."""

    nodes: Mapping[str, Node]
    upses: Mapping[str, Ups]
    policy: Policy

    @classmethod
    def from_dicts(
        cls, nodes: Sequence[Mapping[str, Any]], upses: Sequence[Mapping[str, Any]], policy: Mapping[str, Any]
    ) -> Site:
        """Return the site; Problem names what is there twice, not there, or cannot be."""
        supplies = [Ups.from_dict(each) for each in upses]
        _once("UPS", [ups.name for ups in supplies])
        if not supplies:
            raise Problem("No UPS is given; describe at least one in upses.")
        members = [_fed(Node.from_dict(each), supplies) for each in nodes]
        _once("node", [node.name for node in members])
        site = cls({node.name: node for node in members}, {ups.name: ups for ups in supplies}, Policy.from_dict(policy))
        site._check_names()
        return site

    def _check_names(self) -> None:
        stages = {stage.name for stage in self.policy.stages}
        for node in self.nodes.values():
            if node.stage not in stages:
                raise Problem(
                    f"The node {node.name} is in the stage {node.stage}, which the policy does not have; "
                    f"it has {', '.join(stage.name for stage in self.policy.stages)}."
                )
            _known(f"The node {node.name} is fed by", node.feeds, self.upses, "UPSes")
            _known(f"The node {node.name} goes after", node.after, self.nodes, "nodes")


def figure(value: Any) -> float | None:
    """Return what was read as a number, None where it is none: a reading is never a reason to fail."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _or(value: Any, default: float) -> Any:
    return default if value is None else value


def _fed(node: Node, upses: Sequence[Ups]) -> Node:
    """Return the node with its feeds: where there is one UPS, that one."""
    if node.feeds or node.kind == SAVE:
        return node
    if len(upses) > 1:
        names = ", ".join(ups.name for ups in upses)
        raise Problem(f"The node {node.name} names no feeds; write which of {names} its power supplies are on.")
    return Node(**{**vars(node), "feeds": (upses[0].name,)})


def _name(what: str, given: Any) -> str:
    if not isinstance(given, Mapping):
        raise Problem(f"A {what} is {given!r}; write a dictionary with its name.")
    name = given.get("name")
    if not isinstance(name, str) or not name:
        raise Problem(f"A {what} has the name {name!r}; write its name as text.")
    return name


def _only(whose: str, given: Mapping[str, Any], fields: Sequence[str]) -> None:
    unknown = sorted(str(key) for key in set(given) - set(fields))
    if unknown:
        raise Problem(f"{whose} has no {', '.join(unknown)}; it has {', '.join(fields)}.")


def _text(whose: str, field: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Problem(f"{whose} has {field} {value!r}; write a name.")
    return value


def _names(whose: str, field: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value if value is not None else (), Sequence):
        raise Problem(f"{whose} has {field} {value!r}; write a list of names.")
    return tuple(dict.fromkeys(_text(whose, field, each) for each in value or ()))


def _needed(whose: str, field: str, value: Any) -> float:
    number = figure(value)
    if number is None or number < 0:
        raise Problem(f"{whose} has {field} {value!r}; write a number that is not below 0.")
    return number


def _optional(whose: str, field: str, value: Any) -> float | None:
    return None if value is None else _needed(whose, field, value)


def _table(whose: str, rows: Any) -> tuple[tuple[float, float], ...]:
    """Return (percent, seconds) by rising load; the runtime must not rise with the load."""
    if isinstance(rows, (str, Mapping)) or not isinstance(rows, Sequence):
        raise Problem(f"{whose} has the runtime_table {rows!r}; write a list of [load in percent, minutes].")
    points = sorted(_point(whose, row) for row in rows)
    for (load, seconds), (more, longer) in zip(points, points[1:]):
        if load == more or longer > seconds:
            raise Problem(
                f"{whose} has {seconds / 60:g} min at {load:g} % and {longer / 60:g} min at {more:g} % in its "
                f"runtime_table; write each load once, and no longer runtime at a higher one."
            )
    return tuple(points)


def _point(whose: str, row: Any) -> tuple[float, float]:
    values = [figure(value) for value in row] if isinstance(row, Sequence) and not isinstance(row, str) else []
    if len(values) != 2 or any(value is None or value <= 0 for value in values):
        raise Problem(f"{whose} has {row!r} in its runtime_table; write [load in percent, minutes], both above 0.")
    load, minutes = values
    return load or 0.0, (minutes or 0.0) * 60


def _once(what: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Problem(f"The {what} {name} is there twice; give each its own name.")
        seen.add(name)


def _known(sentence: str, names: Sequence[str], known: Mapping[str, Any], what: str) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        raise Problem(f"{sentence} {', '.join(missing)}, which is not among the {what}; add it or correct the name.")
