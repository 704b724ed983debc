# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one of several uplinks of a switch the active one, in one SSH session."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.lock import only_run
from ansible_collections.contingency.infra.plugins.module_utils._switch.parsing import prepare
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Request, Verify
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS
from ansible_collections.contingency.infra.plugins.module_utils._switch.probe import HostProbe
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from ansible_collections.contingency.infra.plugins.module_utils._switch.uplink import UplinkTransaction
from ansible_collections.contingency.infra.plugins.modules.switch_uplink import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_action import (
    LOCKS,
    SwitchAction,
    Variables,
    target_from,
)

# Ansible imports this file before it forks its workers. What is read here is read once and not once a switch, and
# what is frozen here is not copied by each worker's garbage collector.
prepare(template for platform in PLATFORMS.values() for template in platform.templates)
gc.freeze()


class ActionModule(SwitchAction):
    """Wire the arguments to the transaction, and its outcome to a result."""

    argument_spec = ARGUMENT_SPEC

    def work(self, target: Target, platform: Platform, arguments: dict[str, Any]) -> dict[str, Any]:
        request = request_from(arguments)
        with ExitStack() as stack:
            stack.enter_context(only_run(target.name, LOCKS, patience=request.verify.timeout))
            probes = [self._probe(name) for name in (arguments["verify"] or {}).get("reachable_from") or []]
            for probe in probes:
                stack.callback(probe.close)
            transaction = UplinkTransaction(target, platform, request, probes)
            try:
                return asdict(transaction.run(self.check_mode))
            except SwitchError as error:
                return {**asdict(transaction.outcome), **self.failure(error), "changed": transaction.outcome.changed}

    def _probe(self, name: str) -> HostProbe:
        if name not in self.host_variables:
            raise SwitchError(name, "is not in the inventory; name a host of it in verify.reachable_from")
        return HostProbe(target_from(Variables(name, self.host_variables[name]), {}))


def request_from(arguments: dict[str, Any]) -> Request:
    """Return the request that validated arguments make."""
    verify = arguments["verify"] or {}
    return Request(
        active=arguments["active"],
        standby=tuple(arguments["standby"]),
        expect_neighbor=arguments["expect_neighbor"],
        strategy=arguments["strategy"],
        verify=Verify(
            link=verify.get("link", True),
            neighbor=verify.get("neighbor", True),
            mac_learned=verify.get("mac_learned", True),
            reachable=tuple(verify.get("reachable") or ()),
            timeout=float(Verify.timeout if verify.get("timeout") is None else verify["timeout"]),
        ),
        rollback=arguments["rollback"],
        save=arguments["save"],
        safety_net=arguments["safety_net"],
        management_port=arguments["management_port"],
    )
