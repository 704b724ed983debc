# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair: replication, slots, versions and addresses are judged from both of its servers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._readiness.group import groups_of, judge_group
from ansible_collections.contingency.infra.plugins.module_utils._readiness.machine import Machine
from ansible_collections.contingency.infra.plugins.module_utils._readiness.model import CRITICAL, OK, UNKNOWN, WARNING
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.readiness.pair import DOWN, of_server, primary, standby, told


def problems(*machines: Machine) -> dict[str, str]:
    return {each.check: each.severity for each in judge_group(machines) if each.severity != OK}


ADDRESS = "address 10.9.0.100"


def test_a_healthy_pair_is_fine_and_everything_was_looked_at() -> None:
    assert problems(primary(), standby()) == {}
    assert {each.check for each in judge_group([primary(), standby()])} == {
        *("primary", "replication", "message_age", "quiet_interval", "slot", "versions", "promotion", ADDRESS)
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"streaming": False, "receiver": None}, {"replication": CRITICAL}),
        ({"source_trouble": "no answer within 2 s"}, {"replication": CRITICAL}),
        ({"message_age": 60.0, "received": 999}, {"message_age": CRITICAL}),
        ({"message_age": 60.0, "received": 1000}, {}),
        ({"message_age": None, "received": None}, {"message_age": UNKNOWN}),
        ({"quiet_interval": 30.0}, {"quiet_interval": WARNING}),
        ({"slot": None}, {"slot": WARNING}),
        ({"slot": "other"}, {"slot": CRITICAL}),
        ({"version": "15.19"}, {"versions": WARNING}),
        ({"version": "14.9", "major": "14"}, {"versions": CRITICAL}),
        ({"version": None}, {"versions": UNKNOWN}),
        ({"refusal": "its replay is paused"}, {"promotion": CRITICAL}),
    ],
)
def test_each_trouble_of_a_standby(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert problems(primary(), of_server(standby(), **changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"followers": []}, {"replication": CRITICAL}),
        ({"slots": [{"name": "his_db_2", "active": False, "wal_status": "reserved"}]}, {"slot": CRITICAL}),
        ({"slots": [{"name": "his_db_2", "active": True, "wal_status": "lost"}]}, {"slot": CRITICAL}),
        ({"slots": []}, {"slot": CRITICAL}),
        ({"slots": None}, {"slot": UNKNOWN}),
    ],
)
def test_each_trouble_that_only_the_primary_knows(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert problems(of_server(primary(), **changes), standby()) == expected


def test_a_slot_of_nobody_is_told_at_the_primary() -> None:
    slots = [*primary().server["slots"], {"name": "gone", "active": False, "wal_status": "extended"}]
    found = [each for each in judge_group([of_server(primary(), slots=slots), standby()]) if each.severity != OK]
    assert [(each.subject, each.check, each.severity) for each in found] == [("his-db-1", "slot", WARNING)]


def test_two_primaries_are_critical_and_no_address_is_fine_then() -> None:
    found = problems(primary(), primary("his-db-2"))
    assert found["primary"] == CRITICAL
    assert found[ADDRESS] == CRITICAL


def test_no_primary_is_an_outage() -> None:
    assert problems(told(primary(), "looked", "database", value=DOWN), standby())["primary"] == CRITICAL


def test_a_silent_primary_is_unknown() -> None:
    found = problems(told(primary(), "looked", value=None), standby())
    assert found["primary"] == UNKNOWN
    assert found[ADDRESS] == UNKNOWN


def test_a_silent_standby_may_be_a_primary_too_and_the_address_is_asked_of_the_network() -> None:
    assert problems(primary(), told(standby(), "looked", value=None)) == {"primary": UNKNOWN}
    deaf = told(primary(), "looked", "address", "heard", value={})
    assert problems(deaf, told(standby(), "looked", value=None)) == {"primary": UNKNOWN, ADDRESS: UNKNOWN}


@pytest.mark.parametrize(
    ("on_primary", "on_standby", "heard", "severity"),
    [
        (["eth0"], [], ["02:00:00:00:00:01"], None),
        (["eth0"], ["eth0"], ["02:00:00:00:00:01"], CRITICAL),
        ([], ["eth0"], [], CRITICAL),
        ([], [], [], CRITICAL),
        (["eth0"], [], ["02:00:00:00:00:09"], CRITICAL),
        (["eth0"], [], ["02:00:00:00:00:01", "02:00:00:00:00:09"], CRITICAL),
    ],
)
def test_the_address_is_on_the_primary_and_nowhere_else(
    on_primary: list[str], on_standby: list[str], heard: list[str], severity: str | None
) -> None:
    one = told(primary(), "looked", "address", "here", value={"10.9.0.100": on_primary})
    other = told(standby(), "looked", "address", "here", value={"10.9.0.100": on_standby})
    other = told(other, "looked", "address", "heard", value={"10.9.0.100": heard})
    assert problems(one, other) == ({ADDRESS: severity} if severity else {})


def test_no_address_and_different_ones_are_told() -> None:
    bare = [told(each, "addresses", value=[]) for each in (primary(), standby())]
    assert problems(*bare) == {"address": WARNING}
    assert problems(primary(), told(standby(), "addresses", value=[]))["addresses"] == CRITICAL


def test_a_primary_with_nothing_behind_it() -> None:
    assert problems(primary()) == {"standby": CRITICAL}


def test_a_cold_standby_that_rests_says_nothing_and_is_one() -> None:
    cold = replace(told(standby(), "looked", value=None), cold=True)
    assert problems(primary(), told(cold, "power", "state", value="off")) == {}


def test_partners_belong_together_and_the_rest_does_too() -> None:
    named = [
        Machine(name, True, partner=partner) for name, partner in (("a", "b"), ("b", "a"), ("c", None), ("d", None))
    ]
    assert [[each.name for each in group] for group in groups_of(named)] == [["a", "b"], ["c", "d"]]


@given(st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdefx")))
def test_each_machine_is_in_exactly_one_group_with_its_partner(partners: dict[str, str | None]) -> None:
    groups = groups_of([Machine(name, True, partner=partner) for name, partner in partners.items()])
    names = [each.name for group in groups for each in group]
    assert sorted(names) == sorted(partners)
    for group in groups:
        together = {each.name for each in group}
        assert all(each.partner in together for each in group if each.partner in partners)


def test_whatever_is_missing_in_a_reading_is_never_fine() -> None:
    """Unknown is no good news: a database that tells nothing must not end as ready."""
    for key in ("streaming", "received", "version"):
        changed = of_server(standby(), **{key: None, "message_age": None})
        assert problems(primary(), changed), key
