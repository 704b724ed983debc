# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory that is wrong in one place keeps one host on at the most, and is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import FAILED
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_mend import mended
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_site import nodes_of, without_faults
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_world import SiteWorld

GOOD = {"shutdown_stage": "early", "shutdown_power_watts": 200, "shutdown_feeds": ["ups-a"], "shutdown_seconds": 20}
UPSES = [{"name": name, "nominal_watts": 1000, "runtime_table": [[10, 100], [100, 10]]} for name in ("ups-a", "ups-b")]
POLICY = {"stages": [{"name": "early", "after_seconds": 60}, {"name": "late", "after_seconds": 120}]}


@pytest.fixture
def durations(tmp_path: Path) -> Durations:
    return Durations(str(tmp_path / "durations.json"))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"shutdown_power_watts": "lots"}, "shutdown_power_watts"),
        ({"shutdown_power_watts": None}, "shutdown_power_watts"),
        ({"shutdown_seconds": "a minute"}, "shutdown_seconds"),
        ({"shutdown_saves": "pg_dumpall"}, "shutdown_saves"),
        ({"shutdown_after": {"web": 1}}, "shutdown_after"),
        ({"shutdown_kind": "switch", "shutdown_save_timeout": "soon"}, "shutdown_save_timeout"),
        ({"shutdown_stage": "erly"}, "stage erly"),
        ({"shutdown_stage": None}, "stage (none)"),
        ({"shutdown_feeds": ["ups-c"]}, "ups-c"),
        ({"shutdown_feeds": []}, "shutdown_feeds"),
        ({"shutdown_feeds": ["ups-b", "ups-c"]}, "counts as on ups-b"),
        ({"shutdown_after": ["gone"]}, "goes after gone"),
    ],
)
def test_one_wrong_variable_is_named_and_all_hosts_have_a_plan(
    durations: Durations, wrong: dict[str, Any], named: str
) -> None:
    hostvars = {"web": GOOD, "odd": {**GOOD, "shutdown_command": "halt", "ansible_host": "192.0.2.7", **wrong}}
    usable, remarks = without_faults(list(hostvars), hostvars, durations)
    found = {**hostvars, **usable}
    nodes, changed = mended(nodes_of(list(hostvars), found, durations), UPSES, POLICY)
    (remark,) = [*remarks, *changed]
    assert "odd" in remark
    assert named in remark
    assert found["odd"]["ansible_host"] == "192.0.2.7"
    low = [{"name": ups["name"], "status": "low_battery", "read_at_epoch": 1070.0} for ups in UPSES]
    outage = {"began_at_epoch": 1000.0, "cause": "mains", "due_stages": [], "nodes": {}}
    plan = make_plan(nodes, UPSES, POLICY, low, outage, 1070.0)
    assert {"web", "odd"} <= {each["name"] for each in plan["schedule"]}
    assert "web" in plan["due"]


def test_a_good_inventory_is_left_as_it_is(durations: Durations) -> None:
    nodes = nodes_of(["web"], {"web": GOOD}, durations)
    assert without_faults(["web"], {"web": GOOD}, durations) == ({}, [])
    assert mended(nodes, UPSES, POLICY) == (nodes, [])


def test_a_host_that_is_not_in_the_inventory_is_refused(durations: Durations) -> None:
    with pytest.raises(AnsibleActionFail, match="gone is not in the inventory"):
        without_faults(["gone"], {}, durations)


def test_a_host_of_a_kind_that_is_not_known_is_named(durations: Durations) -> None:
    hostvars = {"web": GOOD, "odd": {**GOOD, "shutdown_kind": "linx"}}
    world = SiteWorld(["web", "odd"], hostvars, [], 1.0, durations, print)
    assert len(world.refused) == 1
    assert world.refused[0].startswith("odd")
    assert "linx" in world.refused[0]


def test_why_a_host_cannot_be_used_names_it(durations: Durations) -> None:
    class Undefined(dict[str, Any]):
        """Variables of which one needs a vault that is not there."""

        def __getitem__(self, name: str) -> Any:
            if name == "shutdown_bmc":
                raise AnsibleError("'vault_password' is undefined")
            return super().__getitem__(name)

    world = SiteWorld(["odd"], {"odd": Undefined(GOOD, shutdown_bmc={})}, [], 1.0, durations, print)
    assert world.refused == ["odd: 'vault_password' is undefined."]


def test_a_host_that_is_refused_fails_alone(durations: Durations) -> None:
    hostvars = {"web": GOOD, "odd": {**GOOD, "shutdown_kind": "linx"}}
    world = SiteWorld(["web", "odd"], hostvars, [], 1.0, durations, print)
    for work in (world.order({"name": "odd", "kind": "host"}, hurried=True), world.start({"name": "odd"})):
        outcome = work()
        assert (outcome.state, outcome.how) == (FAILED, "not begun")
        assert "linx" in outcome.message
