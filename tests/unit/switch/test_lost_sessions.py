# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that are lost: while saving, while reading, again and again; never more than one is open."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import (
    CheckFailed,
    LoginFailed,
    Refused,
    SessionLost,
    StateUnknown,
    Unreachable,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Port, Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target

from tests.unit.switch.fake_switch import TARGET, FakePlatform, FakeSession, FakeSwitch
from tests.unit.switch.runs import fails, on_core_a, run


class Counting(FakePlatform):
    """Counts the sessions that are open, and can refuse or lose those after the first."""

    def __init__(self, switch: FakeSwitch) -> None:
        super().__init__(switch)
        self.sessions: list[FakeSession] = []
        self.refusals: list[Exception] = []
        self.lost_reads = 0

    def open(self, target: Target) -> Session:
        assert all(session.closed for session in self.sessions), "a second session was opened beside the first"
        if self.sessions and self.refusals:
            self.switch.logins += 1
            raise self.refusals.pop(0)
        session = cast(FakeSession, super().open(target))
        self.sessions.append(session)
        return session

    def read_ports(self, session: Session) -> dict[str, Port]:
        if len(self.sessions) > 1 and self.lost_reads:
            self.lost_reads -= 1
            cast(FakeSession, session).switch.clock.sleep(0.1)
            raise SessionLost(TARGET.name, "the session ended")
        return super().read_ports(session)


def cut(number: int = 1) -> FakeSwitch:
    switch = on_core_a()
    switch.session_faults = {number: "cut after"}
    return switch


class TestReconnecting:
    def test_no_more_than_one_session_is_open_and_none_at_the_end(self) -> None:
        switch = cut()
        platform = Counting(switch)
        platform.lost_reads = 4
        platform.refusals = [Unreachable(TARGET.name, "no answer")] * 3
        outcome = run(switch, platform=platform)
        assert outcome.saved
        assert len(platform.sessions) == 6
        assert all(session.closed for session in platform.sessions)

    def test_a_refused_login_is_not_tried_again(self) -> None:
        switch = cut()
        platform = Counting(switch)
        platform.refusals = [LoginFailed(TARGET.name, "refused user 'ops' with the password")] * 50
        error, outcome = fails(switch, platform=platform)
        assert isinstance(error, StateUnknown)
        assert "refused user 'ops'" in str(error)
        assert switch.logins == 2
        assert outcome.reconnected == 0
        assert all(session.closed for session in platform.sessions)

    def test_waiting_for_a_switch_that_is_away_has_an_end(self) -> None:
        switch = cut()
        switch.reachable_again = False
        began = switch.clock.now
        error, _outcome = fails(switch)
        assert isinstance(error, StateUnknown)
        assert 30 <= switch.clock.now - began < 40

    def test_what_cannot_be_read_after_it_is_no_traceback(self) -> None:
        switch = cut()

        class Garbled(Counting):
            def read_ports(self, session: Session) -> dict[str, Port]:
                if len(self.sessions) > 1:
                    raise ValueError("not enough values to unpack")
                return super().read_ports(session)

        error, _outcome = fails(switch, platform=Garbled(switch))
        assert isinstance(error, StateUnknown)
        assert "not enough values to unpack" in str(error)
        assert "console" in str(error)


class TestWhileSaving:
    @pytest.mark.parametrize("when", ["cut before", "cut after"])
    def test_it_is_saved_again(self, when: str) -> None:
        switch = on_core_a()
        switch.session_faults = {2: when}
        outcome = run(switch)
        assert outcome.saved
        assert switch.startup == switch.running == {"swp49": False, "swp50": True}

    @pytest.mark.parametrize("when", ["cut before", "cut after"])
    def test_a_switch_that_came_back_on_its_old_state_is_not_reported_as_saved(self, when: str) -> None:
        switch = on_core_a()
        switch.session_faults = {2: when}

        class Restarted(FakePlatform):
            def open(self, target: Target) -> Session:
                if switch.logins:
                    switch.startup = {"swp49": True, "swp50": False}
                    switch._become(switch.startup)
                return super().open(target)

        error, outcome = fails(switch, platform=Restarted(switch))
        assert isinstance(error, CheckFailed)
        assert "the session was lost while saving, and since then" in str(error)
        assert "swp50" in str(error)
        assert not outcome.saved
        assert outcome.after["swp49"]["enabled"]

    def test_a_switch_that_stays_away_is_not_reported_as_saved(self) -> None:
        switch = cut(2)
        switch.reachable_again = False
        error, outcome = fails(switch)
        assert isinstance(error, StateUnknown)
        assert not outcome.saved


class Behind(Session):
    """A session with the transport that it is given."""

    def __init__(self, transport: Any) -> None:
        super().__init__(TARGET, (r"^%",))
        self._transport = transport

    def exchange(self, send: Send) -> str:
        raise AssertionError("nothing is to be sent")

    @property
    def connection(self) -> Any:
        return SimpleNamespace(remote_conn_pre=SimpleNamespace(get_transport=lambda: self._transport))


class TestItsEnds:
    def test_a_session_that_has_ended_is_told_as_lost(self) -> None:
        with pytest.raises(SessionLost, match="the session ended; look at"):
            _addresses = Behind(None).addresses

    def test_a_socket_that_is_closed_is_told_as_lost(self) -> None:
        here, there = socket.socketpair()
        here.close()
        there.close()
        with pytest.raises(SessionLost, match=r"the session ended \(.*\); look at its console"):
            _addresses = Behind(SimpleNamespace(sock=here)).addresses

    def test_a_session_that_dies_between_reading_and_the_guard_is_one_sentence_and_no_change(self) -> None:
        switch = on_core_a()

        class Dying(FakeSession):
            @property
            def addresses(self) -> tuple[str, str]:
                return cast("tuple[str, str]", Behind(None).addresses)

        platform = FakePlatform(switch)
        platform.open = lambda target: Dying(switch)  # type: ignore[method-assign]
        error, outcome = fails(switch, platform=platform)
        assert isinstance(error, SessionLost)
        assert "\n" not in str(error)
        assert (switch.lines, outcome.changed) == ([], False)

    def test_through_a_jump_host_the_management_port_has_to_be_named(self) -> None:
        switch = on_core_a()

        class Jumped(FakeSession):
            @property
            def addresses(self) -> Any:
                return Behind(SimpleNamespace(sock=SimpleNamespace(send=None, recv=None))).addresses

        platform = FakePlatform(switch)
        platform.open = lambda target: Jumped(switch)  # type: ignore[method-assign]
        error, outcome = fails(switch, platform=platform)
        assert isinstance(error, Refused)
        assert "cannot be told through which port this session runs" in str(error)
        assert "name the management port with management_port (switch_management_port)" in str(error)
        assert (switch.lines, outcome.changed) == ([], False)
        assert run(switch, platform=platform, management_port="mgmt0").saved
