# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port that fences a host is shut, read back and saved, or it is no fence."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import CommandRejected, SaveFailed
from ansible_collections.contingency.infra.plugins.module_utils._switch.shut import shut_port

from tests.unit.switch.fake_switch import TARGET, FakePlatform, FakeSwitch


def test_an_enabled_port_is_shut_and_saved_and_a_second_time_nothing_is_sent() -> None:
    switch = FakeSwitch({"swp1": True, "swp2": True})
    assert shut_port(TARGET, FakePlatform(switch), "swp1")
    assert switch.running == switch.startup == {"swp1": False, "swp2": True}
    sent = list(switch.lines)
    assert not shut_port(TARGET, FakePlatform(switch), "swp1")
    assert switch.lines == sent


def test_what_an_earlier_run_left_unsaved_is_saved() -> None:
    switch = FakeSwitch({"swp1": True})
    switch.running["swp1"] = False
    assert not shut_port(TARGET, FakePlatform(switch), "swp1")
    assert switch.startup == {"swp1": False}


def test_a_port_that_is_not_saved_is_no_fence() -> None:
    switch = FakeSwitch({"swp1": True})
    switch.saves = False
    with pytest.raises(SaveFailed, match="shut, but not saved"):
        shut_port(TARGET, FakePlatform(switch), "swp1")


def test_a_rejected_line_is_an_error() -> None:
    switch = FakeSwitch({"swp1": True})
    switch.session_faults = {0: "reject"}
    with pytest.raises(CommandRejected):
        shut_port(TARGET, FakePlatform(switch), "swp1")
