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
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.find import Wanted
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Limits
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import Source
from ansible_collections.contingency.infra.plugins.module_utils._power.model import Bmc
from ansible_collections.contingency.infra.plugins.module_utils._standby.names import partner
from ansible_collections.contingency.infra.plugins.module_utils._switch.failover import argument_limitations

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
}
PROCEDURES = ("core_switch", "standby")


def specified() -> dict[str, Any]:
    texts = [(ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8") for role in PROCEDURES]
    entries = [entry for text in texts for entry in yaml.safe_load(text)["argument_specs"].values()]
    return {name: spec for entry in entries for name, spec in entry["options"].items()}


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
        for name in own(variables, *options):
            wanted: Any = types[str(options[name]["type"])]
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
    secrets += [variables["standby_bmc"]["password"] for variables in hosts.values() if "standby_bmc" in variables]
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
