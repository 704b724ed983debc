# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole task against a server whose links, switches and gateway misbehave."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import Answer
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import Wanted
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.transaction import Outcome, Transaction

from tests.unit.server_uplink.fake_host import FakeHost, FakeServer

MOVE = Wanted("bond0", "eth1", expect_neighbor="core-b", reachable=("10.9.0.2",))


def run(server: FakeHost, wanted: Wanted = MOVE, check_mode: bool = False) -> Outcome:
    return Transaction(server, wanted, check_mode).run()


def seen(outcome: Outcome) -> dict[str, str]:
    return {check.check: check.seen for check in outcome.verified}


def test_a_move_is_made_and_every_check_says_what_it_saw() -> None:
    server = FakeServer()
    outcome = run(server)
    assert outcome.problem is None
    assert outcome.changed
    assert server.active == "eth1"
    assert seen(outcome) == {
        "active": "eth1",
        "carrier": "up",
        "neighbor": "core-b",
        "reachable 10.9.0.2": "answers",
    }
    assert all(check.passed for check in outcome.verified)


def test_a_second_run_changes_nothing_and_still_checks() -> None:
    server = FakeServer()
    run(server)
    again = run(server)
    assert server.written == ["active_slave=eth1"]
    assert not again.changed
    assert again.commands == ()
    assert seen(again)["reachable 10.9.0.2"] == "answers"


def test_check_mode_shows_what_a_real_run_does() -> None:
    server = FakeServer()
    shown = run(server, check_mode=True)
    assert server.writes == []
    real = run(server)
    assert shown.commands == real.commands == ("echo eth1 > /sys/class/net/bond0/bonding/active_slave",)
    assert shown.changed
    assert shown.as_result()["diff"] == real.as_result()["diff"]
    assert shown.after is not None
    assert real.after is not None
    assert shown.after.active == real.after.active == "eth1"


def test_a_silent_gateway_puts_the_former_member_back() -> None:
    server = FakeServer(answering=lambda active: active == "eth0")
    outcome = run(server)
    assert server.active == "eth0"
    assert outcome.rolled_back
    assert not outcome.changed
    assert server.written == ["active_slave=eth1", "active_slave=eth0"]
    assert [command.split()[1] for command in outcome.commands] == ["eth1", "eth0"]
    assert outcome.problem == (
        "bond0 on eth1: check reachable 10.9.0.2 saw no answer, expected answers. bond0 is on eth0, as it was before."
    )


def test_the_diff_of_a_roll_back_shows_no_change() -> None:
    diff = run(FakeServer(answering=lambda active: False)).as_result()["diff"]
    assert diff["before"] == diff["after"]


def test_without_roll_back_the_bond_stays_and_the_error_says_so() -> None:
    server = FakeServer(answering=lambda active: False)
    outcome = run(server, dataclasses.replace(MOVE, rollback=False))
    assert server.active == "eth1"
    assert outcome.changed
    assert not outcome.rolled_back
    assert "rollback" in str(outcome.problem)


def test_a_check_may_take_its_time_but_not_more() -> None:
    server = FakeServer(answering=lambda active: server.time > 3)
    assert run(server).problem is None
    slow = FakeServer(answering=lambda active: slow.time > 30)
    assert run(slow).rolled_back
    assert 10 <= slow.time < 11


def test_the_wrong_switch_behind_the_member_is_found_before_anything_is_changed() -> None:
    server = FakeServer(neighbors={"eth0": "core-b", "eth1": "core-a"})
    outcome = run(server)
    assert server.writes == []
    assert outcome.problem == "bond0 on eth1: check neighbor saw core-a, expected core-b. Nothing was changed."


def test_a_switch_may_announce_its_domain() -> None:
    server = FakeServer(neighbors={"eth1": "Core-B.hospital.example"})
    assert run(server).problem is None


def test_a_server_without_lldpcli_is_moved_with_a_warning() -> None:
    outcome = run(FakeServer(lldp=False))
    assert outcome.problem is None
    assert "neighbor" not in seen(outcome)
    assert "lldpcli is not on this host" in outcome.warnings[0]


def test_a_gateway_that_is_not_behind_the_bond_proves_nothing() -> None:
    server = FakeServer(route_device="mgmt0")
    outcome = run(server)
    assert server.writes == []
    assert "reached over mgmt0, not over bond0" in str(outcome.problem)


def test_a_vlan_on_the_bond_is_the_bond() -> None:
    server = FakeServer(route_device="bond0.10")
    assert run(server).problem is None
    assert any("-I bond0.10" in command for command in server.commands)


def test_a_name_instead_of_an_address_is_refused() -> None:
    assert "no IP address" in str(run(FakeServer(), dataclasses.replace(MOVE, reachable=("gateway",))).problem)


def test_a_wanted_member_that_fails_right_after_the_move() -> None:
    server = FakeServer(after_write=lambda server: server.pull("eth1"))
    outcome = run(server)
    assert server.active == "eth0"
    assert outcome.rolled_back
    assert "check active saw eth0, expected eth1" in str(outcome.problem)


def test_nobody_is_asked_for_an_answer_while_the_link_itself_is_down() -> None:
    server = FakeServer(after_write=lambda server: server.pull("eth1"))
    run(server)
    assert not any(command.startswith("ping") for command in server.commands)


def test_a_wanted_member_that_fails_between_reading_and_writing() -> None:
    server = FakeServer()
    write = server.write

    def pull_then_write(path: str, text: str) -> None:
        server.pull("eth1")
        write(path, text)

    server.write = pull_then_write  # type: ignore[method-assign]
    outcome = run(server)
    assert "kernel refused eth1" in str(outcome.problem)
    assert "bond0 is on eth0, as it was before" in str(outcome.problem)


def test_a_bond_that_moved_there_by_itself_meanwhile_needs_no_move() -> None:
    server = FakeServer(neighbors={})

    def announce(seconds: float) -> None:
        server.time += seconds
        server.pull("eth0")
        server.neighbors["eth1"] = "core-b"

    server.sleep = announce  # type: ignore[method-assign]
    outcome = run(server)
    assert outcome.problem is None
    assert not outcome.changed
    assert server.writes == []


def test_a_former_member_that_died_meanwhile_is_not_put_back() -> None:
    server = FakeServer(answering=lambda active: False, after_write=lambda server: server.pull("eth0"))
    outcome = run(server)
    assert server.active == "eth1"
    assert not outcome.rolled_back
    assert outcome.changed
    assert "could not be put back: eth0 has no carrier any more; it is on eth1 now" in str(outcome.problem)


def test_a_roll_back_that_fails_says_that_the_state_is_unknown() -> None:
    server = FakeServer(answering=lambda active: False)
    write = server.write

    def refuse_the_way_back(path: str, text: str) -> None:
        if text == "eth0":
            raise OSError(5, "Input/output error")
        write(path, text)

    server.write = refuse_the_way_back  # type: ignore[method-assign]
    outcome = run(server)
    assert "state of bond0 is unknown" in str(outcome.problem)
    assert not outcome.rolled_back


def test_a_primary_is_moved_and_put_back_with_the_member() -> None:
    wanted = dataclasses.replace(MOVE, primary="move")
    server = FakeServer(primary="eth0")
    assert run(server, wanted).problem is None
    assert (server.primary, server.active) == ("eth1", "eth1")
    failing = FakeServer(primary="eth0", answering=lambda active: active == "eth0")
    assert run(failing, wanted).rolled_back
    assert (failing.primary, failing.active) == ("eth0", "eth0")


@pytest.mark.parametrize("mode", ["balance-rr", "802.3ad"])
def test_a_bond_that_moves_by_itself_is_only_checked(mode: str) -> None:
    server = FakeServer(mode=mode, active=None)
    outcome = run(server)
    assert outcome.problem is None
    assert not outcome.changed
    assert seen(outcome) == {"carrier": "up", "neighbor": "core-b", "reachable 10.9.0.2": "answers"}
    server.pull("eth1")
    failed = run(server)
    assert failed.problem == "bond0 on eth1: check carrier saw down, expected up. Nothing was changed."


def test_a_host_without_the_bond() -> None:
    outcome = run(FakeHost(files={"/sys/class/net/bonding_masters": "bond1 bond2"}))
    assert "This host has no bond bond0" in str(outcome.problem)
    assert "bond1 bond2" in str(outcome.problem)
    assert outcome.as_result()["before"] == {}


def test_an_lldpd_that_does_not_run_is_named() -> None:
    server = FakeServer()
    answers = server.run

    def without_lldpd(command: list[str]) -> Answer:
        if command[0] == "lldpcli":
            return Answer(1, "", "unable to connect to socket /run/lldpd.socket\n")
        return answers(command)

    server.run = without_lldpd  # type: ignore[assignment,method-assign]
    assert "start lldpd" in str(run(server).problem)
    assert server.writes == []
