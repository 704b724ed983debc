# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole transaction against a switch whose lines are rejected, whose sessions are cut, whose links stay dead."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import (
    CheckFailed,
    CommandRejected,
    Refused,
    SaveFailed,
    SessionLost,
    StateUnknown,
    SwitchError,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Request
from ansible_collections.contingency.infra.plugins.module_utils._switch.uplink import UplinkTransaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.switch.fake_switch import TARGET, FakePlatform, FakeSwitch
from tests.unit.switch.runs import fails, on_core_a, run

FAULTS = ("reject", "cut before", "cut after")


@st.composite
def switches(draw: st.DrawFn) -> FakeSwitch:
    """Two or three uplinks in any state; with spanning tree, without, or unknown; with a safety net or without."""
    names = ("swp49", "swp50", "swp51")[: draw(st.integers(2, 3))]
    switch = FakeSwitch(
        {name: draw(st.booleans()) for name in names},
        spanning_tree=draw(st.sampled_from([True, False, None])),
        net=draw(st.booleans()),
    )
    switch.startup = {name: draw(st.booleans()) for name in names}
    return switch


session_faults = st.dictionaries(st.integers(0, 7), st.sampled_from(FAULTS), max_size=3)


def never_a_loop(switch: FakeSwitch) -> None:
    if switch.spanning_tree is not True and len(switch.history[0]) < 2:
        assert all(len(enabled) < 2 for enabled in switch.history)


def never_without_uplink(switch: FakeSwitch) -> None:
    if switch.spanning_tree is True and switch.history[0]:
        assert all(switch.history)


class TestWithoutFaults:
    @given(switches())
    def test_the_wanted_uplink_is_the_only_one_and_saved(self, switch: FakeSwitch) -> None:
        outcome = run(switch)
        assert switch.enabled() == ("swp50",)
        assert switch.startup == switch.running
        assert outcome.saved
        assert switch.revert_at is None
        never_a_loop(switch)
        never_without_uplink(switch)

    @given(switches(), st.sampled_from(["changed", "always", "never"]))
    def test_check_mode_shows_exactly_what_a_run_sends_and_sends_nothing(self, switch: FakeSwitch, save: str) -> None:
        planned = run(switch, check_mode=True, save=save)
        assert switch.lines == []
        done = run(switch, save=save)
        assert planned.commands == done.commands == switch.lines
        assert planned.changed == done.changed
        assert planned.diff == done.diff

    @given(switches())
    def test_a_second_run_sends_nothing(self, switch: FakeSwitch) -> None:
        run(switch)
        sent = list(switch.lines)
        second = run(switch)
        assert switch.lines == sent
        assert (second.changed, second.commands, second.saved) == (False, [], True)

    def test_an_unconfirmed_change_of_an_earlier_run_is_confirmed(self) -> None:
        switch = FakeSwitch({"swp49": False, "swp50": True}, net=True)
        switch.revert_at, switch.revert_to = switch.clock.now + 60, {"swp49": True, "swp50": False}
        assert run(switch).commands == ["confirm"]
        assert switch.revert_at is None

    def test_what_an_earlier_run_left_unsaved_is_saved(self) -> None:
        switch = FakeSwitch({"swp49": False, "swp50": True})
        switch.startup = {"swp49": True, "swp50": False}
        assert run(switch).commands == ["save"]
        assert switch.startup == {"swp49": False, "swp50": True}

    def test_a_switch_that_is_not_to_be_saved_is_not(self) -> None:
        switch = on_core_a()
        outcome = run(switch, save="never")
        assert not outcome.saved
        assert switch.startup == {"swp49": True, "swp50": False}

    def test_every_part_is_timed(self) -> None:
        assert set(run(on_core_a()).seconds) == {"connect", "read", "plan", "switch_over", "save", "total"}


class TestRefusal:
    def test_a_refused_switch_is_sent_nothing(self) -> None:
        switch = on_core_a()
        error, outcome = fails(switch, strategy="make_before_break")
        assert isinstance(error, Refused)
        assert "nothing was changed" in str(error)
        assert (switch.lines, outcome.changed) == ([], False)

    @given(switches())
    def test_check_mode_refuses_what_a_run_refuses(self, switch: FakeSwitch) -> None:
        wanted: dict[str, Any] = {"strategy": "make_before_break"}
        if switch.spanning_tree or switch.enabled() == ("swp50",):
            run(switch, check_mode=True, **wanted)
            run(switch, **wanted)
            return
        with pytest.raises(Refused) as refused:
            run(switch, check_mode=True, **wanted)
        error, _ = fails(switch, **wanted)
        assert str(error) == str(refused.value)


class TestFaults:
    @settings(max_examples=200)
    @given(switches(), session_faults, st.booleans())
    def test_it_ends_finished_or_as_it_was_and_a_second_run_finishes(
        self, switch: FakeSwitch, faults: dict[int, str], dead: bool
    ) -> None:
        before = dict(switch.running)
        switch.session_faults = faults
        switch.cable["swp50"] = not dead
        try:
            outcome = run(switch)
        except StateUnknown:
            pass
        except SwitchError:
            assert switch.running == before or switch.enabled() == ("swp50",)
        else:
            assert switch.enabled() == ("swp50",)
            assert outcome.saved == (switch.startup == switch.running)
        switch.session_faults = {}
        switch.cable["swp50"] = True
        run(switch)
        assert switch.enabled() == ("swp50",)
        assert switch.startup == switch.running
        assert switch.revert_at is None
        never_a_loop(switch)

    @pytest.mark.parametrize(("tree", "net"), list(product([True, False], repeat=2)))
    def test_a_dead_uplink_is_rolled_back_and_proven(self, tree: bool, net: bool) -> None:
        switch = on_core_a(spanning_tree=tree, net=net)
        switch.cable["swp50"] = False
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert "swp50: check link expected up, saw down" in str(error)
        assert str(error).endswith("put back and proven: on swp49 as before")
        assert (outcome.rolled_back, outcome.changed) == (True, False)
        assert switch.running == {"swp49": True, "swp50": False} == switch.startup
        assert switch.revert_at is None

    def test_where_the_former_uplink_has_no_link_either_it_says_that_the_area_is_cut_off(self) -> None:
        switch = on_core_a()
        switch.cable = {"swp49": False, "swp50": False}
        error, outcome = fails(switch)
        assert str(error).endswith(
            "put back and proven: as before, swp49 enabled without link: THIS SWITCH HAS NO UPLINK"
        )
        assert (outcome.rolled_back, outcome.changed) == (True, False)
        assert switch.running == {"swp49": True, "swp50": False}

    def test_where_no_uplink_was_enabled_it_says_that_the_area_is_cut_off(self) -> None:
        switch = FakeSwitch({"swp49": False, "swp50": False})
        switch.cable["swp50"] = False
        error, _ = fails(switch)
        assert str(error).endswith("as before, all of them shut: THIS SWITCH HAS NO UPLINK")

    def test_the_wrong_neighbor_is_rolled_back_and_named(self) -> None:
        switch = on_core_a()
        switch.neighbor["swp50"] = "core-c"
        error, _ = fails(switch)
        assert "swp50: check neighbor expected core-b, saw core-c within 5 s" in str(error)
        assert switch.enabled() == ("swp49",)

    def test_with_rollback_off_it_is_left_and_said(self) -> None:
        switch = on_core_a()
        switch.cable["swp50"] = False
        error, outcome = fails(switch, rollback=False)
        assert "rollback is off" in str(error)
        assert switch.enabled() == ("swp50",)
        assert (outcome.rolled_back, outcome.changed) == (False, True)

    def test_a_proof_that_fails_on_a_switch_that_is_moved_already_changes_nothing(self) -> None:
        switch = FakeSwitch({"swp49": False, "swp50": True})
        switch.cable["swp50"] = False
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert (switch.lines, outcome.changed, outcome.rolled_back) == ([], False, False)

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_rejected_line_is_undone_and_named(self, number: int) -> None:
        switch = on_core_a()
        switch.session_faults = {number: "reject"}
        error, outcome = fails(switch)
        assert isinstance(error, CommandRejected)
        assert ("shut swp49", "enable swp50")[number] in str(error)
        assert outcome.rolled_back
        assert switch.running == {"swp49": True, "swp50": False}

    @pytest.mark.parametrize("when", ["cut before", "cut after"])
    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_a_cut_session_is_opened_again_and_the_change_finished(self, number: int, when: str) -> None:
        switch = on_core_a()
        switch.session_faults = {number: when}
        outcome = run(switch)
        assert outcome.reconnected == 1
        assert outcome.saved
        assert switch.enabled() == ("swp50",)
        never_a_loop(switch)

    def test_a_switch_that_cuts_every_session_is_given_up_and_told_as_unknown(self) -> None:
        switch = on_core_a()
        switch.session_faults = dict.fromkeys(range(30), "cut before")
        error, outcome = fails(switch)
        assert isinstance(error, (StateUnknown, SessionLost))
        assert outcome.reconnected <= 3
        never_a_loop(switch)

    def test_a_switch_that_stays_away_is_unknown_and_its_error_says_what_was_sent(self) -> None:
        switch = on_core_a()
        switch.session_faults = {1: "cut after"}
        switch.reachable_again = False
        error, _ = fails(switch)
        assert isinstance(error, StateUnknown)
        assert "state unknown" in str(error)
        assert "sent so far: shut swp49; enable swp50" in str(error)
        assert "console" in str(error)

    def test_the_safety_net_undoes_what_a_lost_controller_left(self) -> None:
        switch = on_core_a(net=True)
        switch.session_faults = {2: "cut after"}
        switch.reachable_again = False
        error, _ = fails(switch)
        assert "the switch puts the former state back by itself within minutes" in str(error)
        switch.clock.sleep(120)
        switch.let_time_pass()
        assert switch.enabled() == ("swp49",)

    def test_a_session_lost_while_reading_is_no_change(self) -> None:
        switch = on_core_a()
        platform = FakePlatform(switch)
        switch.reachable_again = True
        work = UplinkTransaction(TARGET, platform, Request("swp50", ("swp49",)))

        def gone(session: object) -> bool:
            raise SessionLost(TARGET.name, "the session ended")

        platform.read_pending = gone  # type: ignore[method-assign]
        with switch.clock.installed(), pytest.raises(SessionLost):
            work.run(False)
        assert (switch.lines, work.outcome.changed) == ([], False)


class TestSaving:
    def test_a_save_that_does_nothing_is_an_error_and_the_uplink_stays(self) -> None:
        switch = on_core_a()
        switch.saves = False
        error, outcome = fails(switch)
        assert isinstance(error, SaveFailed)
        assert "startup configuration differs from the running one at swp50, swp49" in str(error)
        assert (outcome.saved, outcome.changed, outcome.rolled_back) == (False, True, False)
        assert switch.enabled() == ("swp50",)

    def test_a_save_that_is_rejected_is_an_error(self) -> None:
        switch = on_core_a()
        switch.session_faults = {2: "reject"}
        error, outcome = fails(switch)
        assert isinstance(error, SaveFailed)
        assert "'% Invalid input'" in str(error)
        assert not outcome.saved

    def test_the_next_run_saves(self) -> None:
        switch = on_core_a()
        switch.saves = False
        fails(switch)
        switch.saves = True
        assert run(switch).commands == ["save"]
        assert switch.startup == switch.running
