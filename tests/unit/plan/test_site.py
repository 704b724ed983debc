# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan shows of a site, and that no secret is looked at."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_site import Resource, Site, resources_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_thresholds import shown, thresholds_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_variables import Reader, pruned

from tests.unit.plan.example import site, with_variables


def resource(key: str, found: Site | None = None) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The rows of a table by their first cell."""
    tables: dict[str, Resource] = {each.key: each for each in resources_of(found or site())}
    return {row[0][0]: row for row in tables[key].rows}


def test_every_machine_is_listed_with_its_address_and_groups() -> None:
    machines = resource("machines")
    assert machines["core-a"][1:3] == (("192.0.2.11",), ("core_switches, switches",))
    assert machines["server-his"][4] == ("ipmi 192.0.2.131",)
    assert "his" not in machines, "a backup set is no machine"


@pytest.mark.parametrize("plan", ["hospital", ["hospital"], 5])
def test_a_plan_that_is_no_mapping_is_told(plan: object) -> None:
    templar = Templar(loader=DataLoader(), variables={})
    with pytest.raises(AnsibleActionFail, match=r"contingency_plan is .* and has to be a mapping"):
        Reader(templar, {}).plan({"contingency_plan": plan})
    assert Reader(templar, {}).plan({}) == {}


def test_connections_databases_and_backups_are_shown() -> None:
    assert resource("uplinks")["server-his"][1] == ("core-a: eth0", "core-b: eth1")
    fences = resource("databases")["his-db-1"][4]
    assert fences[:2] == ("bmc ipmi 192.0.2.151", "switch_port rack-his GigabitEthernet1/0/1")
    assert fences[2].strip() == "operator"
    assert resource("applications")["his-app-1"][2] == ("http http://127.0.0.1:8080/health",)
    assert resource("backups")["his"][2] == ("/srv/backup/his/latest", "building C offsite-1 /srv/backup/his/latest")


def test_a_ups_is_shown_with_what_it_carries() -> None:
    upses = resource("upses")
    assert upses["ups-a"][1] == ("nut 192.0.2.81",)
    assert "duty" in upses["ups-a"][5][0]
    assert "duty" not in upses["ups-b"][5][0]


def test_hosts_go_in_the_order_of_the_stages() -> None:
    stages = [row[1][0] for row in resource("shutdown").values()]
    assert stages == sorted(stages, key=["not_critical", "critical"].index)


def test_an_empty_inventory_has_no_tables() -> None:
    assert resources_of(Site({"all": []}, {})) == ()


# -- thresholds ------------------------------------------------------------------------------------


def test_a_threshold_is_what_the_site_has_set_or_the_default() -> None:
    found = {each.name: each for each in thresholds_of(site())}
    assert found["core_switch_server_verify_timeout"].value == "20"
    assert not found["core_switch_server_verify_timeout"].default
    assert found["readiness_max_clock_offset"].default
    assert "max_data_loss_seconds: 5" in found["standby_limits"].value


def test_a_value_that_differs_is_shown_with_its_hosts() -> None:
    changed = with_variables("server-his", core_switch_server_verify_timeout=61)
    found = [each for each in thresholds_of(changed) if each.name == "core_switch_server_verify_timeout"]
    assert {each.value: "server-his" in each.hosts for each in found} == {"20": False, "61": True}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (30, "30"),
        (True, "true"),
        ("26h", "26h"),
        (["bmc", "operator"], "bmc, operator"),
        (
            {"stages": [{"name": "a", "after": 1}, {"name": "b", "after": 2}], "r": 3},
            "stages: name a, after 1; name b, after 2\nr: 3",
        ),
    ],
)
def test_a_value_is_shown_as_people_read_it(value: Any, text: str) -> None:
    assert shown(value) == text


# -- secrets ---------------------------------------------------------------------------------------

PLANTED = {
    "standby_bmc": {"protocol": "ipmi", "host": "192.0.2.1", "user": "u", "password": "SECRET-1"},
    "ups_sources": [
        {"name": "a", "kind": "snmp", "host": "192.0.2.2", "community": "SECRET-2", "auth_password": "SECRET-3"},
    ],
    "contingency_plan": {
        "channels": {
            "hook": {"kind": "slack", "url": "https://hooks.example.org/SECRET-4", "api_key": "SECRET-5"},
            "mail": {"kind": "smtp", "password": "SECRET-6"},
        }
    },
    "restore_test_copies": [{"path": "/a", "token": "SECRET-7"}],
}


def test_what_may_be_a_secret_is_never_read() -> None:
    left = pruned(copy.deepcopy(PLANTED))
    assert "SECRET" not in str(left)
    assert left["standby_bmc"] == {"protocol": "ipmi", "host": "192.0.2.1", "user": "u"}
    assert left["contingency_plan"]["channels"]["hook"] == {"kind": "slack"}


def test_a_health_check_keeps_its_address_and_an_entry_its_key() -> None:
    services = [{"name": "HIS", "health": {"kind": "http", "url": "http://127.0.0.1/health"}}]
    assert pruned(services) == services
    assert pruned({"severities": [{"key": "major"}]}) == {"severities": [{"key": "major"}]}
