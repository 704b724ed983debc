# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks staged_shutdown and staged_startup: real upsd, batteries that drain, hosts that really go off."""

from __future__ import annotations

import time
from contextlib import ExitStack

from tests.lab.room import ALL, KEPT, LATER, LONGEST_RUN, NEVER, PLANNED, UPSES, Room, policy


def test_stages_go_by_age_and_what_the_policy_keeps_stays_and_all_come_back(room: Room) -> None:
    by_age = policy(4, 25, 600)
    assert room.shutdown(*by_age).line("Staged shutdown:") == "mains is there, nothing to do"
    room.mains_off()
    lost = time.monotonic()
    first = room.shutdown(*by_age)
    assert "0 of 8 hosts are off" in first.output
    time.sleep(4)
    assert room.shutdown(*by_age).status == 0
    assert room.on() == LATER | KEPT
    time.sleep(max(0.0, lost + 30 - time.monotonic()))
    last = room.shutdown(*by_age)
    assert "6 of 8 hosts are off" in last.output, last.output
    assert room.on() == KEPT

    before = room.on()
    again = room.shutdown(*by_age)
    assert again.status == 0
    assert not again.changed
    assert room.on() == before
    assert "still on: lis-db-1, lis-dns-1" in again.output
    report = room.report()
    nodes = report["outage"]["nodes"]
    for app in ("lis-app-1", "lis-app-2"):
        for web in ("lis-web-1", "lis-web-2"):
            assert nodes[app]["since"]["epoch"] >= nodes[web]["off_at"]["epoch"]
    assert (room.work / "evidence").joinpath(f"outage-{report['outage']['id']}.svg").exists()

    waits = room.play("staged_startup", *by_age)
    assert "WAITS: ups-" in waits.output
    room.mains_on()
    started = room.start_all(*by_age)
    assert room.on() == ALL
    assert "up and healthy" in started.line("lis-web-1")
    assert "nothing to do" in room.play("staged_startup", *by_age).output


def test_a_short_ups_is_left_early_and_nothing_is_running_when_it_is_empty(room: Room) -> None:
    with ExitStack() as stack:
        for ups in UPSES:
            stack.enter_context(room.fault("worn-battery", ups))
        room.mains_off()
        deadline = time.monotonic() + 100
        while "all 8 hosts are off" not in (played := room.shutdown(*NEVER)).output:
            assert played.status == 0, played.output
            assert time.monotonic() < deadline, played.output
            time.sleep(1)
        assert room.on() == set()
        assert "battery of ups-" in (room.work / "evidence").glob("outage-*.svg").__next__().read_text(encoding="utf-8")
        assert all(room.charge(ups) > 0 for ups in UPSES), "none of them lost its power"
        assert {state["how"] for state in room.report()["outage"]["nodes"].values()} == {"off (graceful, by bmc)"}


def test_mains_back_in_the_middle_of_a_stage_ends_it(room: Room) -> None:
    room.mains_off()
    process = room.start("staged_shutdown", *policy(0, 0, 0))
    deadline = time.monotonic() + 30
    while room.on() == ALL:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    room.mains_on()
    output, _errors = process.communicate(timeout=LONGEST_RUN)
    assert process.returncode == 0, output
    assert room.on() >= KEPT
    quiet = room.shutdown(*policy(0, 0, 0))
    assert not quiet.changed
    assert "mains is back" in quiet.output


def test_a_host_that_hangs_is_forced_and_a_dead_controller_leaves_its_host_named_and_tried_again(room: Room) -> None:
    extra = (*PLANNED, *policy(0, 0, 0), "-e", "shutdown_timeout=8")
    with room.fault("shutdown-hangs", "lis-report-1"), room.fault("bmc-dead", "lis-files-1"):
        played = room.shutdown(*extra)
    assert played.status != 0
    assert "forced" in played.line("lis-report-1")
    assert "NOT confirmed off" in played.line("lis-files-1")
    assert "Next: see to lis-files-1" in played.output
    assert room.on() <= {"lis-files-1", "lis-dns-1"}
    again = room.shutdown(*extra)
    assert again.status == 0, again.output
    assert room.on() == set()


def test_upses_that_nobody_can_read_shut_nothing_and_are_an_error(room: Room) -> None:
    with ExitStack() as stack:
        for ups in UPSES:
            stack.enter_context(room.fault("cut-management", ups))
        played = room.shutdown(*policy(0, 0, 0))
    assert played.status != 0
    assert "NOT EVERY UPS CAN BE READ" in played.output
    assert played.line("ups-a").startswith("UNKNOWN: ")
    assert room.on() == ALL


def test_a_ups_that_falls_silent_in_an_outage_keeps_it_going(room: Room) -> None:
    room.mains_off()
    room.shutdown(*policy(5, 600, 600))
    with ExitStack() as stack:
        for ups in UPSES:
            stack.enter_context(room.fault("ups-driver-killed", ups))
        time.sleep(4)
        played = room.shutdown(*policy(5, 600, 600))
    assert room.on() == LATER | KEPT, played.output
    assert "UNKNOWN: " in played.output
    assert "its reading of" in played.output, "the plan says by what it judges a silent UPS"


def test_a_plan_and_check_mode_change_nothing(room: Room) -> None:
    plan = room.shutdown("-e", "outage=planned", *policy(0, 0, 0))
    assert plan.status != 0
    assert "would be shut now" in plan.line("lis-web-1")
    assert "contingency_confirm=planned" in plan.output
    room.mains_off()
    check = room.shutdown("--check", *policy(0, 0, 0))
    assert check.status == 0, check.output
    assert "would be shut now" in check.line("lis-web-1")
    assert room.on() == ALL
    assert not (room.work / "state").exists()
    assert not list(room.work.glob("evidence/outage-*"))
