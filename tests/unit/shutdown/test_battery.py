# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reading is worth: when the batteries are empty by what they say, and by what they do not say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.shutdown.describe import NOW, node, outage, planned, policy, reading, silent, stage, ups

# 21 min at 50 % by the table.
HALF_LOAD = 21 * 60
# What two feeds share; nothing is due for hours.
BOTH = node("his-db-1", 60, 400, feeds=["ups-a", "ups-b"])
LATER = policy(stage("critical", 36000))


def empty(*readings: dict[str, Any], nodes: list[dict[str, Any]] | None = None, **others: Any) -> float | None:
    """When ups-a is empty if nothing is shut."""
    plan = planned(nodes or [node("db", 60, 100)], readings=list(readings), record=outage(), rules=LATER, **others)
    found: float | None = plan["depletion_seconds"]["upses"]["ups-a"]
    return found


def test_the_charge_times_the_table() -> None:
    assert empty(reading(charge_percent=50)) == pytest.approx(HALF_LOAD / 2)


def test_the_runtime_counts_where_it_is_less_than_the_charge_says() -> None:
    assert empty(reading(runtime_seconds=300)) == pytest.approx(300)
    assert empty(reading(runtime_seconds=99999)) == pytest.approx(HALF_LOAD)


def test_age_takes_its_part_of_both() -> None:
    assert empty(reading(charge_percent=50), upses=[ups(derate=0.8)]) == pytest.approx(HALF_LOAD / 2 * 0.8)
    assert empty(reading(runtime_seconds=300), upses=[ups(derate=0.8)]) == pytest.approx(300 * 0.8)


def test_the_charge_at_which_it_says_low_battery_is_empty() -> None:
    low = [ups(low_battery_percent=20)]
    assert empty(reading(), upses=low) == pytest.approx(HALF_LOAD * 0.8)
    assert empty(reading(status="low_battery"), upses=low) == 0


def test_watts_go_before_percent() -> None:
    assert empty(reading(power_watts=1000)) == pytest.approx(9 * 60)


def test_nodes_draw_at_least_what_is_told_of_them() -> None:
    assert empty(reading(), nodes=[node("db", 60, 1000)]) == pytest.approx(9 * 60)


def test_load_that_is_no_node_stays_on() -> None:
    """Half load of which 100 W are the node: when that is off, 40 % remain."""
    off = outage(nodes={"db": {"state": "off", "off_at_epoch": NOW + 1}})
    plan = planned([node("db"), node("other", 60, 0)], record=off, rules=LATER)
    assert plan["depletion_seconds"]["earliest"] == pytest.approx(27 * 60)


def test_without_a_table_the_runtime_it_tells_counts() -> None:
    plain = [ups(runtime_table=[], derate=1.0)]
    assert empty(reading(runtime_seconds=900), upses=plain) == pytest.approx(900)
    assert empty(reading(runtime_seconds=900), nodes=[node("db", 60, 1000)], upses=plain) == pytest.approx(
        900 * 2**-1.3, abs=0.001
    )


def test_without_a_table_a_charge_says_nothing() -> None:
    assert empty(reading(), upses=[ups(runtime_table=[])]) == 0


def test_without_a_reading_it_is_empty() -> None:
    assert empty(silent()) == 0
    assert empty(reading("ups-b")) == 0


@pytest.mark.parametrize(
    "present",
    [
        silent(),
        reading(status="unknown"),
        reading(status="fine"),
        reading(read_at_epoch=None),
        reading(read_at_epoch=NOW + 3600),
        reading(charge_percent=None),
        reading(charge_percent=120, runtime_seconds=-1),
        reading(charge_percent=float("nan"), runtime_seconds=0),
        reading(charge_percent="n/a"),
    ],
)
def test_the_last_trusted_reading_is_drained_at_the_highest_load_since(present: dict[str, Any]) -> None:
    """60 s at 100 %, of which a battery holds 540."""
    earlier = reading(read_at_epoch=NOW - 60, charge_percent=90.0)
    left = 0.9 - 60 / 540
    expected = left * (HALF_LOAD if present["status"] == "on_battery" and _fresh(present) else 540)
    assert empty(earlier, present) == pytest.approx(expected)


def test_a_reading_that_is_too_old_is_drained_since_it_was_made() -> None:
    assert empty(reading(age_seconds=54)) == pytest.approx(HALF_LOAD - 54)
    assert empty(reading(age_seconds=108)) == pytest.approx((1 - 108 / 540) * 540)


def _fresh(present: dict[str, Any]) -> bool:
    return bool(present["read_at_epoch"] == NOW)


def test_the_last_trusted_reading_may_be_one_on_mains() -> None:
    assert empty(reading(status="online", read_at_epoch=NOW - 60), silent()) == pytest.approx((1 - 60 / 540) * 540)


def test_a_reading_without_its_load_counts_with_the_last_one() -> None:
    earlier = reading(read_at_epoch=NOW - 10, load_percent=100)
    assert empty(earlier, reading(load_percent=None, charge_percent=50)) == pytest.approx(270)


def test_a_load_that_was_never_told_is_that_of_the_nodes_or_the_highest() -> None:
    assert empty(reading(load_percent=None), nodes=[node("db", 60, 500)]) == pytest.approx(HALF_LOAD)
    assert empty(reading(load_percent=None), nodes=[node("db", 60, None)]) == pytest.approx(540)


def test_a_runtime_that_jumped_up_without_a_charge_is_not_believed() -> None:
    earlier = reading(read_at_epoch=NOW - 10, charge_percent=20)
    jumped = reading(charge_percent=None, runtime_seconds=65535)
    assert (empty(earlier, jumped) or 0.0) < 0.2 * HALF_LOAD


def two(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return planned([BOTH], upses=[ups(), ups("ups-b")], readings=[a, b], record=outage(), rules=LATER)


def test_a_host_with_two_feeds_draws_half_from_each_and_all_from_the_last() -> None:
    """200 W from each, 52 min; then what b still holds at 400 W, 27 min a charge."""
    plan = two(reading(load_percent=20, charge_percent=50), reading("ups-b", load_percent=20))
    first = 0.5 * 52 * 60
    assert plan["depletion_seconds"]["upses"]["ups-a"] == pytest.approx(first)
    assert plan["depletion_seconds"]["upses"]["ups-b"] == pytest.approx(first + 0.5 * 27 * 60)
    assert plan["depletion_seconds"]["first_node"] == pytest.approx(first + 0.5 * 27 * 60)


def test_beside_an_unknown_ups_the_other_one_carries_all() -> None:
    plan = two(silent(), reading("ups-b", load_percent=20))
    assert plan["depletion_seconds"]["upses"] == {"ups-a": 0, "ups-b": pytest.approx(27 * 60)}


def test_beside_a_dead_ups_the_other_one_carries_all_and_not_more_than_it_is_made_for() -> None:
    """It measures 80 %, which may hold the dead one's part already: at most 100 % then."""
    plan = two(silent(), reading("ups-b", load_percent=80))
    assert plan["depletion_seconds"]["upses"]["ups-b"] == pytest.approx(9 * 60)


def test_a_ups_on_mains_is_never_empty() -> None:
    plan = two(reading(), reading("ups-b", "online"))
    assert plan["depletion_seconds"]["upses"]["ups-b"] is None
    assert plan["depletion_seconds"]["first_node"] is None


def test_without_a_table_too_a_missing_figure_never_makes_more_of_it() -> None:
    """900 s at 1000 W, then 60 s on: at most 840 are left, and of a reading that says less, that."""
    plain = [ups(runtime_table=[], derate=1.0)]
    earlier = reading(read_at_epoch=NOW - 60, runtime_seconds=900, load_percent=100)
    for told, left in ((870, 840), (500, 500)):
        present = reading(runtime_seconds=told, charge_percent=None, load_percent=100)
        assert empty(earlier, present, upses=plain) == pytest.approx(left)
