# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventory is one that the procedures take, with nothing in it that they do not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager
from ansible_collections.contingency.infra.plugins.doc_fragments.switch import ModuleDocFragment
from ansible_collections.contingency.infra.plugins.module_utils._health.model import Service
from ansible_collections.contingency.infra.plugins.module_utils._incident.gaps import gaps
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.find import Wanted
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Limits
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import Source
from ansible_collections.contingency.infra.plugins.module_utils._power.model import Bmc
from ansible_collections.contingency.infra.plugins.module_utils._restore.arguments import order_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.engines import ENGINES
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan
from ansible_collections.contingency.infra.plugins.module_utils._standby.names import partner
from ansible_collections.contingency.infra.plugins.module_utils._switch.failover import argument_limitations
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import Source as UpsSource
from ansible_collections.contingency.infra.plugins.plugin_utils import off_inventory
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from ansible_collections.contingency.infra.plugins.plugin_utils.machine import ConnectionMachine
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_site import nodes_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "inventories/example"
SWITCH_OPTIONS = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
# Said on the command line, or by the playbooks, or fixed by the groups that the playbooks name.
NOT_A_SITES = {
    "core_switch_failed",
    "core_switch_standby",
    "core_switch_direction",
    "core_switch_core_group",
    "core_switch_access_group",
    "core_switch_server_group",
    "standby_failed",
    "standby_target",
    "standby_procedure",
    "standby_database_group",
    "standby_application_group",
    "standby_fenced",
    "accept_data_loss",
    "contingency_confirm",
    "staged_shutdown_group",
    "staged_shutdown_sources",
    "staged_shutdown_upses",
    "restore_test_only",
    "restore_test_group",
    "restore_test_accept_drift",
    "backup_now",
    "drill_scenario",
    "drill_mode",
    "drill_state",
    "drill_id",
    "drill_targets",
    "drill_participants",
    "drill_answers",
    "drill_measured",
    "approval_plan",
    "approval_mode",
    "approval_unavoidable",
    "approval_needed",
    "approval_directory",
    "approval_incident",
    "approval_incident_dir",
    "contingency_drill",
    "approval_drill_dir",
    "contingency_person",
    "contingency_incident",
    "request",
    "approver",
    "sign_with",
    "valid_for",
    "valid_from",
    "comment",
    "sealed",
    "reason",
    "sealed_file",
    "sealed_show",
    "rotated",
}
PROCEDURES = (
    "core_switch",
    "standby",
    "staged_shutdown",
    "restore_test",
    "backup",
    "incident",
    "plan_document",
    "drill",
    "approval",
)
# What a host says of its shutdown and its start, beside what host_shutdown reads.
OF_THE_PLAN = {"stage", "power_watts", "feeds", "after", "seconds", "saves", "health", "start_timeout"}


def specified() -> dict[str, Any]:
    texts = [(ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8") for role in PROCEDURES]
    entries = [entry for text in texts for entry in yaml.safe_load(text)["argument_specs"].values()]
    options = {name: spec for entry in entries for name, spec in entry["options"].items()}
    # Where the playbook that installs the timer says them, or the person at the keyboard.
    said = [name for name in options if name.startswith("incident_") and not name.endswith("_dir")]
    return {
        name: spec for name, spec in options.items() if not name.startswith("restore_test_timer_") and name not in said
    }


@pytest.fixture(scope="module")
def inventory() -> tuple[dict[str, list[str]], dict[str, dict[str, Any]]]:
    """Groups and variables as Ansible itself reads them."""
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(EXAMPLE)])
    variables = VariableManager(loader=loader, inventory=manager)
    hosts = {host.name: variables.get_vars(host=host, include_hostvars=False) for host in manager.get_hosts()}
    groups: dict[str, list[str]] = manager.get_groups_dict()
    return groups, hosts


def own(variables: dict[str, Any], *prefixes: str) -> set[str]:
    return {name for name in variables if name.startswith(prefixes)}


@pytest.mark.parametrize(("failed", "standby"), [("core-a", "core-b"), ("core-b", "core-a")])
def test_procedure_accepts_it_whichever_core_fails(inventory: Any, failed: str, standby: str) -> None:
    groups, hosts = inventory
    assert not argument_limitations(failed, standby, groups, hosts, "core_switches", "access_switches")


def test_every_access_switch_and_server_has_a_port_to_each_core_and_no_other(inventory: Any) -> None:
    groups, hosts = inventory
    for host in [*groups["access_switches"], *groups["servers"]]:
        uplinks = hosts[host]["core_switch_uplinks"]
        assert sorted(uplinks) == sorted(groups["core_switches"]), host
        assert len(set(uplinks.values())) == len(uplinks), host


@pytest.mark.parametrize(("failed", "other"), [("his-db-1", "his-db-2"), ("his-db-2", "his-db-1")])
def test_pair_of_databases_is_found_whichever_fails(inventory: Any, failed: str, other: str) -> None:
    groups, _hosts = inventory
    assert partner(failed, "", groups, "databases") == other


def test_every_database_server_can_be_fenced_in_two_ways_and_replicated_from(inventory: Any) -> None:
    groups, hosts = inventory
    for host in groups["databases"]:
        assert Bmc.from_dict(hosts[host]["standby_bmc"]).protocol in ("ipmi", "redfish"), host
        assert hosts[host]["standby_switch_port"]["switch"] in groups["switches"], host
        assert hosts[host]["standby_replication_address"] not in str(hosts[host]["standby_service_addresses"]), host
    for name in ("standby_bmc", "standby_switch_port", "standby_replication_address"):
        assert hosts["his-db-1"][name] != hosts["his-db-2"][name]


def test_keys_of_the_standby_dictionaries_are_known(inventory: Any) -> None:
    groups, hosts = inventory
    for host in groups["databases"]:
        Wanted.from_dict(hosts[host]["standby_server"])
        Limits.from_dict(hosts[host]["standby_limits"])
        Source.from_dict({"host": "192.0.2.1", **hosts[host]["standby_replication"]})
    for host in groups["applications"]:
        assert [Service.of(service) for service in hosts[host]["standby_services"]]


def test_every_variable_of_the_procedures_is_one_that_they_know(inventory: Any) -> None:
    _groups, hosts = inventory
    used = {name for variables in hosts.values() for name in own(variables, *(f"{role}_" for role in PROCEDURES))}
    assert used <= set(specified())


def test_every_variable_that_a_site_sets_is_shown(inventory: Any) -> None:
    _groups, hosts = inventory
    used = {name for variables in hosts.values() for name in variables}
    assert set(specified()) - NOT_A_SITES <= used


def test_values_have_the_types_that_the_role_asks_for(inventory: Any) -> None:
    _groups, hosts = inventory
    types: dict[str, Any] = {
        "str": str,
        "path": str,
        "int": int,
        "float": (int, float),
        "bool": bool,
        "list": list,
        "dict": dict,
    }
    options = specified()
    for host, variables in hosts.items():
        for name in own(variables, *options) & set(options):
            wanted: Any = types[str(options[name]["type"])]
            if str(variables[name]).startswith("{{ groups["):
                continue
            assert isinstance(variables[name], wanted), f"{host}: {name}"
            values = variables[name] if wanted is list else [variables[name]]
            assert all(value in options[name].get("choices", values) for value in values), f"{host}: {name}"


def test_every_switch_names_a_platform_that_is_documented(inventory: Any) -> None:
    groups, hosts = inventory
    documented = " ".join(SWITCH_OPTIONS["platform"]["description"])
    for host in groups["switches"]:
        platform = hosts[host].get("switch_platform") or hosts[host]["ansible_network_os"]
        assert f"V({platform})" in documented, host


def test_every_variable_of_the_connection_is_one_that_the_modules_read(inventory: Any) -> None:
    groups, hosts = inventory
    documented = " ".join(str(option["description"]) for option in SWITCH_OPTIONS.values()) + "switch_management_port"
    for host in groups["switches"]:
        for name in own(hosts[host], "switch_"):
            assert name in documented, f"{host}: {name}"


def plan_of(inventory: Any, folder: Path) -> dict[str, Any]:
    """What the planner makes of the example while mains is there and the batteries are full."""
    groups, hosts = inventory
    variables = hosts["duty"]
    nodes = nodes_of(groups["shutdown_hosts"], hosts, Durations(str(folder / "durations.json")))
    reading = {"status": "online", "charge_percent": 100.0, "read_at_epoch": 1000.0, "age_seconds": 0.0}
    readings = [{**reading, "name": ups["name"], "load_percent": 40.0} for ups in variables["shutdown_upses"]]
    policy = variables["staged_shutdown_policy"]
    return make_plan(nodes, variables["shutdown_upses"], policy, readings, None, 1000.0)


def test_policy_of_the_example_can_be_met_by_its_batteries(inventory: Any, tmp_path: Path) -> None:
    plan = plan_of(inventory, tmp_path)
    assert plan["feasible"]
    assert plan["problems"] == []


def test_smaller_batteries_than_those_of_the_example_would_be_told(inventory: Any, tmp_path: Path) -> None:
    groups, hosts = inventory
    upses = [{**ups, "derate": 0.3} for ups in hosts["duty"]["shutdown_upses"]]
    plan = plan_of((groups, {**hosts, "duty": {**hosts["duty"], "shutdown_upses": upses}}), tmp_path)
    assert any("which the batteries do not reach" in problem for problem in plan["problems"])


def test_every_ups_is_read_and_known_under_one_name(inventory: Any) -> None:
    groups, hosts = inventory
    variables = hosts["duty"]
    read = [UpsSource.from_dict(source).name for source in variables["ups_sources"]]
    assert read == [ups["name"] for ups in variables["shutdown_upses"]]
    assert {feed for host in groups["shutdown_hosts"] for feed in hosts[host]["shutdown_feeds"]} == set(read)


def test_every_variable_of_a_switch_that_is_saved_is_shown_and_known(inventory: Any) -> None:
    groups, hosts = inventory
    used = {name for host in groups["switches"] for name in own(hosts[host], "shutdown_")}
    assert used - {"shutdown_upses"} == {"shutdown_save_timeout", "shutdown_save_configuration"}


def test_every_variable_of_a_shutdown_is_shown_and_known(inventory: Any) -> None:
    groups, hosts = inventory
    used = {name for host in groups["shutdown_hosts"] for name in own(hosts[host], "shutdown_")}
    known = {name for name in off_inventory.VARIABLES if name.startswith("shutdown_")}
    assert used - {"shutdown_upses"} == known | {f"shutdown_{name}" for name in OF_THE_PLAN}


def test_every_host_that_is_shut_down_can_be_and_somebody_confirms_it(inventory: Any) -> None:
    groups, hosts = inventory
    for name in groups["shutdown_hosts"]:
        settings = off_inventory.settings_from({}, hosts[name])
        host = off_inventory.host_to_shut(name, settings)
        assert host.kind.shut_down, name
        assert settings["bmc"] or settings["confirm"] or host.is_controller, name
        off_inventory.witnesses_of(name, settings["confirm"] or {}, lambda at: ConnectionMachine(at, hosts[at]), hosts)


def test_every_backup_set_can_be_tested_and_has_two_copies_in_two_places(inventory: Any) -> None:
    groups, hosts = inventory
    for name in groups["backup_sets"]:
        variables = hosts[name]
        given = {key.removeprefix("restore_test_"): value for key, value in variables.items()}
        directories = {"scratch_directory": given["scratch_dir"], "history_directory": given["history_dir"]}
        order = order_of({**given, **directories, "name": name})
        assert order.engine in ENGINES
        assert order.max_age is not None, "the role refuses a set of which any age is good"
        assert len({copy.place or copy.host for copy in order.copies}) >= 2
        assert variables["restore_test_host"] in hosts


def test_plan_of_the_example_can_be_used_and_everybody_in_it_can_be_told(inventory: Any) -> None:
    _groups, hosts = inventory
    policy = policy_from(hosts["duty"]["contingency_plan"])
    assert gaps(policy, policy.on_call[0].begin_epoch) == ()
    cashiers = next(notice for notice in policy.notices if notice.key == "cashiers")
    assert (cashiers.when.outage_over, cashiers.to) == (1200.0, ("cashiers",))


def test_probe_hosts_are_in_the_inventory(inventory: Any) -> None:
    _groups, hosts = inventory
    named = {probe for variables in hosts.values() for probe in variables.get("core_switch_probe_from", [])}
    assert named
    assert named <= set(hosts)


def test_passwords_are_only_references_to_a_vault(inventory: Any) -> None:
    _groups, hosts = inventory
    secrets = [
        variables[name]
        for variables in hosts.values()
        for name in variables
        if name.endswith(("_password", "_pass", "_passphrase"))
    ]
    bmcs = [variables[name] for variables in hosts.values() for name in own(variables, "standby_bmc", "shutdown_bmc")]
    secrets += [bmc["password"] for bmc in bmcs]
    sources = hosts["duty"]["ups_sources"]
    secrets += [source[name] for source in sources for name in source if name.endswith(("password", "community"))]
    assert secrets
    assert all(secret.startswith("{{ vault_") for secret in secrets)


def test_every_variable_is_explained_by_a_comment_where_it_is_set_first() -> None:
    explained, used = set(), set()
    for file in EXAMPLE.glob("*_vars/**/*.yml"):
        for paragraph in file.read_text(encoding="utf-8").removeprefix("---\n").split("\n\n"):
            names = {line.partition(":")[0] for line in paragraph.splitlines() if line[:1].isalpha()}
            used |= names
            explained |= names if paragraph.startswith("#") else set()
    assert used
    assert used <= explained
