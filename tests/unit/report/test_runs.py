# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did is told as its journal has it, also where that was broken off, altered or written into."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import (
    ALTERED,
    INTACT,
    UNPROVEN,
    Verdict,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_objectives import (
    MET,
    MISSED,
    NOT_MEASURED,
    objectives_of,
    worst,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import (
    IGNORED,
    RESCUED,
    Run,
    RunError,
    read_run,
    run_of,
    runs_of,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.report import samples


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    samples.hospital(tmp_path)
    return tmp_path


def run(evidence: Path, name: str = samples.FAILOVER) -> Run:
    return read_run(str(evidence / "runs" / name))


def test_a_run_is_told_with_who_when_and_what_became_of_it(evidence: Path) -> None:
    found = run(evidence)
    assert (found.playbook, found.person, found.status) == ("core_switch_failover", "zhang@duty", "ok")
    assert found.seconds == pytest.approx(31)
    assert found.chain.state == INTACT
    assert [each.intact for each in found.files] == [True]
    assert found.in_part
    assert not run(evidence, samples.PLANNED).in_part


def test_failures_that_did_not_stop_it_are_told_as_such(evidence: Path) -> None:
    found = run(evidence)
    assert found.counts["access-lab"] == {RESCUED: 1}
    assert found.counts["core-a"] == {IGNORED: 1}
    assert found.counts[samples.ward(1)] == {"ok": 1, "changed": 1}
    assert {action.host for action in found.actions} == {"core-a", "access-lab", *map(samples.ward, range(1, 7))}


def test_a_clock_that_was_set_during_a_run_does_not_change_how_long_it_took() -> None:
    first = {"kind": "run_begun", "epoch": 1_800_000_000.0}
    last = {"kind": "run_ended", "epoch": 1_799_996_400.0, "status": "ok", "seconds": 95.5}
    assert run_of(Verdict("r", "/r", lines=[first, last])).seconds == 95.5


def test_a_run_that_was_killed_has_no_end(evidence: Path) -> None:
    found = run(evidence, samples.SHUTDOWN)
    assert (found.status, found.ended_epoch, found.seconds) == (None, None, None)
    assert found.last_epoch == samples.BEGAN + 780 + 870


def test_an_altered_journal_is_seen(evidence: Path) -> None:
    samples.changed_line(evidence / "runs" / samples.FAILOVER / "journal.jsonl", 5, status="changed")
    assert run(evidence).chain.state == ALTERED


def test_a_journal_that_was_cut_at_its_end_is_seen(evidence: Path) -> None:
    journal = evidence / "runs" / samples.FAILOVER / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-2]))
    assert run(evidence).chain.state == ALTERED
    (evidence / "runs/index.jsonl").unlink()
    assert run(evidence).chain.state == UNPROVEN


def test_a_journal_of_which_lines_could_not_be_written_is_not_whole(evidence: Path) -> None:
    begun, *others = samples.failover(evidence)
    gap: samples.Told = (begun[0] + 1, "gap", {"missing": 12, "why": "No space left on device"})
    samples.write_run(evidence, "20261122T070000Z-core_switch_failover-1a2b3c", [begun, gap, *others])
    found = run(evidence, "20261122T070000Z-core_switch_failover-1a2b3c").chain
    assert found.state == UNPROVEN
    assert "12 lines could not be written when they were due" in str(found.findings[0])


def test_a_file_that_was_changed_or_is_gone_is_seen(evidence: Path) -> None:
    (evidence / "core-b.log").write_text("down\n", encoding="utf-8")
    assert (run(evidence).chain.state, [each.intact for each in run(evidence).files]) == (ALTERED, [False])
    (evidence / "core-b.log").unlink()
    assert run(evidence).chain.state == ALTERED


def test_a_directory_without_a_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"There is no journal of a run in .*; name its directory"):
        read_run(str(tmp_path))


# -- which runs ------------------------------------------------------------------------------------


def test_runs_are_found_by_the_incident_and_by_their_own_journal(evidence: Path) -> None:
    everything = [samples.PLANNED, samples.FAILOVER, samples.SHUTDOWN]
    found, missing = runs_of(str(evidence), samples.INCIDENT, [])
    assert ([Path(path).name for path in found], missing) == (everything, [])
    told = [{"run": samples.FAILOVER, "directory": f"/moved/away/{samples.FAILOVER}"}]
    found, missing = runs_of(str(evidence), samples.INCIDENT, told)
    assert ([Path(path).name for path in found], missing) == (everything, [])
    assert runs_of(str(evidence), "INC-20261122-2", []) == ([], [])


def test_a_run_that_is_named_and_is_not_there_is_missing(evidence: Path) -> None:
    gone = str(evidence / "runs" / samples.FAILOVER)
    shutil.rmtree(gone)
    found, missing = runs_of(str(evidence), samples.INCIDENT, [{"run": samples.FAILOVER, "directory": gone}])
    assert (len(found), missing) == (2, [gone])


def test_runs_that_only_keep_the_record_are_left_out(evidence: Path) -> None:
    for playbook in ("incident_report", "incident_update", "escalate"):
        samples.write_run(evidence, f"2-{playbook}", [samples.begun(samples.NOW, playbook)])
    told = [{"run": "2-escalate", "playbook": "escalate"}, {"run": "2-gone", "playbook": "incident_close"}]
    found, missing = runs_of(str(evidence), samples.INCIDENT, told)
    assert (len(found), missing) == (3, [])


def test_a_directory_that_is_no_run_does_not_stop_it(evidence: Path) -> None:
    (evidence / "runs/garbage").mkdir()
    (evidence / "runs/garbage/journal.jsonl").write_bytes(b"\xff\xfe\n")
    (evidence / "runs/empty").mkdir()
    assert len(runs_of(str(evidence), samples.INCIDENT, [])[0]) == 3
    assert runs_of(str(evidence / "nowhere"), samples.INCIDENT, []) == ([], [])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(["run_begun", "result", "step", "file", "approval", "run_ended", "gap", "rescued", "x"])
FIELDS = st.sampled_from(["status", "host", "epoch", "seconds", "figures", "objectives", "series", "person", "text"])
LINES = st.lists(st.tuples(KINDS, st.dictionaries(FIELDS, ANYTHING, max_size=5)), max_size=8)


@given(LINES)
@example([("run_ended", {"seconds": -1})])
def test_whatever_stands_in_a_journal_it_can_be_told(lines: list[tuple[str, dict[str, Any]]]) -> None:
    verdict = Verdict("run", "/evidence/runs/run", [{"kind": kind, **fields} for kind, fields in lines])
    found = run_of(verdict)
    assert found.seconds is None or found.seconds >= 0
    assert all(
        each.verdict in (MET, MISSED, NOT_MEASURED) for each in objectives_of([found], {found.playbook: {"rto": 1}})
    )


# -- objectives ------------------------------------------------------------------------------------


def stepped(check: bool = False, **step: Any) -> Run:
    begun = {"kind": "run_begun", "playbook": "standby_failover", "check": check}
    return run_of(Verdict("run", "/r", [begun, {"kind": "step", "procedure": "standby_failover", **step}]))


def verdicts(run: Run, plan: dict[str, dict[str, float]] | None = None) -> dict[str, str]:
    return {each.name: each.verdict for each in objectives_of([run], plan or {})}


def test_objectives_of_steps_are_held_against_their_figures() -> None:
    objectives = {"outage_seconds": 60, "data_loss_seconds": 1, "runtime_seconds": 600, "restore_seconds": 9}
    figures = {"outage_seconds": 60, "data_loss_seconds": 1.5, "runtime_seconds": 599}
    assert verdicts(stepped(figures=figures, objectives=objectives)) == {
        "outage_seconds": MET,
        "data_loss_seconds": MISSED,
        "runtime_seconds": MISSED,
        "restore_seconds": NOT_MEASURED,
    }


def test_objectives_of_the_plan_are_held_against_the_worst_that_was_measured() -> None:
    plan = {"standby_failover": {"rto": 60.0, "rpo": 1.0}, "core_switch_failover": {"rto": 1.0}}
    assert verdicts(stepped(figures={"outage_seconds": 59, "data_loss_seconds": 0}), plan) == {"rto": MET, "rpo": MET}
    assert verdicts(stepped(figures={"outage_seconds": 61}), plan) == {"rto": MISSED, "rpo": NOT_MEASURED}
    assert verdicts(stepped(), plan) == {"rto": NOT_MEASURED, "rpo": NOT_MEASURED}


def test_a_run_that_only_planned_is_held_against_nothing() -> None:
    planned = stepped(check=True, figures={"outage_seconds": 1}, objectives={"outage_seconds": 2})
    assert verdicts(planned, {"standby_failover": {"rto": 60.0}}) == {}
    assert worst([planned], "outage_seconds") is None
    assert (
        worst([stepped(figures={"outage_seconds": 1}), stepped(figures={"outage_seconds": 3})], "outage_seconds") == 3
    )
