# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch's own safety net: what it undoes meanwhile is noticed, what a killed run left to it is proven."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import CheckFailed, StateUnknown

from tests.unit.switch.fake_switch import FakeSwitch
from tests.unit.switch.runs import PROOFS, fails, on_core_a, run


class Asked:
    """A host that always gets an answer; something happens while it is asked."""

    name = "pc-ward"

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def prepare(self) -> None:
        pass

    def reaches(self, address: str) -> bool:
        self._meanwhile()
        return True


def left_by_a_killed_run(**options: bool) -> FakeSwitch:
    """Return a switch that was moved to core-b and would go back to core-a in a minute."""
    switch = FakeSwitch({"swp49": False, "swp50": True}, net=True, **options)
    switch.startup = {"swp49": True, "swp50": False}
    switch.revert_at, switch.revert_to = switch.clock.now + 60, {"swp49": True, "swp50": False}
    return switch


class TestFires:
    @pytest.mark.parametrize("tree", [True, False])
    def test_while_the_proofs_are_gathered_is_no_success(self, tree: bool) -> None:
        switch = on_core_a(spanning_tree=tree, net=True)

        def fire() -> None:
            switch.revert_at = switch.clock.now if switch.revert_at else None

        error, outcome = fails(switch, probes=[Asked(fire)])
        assert isinstance(error, CheckFailed)
        assert not outcome.saved
        assert switch.running == {"swp49": True, "swp50": False} == switch.startup

    def test_between_the_last_proof_and_its_confirmation_is_no_success(self) -> None:
        switch = on_core_a(net=True)
        obey = switch._obey

        def late(verb: str, *words: str) -> None:
            if verb == "confirm":
                switch.revert_at = switch.clock.now
                switch.let_time_pass()
            obey(verb, *words)

        switch._obey = late  # type: ignore[method-assign]
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert "the switch's own safety net undid the change meanwhile: swp49, swp50 is not as wanted" in str(
            error
        ).replace("swp50, swp49", "swp49, swp50")
        assert not outcome.saved
        assert switch.running == {"swp49": True, "swp50": False} == switch.startup

    def test_after_the_first_of_two_steps_the_old_uplink_is_not_shut(self) -> None:
        switch = on_core_a(spanning_tree=True, net=True)
        obey = switch._obey

        def late(verb: str, *words: str) -> None:
            if verb == "confirm" and switch.revert_at:
                switch.revert_at = switch.clock.now
                switch.let_time_pass()
            obey(verb, *words)

        switch._obey = late  # type: ignore[method-assign]
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert all(switch.history), switch.history
        assert not outcome.saved

    def test_a_confirmation_that_does_nothing_is_no_success(self) -> None:
        switch = on_core_a(net=True)
        obey = switch._obey
        switch._obey = lambda verb, *words: None if verb == "confirm" else obey(verb, *words)  # type: ignore[method-assign]
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert not outcome.saved
        assert switch.running == {"swp49": True, "swp50": False} == switch.startup


class TestLeftPending:
    def test_is_proven_before_it_is_confirmed(self) -> None:
        switch = left_by_a_killed_run()
        sent: list[int] = []
        outcome = run(switch, probes=[Asked(lambda: sent.append(len(switch.lines)))])
        assert sent[0] == 0, "it was confirmed before it was proven"
        assert outcome.commands == ["confirm", "save"]
        assert outcome.saved

    @pytest.mark.parametrize("fault", ["dead", "neighbor"])
    def test_is_cancelled_where_the_proof_fails_and_the_error_says_what_is_there(self, fault: str) -> None:
        switch = left_by_a_killed_run()
        if fault == "dead":
            switch.cable["swp50"] = False
        else:
            switch.neighbor["swp50"] = "core-c"
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert "cancel" in switch.lines
        assert "confirm" not in switch.lines
        assert switch.running == {"swp49": True, "swp50": False}
        assert switch.revert_at is None
        assert not outcome.saved
        assert "on swp49" in str(error)
        assert outcome.after["swp49"]["enabled"]
        assert not outcome.after["swp50"]["enabled"]

    def test_with_one_step_still_to_do_the_new_uplink_is_proven_first(self) -> None:
        switch = FakeSwitch({"swp49": True, "swp50": True}, spanning_tree=True, net=True)
        switch.revert_at, switch.revert_to = switch.clock.now + 60, {"swp49": True, "swp50": False}
        switch.cable["swp50"] = False
        error, _outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert "confirm" not in switch.lines
        assert switch.running == {"swp49": True, "swp50": False}
        assert all("swp49" in enabled for enabled in switch.history)

    @pytest.mark.parametrize("when", ["cut before", "cut after"])
    def test_is_cancelled_also_where_that_cuts_the_session(self, when: str) -> None:
        switch = left_by_a_killed_run()
        switch.cable["swp50"] = False
        switch.session_faults = {0: when}
        error, outcome = fails(switch)
        assert isinstance(error, CheckFailed)
        assert outcome.reconnected == 1
        assert switch.running == {"swp49": True, "swp50": False}
        assert switch.revert_at is None


class TestRollbackOff:
    @pytest.mark.parametrize("tree", [True, False])
    @pytest.mark.parametrize("dead", [True, False])
    def test_never_arms_it(self, tree: bool, dead: bool) -> None:
        switch = on_core_a(spanning_tree=tree, net=True)
        switch.cable["swp50"] = not dead
        if dead:
            fails(switch, rollback=False)
        else:
            run(switch, rollback=False)
        assert not [line for line in switch.lines if line.startswith("arm")]
        assert switch.enabled()[-1] == "swp50"

    def test_check_mode_does_not_show_it(self) -> None:
        assert run(on_core_a(net=True), check_mode=True, rollback=False).commands == [
            "shut swp49",
            "enable swp50",
            "save",
        ]


class TestPromise:
    """A revert by the switch is promised only while the net is armed."""

    PROMISE = "puts the former state back by itself"

    @staticmethod
    def lost_at(line: str, when: str = "cut after", **options: bool) -> str:
        switch = on_core_a(net=True, **options)
        switch.reachable_again = False
        clean = on_core_a(net=True, **options)
        run(clean)
        number = next(index for index, each in enumerate(clean.lines) if each.startswith(line))
        switch.session_faults = {number: when}
        error, _outcome = fails(switch)
        assert isinstance(error, StateUnknown)
        return str(error)

    @pytest.mark.parametrize("line", ["shut swp49", "enable swp50"])
    def test_is_given_while_it_is_armed(self, line: str) -> None:
        assert self.PROMISE in self.lost_at(line)

    @pytest.mark.parametrize("line", ["confirm", "save"])
    def test_is_not_given_once_the_change_was_confirmed(self, line: str) -> None:
        assert self.PROMISE not in self.lost_at(line)

    def test_is_not_given_without_a_net(self) -> None:
        switch = on_core_a()
        switch.reachable_again = False
        switch.session_faults = {1: "cut after"}
        error, _outcome = fails(switch)
        assert self.PROMISE not in str(error)

    def test_is_not_given_where_the_switch_does_not_do_it_by_itself(self) -> None:
        switch = on_core_a(net=True)
        switch.reachable_again = False
        switch.session_faults = {1: "cut after"}
        error, _outcome = fails(switch, verify=PROOFS, safety_net=False)
        assert self.PROMISE not in str(error)
