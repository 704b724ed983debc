# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventory as the plan document reads it, and a contingency plan for it."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.contingency.infra.plugins.action.plan_document import inputs_of, site_of
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_inputs import PlanInputs
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_site import Site, resources_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_thresholds import thresholds_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_variables import Reader

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "inventories/example"


def text(said: str) -> dict[str, str]:
    return {"en": said, "zh": f"{said}（中）"}


PLAN: dict[str, Any] = {
    "preset": "hospital",
    "organisation": text("County Hospital"),
    "timezone": "Asia/Shanghai",
    "revision": [
        {"version": "2", "date": "2026-03-01", "by": "Li", "what": text("Second UPS")},
        {"version": "1", "date": "2025-03-01", "by": "Li", "what": text("First")},
    ],
    "channels": {"mail": {"kind": "smtp", "host": "mail.example.org", "password": "smtp-SECRET-1"}},
    "contacts": {
        "wang": {"name": "Wang Fang", "phone": "+86 1", "address": {"mail": "wang@example.org"}},
        "li": {"name": "Li Ming", "phone": "+86 2"},
    },
    "roles": {"lead": {"contacts": ["wang"], "deputies": ["li"]}, "duty": {"contacts": ["li"]}},
    "departments": {"pharmacy": {"contacts": ["wang"]}},
    "objectives": {"standby_failover": {"rto": "15m", "rpo": "5s"}},
}


@cache
def site() -> Site:
    """The example inventory, read as the action plugin reads it: no vault is there."""
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(EXAMPLE)])
    variables = VariableManager(loader=loader, inventory=manager)
    hostvars = HostVars(inventory=manager, variable_manager=variables, loader=loader)
    templar = Templar(loader=loader, variables={})
    return site_of(manager.get_groups_dict(), Reader(templar, hostvars))


def inputs(plan: dict[str, Any] | None = None, changed: Site | None = None, **arguments: Any) -> PlanInputs:
    """All that the document is made from; what did not change is read once."""
    if arguments:
        return _inputs(arguments)
    found = _example()
    if plan is not None:
        found = replace(found, policy=policy_from(plan) if plan else None)
    if changed is not None:
        found = replace(found, site=changed, thresholds=thresholds_of(changed), resources=resources_of(changed))
    return found


@cache
def _example() -> PlanInputs:
    return _inputs({})


def _inputs(arguments: dict[str, Any]) -> PlanInputs:
    given: dict[str, Any] = {"plan": PLAN, "playbooks": [], "inventory": "~/site", "drill_dir": None, "scenarios": []}
    return inputs_of({**given, **arguments}, site())


def with_variables(host: str, **changes: Any) -> Site:
    """The example with other variables of a host."""
    hosts = copy.deepcopy(dict(site().hosts))
    hosts[host] = {**hosts[host], **changes}
    return Site(site().groups, hosts)
