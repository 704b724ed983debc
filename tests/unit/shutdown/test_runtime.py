# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a battery lasts at a load: from the manufacturer's table, or from one reading."""

from __future__ import annotations

import math

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Ups
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.runtime import AnchorCurve, TableCurve

from tests.unit.shutdown.describe import INTERNAL, ups

CABINETS = [[10, 360], [20, 205], [30, 159], [40, 124], [50, 106], [60, 98], [70, 83], [80, 75], [90, 66], [100, 53]]


def curve(table: list[list[int]], derate: float = 1.0) -> TableCurve:
    return TableCurve.of(Ups.from_dict(ups(watts=3000, runtime_table=table, derate=derate)))


@pytest.mark.parametrize("table", [INTERNAL, CABINETS])
def test_the_table_s_own_points_are_met(table: list[list[int]]) -> None:
    for percent, minutes in table:
        assert curve(table).seconds(30 * percent) == pytest.approx(60 * minutes)
        assert curve(table, 0.8).seconds(30 * percent) == pytest.approx(48 * minutes)


def test_between_two_points_the_logarithms_are_a_straight_line() -> None:
    between = math.sqrt(20 * 30)
    assert curve(INTERNAL).seconds(30 * between) == pytest.approx(60 * math.sqrt(52 * 40))


def test_below_the_lowest_point_nothing_is_gained() -> None:
    for watts in (299.0, 30.0, 1e-9, 0.0):
        assert curve(INTERNAL).seconds(watts) == pytest.approx(105 * 60)


def test_beyond_the_highest_point_the_runtime_falls_by_the_cautious_exponent() -> None:
    assert curve(INTERNAL).seconds(6000) == pytest.approx(9 * 60 * 2**-1.3)


def test_one_point_is_a_table() -> None:
    one = curve([[50, 20]])
    assert [one.seconds(watts) for watts in (10, 1500)] == pytest.approx([1200, 1200])
    assert one.seconds(3000) == pytest.approx(1200 * 2**-1.3)


def test_from_a_reading_gains_are_small_and_losses_are_large() -> None:
    anchored = AnchorCurve(runtime=1000, load=800)
    assert anchored.seconds(800) == pytest.approx(1000)
    assert anchored.seconds(400) == pytest.approx(1000 * 2**0.75)
    assert anchored.seconds(1600) == pytest.approx(1000 * 2**-1.3)


def test_from_a_reading_nothing_is_gained_below_a_tenth_of_its_load() -> None:
    anchored = AnchorCurve(runtime=1000, load=800)
    assert anchored.seconds(1) == anchored.seconds(80)


@pytest.mark.parametrize("table", [INTERNAL, CABINETS])
def test_without_a_table_less_is_promised_than_the_real_ones_hold(table: list[list[int]]) -> None:
    """From the reading at half load, as the planner takes it, for every load from a tenth to the highest."""
    true = curve(table)
    anchored = AnchorCurve(true.seconds(1500) * 0.8, 1500)
    for watts in range(300, 3001, 100):
        assert anchored.seconds(watts) < true.seconds(watts)
