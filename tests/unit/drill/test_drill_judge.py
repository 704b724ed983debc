# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From journals and events to what a live drill is judged by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Goal
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import step
from ansible_collections.contingency.infra.plugins.plugin_utils import drill_record
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_judge import facts_of, goals_of
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import held_in, last_before, read_record
from ansible_collections.contingency.infra.plugins.plugin_utils.report_gather import Made, of_incident, places_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Chain, Run

from tests.unit.drill.examples import FAILOVER, PLAN, scenario, text

CHAIN = Chain("journal.jsonl", 3, "0" * 64)


def run(playbook: str = FAILOVER, status: str | None = "ok", check: bool = False, **figures: float) -> Run:
    told = step("handling", text("moved"), procedure=playbook, figures=figures)
    begun = {"playbook": playbook, "check": check, "confirm": "core-a"}
    return Run("r", "/runs/r", CHAIN, begun=begun, begun_epoch=1.0, ended_epoch=3.0, status=status, steps=(told,))


def goals(runs: list[Run], measured: dict[str, dict[str, float]] | None = None) -> dict[str, Goal]:
    return {goal.name: goal for goal in goals_of(runs, measured or {}, policy_of(PLAN))}


def test_the_worst_figure_of_all_runs_counts() -> None:
    found = goals([run(outage_seconds=5.0), run(outage_seconds=61.0), run(outage_seconds=7.0)])["rto"]
    assert (found.achieved, found.met, found.limit) == (61.0, False, 60.0)


def test_a_second_run_that_had_nothing_to_do_and_measured_nothing_takes_nothing_away() -> None:
    assert goals([run(outage_seconds=5.0), run()])["rto"].met


def test_what_nobody_measured_is_not_met() -> None:
    found = goals([run()])["rto"]
    assert found.achieved is None
    assert not found.met


def test_what_was_measured_beside_a_procedure_counts_as_its_figure() -> None:
    assert goals([run()], {FAILOVER: {"outage_seconds": 4.0}})["rto"].achieved == 4.0
    assert not goals([run(outage_seconds=4.0)], {FAILOVER: {"outage_seconds": 90.0}})["rto"].met
    assert goals([], {FAILOVER: {"outage_seconds": 4.0}})["rto"].met


def test_a_run_that_only_looked_is_held_against_nothing() -> None:
    assert goals([run(check=True, outage_seconds=900.0)]) == {}


@pytest.fixture
def drills(tmp_path: Path) -> Path:
    return tmp_path / "drills"


def opened(root: Path, mode: str, now: float = 1_800_000_000.0) -> str:
    fields = {"title": f"small {mode} {now}", "discovered_epoch": now}
    path = store.open_incident(str(root), fields, by="duty@desk", now=now, timezone="UTC", drill=True).path
    begun = {"scenario": "small", "mode": mode, "targets": {"core": "core-a"}, "sha256": "0", "path": "small.yml"}
    drill_record.write(path, "scenario", begun, "duty@desk")
    return path


def facts(path: str, drills: Path, runs: tuple[Run, ...] = ()) -> Any:
    places = places_of(str(drills.parent), None, str(drills))
    record = read_record(path)
    subject = of_incident(places, record.id, PLAN, Made("en", 1_800_000_100.0, "duty@desk"))
    return facts_of(scenario(), record, replace(subject, runs=runs))


def test_live_counts_what_did_something_and_the_events(drills: Path) -> None:
    path = opened(drills, "live")
    store.append_event(path, "graded", {"severity": "major", "rule": "by_hand", "why": "seen"}, by="duty@desk")
    found = facts(path, drills, (run(check=True), run("incident_update"), run(status=None), run(status="failed")))
    assert [each.status for each in found.runs] == ["unknown", "failed"]
    assert found.runs[0].why["zh"] == "其执行日志没有结尾，说明中途中断"
    assert found.runs[1].confirm == "core-a"
    assert {"opened", "graded"} <= found.events
    assert found.clocks == ()


def test_live_a_plan_that_nobody_confirmed_does_not_count(drills: Path) -> None:
    shown = step("activation", text("would move"), procedure="core_switch_failover")
    begun = {"playbook": "core_switch_failover", "check": False, "confirm": None}
    planned = replace(run(), begun=begun, steps=(shown,))
    assert facts(opened(drills, "live"), drills, (planned,)).runs == ()


def test_deadlines_of_a_live_drill_are_those_of_the_plan(drills: Path) -> None:
    path = opened(drills, "live")
    store.append_event(path, "graded", {"severity": "major", "rule": "by_hand", "why": "seen"}, by="duty@desk")
    store.append_event(path, "recovered", {}, by="duty@desk", happened_epoch=1_799_000_000.0)
    [clock] = facts(path, drills).clocks
    assert (clock.key, clock.phase, clock.state) == ("report", "aftermath", "missed")


def test_at_the_table_only_what_was_played_there_counts(drills: Path) -> None:
    path = opened(drills, "tabletop")
    played = {"procedure": FAILOVER, "arguments": {"failed": "core-a"}, "status": "ok", "seconds": 2.0}
    drill_record.write(path, "played", played, "duty@desk")
    found = facts(path, drills, (run(), run(check=True)))
    assert [(each.procedure, each.check) for each in found.runs] == [(FAILOVER, True)]
    assert found.goals == ()
    assert found.clocks == ()


def test_the_drill_before_is_of_the_same_scenario_in_the_same_way(drills: Path) -> None:
    for mode in ("tabletop", "live", "tabletop"):
        path = opened(drills, mode, 1_800_000_000.0 + len(held_in(str(drills))))
        drill_record.write(path, "evaluated", {"score": 50.0, "scores": {}, "findings": []}, "duty@desk")
    before = last_before(str(drills), read_record(path))
    assert before is not None
    assert (before.id.rpartition("-")[2], before.mode, before.score) == ("1", "tabletop", 50.0)
    assert len(held_in(str(drills))) == 3


def test_a_drill_that_was_not_judged_is_not_one_that_was_held(drills: Path) -> None:
    path = opened(drills, "live")
    assert held_in(str(drills)) == ()
    assert last_before(str(drills), read_record(path)) is None


def test_where_there_are_no_drills_there_are_none(tmp_path: Path) -> None:
    assert held_in(str(tmp_path / "none")) == ()
