# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From every state of the uplinks: what is sent, in which order, and through which states it leads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Port, Uplinks
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import (
    BREAK_BEFORE_MAKE,
    MAKE_BEFORE_BREAK,
    Plan,
    Request,
    after_plan,
    plan_move,
    plan_restore,
    state_text,
    strategy_for,
)

PORTS = ("swp49", "swp50", "swp51")
STRATEGIES = (MAKE_BEFORE_BREAK, BREAK_BEFORE_MAKE)


def uplinks(states: tuple[bool, ...], tree: bool | None = None) -> Uplinks:
    ports = dict(zip(PORTS, states, strict=False))
    return Uplinks({name: Port(name, enabled, enabled) for name, enabled in ports.items()}, tree)


def every_state() -> Iterator[tuple[bool, ...]]:
    yield from (states for count in (1, 2, 3) for states in product((True, False), repeat=count))


def request(states: tuple[bool, ...], active: str, strategy: str) -> Request:
    names = PORTS[: len(states)]
    return Request(active, tuple(name for name in names if name != active), strategy=strategy)


CASES = [
    pytest.param(states, active, strategy, id=f"{''.join('+-'[not up] for up in states)}-{active}-{strategy}")
    for states in every_state()
    for active in PORTS[: len(states)]
    for strategy in STRATEGIES
]


def enabled_counts(before: Uplinks, plan: Plan) -> list[int]:
    """How many uplinks are enabled before, and after each single line."""
    states = {name: port.enabled for name, port in before.ports.items()}
    counts = [sum(states.values())]
    for name, enable in (change for step in plan.steps for change in step):
        states[name] = enable
        counts.append(sum(states.values()))
    return counts


@pytest.mark.parametrize(("states", "active", "strategy"), CASES)
class TestEveryState:
    def test_the_plan_leaves_only_the_wanted_uplink(self, states: tuple[bool, ...], active: str, strategy: str) -> None:
        before = uplinks(states)
        after = after_plan(before, plan_move(before, request(states, active, strategy)).steps)
        assert after == {name: name == active for name in before.ports}

    def test_nothing_is_planned_where_the_plan_led_to(
        self, states: tuple[bool, ...], active: str, strategy: str
    ) -> None:
        before = uplinks(states)
        wanted = request(states, active, strategy)
        after = after_plan(before, plan_move(before, wanted).steps)
        assert plan_move(uplinks(tuple(after.values())), wanted).steps == ()

    def test_no_port_is_told_what_it_is_already(self, states: tuple[bool, ...], active: str, strategy: str) -> None:
        before = uplinks(states)
        changes = [change for step in plan_move(before, request(states, active, strategy)).steps for change in step]
        assert all(before.ports[name].enabled != enable for name, enable in changes)
        assert len({name for name, _enable in changes}) == len(changes)

    def test_break_before_make_adds_no_second_uplink(
        self, states: tuple[bool, ...], active: str, strategy: str
    ) -> None:
        before = uplinks(states)
        counts = enabled_counts(before, plan_move(before, request(states, active, BREAK_BEFORE_MAKE)))
        assert max(counts) <= max(1, counts[0])

    def test_break_before_make_is_one_step(self, states: tuple[bool, ...], active: str, strategy: str) -> None:
        before = uplinks(states)
        assert len(plan_move(before, request(states, active, BREAK_BEFORE_MAKE)).steps) <= 1

    def test_make_before_break_never_leaves_no_uplink(
        self, states: tuple[bool, ...], active: str, strategy: str
    ) -> None:
        before = uplinks(states)
        counts = enabled_counts(before, plan_move(before, request(states, active, MAKE_BEFORE_BREAK)))
        assert all(counts) or not counts[0]

    def test_make_before_break_proves_the_new_uplink_before_it_shuts_one(
        self, states: tuple[bool, ...], active: str, strategy: str
    ) -> None:
        before = uplinks(states)
        for step in plan_move(before, request(states, active, MAKE_BEFORE_BREAK)).steps:
            assert len({enable for _port, enable in step}) == 1

    def test_the_restore_plan_leads_back(self, states: tuple[bool, ...], active: str, strategy: str) -> None:
        before = uplinks(states)
        steps = plan_move(before, request(states, active, strategy)).steps
        half_way = [steps[:count] for count in range(len(steps) + 1)]
        for done in half_way:
            now = uplinks(tuple(after_plan(before, done).values()))
            restored = after_plan(now, plan_restore(before, now, strategy).steps)
            assert restored == {name: port.enabled for name, port in before.ports.items()}

    def test_the_restore_of_one_uplink_passes_no_state_with_two(
        self, states: tuple[bool, ...], active: str, strategy: str
    ) -> None:
        before = uplinks(states)
        now = uplinks(tuple(after_plan(before, plan_move(before, request(states, active, strategy)).steps).values()))
        counts = enabled_counts(now, plan_restore(before, now, BREAK_BEFORE_MAKE))
        assert max(counts) <= max(1, sum(states))


@pytest.mark.parametrize(
    ("tree", "expected"), [(True, MAKE_BEFORE_BREAK), (False, BREAK_BEFORE_MAKE), (None, BREAK_BEFORE_MAKE)]
)
def test_auto_makes_before_it_breaks_only_where_spanning_tree_was_seen(tree: bool | None, expected: str) -> None:
    assert strategy_for(uplinks((True, False), tree), "auto") == expected


@pytest.mark.parametrize("tree", [True, False, None])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_named_strategy_is_taken(tree: bool | None, strategy: str) -> None:
    assert strategy_for(uplinks((True, False), tree), strategy) == strategy


def test_the_plan_names_what_it_shuts() -> None:
    plan = plan_move(uplinks((True, False, True)), request((True, False, True), "swp50", BREAK_BEFORE_MAKE))
    assert plan.shuts() == ("swp49", "swp51")


def test_a_diff_shows_each_port_by_its_administrative_state() -> None:
    assert state_text(uplinks((True, False)).ports) == "swp49: enabled\nswp50: shut\n"
