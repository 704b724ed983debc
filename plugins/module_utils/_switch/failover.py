# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core switch procedure: what hinders it, as reasons that say what to do."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence


def argument_limitations(
    failed: str,
    standby: str,
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Mapping[str, Any]],
    core_group: str,
    access_group: str,
) -> List[str]:
    """Return why the procedure cannot start with these names and this inventory; empty where it can."""
    cores, access = groups.get(core_group, []), groups.get(access_group, [])
    names = ", ".join(cores) or f"none, the group {core_group} is empty"
    if not failed:
        return [f"say which core switch failed: -e failed=NAME (core switches: {names})"]
    if not standby:
        return [f"name the core switch to move to: -e standby=NAME (core switches: {names})"]
    reasons = [
        f"{option}={name} is no core switch of this inventory (core switches: {names})"
        for option, name in (("failed", failed), ("standby", standby))
        if name not in cores
    ]
    if failed == standby:
        reasons.append(f"failed and standby are both {failed}; name the other one with -e standby=NAME")
    if not access:
        reasons.append(f"there is no access switch to move: the inventory's group {access_group} is empty")
    if reasons:
        return reasons
    return [
        f"{host} has no uplink to {core} in core_switch_uplinks"
        for host in access
        for core in (failed, standby)
        if core not in (hostvars[host].get("core_switch_uplinks") or {})
    ]


def target_limitations(
    backup: Mapping[str, Any], downlinks: Sequence[str], neighbors: Sequence[str], addresses: Sequence[str]
) -> List[str]:
    """Return why the core switch cannot take over; ``backup`` is what switch_backup returned of it."""
    if not backup["had"]:
        return [f"it must be reached first, {backup['msg']}"]
    gathered = backup["gathered"]
    return [
        *_downlink_limitations(backup["platform"], gathered["ports"], downlinks),
        *_neighbor_limitations(gathered["neighbors"], neighbors),
        *_address_limitations(gathered["addresses"], addresses),
    ]


def _downlink_limitations(platform: str, ports: Sequence[Mapping[str, Any]], downlinks: Sequence[str]) -> List[str]:
    # Not at the top: the first check runs before Ansible has the platforms and Netmiko in memory, and must not wait.
    from .platforms.registry import platform_named

    plain_name = platform_named("", platform).plain_name
    known = {plain_name(port["name"]): port for port in ports}
    reasons = []
    for name in downlinks:
        port = known.get(plain_name(name))
        if port is None:
            reasons.append(f"has no port {name}; check core_switch_downlinks")
        elif not port["enabled"]:
            reasons.append(
                f"port {name} to an access switch is shut; enable it or leave it out of core_switch_downlinks"
            )
    return reasons


def _neighbor_limitations(seen: Any, wanted: Sequence[str]) -> List[str]:
    if not wanted:
        return []
    if seen is None:
        return ["cannot tell its neighbors; empty core_switch_target_neighbors for it"]
    names = {neighbor["name"].partition(".")[0].lower() for neighbor in seen}
    missing = [name for name in wanted if name.partition(".")[0].lower() not in names]
    return [f"does not see {', '.join(missing)}; check their links to it"] if missing else []


def _address_limitations(present: Mapping[str, str], wanted: Sequence[str]) -> List[str]:
    absent = [address for address in wanted if address not in present]
    return [f"does not have {', '.join(absent)}: it has not taken over as gateway"] if absent else []
