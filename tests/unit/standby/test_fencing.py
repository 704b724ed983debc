# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fence through a BMC: what was read beside the standby's reading counts, as long as it is fresh."""

from __future__ import annotations

import time

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._power.model import Bmc
from ansible_collections.contingency.infra.plugins.plugin_utils import fencing
from ansible_collections.contingency.infra.plugins.plugin_utils.fencing import BmcFence

from tests.unit.power.fake_machine import FakeMachine, VirtualClock


def prepared(monkeypatch: pytest.MonkeyPatch, powered: bool) -> tuple[BmcFence, FakeMachine]:
    machine = FakeMachine(VirtualClock(), powered=powered)
    monkeypatch.setattr(fencing, "open_control", lambda _bmc: machine)
    fence = BmcFence("his-db-1", Bmc(protocol="ipmi", host="192.0.2.1", user="admin", password="x"), 5)
    fence.prepare()
    return fence, machine


def test_a_machine_without_power_is_proven_off_by_the_reading_that_was_made_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fence, machine = prepared(monkeypatch, powered=False)
    monkeypatch.setattr(machine, "state", lambda: pytest.fail("it was read just now"))
    proof = fence.fence()
    assert (proof.confirmed, proof.already) == (True, True)
    assert time.time() - proof.at_epoch < fencing.FRESH_SECONDS


def test_an_old_reading_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fence, machine = prepared(monkeypatch, powered=False)
    monkeypatch.setattr(fencing, "FRESH_SECONDS", 0.0)
    machine.request("on")
    machine.clock.sleep(1)
    proof = fence.fence()
    assert machine.actions()[-1] == "forced_off"
    assert not proof.already


def test_a_machine_that_was_seen_on_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    fence, machine = prepared(monkeypatch, powered=True)
    proof = fence.fence()
    assert machine.actions() == ["forced_off"]
    assert not proof.already
