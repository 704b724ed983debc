# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of the hosts that a staged shutdown is for, as the nodes that the planner works with."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations, DurationsError
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain

DEFAULT_SECONDS = 180.0
"""How long a shutdown is taken to last where none was measured and the inventory says nothing."""
SAVE_SECONDS = 300.0
SWITCH_SAVE_SECONDS = 120.0
NODE_KINDS = {"switch": "switch", "controller": "controller"}
SAVE_MARK = ": "
"""Stands in the name of each save, between that of its host and its own, and in that of no host."""
SAVE_OPTIONS = ("name", "command", "timeout")


@dataclass(frozen=True)
class Save:
    """A backup that is made on a host before it goes: a command there, and how long it may take in seconds."""

    name: str
    host: str
    command: str
    timeout: float


@dataclass(frozen=True)
class SwitchSave:
    """The log and the configuration of a switch, saved before its power goes; ``timeout`` in seconds."""

    name: str
    switch: str
    timeout: float


def without_faults(
    hosts: Sequence[str], hostvars: Mapping[str, Any], durations: Durations
) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """Return the variables of those hosts of whose not all can be used, without these, and remarks.

    One wrong variable must not keep all other hosts on until the batteries are empty.
    """
    _require_known(hosts, hostvars)
    found: dict[str, Mapping[str, Any]] = {}
    remarks: list[str] = []
    for host in hosts:
        try:
            _try(host, hostvars[host], durations)
        except AnsibleError as error:
            found[host] = _sound(host, hostvars[host], durations)
            remarks.append(f"{str(error.message).rstrip('.')}. What can be used of {host} is used.")
    return found, remarks


def _sound(host: str, variables: Mapping[str, Any], durations: Durations) -> Mapping[str, Any]:
    """Return the variables of a host without those of the shutdown that cannot be used, tried one by one."""
    sound: dict[str, Any] = {"shutdown_power_watts": 0.0}
    bad = set()
    for name in [each for each in variables if each.startswith("shutdown_")]:
        try:
            tried = {**sound, name: variables[name]}
            _try(host, tried, durations)
        except AnsibleError:
            bad.add(name)
        else:
            sound = tried
    return _Variables(variables, bad, {"shutdown_power_watts": sound["shutdown_power_watts"]})


def _try(host: str, variables: Mapping[str, Any], durations: Durations) -> None:
    """AnsibleError says what of a host's variables cannot be used."""
    _host_node(host, variables, [save.name for save in saves_of(host, variables)], durations)
    switch_saves_of([host], (), {host: variables})


class _Variables(Mapping[str, Any]):
    """The variables of a host without some and with others; each is only made up when it is asked for."""

    def __init__(self, variables: Mapping[str, Any], without: Container[str], others: Mapping[str, Any]) -> None:
        self._variables = variables
        self._without = without
        self._others = others

    def __getitem__(self, name: str) -> Any:
        if name in self._others:
            return self._others[name]
        if name in self._without:
            raise KeyError(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        own = (name for name in self._variables if name not in self._without and name not in self._others)
        return iter([*self._others, *own])

    def __len__(self) -> int:
        return len(list(iter(self)))


def nodes_of(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    durations: Durations,
    switches: Sequence[str] = (),
    first_stage: str | None = None,
) -> list[dict[str, Any]]:
    """Return the nodes of these hosts and of all saves; AnsibleActionFail names what cannot be.

    ``switches`` are saved and not shut, beside those among the hosts; all of them in the ``first_stage``, while there
    is time.
    """
    _require_known([*hosts, *switches], hostvars)
    switch_saves = switch_saves_of(hosts, switches, hostvars)
    of_switch = {save.switch: save.name for save in switch_saves}
    found = [_node_of_save(save, first_stage or hostvars[save.switch].get("shutdown_stage")) for save in switch_saves]
    stays = {host for host in hosts if only_saved(hostvars[host])}
    for host in hosts:
        variables = hostvars[host]
        saves = saves_of(host, variables)
        found += [_node_of_save(save, variables.get("shutdown_stage")) for save in saves]
        if host not in stays:
            own = [of_switch[host]] if host in of_switch else []
            found.append(_host_node(host, variables, [*own, *(save.name for save in saves)], durations))
    # What goes after a switch that nobody switches off goes after its save.
    return [{**node, "after": _instead(node["after"], stays, of_switch)} for node in found]


def _require_known(names: Iterable[str], hostvars: Mapping[str, Any]) -> None:
    for name in names:
        if name not in hostvars:
            raise AnsibleActionFail(f"{name} is not in the inventory; correct the list of hosts.")


def _instead(names: Iterable[str], stays: Container[str], of_switch: Mapping[str, str]) -> list[str]:
    told = [of_switch.get(name) if name in stays else name for name in names]
    return [name for name in told if name is not None]


def only_saved(variables: Mapping[str, Any]) -> bool:
    """Is it a switch that nothing here can switch off? It goes off with its power, and nobody says that it is off."""
    means = ("shutdown_command", "shutdown_bmc", "standby_bmc")
    return variables.get("shutdown_kind") == "switch" and not any(variables.get(name) for name in means)


def switch_saves_of(hosts: Iterable[str], switches: Iterable[str], hostvars: Mapping[str, Any]) -> list[SwitchSave]:
    """Return the saves of the switches among the hosts and of those that are named, without those told not to."""
    of_hosts = [host for host in hosts if hostvars[host].get("shutdown_kind") == "switch"]
    names = [name for name in dict.fromkeys([*of_hosts, *switches]) if _wanted(hostvars[name])]
    return [SwitchSave(f"{name}{SAVE_MARK}configuration", name, _save_seconds(name, hostvars[name])) for name in names]


def _save_seconds(name: str, variables: Mapping[str, Any]) -> float:
    return _figure(name, variables, "shutdown_save_timeout", SWITCH_SAVE_SECONDS)


def _wanted(variables: Mapping[str, Any]) -> bool:
    return bool(boolean(variables.get("shutdown_save_configuration", True), strict=False))


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
    return Save(
        f"{host}{SAVE_MARK}{name}", host, str(described["command"]), _figure(host, described, "timeout", SAVE_SECONDS)
    )


def _node_of_save(save: Save | SwitchSave, stage: Any) -> dict[str, Any]:
    return {
        "name": save.name,
        "kind": "save",
        "stage": stage,
        "duration_seconds": save.timeout,
        "power_watts": 0.0,
        "feeds": [],
        "after": [],
    }


def _host_node(host: str, variables: Mapping[str, Any], saves: Sequence[str], durations: Durations) -> dict[str, Any]:
    measured = _measured(host, durations)
    seconds = _figure(host, variables, "shutdown_seconds", DEFAULT_SECONDS) if measured is None else measured
    return {
        "name": host,
        "kind": NODE_KINDS.get(str(variables.get("shutdown_kind")), "host"),
        "stage": variables.get("shutdown_stage"),
        "duration_seconds": seconds,
        "power_watts": _figure(host, variables, "shutdown_power_watts", None),
        "feeds": _names(host, variables, "shutdown_feeds"),
        "after": [*_names(host, variables, "shutdown_after"), *saves],
    }


def _measured(host: str, durations: Durations) -> float | None:
    """Return the measured duration; a file that nobody can read keeps no host on, the inventory counts then."""
    try:
        return durations.p95(host)
    except DurationsError:
        return None


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
