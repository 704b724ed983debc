# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ways to fence a host its inventory variables offer."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._power.model import Bmc, PowerError
from ansible_collections.contingency.infra.plugins.plugin_utils.fencing import BmcFence, Fence, OperatorFence, Starter
from ansible_collections.contingency.infra.plugins.plugin_utils.port_fence import PortFence


def fences_of(arguments: Mapping[str, Any], hostvars: Mapping[str, Any]) -> list[Fence]:
    """Return the ways to fence the failed host that are configured, in the order in which they are tried."""
    failed = arguments["failed"]
    if failed not in hostvars:
        raise AnsibleActionFail(f"{failed} is not in the inventory; check the name in -e failed=NAME.")
    builders = {"bmc": _bmc, "switch_port": _port, "operator": _operator}
    found = [builders[method](arguments, hostvars) for method in arguments["fence"]]
    return [fence for fence in found if fence is not None]


def starter_of(host: str, hostvars: Mapping[str, Any]) -> Starter:
    """Return what switches a cold standby host on."""
    return Starter(host, bmc_of(host, hostvars))


def bmc_of(host: str, hostvars: Mapping[str, Any]) -> Bmc | None:
    """Return the BMC that the inventory names for a host, None where it names none."""
    described = hostvars[host].get("standby_bmc")
    if not described:
        return None
    try:
        return Bmc.from_dict(dict(described))
    except PowerError as error:
        raise AnsibleActionFail(f"standby_bmc of {host}: {error.message}") from error


def _bmc(arguments: Mapping[str, Any], hostvars: Mapping[str, Any]) -> Fence | None:
    failed = arguments["failed"]
    bmc = bmc_of(failed, hostvars)
    if bmc is None or bmc.protocol == "wake_on_lan":
        return None
    return BmcFence(failed, bmc, arguments["fence_timeout"])


def _port(arguments: Mapping[str, Any], hostvars: Mapping[str, Any]) -> Fence | None:
    failed = arguments["failed"]
    described = hostvars[failed].get("standby_switch_port")
    if not described:
        return None
    return PortFence(failed, described["switch"], described["port"], hostvars)


def _operator(arguments: Mapping[str, Any], _hostvars: Mapping[str, Any]) -> Fence | None:
    return OperatorFence(arguments["failed"], arguments["fenced"] or "", getpass.getuser())


def secrets_of(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> set[str]:
    """Return what must not be in a result."""
    described = [variables.get("standby_bmc") or {} for variables in (hostvars[name] for name in hosts)]
    return {str(each["password"]) for each in described if each.get("password")}
