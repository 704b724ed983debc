# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core switch failover and failback against switches that really forward, as a person starts them."""

from __future__ import annotations

import pytest

from tests.lab.hospital import BRIDGES, NEW, OLD, Hospital
from tests.lab.watch import UplinkWatch

QUICK = ("-e", "core_switch_verify_timeout=3")


def test_a_killed_core_is_left_by_all_and_a_second_run_changes_nothing(hospital: Hospital) -> None:
    hospital.kill("core-a")
    first = hospital.play()
    assert first.status == 0, first.output
    assert hospital.uplinks() == hospital.on(NEW)
    assert "6 of 6 access switches and servers are on core-b" in first.summary
    assert "could not be had" in first.line("core-a")
    for switch in hospital.access:
        assert first.result(switch)["saved"]
        assert all(check["passed"] for check in first.result(switch)["verified"])

    before = hospital.configurations()
    second = hospital.play()
    assert second.status == 0, second.output
    moved = [*hospital.access, *hospital.servers]
    assert {host: second.changed[host] for host in moved} == dict.fromkeys(moved, 0)
    assert hospital.configurations() == before
    for switch in hospital.access:
        assert second.result(switch)["commands"] == []
        assert f"already on {NEW}" in second.line(switch)


def test_plan_and_check_mode_show_what_a_run_sends_and_failback_undoes_it(hospital: Hospital) -> None:
    before, records = hospital.configurations(), hospital.records()
    plan = hospital.play(confirm="")
    assert plan.status != 0
    assert "PLAN ONLY: nothing was changed" in plan.summary
    assert "contingency_confirm=core-a" in plan.summary
    check = hospital.play("failover", "--check")
    assert check.status == 0, check.output
    assert "CHECK MODE: nothing was changed" in check.summary
    assert hospital.configurations() == before
    assert hospital.records() == records

    with UplinkWatch(hospital.lab, BRIDGES) as watch:
        run = hospital.play()
        assert run.status == 0, run.output
        assert "log and configuration saved" in run.line("core-a")
        assert hospital.uplinks() == hospital.on(NEW)
        for switch in hospital.access:
            sent = run.result(switch)["commands"]
            assert sent
            assert plan.planned(switch) == check.planned(switch) == sent
        back = hospital.play("failback")
    assert back.status == 0, back.output
    assert hospital.uplinks() == hospital.on(OLD)
    assert "6 of 6 access switches and servers are on core-a" in back.summary
    assert hospital.configurations() == before

    assert watch.looks > 1000
    assert watch.most_at_once == 1, watch.seen
    assert all({(OLD,), (NEW,)} <= states for states in watch.seen.values())


def test_a_confirmation_of_another_name_is_none(hospital: Hospital) -> None:
    run = hospital.play(confirm="core-b")
    assert run.status != 0
    assert "PLAN ONLY" in run.summary
    assert hospital.uplinks() == hospital.on(OLD)


def test_one_unreachable_switch_does_not_stop_the_others_and_a_second_run_does_only_it(hospital: Hospital) -> None:
    with hospital.fault("cut-management", "access-lab"):
        first = hospital.play()
    assert first.status != 0
    assert hospital.uplinks() == {**hospital.on(NEW), "access-lab": ((OLD,), (OLD,))}
    assert "NOT on core-b: access-lab" in first.summary
    assert "FAILED" in first.line("access-lab")
    assert "check its power, its cable and the management network" in first.line("access-lab")
    assert not first.has_traceback

    second = hospital.play()
    assert second.status == 0, second.output
    assert {switch: second.changed[switch] for switch in hospital.access} == {
        **dict.fromkeys(hospital.access, 0),
        "access-lab": 1,
    }
    assert hospital.uplinks() == hospital.on(NEW)


def test_a_failed_core_that_hangs_blocks_nobody_longer_than_its_limits_and_is_recorded(hospital: Hospital) -> None:
    with hospital.fault("hang", "core-a"):
        run = hospital.play()
    assert run.status == 0, run.output
    assert hospital.uplinks() == hospital.on(NEW)
    assert "could not be had" in run.line("core-a")
    assert "does not speak SSH in time" in run.line("core-a")
    assert any("could not be had" in line["text"] for line in run.record["hosts"] if line["host"] == "core-a")
    assert run.seconds < 40


def test_a_standby_that_cannot_be_read_moves_nothing(hospital: Hospital) -> None:
    before = hospital.configurations()
    with hospital.fault("cut-management", "core-b"):
        run = hospital.play()
    assert run.status != 0
    assert "core-b: " in run.output
    assert "check its power" in run.output
    assert hospital.configurations() == before
    assert "access-ward" not in run.changed
    assert not run.has_traceback


def test_a_standby_with_a_shut_downlink_moves_nothing(hospital: Hospital) -> None:
    before = hospital.configurations()
    with hospital.shut("core-b", "swp12"):
        run = hospital.play()
    assert run.status != 0
    assert "core-b cannot take over: port swp12 to an access switch is shut" in run.output
    assert "Nothing was moved" in run.output
    assert hospital.configurations() == before
    assert not run.has_traceback


@pytest.mark.parametrize(("seen", "swapped"), [("core-x", True), ("nobody", False)])
def test_the_wrong_neighbor_is_rolled_back_and_proven(hospital: Hospital, seen: str, swapped: bool) -> None:
    before = hospital.configurations()
    with hospital.wrong_name("core-b", seen) if swapped else hospital.silent_lldp("core-b"):
        run = hospital.play("failover", *QUICK)
    assert run.status != 0
    for switch in ("access-outpatient", "access-ward", "access-lab"):
        result = run.result(switch)
        assert result["reason"] == "check_failed"
        assert result["rolled_back"]
        assert f"{NEW}: check neighbor expected core-b, saw {seen}" in run.line(switch)
        assert "put back and proven" in run.line(switch)
        assert run.changed[switch] == 0
        assert hospital.configurations([switch])[switch] == before[switch]
    assert "access-ward" in run.summary.partition("NOT on core-b: ")[2]
    assert "not provable here: neighbor" in run.line("access-pharmacy")
    hospital.wait_until_forwarding()


def test_a_save_that_fails_is_an_error_and_the_next_run_saves(hospital: Hospital) -> None:
    with hospital.fault("save-fails", "access-ward"), hospital.fault("save-fails", "access-pharmacy"):
        run = hospital.play()
        for switch in BRIDGES:
            assert (hospital.enabled(switch), hospital.saved(switch)) == ((NEW,), (OLD,))
    assert run.status != 0
    assert "On core-b but NOT SAVED, do not restart: access-ward, access-pharmacy" in run.summary
    for switch in BRIDGES:
        assert run.result(switch)["reason"] == "save_failed"
        assert not run.result(switch)["saved"]
        assert "NOT SAVED, do not restart it" in run.line(switch)
        assert "Read-only file system" in run.line(switch)

    again = hospital.play()
    assert again.status == 0, again.output
    assert hospital.uplinks() == hospital.on(NEW)
    for switch in BRIDGES:
        assert len(again.result(switch)["commands"]) == 1
        assert "write memory" in again.result(switch)["commands"][0]
