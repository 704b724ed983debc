# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are asked for a proof: asked before anything is sent, and not believed dead for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch import probe
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import (
    CheckFailed,
    LoginFailed,
    Refused,
    SessionLost,
    SwitchError,
    Unreachable,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Verify
from ansible_collections.contingency.infra.plugins.module_utils._switch.probe import HostProbe
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target

from tests.unit.switch.fake_switch import GATEWAY
from tests.unit.switch.runs import fails, on_core_a, run

HOST = Target("pc-ward", "10.9.0.31")


class Shells:
    """The logins to the probe host: ``script`` holds what each command answers, an exception is raised."""

    def __init__(self) -> None:
        self.script: list[str | Exception] = []
        self.login: Exception | None = None
        self.network: Callable[[], bool] = lambda: True
        self.opened = 0
        self.open_now = 0
        self.asked: list[str] = []

    def __call__(self, target: Target, rejections: Any) -> Shells:
        if self.login is not None:
            raise self.login
        if not self.network():
            raise Unreachable(target.name, "no answer")
        self.opened += 1
        self.open_now += 1
        return self

    def exchange(self, send: Send) -> str:
        self.asked.append(send.command)
        answers = iter([self.script.pop(0)] if self.script else [])
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            return answer
        return ""

    def close(self) -> None:
        self.open_now -= 1


@pytest.fixture
def shells(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shells]:
    """Return what stands in for the sessions of probe hosts."""
    found = Shells()
    monkeypatch.setattr(probe, "ShellSession", found)
    yield found
    assert found.open_now <= 1


LOST = SessionLost(HOST.name, "the session ended")


class TestBeforeAnythingIsSent:
    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("kind", [Unreachable, LoginFailed])
    def test_a_host_without_a_login_is_refused(self, shells: Shells, kind: type[SwitchError], check_mode: bool) -> None:
        shells.login = kind(HOST.name, "no answer; check it")
        switch = on_core_a()
        with pytest.raises(kind, match="pc-ward: no answer"):
            run(switch, check_mode=check_mode, probes=[HostProbe(HOST)])
        assert switch.lines == []

    def test_a_host_without_ping_is_refused(self, shells: Shells) -> None:
        shells.script = ["% exit status 127: "]
        switch = on_core_a()
        error, outcome = fails(switch, probes=[HostProbe(HOST)])
        assert str(error).startswith("pc-ward: has no ping")
        assert (switch.lines, outcome.changed) == ([], False)

    def test_a_host_whose_session_is_lost_at_once_is_refused(self, shells: Shells) -> None:
        shells.script = [LOST]
        switch = on_core_a()
        error, _outcome = fails(switch, probes=[HostProbe(HOST)])
        assert isinstance(error, SessionLost)
        assert switch.lines == []

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("name", ["gateway.hospital.example", "10.9.0.1; reboot", "10.9.0", ""])
    def test_only_addresses_are_asked_for(self, name: str, check_mode: bool) -> None:
        switch = on_core_a()
        with pytest.raises(Refused, match=r"in verify.reachable .* is no IP address; give an address"):
            run(switch, check_mode=check_mode, verify=Verify(reachable=(GATEWAY, name)))
        assert switch.lines == []


class TestWhileNoUplinkWorks:
    def test_a_host_behind_the_dead_uplink_does_not_stop_the_way_out(self, shells: Shells) -> None:
        switch = on_core_a()
        switch.cable["swp49"] = False
        shells.network = lambda: switch.link("swp50")
        outcome = run(switch, probes=[HostProbe(HOST)])
        assert outcome.saved
        assert switch.enabled() == ("swp50",)


class TestMidWay:
    def test_a_lost_session_is_no_answer_and_the_next_question_opens_another(self, shells: Shells) -> None:
        asked = HostProbe(HOST)
        asked.prepare()
        shells.script = [LOST, "1 received"]
        assert not asked.reaches(GATEWAY)
        assert shells.open_now == 0
        assert asked.reaches(GATEWAY)
        assert shells.opened == 2
        asked.close()
        asked.close()
        assert shells.open_now == 0

    def test_a_host_that_is_away_for_a_moment_is_asked_again_until_it_answers(self, shells: Shells) -> None:
        shells.script = ["/bin/ping", LOST, LOST]
        switch = on_core_a()
        outcome = run(switch, probes=[HostProbe(HOST)])
        assert outcome.saved
        assert shells.opened == 3
        assert [check["seen"] for check in outcome.verified if check["check"] == "reachable"] == ["answers"]

    def test_a_host_that_stays_away_is_told_as_no_answer_and_the_change_undone(self, shells: Shells) -> None:
        switch = on_core_a()
        asked = HostProbe(HOST)
        shells.script = ["/bin/ping", *[LOST] * 100]
        error, outcome = fails(switch, probes=[asked])
        assert isinstance(error, CheckFailed)
        assert "10.9.0.1: check reachable expected an answer to pc-ward, saw no answer" in str(error)
        assert outcome.rolled_back
        assert switch.enabled() == ("swp49",)

    def test_a_host_that_lets_nobody_in_any_more_undoes_the_change(self, shells: Shells) -> None:
        switch = on_core_a()

        class Locked(HostProbe):
            def reaches(self, address: str) -> bool:
                self.close()
                shells.login = LoginFailed(HOST.name, "refused user 'ops'")
                return super().reaches(address)

        error, outcome = fails(switch, probes=[Locked(HOST)])
        assert isinstance(error, LoginFailed)
        assert outcome.rolled_back
        assert switch.enabled() == ("swp49",)
