# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each procedure tells the journal of itself: in both languages, with figures, and nothing that was not proven."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.core_switch_summary import summary_of
from ansible_collections.contingency.infra.plugins.module_utils._readiness.model import Judge, say
from ansible_collections.contingency.infra.plugins.module_utils._readiness.steps import step_of
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import PHASES
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.report import Facts, Reporter
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.start_report import StartReporter
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.steps import steps_of as staged_steps
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.steps import thinned
from ansible_collections.contingency.infra.plugins.module_utils._standby.steps import steps_of as standby_steps
from ansible_collections.contingency.infra.plugins.module_utils._switch.steps import steps_of as switch_steps
from ansible_collections.contingency.infra.plugins.plugin_utils import journal_run_facts
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_report import Report, result_of
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_steps import steps_of as restore_steps
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.restore.sets import of_each_verdict
from tests.unit.standby import test_report as standby
from tests.unit.switch import test_report as switch

LANGUAGES = ("en", "zh")
SITE = {"left": "core-a", "target": "core-b", "access": ["access-lab"], "servers": [], "confirm": "core-a"}


def core_switch(moved: Any, mode: str = "run", began: float | None = 100.0) -> list[dict[str, Any]]:
    hostvars = {
        "core-a": {"core_switch_result": switch.GONE},
        "core-b": {"core_switch_result": dict(switch.BACKUP)},
        "access-lab": {} if moved is None else {"core_switch_result": moved},
    }
    arguments = {**SITE, "direction": "failover", "mode": mode}
    summaries = {each: summary_of(hostvars, {**arguments, "language": each}) for each in LANGUAGES}
    return switch_steps(summaries, "failover", mode, began, 130.0)


def in_both(step: dict[str, Any]) -> bool:
    """Is every sentence of a step there in both languages, or a fact that needs none?"""
    texts = [step["text"], step.get("next_action"), *step.get("unproven", [])]
    return all(not isinstance(text, dict) or set(text) == set(LANGUAGES) for text in texts)


def test_a_core_switch_failover_tells_each_host_and_the_whole() -> None:
    steps = core_switch({**switch.MOVED, "seconds": {"total": 1.234, "switch_over": 0.42}})
    assert [(step.get("host"), step["phase"], step["ok"]) for step in steps] == [
        ("core-a", "discovery", True),
        ("core-b", "handling", True),
        ("access-lab", "handling", True),
        (None, "verification", True),
    ]
    assert steps[2]["figures"] == {"switch_over_seconds": 0.42, "move_seconds": 1.234}
    assert "neighbor swp50: core-b" in steps[2]["proven"]
    assert steps[3]["figures"] == {"hosts_moved": 1.0, "hosts_not_moved": 0.0, "recovery_seconds": 30.0}
    assert (steps[3]["began_epoch"], steps[3]["ended_epoch"]) == (100.0, 130.0)
    assert "core_switch_failback" in steps[3]["next_action"]["en"]
    assert {step["procedure"] for step in steps} == {"core_switch_failover"}
    assert all(in_both(step) for step in steps)


@pytest.mark.parametrize("moved", [switch.BROKEN, switch.UNSAVED, None])
def test_a_switch_that_was_not_moved_is_no_recovery(moved: Any) -> None:
    steps = core_switch(moved)
    assert [step["ok"] for step in steps[2:]] == [False, False]
    assert "recovery_seconds" not in steps[3]["figures"]


def test_without_a_journal_nobody_knows_when_the_run_began() -> None:
    assert "recovery_seconds" not in core_switch(switch.MOVED, began=None)[3]["figures"]


def test_a_plan_is_one_step_that_says_that_nothing_was_done() -> None:
    (step,) = core_switch(switch.MOVED, mode="plan")
    assert step["phase"] == "activation"
    assert "PLAN ONLY" in step["text"]["en"]
    (step,) = of_standby(mode="plan")
    assert (step["phase"], "PLAN ONLY" in step["text"]["en"]) == ("activation", True)


# -- standby ---------------------------------------------------------------------------------------


def of_standby(
    takeover: Any = standby.TOOK, procedure: str = "failover", mode: str = "run", released: Any = None
) -> list[dict[str, Any]]:
    summaries = {
        language: standby.said(takeover, standby.HEALTHY, procedure, mode, language, released) for language in LANGUAGES
    }
    arguments = {"procedure": procedure, "mode": mode, "failed": "his-db-1", "target": "his-db-2"}
    return standby_steps(summaries, arguments, 1795310900.0, 1795310915.0)


def test_a_standby_failover_tells_the_fence_the_loss_and_how_long_it_took() -> None:
    fence, takeover, services, whole = of_standby()
    assert fence["proven"] == ["his-db-1 switched off"]
    assert takeover["figures"] == {"takeover_seconds": 0.8, "data_loss_seconds": 0.4}
    assert (services["host"], services["phase"]) == ("his-app-1", "verification")
    assert whole["figures"] == {"recovery_seconds": 15.0}
    assert all(in_both(step) for step in (fence, takeover, services, whole))


@pytest.mark.parametrize(
    ("changes", "figures", "unproven"),
    [
        ({"no_loss": True}, {"takeover_seconds": 0.8, "data_loss_seconds": 0.0}, False),
        ({"synchronous": True}, {"takeover_seconds": 0.8, "data_loss_seconds": 0.0}, False),
        ({"data_loss_seconds": None}, {"takeover_seconds": 0.8}, True),
        ({"changed": False}, {"takeover_seconds": 0.8}, False),
    ],
)
def test_a_loss_that_nothing_bounds_is_not_told_as_none(
    changes: dict[str, Any], figures: dict[str, float], unproven: bool
) -> None:
    takeover = of_standby({**standby.TOOK, **changes})[1]
    assert (takeover["figures"], "unproven" in takeover) == (figures, unproven)


def test_a_switchover_was_an_outage_since_the_hand_over() -> None:
    released = {"changed": True, "steps": [], "proof": standby.PROOF, "seconds": {"total": 0.3}}
    steps = of_standby(procedure="switchover", released=released)
    assert steps[-1]["figures"] == {"recovery_seconds": 15.0, "outage_seconds": 4.0}
    assert steps[0]["proven"] == ["his-db-1 switched off"]


def test_a_takeover_that_was_refused_has_no_figures_of_a_recovery() -> None:
    steps = of_standby(standby.REFUSED)
    assert not steps[-1]["ok"]
    assert "figures" not in steps[-1]


# -- mains -----------------------------------------------------------------------------------------

READING = {"name": "ups-a", "status": "on_battery", "runtime_seconds": 600.0, "charge_percent": 55.0}
OUTAGE = {"id": "20261122T020000Z", "cause": "mains", "nodes": {"web-1": {"state": "off"}}}
WENT_OFF = {"name": "web-1", "state": "off", "how": "shut down over ssh", "seconds": 12.0, "message": ""}


def facts(**changed: Any) -> Facts:
    known: dict[str, Any] = {
        "mains": "lost",
        "readings": [READING, {"name": "ups-b", "status": "unknown", "why": "no answer"}],
        "hosts": ["web-1"],
        "outage": OUTAGE,
        "age": 1800.0,
        "outcomes": [WENT_OFF],
        "now_epoch": 1795310900.0,
    }
    return Facts(**{**known, **changed})


def staged(samples: Any = (), **changed: Any) -> list[dict[str, Any]]:
    known = facts(**changed)
    summaries = {language: Reporter(known, language).summary() for language in LANGUAGES}
    return staged_steps("staged_shutdown", known, summaries, samples, 1795310890.0)


def test_a_staged_shutdown_tells_each_host_and_how_long_the_batteries_last() -> None:
    host, whole = staged()
    assert (host["host"], host["ok"], host["figures"]) == ("web-1", True, {"host_seconds": 12.0})
    assert whole["figures"] == {"outage_age_seconds": 1800.0, "runtime_seconds": 600.0}
    assert whole["unproven"] == [{"en": "ups-b could not be read", "zh": "ups-b 无法读取"}]
    assert in_both(whole)


def test_what_the_upses_told_is_a_curve_with_gaps_where_they_told_nothing() -> None:
    samples = [
        {"age": 0.0, "readings": [{**READING, "runtime_seconds": 900.0}]},
        {"age": 60.0, "readings": [{**READING, "status": "unknown"}]},
        {"age": 1800.0, "readings": [READING]},
    ]
    curves = {curve["name"]: curve for curve in staged(samples)[-1]["series"]}
    assert curves["ups-a runtime"] == {
        "name": "ups-a runtime",
        "unit": "seconds",
        "points": [[1795309100.0, 900.0], [1795309160.0, None], [1795310900.0, 600.0]],
    }
    assert set(curves) == {"ups-a runtime", "ups-a charge"}


def test_on_an_ordinary_day_the_watch_of_each_minute_tells_nothing() -> None:
    assert staged(outage=None, mains="online", outcomes=[]) == []


def test_a_start_tells_what_is_up_again() -> None:
    up = {"name": "web-1", "state": "up", "how": "up and healthy", "seconds": 40.0, "message": ""}
    known = facts(outcomes=[up], outage={**OUTAGE, "nodes": {"web-1": {"state": "up"}}})
    summaries = {language: StartReporter(known, True, language).summary() for language in LANGUAGES}
    host, whole = staged_steps("staged_startup", known, summaries)
    assert host["text"] == {"en": "up and healthy", "zh": "已开机，健康检查通过"}
    assert (host["ok"], whole["ok"]) == (True, True)
    assert "all 1 hosts are up" in whole["text"]["en"]


@given(count=st.integers(0, 2000), most=st.integers(2, 300))
def test_a_long_curve_is_thinned_and_keeps_its_ends(count: int, most: int) -> None:
    points = list(range(count))
    kept = thinned(points, most)
    assert len(kept) == min(count, most)
    assert kept == sorted(set(kept))
    assert (kept[:1], kept[-1:]) == (points[:1], points[-1:])


# -- readiness and restore -------------------------------------------------------------------------


def test_readiness_tells_what_is_in_the_way() -> None:
    judge = Judge("controller")
    judge.add("inventory", "ok", say("inventory_empty"), say("inventory_expected"), say("inventory_do"))
    assert step_of(judge.findings)["ok"]
    judge.add("inventory", "unknown", say("inventory_empty"), say("inventory_expected"), say("inventory_do"))
    step = step_of(judge.findings)
    assert (step["ok"], len(step["unproven"])) == (False, 1)
    assert (step["figures"]["ok_findings"], step["figures"]["unknown_findings"]) == (1.0, 1.0)
    assert in_both(step)


def test_a_restore_test_tells_each_set_with_its_objectives() -> None:
    sets = of_each_verdict()
    report = Report([result_of(name, result, "en") for name, result in sets.items()], "en")
    steps = restore_steps(report, None, time.time())
    by_name = {step.get("host"): step for step in steps}
    assert set(by_name) == {*sets, None}
    his = by_name["his"]
    assert his["ok"]
    assert his["objectives"] == {"recovery_seconds": 7200.0, "content_age_seconds": 86400.0}
    assert set(his["objectives"]) <= set(his["figures"])
    assert any(proof.startswith("content: ") for proof in his["proven"])
    assert not by_name["archive"]["ok"]
    assert not by_name[None]["ok"]
    assert all(in_both(step) for step in steps)


def test_all_phases_are_those_of_the_plans() -> None:
    steps = [*core_switch(switch.MOVED), *of_standby(), *staged()]
    assert {step["phase"] for step in steps} <= set(PHASES)


# -- when a run began ------------------------------------------------------------------------------


def test_tasks_know_when_their_run_began(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(journal_run_facts.BEGAN, raising=False)
    assert journal_run_facts.began_epoch() is None
    journal_run_facts.tell(1795310900.25)
    assert journal_run_facts.began_epoch() == 1795310900.25
    monkeypatch.setenv(journal_run_facts.BEGAN, "yesterday")
    assert journal_run_facts.began_epoch() is None
    journal_run_facts.forget()
    assert journal_run_facts.began_epoch() is None
