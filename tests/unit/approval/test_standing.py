# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Standing approvals and their limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused
from ansible_collections.contingency.infra.plugins.module_utils._approval.standing import (
    Run,
    Standing,
    chosen,
    standing_limitation,
    standing_of,
    standings_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import local
from hypothesis import given
from hypothesis import strategies as st

MAINS = Plan("staged_shutdown", "mains", {}, {name: {} for name in ("a", "b", "c")})
GIVEN = {"procedure": "staged_shutdown", "targets": ["mains"], "until": "2026-12-31", "by": "lead group"}


def at(text: str) -> float:
    """A moment of this machine's clock."""
    return datetime.fromisoformat(text).timestamp()


def standing(**more: Any) -> Standing:
    return standing_of({**GIVEN, **more}, "standing")


def reason(one: Standing, when: str = "2026-11-22T12:00", **more: Any) -> str | None:
    said = standing_limitation(one, Run(**{"plan": MAINS, "now": at(when), "attended": False, **more}))
    return None if said is None else said.key


def test_it_holds_through_its_last_day() -> None:
    assert reason(standing(), "2026-12-31T23:59:59") is None
    assert reason(standing(), "2027-01-01T00:00:00") == "standing_expired"


def test_it_does_not_hold_before_it_begins() -> None:
    assert reason(standing(**{"from": "2026-11-23"})) == "standing_not_yet"


def test_it_is_for_its_targets() -> None:
    assert reason(standing(targets=["planned"])) == "standing_target"
    assert reason(standing(targets="*")) is None


def test_it_is_for_unattended_runs_unless_it_says_otherwise() -> None:
    assert reason(standing(), attended=True) == "standing_attended"
    assert reason(standing(attended=True), attended=True) is None


@pytest.mark.parametrize(
    ("hours", "when", "holds"),
    [
        (["22:00-06:00"], "2026-11-22T21:59", False),
        (["22:00-06:00"], "2026-11-22T22:00", True),
        (["22:00-06:00"], "2026-11-23T05:59", True),
        (["22:00-06:00"], "2026-11-23T06:00", False),
        (["08:00-12:00", "14:00-18:00"], "2026-11-22T13:00", False),
        (["08:00-12:00", "14:00-18:00"], "2026-11-22T14:00", True),
        ("00:00-24:00", "2026-11-22T23:59", True),
    ],
)
def test_hours(hours: Any, when: str, holds: bool) -> None:
    assert (reason(standing(limits={"hours": hours}), when) is None) == holds


def test_weekdays() -> None:
    limits = {"weekdays": ["sat", "sun"]}
    assert reason(standing(limits=limits), "2026-11-22T12:00") is None
    assert reason(standing(limits=limits), "2026-11-23T12:00") == "standing_weekday"


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("2026-11-21T05:59", None),
        ("2026-11-21T22:00", "of saturday"),
        ("2026-11-22T05:59", "of saturday"),
        ("2026-11-22T22:00", None),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(when: str, holds: str | None) -> None:
    night = standing(limits={"weekdays": ["sat"], "hours": ["22:00-06:00"]})
    assert reason(night, when) == (None if holds else "standing_weekday")


def test_one_without_an_end_in_sight_can_be_read_and_said() -> None:
    endless = standing(until="9999-12-31")
    assert reason(endless) is None
    assert local(endless.until).startswith("999")


def test_size() -> None:
    assert reason(standing(limits={"max_hosts": 3})) is None
    assert reason(standing(limits={"max_hosts": 2})) == "standing_hosts"


def test_uses_of_the_last_day_count_and_older_ones_do_not() -> None:
    now = at("2026-11-22T12:00")
    limits = {"max_uses_per_day": 2}
    assert reason(standing(limits=limits), uses=(now - 86400, now - 86399)) is None
    assert reason(standing(limits=limits), uses=(now - 10, now - 5)) == "standing_uses"
    assert reason(standing(limits=limits), uses=(now + 3600, now + 7200)) == "standing_uses", "the clock was put back"


def test_the_first_that_holds_is_chosen_and_otherwise_each_says_why() -> None:
    run = Run(MAINS, at("2026-11-22T12:00"), False)
    ended, other = standing(until="2026-01-01"), standing(procedure="standby_failover")
    assert chosen([other, ended, standing()], run) == (standing(), [])
    found, reasons = chosen([other, ended], run)
    assert (found, [each.key for each in reasons]) == (None, ["standing_expired"])
    assert [each.key for each in chosen([other], run)[1]] == ["standing_none"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"targets": None}, "contingency_standing_approvals[0].targets"),
        ({"until": "soon"}, "contingency_standing_approvals[0].until"),
        ({"by": ""}, "contingency_standing_approvals[0].by"),
        ({"untill": 1}, "contingency_standing_approvals[0].untill"),
        ({"limits": {"hours": ["22-06"]}}, "contingency_standing_approvals[0].limits.hours"),
        ({"limits": {"hours": ["22:00-22:00"]}}, "contingency_standing_approvals[0].limits.hours"),
        ({"limits": {"weekdays": ["today"]}}, "contingency_standing_approvals[0].limits.weekdays.today"),
        ({"limits": {"max_hosts": "3"}}, "contingency_standing_approvals[0].limits.max_hosts"),
        ({"limits": {"max_hosts": True}}, "contingency_standing_approvals[0].limits.max_hosts"),
        ({"limits": {"max_uses_per_day": 0}}, "contingency_standing_approvals[0].limits.max_uses_per_day"),
        ({"limits": {"speed": 1}}, "contingency_standing_approvals[0].limits.speed"),
        ({"limits": [1]}, "contingency_standing_approvals[0].limits"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_path(change: Any, path: str) -> None:
    with pytest.raises(Refused) as refusal:
        standings_of([{**GIVEN, **change}])
    assert refusal.value.said.values["path"] == path


@pytest.mark.parametrize("entries", ["text", {"procedure": "x"}, None, 5])
def test_standing_approvals_are_a_list(entries: Any) -> None:
    with pytest.raises(Refused):
        standings_of(entries)


@given(st.integers(min_value=0, max_value=3600 * 24 * 400))
def test_no_moment_outside_of_its_span_is_allowed(offset: int) -> None:
    one = standing(**{"from": "2026-11-01"})
    now = at("2026-06-01T00:00") + offset
    allowed = standing_limitation(one, Run(MAINS, now, False)) is None
    assert allowed == (at("2026-11-01") <= now < at("2027-01-01"))
