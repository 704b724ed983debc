# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With spanning tree and both uplinks up, the living one stays until the new one has proven itself."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import CheckFailed, Refused

from tests.unit.switch.fake_switch import FakeSwitch
from tests.unit.switch.runs import fails, on_core_a, run


def both_up(net: bool) -> FakeSwitch:
    return FakeSwitch({"swp49": True, "swp50": True}, spanning_tree=True, net=net)


@pytest.mark.parametrize("net", [True, False])
class TestBothUp:
    @pytest.mark.parametrize("fault", ["dead", "neighbor"])
    def test_the_living_uplink_is_not_shut_for_a_dead_one(self, net: bool, fault: str) -> None:
        switch = both_up(net)
        if fault == "dead":
            switch.cable["swp50"] = False
        else:
            switch.neighbor["swp50"] = "core-c"
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert all("swp49" in enabled for enabled in switch.history), switch.history
        assert (switch.lines, outcome.changed) == ([], False)

    def test_a_living_new_uplink_takes_over(self, net: bool) -> None:
        switch = both_up(net)
        outcome = run(switch)
        assert switch.history == [("swp49", "swp50"), ("swp50",)]
        assert outcome.saved


@pytest.mark.parametrize("net", [True, False])
@pytest.mark.parametrize("when", ["cut before", "cut after"])
def test_after_a_cut_session_a_dead_uplink_is_not_believed_either(net: bool, when: str) -> None:
    for number in range(3):
        switch = on_core_a(spanning_tree=True, net=net)
        switch.cable["swp50"] = False
        switch.session_faults = {number: when}
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert all("swp49" in enabled for enabled in switch.history), (number, switch.history)
        assert switch.running == {"swp49": True, "swp50": False} == switch.startup
        assert switch.revert_at is None
        assert not outcome.saved


@pytest.mark.parametrize("net", [True, False])
@pytest.mark.parametrize("when", ["cut before", "cut after"])
def test_after_a_cut_session_there_is_never_a_moment_without_an_uplink(net: bool, when: str) -> None:
    whole = on_core_a(spanning_tree=True, net=net)
    run(whole)
    for number in range(len(whole.lines)):
        switch = on_core_a(spanning_tree=True, net=net)
        switch.session_faults = {number: when}
        outcome = run(switch)
        assert all(switch.history), (number, switch.history)
        assert outcome.reconnected == 1
        assert switch.enabled() == ("swp50",)
        assert switch.startup == switch.running
        assert switch.revert_at is None


class TestOnePortTwice:
    """Two spellings of one port would be enabled and shut in one run."""

    @pytest.mark.parametrize("standby", [("sw50",), ("SWP50",), ("swp49", "sw49"), ("swp49", "swp 50")])
    @pytest.mark.parametrize("check_mode", [True, False])
    def test_is_refused_by_its_names(self, standby: tuple[str, ...], check_mode: bool) -> None:
        switch = on_core_a()
        with pytest.raises(Refused, match=r"are the same port; name each uplink once .* nothing was changed"):
            run(switch, check_mode=check_mode, standby=standby)
        assert switch.lines == []
