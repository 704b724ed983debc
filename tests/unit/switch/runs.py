# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the transaction on the switch in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.checks import Probe
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.outcome import Outcome
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Request, Verify
from ansible_collections.contingency.infra.plugins.module_utils._switch.uplink import UplinkTransaction

from tests.unit.switch.fake_switch import GATEWAY, TARGET, FakePlatform, FakeSwitch

PROOFS = Verify(reachable=(GATEWAY,), timeout=5)


def on_core_a(**options: Any) -> FakeSwitch:
    return FakeSwitch({"swp49": True, "swp50": False}, **options)


def transaction(
    switch: FakeSwitch, platform: FakePlatform | None = None, probes: Sequence[Probe] = (), **options: Any
) -> UplinkTransaction:
    """Return what moves a switch to its second port."""
    ports = list(switch.running)
    wanted = {"expect_neighbor": "core-b", "verify": PROOFS, **options}
    request = Request(ports[1], wanted.pop("standby", tuple(port for port in ports if port != ports[1])), **wanted)
    return UplinkTransaction(TARGET, platform or FakePlatform(switch), request, probes)


def run(switch: FakeSwitch, check_mode: bool = False, **options: Any) -> Outcome:
    """One run, as a new login."""
    switch.logins = 0
    with switch.clock.installed():
        return transaction(switch, **options).run(check_mode)


def fails(switch: FakeSwitch, **options: Any) -> tuple[SwitchError, Outcome]:
    """One run that ends with an error."""
    switch.logins = 0
    work = transaction(switch, **options)
    with switch.clock.installed(), pytest.raises(SwitchError) as caught:
        work.run(False)
    return caught.value, work.outcome
