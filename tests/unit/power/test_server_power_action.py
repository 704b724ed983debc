# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's wiring: options over inventory, check mode, and words that a playbook can branch on."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.action import server_power
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    BmcBusy,
    BmcUnreachable,
    NotConfirmed,
    PowerError,
    PowerState,
)

from tests.unit.power.fake_machine import FakeMachine, VirtualClock


def arguments(state: str) -> dict[str, object]:
    return {"state": state, "timeout": 5.0, "graceful_timeout": 0.0, "answer_timeout": None, "host": None}


def test_options_go_before_the_inventory() -> None:
    inventory = {"protocol": "ipmi", "host": "10.0.0.21", "timeout": 3, "verify_tls": True}
    options = {**arguments("on"), "host": "10.0.0.22", "answer_timeout": 1.0, "verify_tls": False}
    assert server_power.bmc_mapping(options, inventory) == {
        "protocol": "ipmi",
        "host": "10.0.0.22",
        "timeout": 1.0,
        "verify_tls": False,
    }


@pytest.mark.parametrize(("state", "asked"), [("on", []), ("off", ["forced_off"]), ("forced_off", ["forced_off"])])
def test_check_mode_foresees_what_a_run_does(state: str, asked: list[str]) -> None:
    machine = FakeMachine(VirtualClock(), forced_takes=0)
    foreseen = server_power.foreseen(machine, arguments(state))
    assert machine.asked == []
    outcome = server_power.done(machine, arguments(state))
    assert machine.actions() == asked
    assert foreseen.changed == outcome.changed
    assert outcome.after is server_power.wanted_state(state)
    assert outcome.before is PowerState.ON


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BmcUnreachable("No."), "unreachable"),
        (BmcBusy("No."), "busy"),
        (NotConfirmed("No."), "not_confirmed"),
        (PowerError("No."), "unusable"),
    ],
)
def test_a_failure_has_a_sentence_and_a_word(error: PowerError, reason: str) -> None:
    assert server_power.failure(error) == {"changed": False, "failed": True, "msg": "No.", "reason": reason}
