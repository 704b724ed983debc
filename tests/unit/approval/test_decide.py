# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a plan is approved."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._approval.decide import (
    LONGEST,
    Given,
    approval_limitation,
    decided,
    is_own,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import say
from hypothesis import given as each
from hypothesis import strategies as st

from tests.unit.approval.samples import NOW, PLAN, given, question

OTHER = Plan(PLAN.procedure, PLAN.target, {**PLAN.arguments, "standby": "core-c"}, PLAN.hosts)
APPROVALS = st.lists(
    st.builds(
        given,
        approver=st.sampled_from(["li", "Li", "wang", "zhao"]),
        key=st.sampled_from(["SHA256:1", "SHA256:2", "SHA256:3"]),
        plan=st.sampled_from([PLAN, PLAN, OTHER]),
        valid_until=st.sampled_from([NOW - 1, NOW, NOW + 1]),
    ),
    max_size=6,
)
"""Of few persons and few keys, so that they often are the same."""


def reason(one: Given, **more: Any) -> str | None:
    said = approval_limitation(one, question(**more))
    return None if said is None else said.key


def test_one_good_approval_is_enough_for_one() -> None:
    decision = decided(question(1), [given()])
    assert decision.granted
    assert decision.counted == (given(),)


def test_no_approval_is_not_enough() -> None:
    assert not decided(question(1), []).granted


@pytest.mark.parametrize(
    ("one", "key"),
    [
        (given(plan=OTHER), "other_plan"),
        (given(valid_until=NOW), "expired"),
        (given(valid_from=NOW + 1, valid_until=NOW + 9), "not_yet"),
        (given(approved_at=NOW + 1, valid_until=NOW + 9), "not_yet"),
        (given(valid_until=NOW - 600 + LONGEST + 1), "valid_too_long"),
        (given(incident="INC-20261122-1"), "other_incident"),
        (Given("f", given().statement), "unsigned"),
        (Given("f", given().statement, "SHA256:li", say("no_ssh_keygen")), "no_ssh_keygen"),
    ],
)
def test_what_does_not_count_says_why(one: Given, key: str) -> None:
    assert reason(one) == key
    assert not decided(question(1), [one]).granted


def test_expiry_is_told_with_both_times() -> None:
    said = approval_limitation(given(valid_until=NOW - 60), question())
    assert said is not None
    assert set(said.values) == {"until", "now"}
    assert said.values["until"] != said.values["now"]


def test_a_clock_that_was_set_back_makes_it_not_yet_valid() -> None:
    assert reason(given(), now=NOW - 3600) == "not_yet"


def test_another_plan_that_is_known_is_told_by_its_differences() -> None:
    said = approval_limitation(given(plan=OTHER), question(plans={OTHER.hash: OTHER}))
    assert said == say("other_plan_differs", differs='arguments.standby: "core-c" -> "core-b"')


def test_an_approval_without_an_incident_counts_for_any() -> None:
    assert reason(given(), incident="INC-20261122-1") is None


def test_the_approval_of_an_incident_counts_for_that_one_only() -> None:
    one = given(incident="INC-20261122-1")
    assert reason(one, incident="INC-20261122-1") is None
    assert reason(one, incident="INC-20261122-2") == "other_incident"


def test_two_approvals_are_of_two_persons_with_two_keys() -> None:
    assert decided(question(2), [given("li"), given("wang")]).granted
    assert not decided(question(2), [given("li", "SHA256:1"), given("li", "SHA256:2")]).granted
    assert not decided(question(2), [given("li", "SHA256:1"), given("LI", "SHA256:2")]).granted
    assert not decided(question(2), [given("li", "SHA256:1"), given("wang", "SHA256:1")]).granted


def test_one_who_has_another_ones_key_too_does_not_hide_that_there_are_two() -> None:
    some = [given("li", "SHA256:1"), given("wang", "SHA256:1"), given("li", "SHA256:2")]
    assert decided(question(2), some).granted


def test_why_the_second_one_does_not_count_is_told() -> None:
    decision = decided(question(2), [given("li", "SHA256:1"), given("wang", "SHA256:1")])
    assert [(who, why.key) for who, why in decision.refused] == [("wang", "not_distinct")]


@pytest.mark.parametrize("keyboard", ["li", "LI", "lixin"])
def test_the_one_at_the_keyboard_approves_where_one_is_needed_and_not_where_two_are(keyboard: str) -> None:
    names, logins = frozenset({keyboard}), {"li@hospital": ["lixin"]}
    assert reason(given("li@hospital"), required=1, keyboard=names, logins=logins) is None
    assert is_own("li@hospital", question(keyboard=names, logins=logins))
    assert reason(given("li@hospital"), required=2, keyboard=names, logins=logins) == "own_approval"


def test_where_nobody_knows_who_sits_there_two_approvals_do_not_count() -> None:
    assert reason(given(), required=2, unknown_person=True) == "person_unknown"
    assert reason(given(), required=1, unknown_person=True) is None


@each(APPROVALS, st.integers(min_value=0, max_value=2))
def test_it_is_granted_by_as_many_distinct_persons_and_keys_as_are_needed(some: list[Given], required: int) -> None:
    decision = decided(question(required), some)
    good = [one for one in some if approval_limitation(one, question(required)) is None]
    pairs = [
        {one.path, other.path}
        for one in good
        for other in good
        if one.key != other.key and one.statement.approver.lower() != other.statement.approver.lower()
    ]
    assert decision.granted == (required == 0 or (required == 1 and bool(good)) or (required == 2 and bool(pairs)))
    if decision.granted:
        assert len(decision.counted) == required
        assert all(one in good for one in decision.counted)
        assert len({one.key for one in decision.counted}) == required


@each(APPROVALS, APPROVALS, st.integers(min_value=1, max_value=2))
def test_a_further_approval_never_takes_away_what_was_granted(
    some: list[Given], more: list[Given], required: int
) -> None:
    if decided(question(required), some).granted:
        assert decided(question(required), [*more, *some]).granted


@each(APPROVALS, st.integers(min_value=1, max_value=2))
def test_nothing_is_granted_once_all_have_expired(some: list[Given], required: int) -> None:
    assert not decided(question(required, now=NOW + 1), some).granted
