# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that name what is not there, mended so that a plan can be made: in an outage all hosts have to go off in time.

Each change is a remark, with which the run ends in an error: a person has to correct the inventory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Node = dict[str, Any]


def mended(
    nodes: Sequence[Mapping[str, Any]], upses: Sequence[Mapping[str, Any]], policy: Mapping[str, Any]
) -> tuple[list[Node], list[str]]:
    """Return the nodes with stages, feeds and predecessors that are there, and what was changed, as sentences."""
    stages = [str(stage["name"]) for stage in policy["stages"]]
    supplies = [str(ups["name"]) for ups in upses]
    names = {str(node["name"]) for node in nodes}
    remarks: list[str] = []
    found = []
    for node in nodes:
        fresh = {**node, **_staged(node, stages, remarks), **_ordered(node, names, remarks)}
        found.append({**fresh, **_fed(fresh, supplies, remarks)})
    return found, remarks


def _staged(node: Mapping[str, Any], stages: Sequence[str], remarks: list[str]) -> Node:
    if node["stage"] in stages:
        return {}
    remarks.append(
        f"{node['name']} is in the stage {node['stage'] or '(none)'}, which the policy does not have; "
        f"it goes with {stages[0]}. Correct shutdown_stage."
    )
    return {"stage": stages[0]}


def _ordered(node: Mapping[str, Any], names: Collection[str], remarks: list[str]) -> Node:
    unknown = [each for each in node["after"] if each not in names]
    if not unknown:
        return {}
    remarks.append(
        f"{node['name']} goes after {', '.join(unknown)}, which is not among the hosts; it does not wait for that. "
        "Correct shutdown_after."
    )
    return {"after": [each for each in node["after"] if each in names]}


def _fed(node: Mapping[str, Any], supplies: Sequence[str], remarks: list[str]) -> Node:
    """Without a feed that is known a host counts as on the first UPS; a save needs none."""
    unknown = [each for each in node["feeds"] if each not in supplies]
    known = [each for each in node["feeds"] if each in supplies]
    missing = not node["feeds"] and node["kind"] != "save" and len(supplies) > 1
    if not unknown and not missing:
        return {}
    known = known or list(supplies[:1])
    remarks.append(
        f"{node['name']} is fed by {', '.join(unknown) or '(nothing)'}, which is not among the UPSes; "
        f"it counts as on {' and '.join(known)}. Correct shutdown_feeds."
    )
    return {"feeds": known}


def read_sources(
    sources: Sequence[Mapping[str, Any]], upses: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Return the sources of the site's UPSes, and what is said of others: these neither begin nor end an outage."""
    names = {ups["name"] for ups in upses}
    strays = [source["name"] for source in sources if source["name"] not in names]
    said = "The UPS {} has a source and is not among the UPSes; it is not read. Add it to shutdown_upses."
    return [source for source in sources if source["name"] in names], [said.format(name) for name in strays]
