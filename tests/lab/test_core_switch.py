# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core switch failover and failback against switches that really forward, as a person starts them."""

from __future__ import annotations

import pytest

from tests.lab.hospital import NEW, OLD, Hospital


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
    assert {host: second.changed[host] for host in [*hospital.access, *hospital.servers]} == dict.fromkeys(
        [*hospital.access, *hospital.servers], 0
    )
    assert hospital.configurations() == before
    for switch in hospital.access:
        assert second.result(switch)["commands"] == []
        assert f"already on {NEW}" in second.line(switch)


def test_a_plan_and_check_mode_change_nothing_and_show_what_a_run_sends_and_failback_undoes_it(
    hospital: Hospital,
) -> None:
    before = hospital.configurations()
    plan = hospital.play(confirm="")
    assert plan.status != 0
    assert "PLAN ONLY, nothing was changed" in plan.summary
    assert "contingency_confirm=core-a" in plan.summary
    check = hospital.play("failover", "--check")
    assert check.status == 0, check.output
    assert "CHECK MODE, nothing was changed" in check.summary
    assert hospital.configurations() == before
    assert hospital.records() == []

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
