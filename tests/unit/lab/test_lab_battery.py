# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of the lab's batteries, and what a UPS says of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.power.battery import FLAP_SECONDS, Battery, State, Table, advance, has_mains
from lab.power.readings import LIES, as_file, readings, status

CABINETS = (360, 205, 159, 124, 106, 98, 83, 75, 66, 53)
BATTERY = Battery(2700.0, Table.from_minutes(CABINETS), recharge_seconds=14400.0)
NOW = 1000.0
ON_BATTERY = State(mains=False, on_mains=False, updated=NOW)


def test_at_each_load_of_the_manual_it_lasts_as_the_manual_says() -> None:
    assert [round(BATTERY.table.seconds(load) / 60, 6) for load in range(10, 101, 10)] == list(CABINETS)


def test_below_the_manuals_first_load_it_lasts_no_longer() -> None:
    assert BATTERY.table.seconds(0) == BATTERY.table.seconds(10)


@given(st.lists(st.floats(1, 150), min_size=2, max_size=20))
def test_a_higher_load_never_lasts_longer(loads: list[float]) -> None:
    lasts = [BATTERY.table.seconds(load) for load in sorted(loads)]
    assert all(more >= less for more, less in pairwise(lasts))


@given(st.floats(100, 2700), st.integers(1, 50), st.floats(1, 600))
def test_a_full_battery_is_empty_when_its_runtime_is_over_however_often_one_looks(
    watts: float, looks: int, pace: float
) -> None:
    step = BATTERY.seconds(watts, 1.0) / pace / looks
    state = ON_BATTERY
    for look in range(1, looks):
        state = advance(BATTERY, state, watts, NOW + look * step, pace)
        assert state.output
        assert state.runtime_seconds == pytest.approx((looks - look) * step, rel=1e-6, abs=1e-6)
    assert not advance(BATTERY, state, watts, NOW + looks * step * 1.0001, pace).output


def test_an_empty_battery_carries_again_with_the_mains_and_charges() -> None:
    empty = replace(ON_BATTERY, charge=0.0, output=False)
    assert not advance(BATTERY, empty, 0.0, NOW + 60, 1.0).output
    back = advance(BATTERY, replace(empty, mains=True), 0.0, NOW + 1440, 1.0)
    assert back.output
    assert back.charge == pytest.approx(0.1)


def test_a_broken_ups_carries_nothing_even_with_mains() -> None:
    assert not advance(BATTERY, State(broken=True, updated=NOW), 500.0, NOW + 1, 1.0).output


def test_flapping_mains_come_and_go_and_mains_that_are_gone_do_not_flap() -> None:
    moments = [turn * FLAP_SECONDS + 0.5 for turn in range(6)]
    assert [has_mains(State(flapping=True), moment) for moment in moments] == [False, True] * 3
    assert not any(has_mains(State(flapping=True, mains=False), moment) for moment in moments)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State(runtime_seconds=9000), "OL"),
        (State(charge=0.5, runtime_seconds=9000), "OL CHRG"),
        (replace(ON_BATTERY, runtime_seconds=9000), "OB DISCHRG"),
        (replace(ON_BATTERY, runtime_seconds=119), "OB DISCHRG LB"),
        (replace(ON_BATTERY, runtime_seconds=9000, charge=0.1), "OB DISCHRG LB"),
        (replace(ON_BATTERY, runtime_seconds=9000, lies=("low-battery",)), "OB DISCHRG LB"),
        (State(runtime_seconds=9000, load_watts=2800), "OL OVER"),
    ],
)
def test_the_status_says_how_it_stands(state: State, words: str) -> None:
    assert " ".join(status(BATTERY, state, pace=1.0)) == words


@pytest.mark.parametrize(
    ("lie", "told"), [("runtime-65535", "65535"), ("runtime-zero", "0"), ("runtime-negative", "-1")]
)
def test_a_lie_changes_what_is_told_and_nothing_else(lie: str, told: str) -> None:
    state = State(runtime_seconds=3600, load_watts=1000)
    honest, lying = readings(BATTERY, state, 1.0), readings(BATTERY, replace(state, lies=(lie,)), 1.0)
    assert lying == {**honest, "battery.runtime": told}
    assert lie in LIES


def test_the_drivers_file_has_a_variable_a_line() -> None:
    lines = as_file(readings(BATTERY, State(runtime_seconds=3600, load_watts=1050), 1.0)).splitlines()
    assert {"ups.status: OL", "ups.load: 39", "battery.runtime: 3600"} <= set(lines)
