# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an outage begins, goes on and ends."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.course import followed, mains, planned
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    OFF,
    PLANNED,
    Moment,
    NodeState,
    Outage,
)
from hypothesis import given
from hypothesis import strategies as st

STABLE = 300.0
STATUS = st.sampled_from(["online", "on_battery", "low_battery", "unknown"])


def at(seconds: float) -> Moment:
    return Moment(1_800_000_000.0 + seconds, 5_000.0 + seconds, "boot-1")


def told(*statuses: str) -> list[dict[str, Any]]:
    return [{"name": f"ups-{number}", "status": status} for number, status in enumerate(statuses)]


@pytest.mark.parametrize(
    ("statuses", "judged"),
    [
        (("online", "online"), "online"),
        (("online", "on_battery"), "on_battery"),
        (("unknown", "low_battery"), "on_battery"),
        (("online", "unknown"), "unclear"),
        (("unknown",), "unclear"),
        ((), "unclear"),
    ],
)
def test_mains_is_there_only_where_every_ups_says_so(statuses: tuple[str, ...], judged: str) -> None:
    assert mains(told(*statuses)) == judged


def test_a_ups_that_tells_nothing_begins_no_outage_and_ends_none() -> None:
    assert followed(None, told("unknown", "online"), at(0), STABLE) is None
    begun = followed(None, told("on_battery", "online"), at(0), STABLE)
    assert begun is not None
    later = followed(begun, told("unknown", "unknown"), at(900), STABLE)
    assert later is not None
    assert later.ended_at_epoch is None
    assert at(900).since(later.began) == 900


def test_flapping_mains_is_one_outage_whose_age_goes_on() -> None:
    outage = followed(None, told("on_battery"), at(0), STABLE)
    for second in range(20, 1800, 20):
        outage = followed(outage, told("online" if second % 200 < 180 else "on_battery"), at(second), STABLE)
        assert outage is not None
        assert outage.ended_at_epoch is None
        assert at(second).since(outage.began) == second


def test_mains_that_stays_ends_it_and_the_next_one_begins_at_nought_with_the_hosts_that_are_off() -> None:
    off = NodeState(OFF, at(50), at(60), "graceful")
    outage: Outage | None = Outage.begin(at(0)).with_node("web-1", off).with_due(("all",))
    for second in (100, 250, 399):
        outage = followed(outage, told("online"), at(second), STABLE)
        assert outage is not None
        assert outage.ended_at_epoch is None
    outage = followed(outage, told("online"), at(401), STABLE)
    assert outage is not None
    assert outage.ended_at_epoch == at(401).epoch
    again = followed(outage, told("low_battery"), at(1000), STABLE)
    assert again is not None
    assert again.began == at(1000)
    assert again.due_stages == ()
    assert again.nodes == {"web-1": off}


def test_a_planned_outage_goes_on_while_mains_is_there_and_is_not_begun_twice() -> None:
    outage = planned(None, at(0))
    assert outage.cause == PLANNED
    assert planned(outage, at(60)) == outage
    later = followed(outage, told("online"), at(60), STABLE)
    later = followed(later, told("online"), at(6000), STABLE)
    assert later is not None
    assert later.ended_at_epoch is None


@given(st.lists(st.tuples(st.lists(STATUS, min_size=1, max_size=2), st.floats(1, 299)), max_size=30))
def test_an_outage_never_ends_before_all_were_online_for_the_whole_time(course: list[tuple[list[str], float]]) -> None:
    outage: Outage | None = None
    now, online_since = 0.0, None
    for statuses, passed in course:
        now += passed
        before = outage
        outage = followed(outage, told(*statuses), at(now), STABLE)
        online_since = (online_since or now) if set(statuses) == {"online"} else None
        newly_over = outage and outage.ended_at_epoch and not (before and before.ended_at_epoch)
        if newly_over:
            assert online_since is not None
            assert now - online_since >= STABLE - 1e-6
