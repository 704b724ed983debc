# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of a site, as the plan shows it: machines, links, databases, UPSes, backups.

Only the variables named here are read, and of those that hold a password only what is beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Variables = Mapping[str, Any]
Cells = tuple[tuple[str, ...], ...]
"""The cells of one row, each with one or more lines."""
READ = (
    "ansible_host",
    "ansible_network_os",
    "switch_platform",
    "core_switch_uplinks",
    "core_switch_reachable",
    "core_switch_server_reachable",
    "standby_bmc",
    "standby_engine",
    "standby_service_addresses",
    "standby_interface",
    "standby_replication_address",
    "standby_switch_port",
    "standby_fence",
    "standby_services",
    "shutdown_bmc",
    "shutdown_kind",
    "shutdown_stage",
    "shutdown_after",
    "shutdown_feeds",
    "shutdown_seconds",
    "shutdown_upses",
    "ups_sources",
    "staged_shutdown_policy",
    "restore_test_engine",
    "restore_test_copies",
    "restore_test_max_age",
    "restore_test_rto",
    "restore_test_rpo",
    "restore_test_host",
)
"""All variables that are read. Of standby_bmc, shutdown_bmc and ups_sources only what is no secret is shown."""
OWN_GROUPS = frozenset(("all", "ungrouped"))


@dataclass(frozen=True)
class Resource:
    """A table of resources. ``key`` names it and its heads in the words; ``rows``: the first cell is the name."""

    key: str
    heads: tuple[str, ...]
    rows: tuple[Cells, ...]


@dataclass(frozen=True)
class Site:
    """An inventory: its groups, and the variables of each host as Ansible gives them."""

    groups: Mapping[str, Sequence[str]]
    hosts: Mapping[str, Variables]

    def of(self, group: str) -> list[str]:
        return [name for name in self.groups.get(group, ()) if name in self.hosts]

    def groups_of(self, host: str) -> list[str]:
        return [name for name, members in self.groups.items() if host in members and name not in OWN_GROUPS]

    def first(self, name: str) -> Any:
        """Return a variable that the controller has, from whichever host has it."""
        return next((variables[name] for variables in self.hosts.values() if name in variables), None)


def resources_of(site: Site) -> tuple[Resource, ...]:
    """Pure: every table in which there is something."""
    found = (
        _machines(site),
        _uplinks(site),
        _databases(site),
        _applications(site),
        _upses(site),
        _shutdown(site),
        _backups(site),
    )
    return tuple(resource for resource in found if resource.rows)


def _table(key: str, heads: str, rows: Iterator[Cells]) -> Resource:
    return Resource(key, tuple(heads.split()), tuple(rows))


def _cell(*lines: object) -> tuple[str, ...]:
    """Return the lines of a cell without those that say nothing."""
    return tuple(text for line in lines if line is not None and (text := str(line).strip()))


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values or ())


# -- machines and links ----------------------------------------------------------------------------


def _machines(site: Site) -> Resource:
    # A backup set is a name without a machine of its own.
    names = [name for name in site.hosts if name not in site.of("backup_sets")]
    return _table("machines", "name address groups reached management", (_machine(site, name) for name in names))


def _machine(site: Site, name: str) -> Cells:
    variables = site.hosts[name]
    return (
        _cell(name),
        _cell(variables.get("ansible_host")),
        _cell(_listed(site.groups_of(name))),
        _cell(variables.get("switch_platform") or variables.get("ansible_network_os"), variables.get("shutdown_kind")),
        _cell(*(_bmc(variables.get(key)) for key in ("standby_bmc", "shutdown_bmc"))),
    )


def _bmc(bmc: Any) -> str | None:
    """Return how a machine's power is controlled; never its user or password."""
    if not isinstance(bmc, Mapping):
        return None
    return " ".join(str(bmc[key]) for key in ("protocol", "host", "mac") if bmc.get(key))


def _uplinks(site: Site) -> Resource:
    names = [name for name, variables in site.hosts.items() if variables.get("core_switch_uplinks")]
    return _table("uplinks", "name uplinks reachable", (_uplink(name, site.hosts[name]) for name in names))


def _uplink(name: str, variables: Variables) -> Cells:
    ports = variables["core_switch_uplinks"]
    asked = variables.get("core_switch_reachable") or variables.get("core_switch_server_reachable")
    return (_cell(name), _cell(*(f"{core}: {port}" for core, port in ports.items())), _cell(_listed(asked)))


# -- databases and applications --------------------------------------------------------------------


def _databases(site: Site) -> Resource:
    return _table(
        "databases",
        "name engine service_addresses replication fences",
        (_database(name, site.hosts[name]) for name in site.of("databases")),
    )


def _database(name: str, variables: Variables) -> Cells:
    port = variables.get("standby_switch_port")
    fences = {
        "bmc": _bmc(variables.get("standby_bmc")),
        "switch_port": f"{port['switch']} {port['port']}" if isinstance(port, Mapping) else None,
        "operator": "",
    }
    order = variables.get("standby_fence") or list(fences)
    return (
        _cell(name),
        _cell(variables.get("standby_engine", "postgresql")),
        _cell(_listed(variables.get("standby_service_addresses")), variables.get("standby_interface")),
        _cell(variables.get("standby_replication_address")),
        _cell(*(f"{kind} {fences[kind]}" for kind in order if fences.get(kind) is not None)),
    )


def _applications(site: Site) -> Resource:
    return _table("applications", "name services health", (_services(name, site) for name in site.of("applications")))


def _services(name: str, site: Site) -> Cells:
    services = site.hosts[name].get("standby_services") or ()
    health = [service.get("health") or {} for service in services]
    return (
        _cell(name),
        _cell(*(f"{service.get('name')} ({service.get('unit', '-')})" for service in services)),
        _cell(
            *(" ".join(str(each[key]) for key in ("kind", "url", "host", "port") if each.get(key)) for each in health)
        ),
    )


# -- power -----------------------------------------------------------------------------------------


def _upses(site: Site) -> Resource:
    sources = {source["name"]: source for source in site.first("ups_sources") or ()}
    upses = site.first("shutdown_upses") or ()
    return _table("upses", "name read watts derate low carries", (_ups(ups, sources, site) for ups in upses))


def _ups(ups: Variables, sources: Mapping[str, Variables], site: Site) -> Cells:
    source = sources.get(ups["name"], {})
    carried = [name for name, each in site.hosts.items() if ups["name"] in (each.get("shutdown_feeds") or ())]
    return (
        _cell(ups["name"]),
        _cell(" ".join(str(source[key]) for key in ("kind", "host") if source.get(key))),
        _cell(ups.get("nominal_watts")),
        _cell(ups.get("derate")),
        _cell(ups.get("low_battery_percent")),
        _cell(_listed(carried)),
    )


def _shutdown(site: Site) -> Resource:
    stages = [stage["name"] for stage in (site.first("staged_shutdown_policy") or {}).get("stages") or ()]
    names = sorted(site.of("shutdown_hosts"), key=lambda name: _place(stages, site.hosts[name].get("shutdown_stage")))
    return _table("shutdown", "name stage after feeds seconds", (_shut(name, site.hosts[name]) for name in names))


def _place(stages: Sequence[str], stage: Any) -> int:
    """The place of a stage in the policy; a host without one goes with the last."""
    return stages.index(stage) if stage in stages else len(stages)


def _shut(name: str, variables: Variables) -> Cells:
    return (
        _cell(name),
        _cell(variables.get("shutdown_stage")),
        _cell(_listed(variables.get("shutdown_after"))),
        _cell(_listed(variables.get("shutdown_feeds"))),
        _cell(variables.get("shutdown_seconds")),
    )


# -- backups ---------------------------------------------------------------------------------------


def _backups(site: Site) -> Resource:
    return _table(
        "backups",
        "name engine copies age rto rpo tested_on",
        (_backup(name, site.hosts[name]) for name in site.of("backup_sets")),
    )


def _backup(name: str, variables: Variables) -> Cells:
    copies = variables.get("restore_test_copies") or ()
    return (
        _cell(name),
        _cell(variables.get("restore_test_engine")),
        _cell(*(_copy(copy) for copy in copies)),
        _cell(variables.get("restore_test_max_age")),
        _cell(variables.get("restore_test_rto")),
        _cell(variables.get("restore_test_rpo")),
        _cell(variables.get("restore_test_host")),
    )


def _copy(copy: Any) -> str:
    if not isinstance(copy, Mapping):
        return str(copy)
    return " ".join(str(copy[key]) for key in ("place", "host", "path") if copy.get(key))
