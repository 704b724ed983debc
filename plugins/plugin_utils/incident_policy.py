# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the inventory with the ready policy that it names beneath it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy, PolicyError
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import PRESETS, merged, policy_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import told
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain

POLICIES = Path(__file__).resolve().parents[2] / "roles/incident/files/policies"


def whole_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan with its preset beneath it, as plain data; PolicyError where there is no such preset."""
    site = plain(plan)
    name = site.get("preset") or ""
    return merged(preset(name), site) if name else copy.deepcopy(site)


def preset(name: str) -> dict[str, Any]:
    """Return a ready policy; PolicyError where there is none of that name."""
    if name not in PRESETS:
        raise PolicyError(f"contingency_plan.preset is {name!r}; expected one of {', '.join(PRESETS)}")
    found: dict[str, Any] = yaml.safe_load((POLICIES / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def policy_from(plan: Mapping[str, Any], language: str = "en") -> Policy:
    """Return the policy of the inventory's contingency_plan; AnsibleActionFail says what to correct in it."""
    if not plan:
        raise AnsibleActionFail(f"{told('no_plan')[language]}.")
    try:
        return policy_of(whole_plan(plan))
    except PolicyError as error:
        raise AnsibleActionFail(f"{told('plan', why=error)[language]}.") from None
