# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in topology.yml, and with which words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import inventory, kinds, network, rootfs
from lab.engine import Lab
from lab.errors import LabError
from lab.instance import Instance
from lab.topology import DEFAULT_FILE, Port, load, parse

assert kinds.__all__


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8"))
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["links"].append(["core-a:swp90", "core-z:swp1"]), "core-z"),
        (lambda t: t["links"].append(["core-a:swp1", "core-b:swp90"]), "Two links end at core-a:swp1"),
        (lambda t: t["links"].append(["core-a", "core-b:swp90"]), "'core-a' is not a port"),
        (lambda t: t["machines"]["core-a"].update(management="10.77.0.12"), "both have the address 10.77.0.12"),
        (lambda t: t["machines"]["core-a"].update(address="192.0.2.1"), "192.0.2.1 of machine core-a is not in"),
        (lambda t: t["machines"]["core-a"].update(kind="toaster"), "kind toaster: known are"),
        (lambda t: t["machines"]["core-a"].update(layer2="token-ring"), "layer2 of machine core-a must be one of"),
        (lambda t: t["machines"]["core-a"].update(priority="high"), "priority of machine core-a must be of type int"),
        (lambda t: t["machines"]["core-a"].update(priority=5), "multiple of 4096"),
        (lambda t: t["machines"]["core-a"].update(colour="red"), "machine core-a has unknown entries colour"),
        (lambda t: t["machines"]["core-a"].pop("platform"), "machine core-a needs platform"),
        (lambda t: t["machines"]["core-a"].update(shutdown=["swp99"]), "shutdown of core-a names swp99"),
        (lambda t: t["machines"]["server-his"]["bond"].update(members=["eth0"]), "server-his's bond"),
        (lambda t: t["networks"].pop("hospital"), "networks has no hospital"),
        (lambda t: t["networks"]["hospital"].update(service="10.9.0.51"), "his-db-1 and the service both have"),
        (
            lambda t: t["machines"]["his-cold-1"].update(power="cold"),
            "power of machine his-cold-1 must be true or false",
        ),
        (lambda t: t["machines"]["his-db-1"].update(database={"begins_as": "king"}), "begins_as of database of"),
        (lambda t: t["machines"]["bmc-db-1"].update(controls=["his-db-9"]), "bmc-db-1 controls his-db-9"),
        (
            lambda t: t["machines"]["bmc-db-1"].update(controls=["his-db-1", "his-db-2"]),
            "bmc-db-1 must control one machine",
        ),
        (lambda t: t["machines"]["lis-db-1"].update(feeds=["ups-z"]), "feeds of machine lis-db-1 names ups-z"),
        (lambda t: t["machines"]["lis-db-1"].update(after=["his-db-1"]), "after of machine lis-db-1 names his-db-1"),
        (lambda t: t["machines"]["lis-db-1"].update(feeds=[]), "lis-db-1 needs feeds and watts"),
        (lambda t: t["machines"]["ups-a"].update(runtime_minutes=[9, 10]), "runtime_minutes of machine ups-a"),
    ],
)
def test_a_wrong_entry_is_named(change: Callable[[dict[str, Any]], object], words: str) -> None:
    with pytest.raises(LabError, match=words.replace("(", r"\(")):
        assert Lab(Instance("unused"), parse(changed(change))).machines


def test_the_name_of_an_instance_is_checked() -> None:
    with pytest.raises(LabError, match=r"LAB_NAME is 'a\.b'"):
        Instance("a.b")


def test_the_inventory_tells_where_the_uplinks_are() -> None:
    lab = Lab(Instance("unused"), load())
    made = inventory.build(lab.instance, lab.topology, lab.machines.values())
    hosts = made["_meta"]["hostvars"]
    assert made["core_switches"]["hosts"] == ["core-a", "core-b"]
    assert len(made["switches"]["hosts"]) == len(made["access_switches"]["hosts"]) + 3
    assert hosts["access-ward"]["core_switch_uplinks"] == {"core-a": "swp49", "core-b": "swp50"}
    assert hosts["server-his"]["core_switch_uplinks"] == {"core-a": "eth0", "core-b": "eth1"}
    assert "core_switch_uplinks" not in hosts["core-a"]
    assert (hosts["access-pharmacy"]["switch_platform"], hosts["access-pharmacy"]["ansible_user"]) == ("frr", "admin")


def test_the_inventory_tells_how_a_server_is_switched_off_and_who_takes_over() -> None:
    lab = Lab(Instance("unused"), load())
    made = inventory.build(lab.instance, lab.topology, lab.machines.values())
    hosts = made["_meta"]["hostvars"]
    assert made["databases"]["hosts"] == ["his-db-1", "his-db-2", "his-cold-1"]
    assert made["cold_standbys"]["hosts"] == ["his-cold-1"]
    assert (hosts["his-db-1"]["standby_partner"], hosts["his-db-2"]["standby_partner"]) == ("his-db-2", "his-db-1")
    ipmi = hosts["his-db-1"]["standby_bmc"]
    assert (ipmi["protocol"], ipmi["host"], ipmi["port"]) == ("ipmi", "10.77.0.151", 623)
    assert hosts["his-db-2"]["standby_bmc"]["protocol"] == "redfish"
    assert hosts["his-cold-1"]["standby_bmc"]["mac"].startswith("02:00:00:00:")
    assert hosts["his-db-1"]["standby_switch_port"] == {"switch": "rack-his", "port": "swp1"}


def test_the_inventory_has_the_backup_set_where_the_server_is_that_restores_it() -> None:
    lab = Lab(Instance("unused"), load())
    made = inventory.build(lab.instance, lab.topology, lab.machines.values())
    assert made["backup_sets"]["hosts"] == ["hospital"]
    assert made["_meta"]["hostvars"]["hospital"] == {"restore_test_host": "backup-1"}
    assert made["backup_hosts"]["hosts"] == ["backup-1"]
    without = lab.topology.of_parts(("network",))
    machines = [machine for machine in lab.machines.values() if machine.name in without.machines]
    assert "backup_sets" not in inventory.build(lab.instance, without, machines)


def test_the_inventory_tells_how_hosts_are_shut_down_and_what_the_upses_hold() -> None:
    lab = Lab(Instance("unused"), load())
    made = inventory.build(lab.instance, lab.topology, lab.machines.values())
    hosts, everywhere = made["_meta"]["hostvars"], made["all"]["vars"]
    assert len(made["shutdown_hosts"]["hosts"]) == 8
    assert made["ups"]["hosts"] == ["ups-a", "ups-b"]
    report = hosts["lis-db-1"]
    assert report["shutdown_after"] == ["lis-app-1", "lis-app-2", "lis-report-1"]
    assert (report["shutdown_stage"], report["shutdown_feeds"]) == ("critical", ["ups-a", "ups-b"])
    assert (report["shutdown_power_watts"], report["shutdown_services"]) == (450, ["lis-database.service"])
    assert report["shutdown_bmc"]["host"] == "10.77.0.187"
    assert hosts["lis-web-1"]["shutdown_bmc"]["system_id"] != hosts["lis-web-2"]["shutdown_bmc"]["system_id"]
    assert [source["host"] for source in everywhere["ups_sources"]] == ["10.77.0.71", "10.77.0.72"]
    assert everywhere["shutdown_upses"][0]["runtime_table"][3] == [40.0, 124 / everywhere["lab_pace"]]


def test_a_part_has_its_machines_the_controller_and_the_links_between_them() -> None:
    whole = load()
    assert whole.parts == ("network", "standby", "power", "backup")
    part = whole.of_parts(["standby"])
    assert {"controller", "rack-his", "his-db-1", "bmc-db-1"} <= set(part.machines)
    assert "core-b" not in part.machines
    assert not any(port.machine == "core-b" for link in part.links for port in link.ends())
    assert whole.of_parts(whole.parts).machines == whole.machines
    with pytest.raises(LabError, match="no part attic: it has network, standby, power, backup"):
        whole.of_parts(["attic"])


def test_a_machine_has_the_same_hardware_address_in_every_part() -> None:
    whole = load()
    part = whole.of_parts(["standby"])
    assert network.management_address(part, "his-db-1") == network.management_address(whole, "his-db-1")


def test_a_link_is_found_from_either_end() -> None:
    topology = load()
    assert topology.link_at(Port("core-a", "swp1")) == topology.link_at(Port("core-b", "swp1"))


def test_only_debians_own_sources_of_the_suite_build_the_root_file_system(tmp_path: Path) -> None:
    assert rootfs.is_debian_line("deb [arch=amd64] http://mirror.example/debian bookworm main contrib")
    assert not rootfs.is_debian_line("deb http://apt.example/pg bookworm-pgdg main")
    assert not rootfs.is_debian_line("# deb http://mirror.example/debian bookworm main")
    assert rootfs.is_debian_paragraph("Types: deb\nURIs: http://m.example\nSuites: bookworm\nComponents: main")
    assert not rootfs.is_debian_paragraph("Types: deb\nURIs: http://d.example\nSuites: bookworm\nComponents: stable")
