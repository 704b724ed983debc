# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible inventory of the lab, made from its topology."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from lab.instance import Instance
from lab.machine import Machine
from lab.power.store import pace
from lab.topology import Topology


def write(instance: Instance, topology: Topology, machines: Iterable[Machine]) -> None:
    new = instance.inventory.with_suffix(".new")
    new.write_text(json.dumps(build(instance, topology, machines), indent=2), encoding="utf-8")
    new.rename(instance.inventory)


def build(instance: Instance, topology: Topology, machines: Iterable[Machine]) -> dict[str, Any]:
    """As an Ansible inventory script prints it for --list."""
    machines = list(machines)
    hosts: dict[str, dict[str, Any]] = {}
    groups: dict[str, dict[str, Any]] = {}
    for machine in machines:
        if machine.groups():
            hosts[machine.name] = _host(topology, machine)
        for group in machine.groups():
            groups.setdefault(group, {"hosts": []})["hosts"].append(machine.name)
        for name, variables in machine.backup_sets().items():
            hosts[name] = dict(variables)
            groups.setdefault("backup_sets", {"hosts": []})["hosts"].append(name)
    for machine in machines:
        for other, variables in machine.variables_of_others().items():
            hosts[other].update(variables)
    return {**groups, "all": {"vars": {**_everywhere(instance), **_lists(machines)}}, "_meta": {"hostvars": hosts}}


def _everywhere(instance: Instance) -> dict[str, Any]:
    return {
        # Several labs have the same addresses: a login that is kept open for one must not serve another.
        "ansible_control_path_dir": str(instance.control_paths),
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={instance.known_hosts} -o StrictHostKeyChecking=yes",
        "ansible_ssh_private_key_file": str(instance.client_key),
        # Times of a policy are divided by it: see "The part power" in lab/README.md.
        "lab_pace": pace(instance),
        "switch_known_hosts": str(instance.known_hosts),
    }


def _lists(machines: Iterable[Machine]) -> dict[str, list[Any]]:
    lists: dict[str, list[Any]] = {}
    for machine in machines:
        for name, entries in machine.lists_of_all().items():
            lists.setdefault(name, []).extend(entries)
    return lists


def _host(topology: Topology, machine: Machine) -> dict[str, Any]:
    variables: dict[str, Any] = {"ansible_host": machine.spec.management, **machine.login(), **machine.variables()}
    uplinks = {
        other.machine: own.name
        for own, other in topology.links_of(machine.name)
        if topology.machines[other.machine].role == "core"
    }
    if uplinks and machine.spec.role != "core":
        variables["core_switch_uplinks"] = uplinks
    return variables
