# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of the hosts that a staged shutdown is for, as the nodes that the planner works with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain

DEFAULT_SECONDS = 180.0
"""How long a shutdown is taken to last where none was measured and the inventory says nothing."""
SAVE_SECONDS = 300.0
NODE_KINDS = {"switch": "switch", "controller": "controller"}
SAVE_OPTIONS = ("name", "command", "timeout")


@dataclass(frozen=True)
class Save:
    """A backup that is made on a host before it goes: a command there, and how long it may take in seconds."""

    name: str
    host: str
    command: str
    timeout: float


def nodes_of(hosts: Iterable[str], hostvars: Mapping[str, Any], durations: Durations) -> list[dict[str, Any]]:
    """Return the nodes of these hosts and of their saves; AnsibleActionFail names what cannot be."""
    found: list[dict[str, Any]] = []
    for host in hosts:
        if host not in hostvars:
            raise AnsibleActionFail(f"{host} is not in the inventory; correct the list of hosts.")
        variables = hostvars[host]
        saves = saves_of(host, variables)
        found += [_save_node(save, variables) for save in saves]
        found.append(_host_node(host, variables, saves, durations))
    return found


def saves_of(host: str, variables: Mapping[str, Any]) -> list[Save]:
    """Return the backups that the inventory names for a host."""
    described = plain(variables.get("shutdown_saves") or [])
    if not isinstance(described, list):
        raise AnsibleActionFail(f"{host}: shutdown_saves is {described!r}; write a list of {{name, command, timeout}}.")
    return [_save(host, each) for each in described]


def _save(host: str, described: Any) -> Save:
    if not isinstance(described, Mapping) or set(described) - set(SAVE_OPTIONS) or not described.get("command"):
        raise AnsibleActionFail(f"{host}: {described!r} in shutdown_saves; it has {', '.join(SAVE_OPTIONS)}.")
    name = str(described.get("name") or "save")
    return Save(f"{host}: {name}", host, str(described["command"]), _figure(host, described, "timeout", SAVE_SECONDS))


def _save_node(save: Save, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": save.name,
        "kind": "save",
        "stage": variables.get("shutdown_stage"),
        "duration_seconds": save.timeout,
        "power_watts": 0.0,
        "feeds": [],
        "after": [],
    }


def _host_node(host: str, variables: Mapping[str, Any], saves: Sequence[Save], durations: Durations) -> dict[str, Any]:
    measured = durations.p95(host)
    seconds = _figure(host, variables, "shutdown_seconds", DEFAULT_SECONDS) if measured is None else measured
    return {
        "name": host,
        "kind": NODE_KINDS.get(str(variables.get("shutdown_kind")), "host"),
        "stage": variables.get("shutdown_stage"),
        "duration_seconds": seconds,
        "power_watts": _figure(host, variables, "shutdown_power_watts", None),
        "feeds": _names(host, variables, "shutdown_feeds"),
        "after": [*_names(host, variables, "shutdown_after"), *(save.name for save in saves)],
    }


def _figure(host: str, variables: Mapping[str, Any], name: str, otherwise: float | None) -> float:
    value = variables.get(name, otherwise)
    try:
        figure = float(value)
    except (TypeError, ValueError):
        figure = -1.0
    if figure < 0:
        raise AnsibleActionFail(f"{host}: {name} is {value!r}; write a figure above 0 in its inventory variables.")
    return figure


def _names(host: str, variables: Mapping[str, Any], name: str) -> list[str]:
    value = plain(variables.get(name, []))
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise AnsibleActionFail(f"{host}: {name} is {value!r}; write a list of names.")
    return names
