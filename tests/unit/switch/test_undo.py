# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting back what was there: whatever went wrong, through cut sessions, and without a moment too early."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import (
    CheckFailed,
    StateUnknown,
    SwitchError,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import MacEntry, Port
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session

from tests.unit.switch.fake_switch import FakePlatform, FakeSwitch
from tests.unit.switch.runs import fails, on_core_a

BEFORE = {"swp49": True, "swp50": False}


class BrokenParser(FakePlatform):
    """Its parser of address tables fails with what is no error of this collection."""

    def read_macs(self, session: Session) -> list[MacEntry] | None:
        raise ValueError("not enough values to unpack")


class ParserThatBreaks(FakePlatform):
    """Its parser of ports fails once the new uplink is up, and never works again."""

    broken = False

    def read_ports(self, session: Session) -> dict[str, Port]:
        self.broken = self.broken or self.switch.running["swp50"]
        if self.broken:
            raise ValueError("invalid literal for int()")
        return super().read_ports(session)


class SlowLinks(FakeSwitch):
    """A port has a link only a while after it was enabled; what was living is noted at each change."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.enabled_at = dict.fromkeys(self.running, -1000.0)
        self.living: list[list[str]] = []

    def link(self, port: str) -> bool:
        return self.running[port] and self.cable[port] and self.clock.now - self.enabled_at[port] >= self.ready_after

    def _become(self, states: dict[str, bool]) -> None:
        for port, up in states.items():
            if up and not self.running[port]:
                self.enabled_at[port] = self.clock.now
        super()._become(states)
        self.living.append([port for port in states if self.link(port)])


class TestWhateverWentWrong:
    @pytest.mark.parametrize("tree", [True, False])
    @pytest.mark.parametrize("net", [True, False])
    def test_an_error_that_nobody_thought_of_is_undone_and_told(self, tree: bool, net: bool) -> None:
        switch = on_core_a(spanning_tree=tree, net=net)
        error, outcome = fails(switch, platform=BrokenParser(switch))
        assert "unexpected ValueError: not enough values to unpack" in str(error)
        assert str(error).endswith("put back and proven: on swp49 as before")
        assert switch.running == BEFORE == switch.startup
        assert (outcome.rolled_back, outcome.saved, switch.revert_at) == (True, False, None)

    def test_an_error_that_meets_the_undo_too_is_no_traceback(self) -> None:
        switch = on_core_a()
        error, outcome = fails(switch, platform=ParserThatBreaks(switch))
        assert isinstance(error, StateUnknown)
        assert "invalid literal for int()" in str(error)
        assert "console" in str(error)
        assert (outcome.rolled_back, outcome.saved) == (False, False)


class TestCutSession:
    """The new uplink is dead; the session is lost after a line of the undo."""

    @staticmethod
    def undoing(switch: FakeSwitch, faults: dict[int, str]) -> tuple[SwitchError, Any]:
        switch.cable["swp50"] = False
        switch.session_faults = faults
        return fails(switch)

    @pytest.mark.parametrize("when", ["cut before", "cut after"])
    @pytest.mark.parametrize(("tree", "net"), [(True, True), (True, False), (False, True), (False, False)], ids=str)
    def test_it_is_opened_again_and_the_undo_repeated(self, tree: bool, net: bool, when: str) -> None:
        whole = on_core_a(spanning_tree=tree, net=net)
        error, _outcome = self.undoing(whole, {})
        assert isinstance(error, CheckFailed)
        forward = len(["arm"] * net + (["enable"] if tree else ["shut", "enable"]))
        assert len(whole.lines) > forward
        for number in range(forward, len(whole.lines)):
            switch = on_core_a(spanning_tree=tree, net=net)
            error, outcome = self.undoing(switch, {number: when})
            assert isinstance(error, CheckFailed)
            assert str(error).endswith("put back and proven: on swp49 as before")
            assert outcome.reconnected == 1
            assert switch.running == BEFORE == switch.startup
            assert switch.revert_at is None

    def test_it_is_not_tried_for_ever(self) -> None:
        switch = on_core_a()
        error, outcome = self.undoing(switch, dict.fromkeys(range(2, 50), "cut before"))
        assert isinstance(error, StateUnknown)
        assert outcome.reconnected <= 3


class TestMakeBeforeBreak:
    def test_the_old_uplink_has_a_link_before_the_new_one_is_shut(self) -> None:
        switch = SlowLinks(BEFORE, spanning_tree=True)
        switch.macs = None
        switch.ready_after = 4.0
        error, outcome = fails(switch, platform=BrokenParser(switch))
        assert outcome.rolled_back, str(error)
        assert switch.lines == ["enable swp50", "shut swp49", "enable swp49", "shut swp50"]
        assert all(switch.living), switch.living

    def test_a_dead_old_uplink_does_not_keep_the_new_one(self) -> None:
        switch = SlowLinks(BEFORE, spanning_tree=True)
        platform = BrokenParser(switch)
        work = switch._obey

        def pulled(verb: str, *words: str) -> None:
            switch.cable["swp49"] = switch.cable["swp49"] and (verb, *words) != ("shut", "swp49")
            work(verb, *words)

        switch._obey = pulled  # type: ignore[method-assign]
        error, _outcome = fails(switch, platform=platform)
        assert isinstance(error, StateUnknown)
        assert "swp49 is enabled, link down, was enabled, link up" in str(error)
        assert switch.running == BEFORE
