# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's wiring: its options reach the planner, its documentation tells what comes back."""

from __future__ import annotations

from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.contingency.infra.plugins.action.shutdown_plan import result_of
from ansible_collections.contingency.infra.plugins.modules import shutdown_plan

from tests.unit.shutdown.describe import NOW, node, outage, policy, reading, ups


def result(**options: Any) -> dict[str, Any]:
    given = {
        "nodes": [node("app"), node("db", after=["app"])],
        "upses": [ups()],
        "policy": policy(),
        "readings": [reading()],
        **options,
    }
    validation = ArgumentSpecValidator(shutdown_plan.ARGUMENT_SPEC).validate(given)
    assert validation.error_messages == []
    return result_of(validation.validated_parameters, NOW + 5)


def returned(direction: str) -> set[str]:
    documented = yaml.safe_load(shutdown_plan.RETURN)
    return {name for name, each in documented.items() if each["returned"] in ("always", f"direction is {direction}")}


def test_the_plan_of_a_shutdown() -> None:
    plan = result(outage=outage(3600), now_epoch=NOW)
    assert plan["due"] == ["app"]
    assert plan["changed"] is False
    assert set(plan) - {"changed"} == returned("shutdown")


def test_the_plan_of_a_start() -> None:
    plan = result(
        direction="start",
        readings=[reading(status="online")],
        online_since_epoch=NOW - 900,
        now_epoch=NOW,
        up=["db"],
    )
    assert plan["due"] == ["app"]
    assert set(plan) - {"changed"} == returned("start")


def test_without_a_time_it_is_now() -> None:
    assert "the outage is 105 s old" in result(outage=outage(100))["why"][0]


def test_what_cannot_be_planned_fails_in_a_sentence() -> None:
    failed = result(nodes=[node("db", after=["app"])])
    assert failed["failed"] is True
    assert failed["msg"].startswith("The node db goes after app, which is not among the nodes")


def test_the_examples_are_accepted() -> None:
    for task in yaml.safe_load(shutdown_plan.EXAMPLES):
        options = task["contingency.infra.shutdown_plan"]
        written = {name: value for name, value in options.items() if "{{" not in str(value)}
        assert set(options) <= set(shutdown_plan.ARGUMENT_SPEC)
        if "nodes" in written:
            written["readings"] = [reading("ups-a", "online"), reading("ups-b", "online")]
            assert result(**written, now_epoch=NOW)["feasible"]
