# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not be done, and whether the refusal says which port, what was seen, and how one gets on."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.guards import (
    dead_end_limitation,
    loop_limitation,
    probe_limitation,
    session_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import ArpEntry, MacEntry, Port, Uplinks
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Plan, Request, Verify, plan_move

from tests.unit.switch.fake_switch import CONTROLLER, TARGET, FakePlatform, FakeSwitch

MOVE = Request("swp50", ("swp49",))


def uplinks(old: Port, new: Port, tree: bool | None = False) -> Uplinks:
    return Uplinks({old.name: old, new.name: new}, tree)


OLD_UP, NEW_SHUT = Port("swp49", True, True), Port("swp50", False, False)


def refusal(switch: FakeSwitch, request: Request = MOVE) -> str | None:
    platform = FakePlatform(switch)
    session = platform.open(TARGET)
    before = platform.read_uplinks(session, request.ports)
    return session_limitation(platform, session, before, plan_move(before, request), request)


class TestLoop:
    @pytest.mark.parametrize(("tree", "seen"), [(False, "does not run"), (None, "cannot be told")])
    def test_two_uplinks_without_spanning_tree_are_refused(self, tree: bool | None, seen: str) -> None:
        before = uplinks(OLD_UP, NEW_SHUT, tree)
        request = Request("swp50", ("swp49",), strategy="make_before_break")
        reason = loop_limitation(before, plan_move(before, request))
        assert reason is not None
        assert seen in reason
        assert "strategy=auto" in reason

    def test_with_spanning_tree_they_are_not(self) -> None:
        before = uplinks(OLD_UP, NEW_SHUT, True)
        assert loop_limitation(before, plan_move(before, MOVE)) is None

    @pytest.mark.parametrize("tree", [False, None])
    def test_auto_is_never_refused(self, tree: bool | None) -> None:
        before = uplinks(OLD_UP, NEW_SHUT, tree)
        assert loop_limitation(before, plan_move(before, MOVE)) is None

    def test_a_switch_that_is_moved_already_is_not_refused(self) -> None:
        assert loop_limitation(uplinks(OLD_UP, NEW_SHUT, None), Plan("make_before_break", ())) is None


class TestDeadEnd:
    def test_the_living_uplink_is_not_left_for_a_dead_one(self) -> None:
        before = uplinks(OLD_UP, Port("swp50", True, False, "notconnect"))
        reason = dead_end_limitation(before, plan_move(before, MOVE), MOVE)
        assert reason is not None
        assert "swp50 is enabled but has no link (notconnect)" in reason
        assert "swp49 carries the traffic" in reason

    def test_a_dead_uplink_may_be_left_for_a_dead_one(self) -> None:
        before = uplinks(Port("swp49", True, False), Port("swp50", True, False))
        assert dead_end_limitation(before, plan_move(before, MOVE), MOVE) is None

    def test_a_shut_port_shows_no_link_and_may_still_live(self) -> None:
        before = uplinks(OLD_UP, NEW_SHUT)
        assert dead_end_limitation(before, plan_move(before, MOVE), MOVE) is None

    def test_with_spanning_tree_the_new_uplink_proves_itself_first(self) -> None:
        before = uplinks(OLD_UP, Port("swp50", True, False), True)
        assert dead_end_limitation(before, plan_move(before, MOVE), MOVE) is None


class TestProbe:
    REQUEST = Request("swp50", ("swp49",), verify=Verify(reachable=("10.9.0.1",)))

    def test_an_address_that_nobody_can_ask_about_is_refused(self) -> None:
        platform = FakePlatform(FakeSwitch({"swp49": True, "swp50": False}))
        platform.ping_command = ""  # type: ignore[misc]
        reason = probe_limitation(platform, self.REQUEST, False)
        assert reason is not None
        assert "10.9.0.1" in reason
        assert "core_switch_probe_from" in reason
        assert probe_limitation(platform, self.REQUEST, True) is None
        assert probe_limitation(platform, MOVE, False) is None

    def test_a_switch_that_pings_needs_nobody_else(self) -> None:
        assert probe_limitation(FakePlatform(FakeSwitch({"swp49": True})), self.REQUEST, False) is None


class TestSession:
    def switch(self, interface: str) -> FakeSwitch:
        switch = FakeSwitch({"swp49": True, "swp50": False})
        switch.addresses = {"10.9.0.22": interface}
        return switch

    def test_a_management_port_of_its_own_is_safe(self) -> None:
        assert refusal(FakeSwitch({"swp49": True, "swp50": False})) is None

    def test_the_port_with_the_address_is_not_shut(self) -> None:
        reason = refusal(self.switch("swp49"))
        assert reason is not None
        assert "swp49 carries this session" in reason
        assert "management port" in reason

    def test_a_short_name_means_the_same_port(self) -> None:
        assert refusal(self.switch("sw49")) is not None

    def test_behind_a_virtual_interface_the_address_table_tells_the_port(self) -> None:
        switch = self.switch("vlan9")
        switch.arp = [ArpEntry(CONTROLLER, "0200000000aa")]
        switch.macs = [MacEntry("0200000000aa", "swp49")]
        reason = refusal(switch)
        assert reason is not None
        assert "swp49 carries this session" in reason

    def test_the_other_uplink_may_carry_it(self) -> None:
        switch = self.switch("vlan9")
        switch.arp = [ArpEntry(CONTROLLER, "0200000000aa")]
        switch.macs = [MacEntry("0200000000aa", "swp1")]
        assert refusal(switch) is None

    @pytest.mark.parametrize("learned", [None, []], ids=["no address table", "not learned"])
    def test_what_cannot_be_told_is_refused(self, learned: list[MacEntry] | None) -> None:
        switch = self.switch("vlan9")
        switch.arp = [ArpEntry(CONTROLLER, "0200000000aa")]
        switch.macs = learned
        reason = refusal(switch)
        assert reason is not None
        assert "cannot be told" in reason
        assert "management_port" in reason

    def test_an_address_that_the_switch_does_not_have_is_refused(self) -> None:
        platform = FakePlatform(switch := self.switch("vlan9"))
        session = platform.open(TARGET)
        switch.addresses = {"192.0.2.7": "vlan1"}
        before = platform.read_uplinks(session, MOVE.ports)
        reason = session_limitation(platform, session, before, plan_move(before, MOVE), MOVE)
        assert reason is not None
        assert "cannot be told" in reason

    def test_a_named_management_port_is_believed(self) -> None:
        assert refusal(self.switch("vlan9"), Request("swp50", ("swp49",), management_port="mgmt0")) is None
        assert refusal(self.switch("vlan9"), Request("swp50", ("swp49",), management_port="Sw49")) is not None

    def test_nothing_is_asked_where_nothing_is_shut(self) -> None:
        switch = self.switch("vlan9")
        switch.running = {"swp49": False, "swp50": True}
        assert refusal(switch) is None
