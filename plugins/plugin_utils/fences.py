# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ways to fence a host its inventory variables offer."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._power.model import Bmc, PowerError
from ansible_collections.contingency.infra.plugins.plugin_utils.fencing import BmcFence, Fence, OperatorFence


def fences_of(arguments: Mapping[str, Any], hostvars: Mapping[str, Any]) -> list[Fence]:
    """Return the ways to fence the failed host that are configured, in the order in which they are tried."""
    failed = arguments["failed"]
    if failed not in hostvars:
        raise AnsibleActionFail(f"{failed} is not in the inventory; check the name in -e failed=NAME.")
    builders = {"bmc": _bmc, "switch_port": _port, "operator": _operator}
    found = [builders[method](arguments, hostvars) for method in arguments["fence"]]
    return [fence for fence in found if fence is not None]


def _bmc(arguments: Mapping[str, Any], hostvars: Mapping[str, Any]) -> Fence | None:
    failed = arguments["failed"]
    described = hostvars[failed].get("standby_bmc")
    if not described or described.get("protocol") == "wake_on_lan":
        return None
    try:
        return BmcFence(failed, Bmc.from_dict(dict(described)), arguments["fence_timeout"])
    except PowerError as error:
        raise AnsibleActionFail(f"standby_bmc of {failed}: {error.message}") from error


def _port(arguments: Mapping[str, Any], hostvars: Mapping[str, Any]) -> Fence | None:
    failed = arguments["failed"]
    described = hostvars[failed].get("standby_switch_port")
    if not described:
        return None
    # Not at the top: Netmiko is slow to load, and a BMC that answers needs none of it.
    from ansible_collections.contingency.infra.plugins.plugin_utils.port_fence import PortFence

    return PortFence(failed, described["switch"], described["port"], hostvars)


def _operator(arguments: Mapping[str, Any], _hostvars: Mapping[str, Any]) -> Fence | None:
    return OperatorFence(arguments["failed"], arguments["fenced"] or "", getpass.getuser())


def secrets_of(arguments: Mapping[str, Any], hostvars: Mapping[str, Any]) -> set[str]:
    """Return what must not be in a result."""
    described = hostvars[arguments["failed"]].get("standby_bmc") or {}
    return {str(described["password"])} if described.get("password") else set()
