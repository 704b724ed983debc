# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be planned is refused in one sentence that names it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Problem, Site

from tests.unit.shutdown.describe import node, policy, stage, ups


def site(nodes: list[Any] | None = None, upses: list[Any] | None = None, rules: dict[str, Any] | None = None) -> Site:
    return Site.from_dicts(nodes or [node("his-db-1")], upses or [ups()], rules or policy())


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        ([node("a", after=["gone"])], ("The node a goes after gone", "nodes")),
        ([node("a", feeds=["ups-x"])], ("The node a is fed by ups-x", "UPSes")),
        ([node("a", stage="late")], ("The node a is in the stage late", "it has critical")),
        ([node("a"), node("a")], ("The node a is there twice",)),
        ([node("a", kind="printer")], ("'printer'", "host, switch, controller, save")),
        ([node("a", seconds=-1)], ("duration_seconds -1",)),
        ([node("a", seconds=float("nan"))], ("duration_seconds nan",)),
        ([{"name": "a", "stage": "critical"}], ("duration_seconds None",)),
        ([node("a", watts=-5)], ("power_watts -5",)),
        ([node("a", afer=["b"])], ("The node a has no afer", "after")),
        ([node("a", after="b")], ("after 'b'", "list of names")),
        ([{"stage": "critical"}], ("A node has the name None",)),
    ],
)
def test_a_node_that_cannot_be(nodes: list[Any], named: tuple[str, ...]) -> None:
    with pytest.raises(Problem) as problem:
        site(nodes)
    assert all(each in problem.value.message for each in named), problem.value.message


@pytest.mark.parametrize(
    ("described", "named"),
    [
        (ups(watts=None), ("ups-a", "no nominal_watts")),
        (ups(derate=1.2), ("ups-a", "derate 1.2")),
        (ups(derate=0), ("ups-a", "derate 0")),
        (ups(runtime_table=[[50, 20], [100, 30]]), ("ups-a", "20 min at 50 %", "30 min at 100 %")),
        (ups(runtime_table=[[50, 20], [50, 19]]), ("ups-a", "each load once")),
        (ups(runtime_table=[[0, 20]]), ("ups-a", "[0, 20]")),
        (ups(runtime_table=[[50]]), ("ups-a", "[50]")),
        (ups(runtime_table="50=20"), ("ups-a", "'50=20'")),
        (ups(low_battery_percent=100), ("ups-a", "low_battery_percent 100")),
    ],
)
def test_a_ups_that_cannot_be(described: dict[str, Any], named: tuple[str, ...]) -> None:
    with pytest.raises(Problem) as problem:
        site(upses=[described])
    assert all(each in problem.value.message for each in named), problem.value.message


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"stages": []}, "no stages"),
        (policy(stage("critical"), stage("critical")), "The stage critical is there twice"),
        (policy(concurrency=0), "concurrency is 0"),
        (policy(poll_seconds=0), "poll_seconds is 0"),
        (policy(reserve_seconds=-1), "reserve_seconds -1"),
    ],
)
def test_a_policy_that_cannot_be(rules: dict[str, Any], named: str) -> None:
    with pytest.raises(Problem, match=named):
        site(rules=rules)


def test_feeds_may_be_left_out_only_where_there_is_one_ups() -> None:
    assert site().nodes["his-db-1"].feeds == ("ups-a",)
    with pytest.raises(Problem, match="his-db-1 names no feeds; write which of ups-a, ups-b"):
        site(upses=[ups(), ups("ups-b")])
    saves = [node("copy", kind="save")]
    assert site(saves, [ups(), ups("ups-b")]).nodes["copy"].feeds == ()


def test_no_ups_is_refused() -> None:
    with pytest.raises(Problem, match="No UPS"):
        Site.from_dicts([], [], policy())
