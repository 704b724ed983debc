# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's hash: the same for the same plan, another one for any other."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import (
    Plan,
    differences,
    is_secret,
    plan_of,
    without_secrets,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.approval.samples import PLAN

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
SETTINGS = st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=4)
PLANS = st.builds(
    Plan,
    procedure=st.sampled_from(["core_switch_failover", "standby_failover"]),
    target=st.text(min_size=1, max_size=5),
    arguments=SETTINGS,
    hosts=st.dictionaries(st.text(min_size=1, max_size=4), SETTINGS, max_size=3),
)


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(each) for key, each in reversed(value.items())}
    return [shuffled(each) for each in value] if isinstance(value, list) else value


@given(PLANS)
def test_hash_does_not_depend_on_the_order_and_outlives_a_request(plan: Plan) -> None:
    assert plan_of(shuffled(copy.deepcopy(dict(plan.content)))).hash == plan.hash
    assert plan_of(json.loads(json.dumps(plan.content))).hash == plan.hash


@given(PLANS, PLANS)
def test_another_plan_has_another_hash_and_it_can_be_told_in_what(one: Plan, other: Plan) -> None:
    texts = [json.dumps(plan.content, sort_keys=True) for plan in (one, other)]
    assume(texts[0] != texts[1])
    assert one.hash != other.hash
    assert differences(one, other)


@given(PLANS)
def test_nothing_differs_from_the_plan_itself(plan: Plan) -> None:
    assert differences(plan, plan) == []


def test_differences_name_the_path_and_both_values() -> None:
    hosts = {**PLAN.hosts, "core-a": {"ansible_host": "192.0.2.99"}}
    assert differences(PLAN, Plan(PLAN.procedure, PLAN.target, PLAN.arguments, hosts)) == [
        'hosts.core-a.ansible_host: "192.0.2.11" -> "192.0.2.99"'
    ]


def test_a_host_more_is_told_and_many_differences_are_counted() -> None:
    hosts = {f"host-{number}": {"a": 1, "b": 2} for number in range(5)}
    told = differences(PLAN, Plan(PLAN.procedure, PLAN.target, PLAN.arguments, hosts))
    assert len(told) == 4
    assert told[-1] == "... 9 more"


@pytest.mark.parametrize(
    "name", ["password", "switch_password", "vault_Token", "snmp_community", "passphrase", "secret"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["shutdown_bypass", "standby_bmc", "core_switch_uplinks", "host", "passive"])
def test_other_names_are_not_taken_for_secrets(name: str) -> None:
    assert not is_secret(name)


def test_secrets_are_left_out_at_any_depth_and_change_no_hash() -> None:
    bmc = {"host": "192.0.2.1", "password": "hush"}
    assert without_secrets([{"bmc": bmc, "list": (bmc,)}]) == [
        {"bmc": {"host": "192.0.2.1"}, "list": [{"host": "192.0.2.1"}]}
    ]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"procedure": "rm -rf"}, "plan_unnamed"),
        ({"target": ""}, "plan_unnamed"),
        ({"hosts": []}, "plan_garbled"),
        ({"arguments": None}, "plan_garbled"),
        ({"procedure": 1}, "plan_garbled"),
    ],
)
def test_what_is_no_plan_is_refused(change: Any, key: str) -> None:
    with pytest.raises(Refused) as refusal:
        plan_of({**PLAN.content, **change})
    assert refusal.value.said.key == key
