# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a stage is due, and when there is no time left to wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.endurance import NEVER
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import SAVE, Stage
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.situation import Situation


@dataclass(frozen=True)
class Due:
    """The stages that are due, in order, with why."""

    stages: tuple[str, ...]
    why: tuple[str, ...]


def due_stages(situation: Situation, first_dark: float) -> Due:
    """Return the stages that are due by age, by runtime, or because they were; with a stage all before it are."""
    stages = situation.policy.stages
    reasons = [_reason(situation, stage, first_dark) for stage in stages]
    last = max((number for number, reason in enumerate(reasons) if reason), default=-1)
    why = tuple(
        f"The stage {stage.name} is due: {reason or f'the later stage {stages[last].name} is'}."
        for stage, reason in zip(stages[: last + 1], reasons)
    )
    return Due(tuple(stage.name for stage in stages[: last + 1]), why)


def _reason(situation: Situation, stage: Stage, first_dark: float) -> str:
    outage = situation.outage
    if outage.planned:
        return "the outage is planned"
    if stage.after is not None and outage.age >= stage.after:
        return f"{_old(outage.age)}, and it is due after {stage.after:.0f} s"
    if stage.below is not None and first_dark < stage.below:
        return f"the first node would lose power in {first_dark:.0f} s, and it is due below {stage.below:.0f} s"
    return "it was due before in this outage" if stage.name in outage.due_stages else ""


def _old(age: float) -> str:
    return "the outage counts as older than every stage" if age == NEVER else f"the outage is {age:.0f} s old"


def pressed(situation: Situation, late: Iterable[str]) -> frozenset[str]:
    """Return the UPSes of those that would be late, of all that goes before them, and of all that shares with these."""
    names = set(late)
    names |= situation.graph.all_before(names) & situation.concerned
    found = {feed for name in names for feed in situation.nodes[name].feeds}
    groups = _groups(situation)
    return frozenset(each for group in groups if group & found for each in group)


def hard_nodes(situation: Situation, hard: frozenset[str]) -> frozenset[str]:
    """Return the nodes that have to go by the hard trigger: those on its UPSes. Saves are not among them."""
    return frozenset(
        name
        for name in situation.concerned
        if situation.nodes[name].kind != SAVE and hard & set(situation.nodes[name].feeds)
    )


def dropped_saves(situation: Situation, hard: frozenset[str]) -> list[str]:
    """Return the saves that are not waited for any longer: one that goes before a hard node, or all if all is hard."""
    saves = [node.name for node in situation.on if node.kind == SAVE]
    awaited = situation.graph.all_before(hard_nodes(situation, hard))
    return [name for name in saves if hard and (name in awaited or all_hard(situation, hard))]


def all_hard(situation: Situation, hard: frozenset[str]) -> bool:
    """Return whether everything that has to go goes by the hard trigger."""
    going = hard_nodes(situation, hard)
    return all(name in going or situation.nodes[name].kind == SAVE for name in situation.concerned)


def _groups(situation: Situation) -> list[set[str]]:
    """Return the UPSes in groups that have no node, and no order between their nodes, in common."""
    groups = [{name} for name in situation.held]
    for name in situation.concerned:
        node = situation.nodes[name]
        feeds = {feed for each in (name, *node.after) for feed in situation.nodes[each].feeds}
        touched = [group for group in groups if group & feeds]
        if len(touched) > 1:
            groups = [group for group in groups if not group & feeds] + [set().union(*touched)]
    return groups
