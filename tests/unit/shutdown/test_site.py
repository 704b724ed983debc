# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of the hosts becomes the planner's nodes, or a sentence that names what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_site import nodes_of

WEB = {"shutdown_stage": "early", "shutdown_power_watts": 200, "shutdown_feeds": ["ups-a"], "shutdown_seconds": 20}
DB = {
    **WEB,
    "shutdown_stage": "late",
    "shutdown_after": ["web-1"],
    "shutdown_saves": [{"name": "dump", "command": "pg_dumpall > /srv/dump", "timeout": 120}],
}
UPSES = [{"name": "ups-a", "nominal_watts": 1000, "runtime_table": [[10, 100], [100, 10]]}]
POLICY = {"stages": [{"name": "early", "after_seconds": 60}, {"name": "late", "after_seconds": 120}]}


@pytest.fixture
def durations(tmp_path: Path) -> Durations:
    return Durations(str(tmp_path / "durations.json"))


def test_hosts_saves_and_dependencies_become_nodes_that_the_planner_takes(durations: Durations) -> None:
    nodes = nodes_of(["web-1", "db-1"], {"web-1": WEB, "db-1": DB}, durations)
    by_name = {node["name"]: node for node in nodes}
    assert list(by_name) == ["web-1", "db-1: dump", "db-1"]
    assert by_name["db-1"]["after"] == ["web-1", "db-1: dump"]
    assert by_name["db-1: dump"]["kind"] == "save"
    assert by_name["db-1: dump"]["duration_seconds"] == 120
    reading = {"name": "ups-a", "status": "on_battery", "runtime_seconds": 1000.0, "charge_percent": 100.0}
    outage = {"began_at_epoch": 1000.0, "cause": "mains", "due_stages": [], "nodes": {}}
    plan = make_plan(nodes, UPSES, POLICY, [{**reading, "read_at_epoch": 1070.0}], outage, 1070.0)
    assert plan["due"] == ["web-1"]
    assert plan["stages_due"] == ["early"]


def test_a_measured_duration_counts_instead_of_the_configured_one(durations: Durations) -> None:
    for number in range(3):
        durations.add("web-1", 1000.0 + number, 47.0, "graceful", 300.0)
    (node,) = nodes_of(["web-1"], {"web-1": WEB}, durations)
    assert node["duration_seconds"] == pytest.approx(47.0)


def test_durations_that_nobody_can_read_keep_no_host_on(durations: Durations) -> None:
    Path(durations.path).write_text('{"format": 99}', encoding="utf-8")
    (node,) = nodes_of(["web-1"], {"web-1": WEB}, durations)
    assert node["duration_seconds"] == 20


SWITCH = {**WEB, "shutdown_kind": "switch", "shutdown_command": "halt"}
STAYS = {"shutdown_kind": "switch", "shutdown_stage": "late"}


def test_a_switch_and_the_controller_are_known_by_their_kind(durations: Durations) -> None:
    hosts = {"core-a": SWITCH, "duty-1": {**WEB, "shutdown_kind": "controller"}}
    kinds = [node["kind"] for node in nodes_of(list(hosts), hosts, durations)]
    assert kinds == ["save", "switch", "controller"]


def test_a_switch_is_saved_in_the_first_stage_and_goes_after_its_save(durations: Durations) -> None:
    hosts = {"web-1": WEB, "core-a": {**SWITCH, "shutdown_stage": "late", "shutdown_save_timeout": 45}}
    nodes = {node["name"]: node for node in nodes_of(list(hosts), hosts, durations, first_stage="early")}
    save = nodes["core-a: configuration"]
    assert (save["kind"], save["stage"], save["duration_seconds"]) == ("save", "early", 45)
    assert nodes["core-a"]["after"] == ["core-a: configuration"]
    reading = {"name": "ups-a", "status": "on_battery", "runtime_seconds": 2000.0, "charge_percent": 100.0}
    outage = {"began_at_epoch": 1000.0, "cause": "planned", "due_stages": [], "nodes": {}}
    plan = make_plan(list(nodes.values()), UPSES, POLICY, [{**reading, "read_at_epoch": 1070.0}], outage, 1070.0)
    assert set(plan["due"]) == {"web-1", "core-a: configuration"}


def test_a_switch_that_nothing_switches_off_is_saved_and_never_claimed_off(durations: Durations) -> None:
    behind = {**SWITCH, "shutdown_after": ["core-a"]}
    hosts = {
        "core-a": STAYS,
        "core-b": STAYS | {"shutdown_save_configuration": False},
        "access-1": behind,
        "rack-1": {},
    }
    nodes = nodes_of(["core-a", "core-b", "access-1"], hosts, durations, ["rack-1", "core-a"], "early")
    assert [node["name"] for node in nodes if node["kind"] != "save"] == ["access-1"]
    assert {node["name"] for node in nodes if node["kind"] == "save"} == {
        "core-a: configuration",
        "access-1: configuration",
        "rack-1: configuration",
    }
    assert nodes[-1]["after"] == ["core-a: configuration", "access-1: configuration"]


def test_a_switch_that_is_to_be_saved_and_is_not_in_the_inventory_is_named(durations: Durations) -> None:
    with pytest.raises(AnsibleActionFail, match="core-z is not in the inventory"):
        nodes_of(["web-1"], {"web-1": WEB}, durations, ["core-z"], "early")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"shutdown_power_watts": "much"}, "web-1: shutdown_power_watts is 'much'"),
        ({"shutdown_power_watts": None}, "web-1: shutdown_power_watts is None"),
        ({"shutdown_seconds": -5}, "web-1: shutdown_seconds is -5"),
        ({"shutdown_after": 7}, "web-1: shutdown_after is 7"),
        ({"shutdown_kind": "switch", "shutdown_save_timeout": "soon"}, "web-1: shutdown_save_timeout is 'soon'"),
        ({"shutdown_saves": "dump"}, "web-1: shutdown_saves is 'dump'"),
        ({"shutdown_saves": [{"name": "dump"}]}, "in shutdown_saves"),
    ],
)
def test_what_cannot_be_is_named_with_its_host(durations: Durations, changed: dict[str, Any], named: str) -> None:
    with pytest.raises(AnsibleActionFail, match=named):
        nodes_of(["web-1"], {"web-1": {**WEB, **changed}}, durations)


def test_a_host_that_is_not_in_the_inventory_is_named(durations: Durations) -> None:
    with pytest.raises(AnsibleActionFail, match="web-9 is not in the inventory"):
        nodes_of(["web-9"], {"web-1": WEB}, durations)
