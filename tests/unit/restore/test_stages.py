# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages over the copies: nothing that speaks against a copy ends as passed, and all is removed in any case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    DEGRADED,
    FAILED,
    NOT_RUN,
    PASSED,
    STAGES,
    Assertion,
    Damaged,
    Finding,
    Limits,
    NotRunnable,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import fulfils, run
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.restore.memory import CONTENT, HOUR, METHODS, NOW, ORDER, STEP, Shelf, raising

ASKED = replace(ORDER, assertions=(Assertion("recent", query="select true"),))
FOUND = Finding("restore", "table public.visit", "5000 rows", "4999 rows")
SAYS = ("fetch", "checksums", "restore", "start", "identity", "structure")


def says(value: Any) -> Callable[[], Any]:
    return lambda: value


def test_a_good_first_copy_passes_and_the_second_is_left_alone() -> None:
    shelf = Shelf()
    outcome = run(ASKED, shelf.tools())
    assert outcome.verdict == PASSED
    assert outcome.served == 1
    assert [stage.name for stage in outcome.tried[0].stages] == list(STAGES)
    assert len(shelf.trials) == 1
    assert shelf.trials[0].called[-1] == "close"


def test_each_stage_is_timed_by_itself() -> None:
    seconds = {stage.name: stage.seconds for stage in run(ASKED, Shelf().tools()).tried[0].stages}
    assert seconds == {name: 0.0 if name == "drift" else STEP for name in STAGES}


@pytest.mark.parametrize("stage", SAYS)
def test_a_finding_ends_the_copy_at_its_stage_and_the_next_copy_serves(stage: str) -> None:
    shelf = Shelf({stage: says(Seen((FOUND,)))})
    outcome = run(ASKED, shelf.tools())
    assert (outcome.verdict, outcome.served) == (DEGRADED, 2)
    assert [each.name for each in outcome.tried[0].stages] == [*STAGES[: STAGES.index(stage) + 1], "tear_down"]
    assert outcome.findings == [FOUND]
    assert [trial.called[-1] for trial in shelf.trials] == ["close", "close"]


def test_no_copy_is_good() -> None:
    bad = {"restore": raising(Damaged(FOUND))}
    assert run(ASKED, Shelf(bad, bad).tools()).verdict == FAILED


def test_what_cannot_be_run_is_no_verdict_on_the_copies() -> None:
    full = {"fetch": raising(NotRunnable("pg_restore is not on this host; install postgresql-client-15"))}
    outcome = run(ASKED, Shelf(full, full).tools())
    assert outcome.verdict == NOT_RUN
    assert outcome.why_not == "pg_restore is not on this host; install postgresql-client-15"
    assert run(ASKED, Shelf(full).tools()).verdict == DEGRADED
    assert run(ASKED, Shelf(full, {"restore": raising(Damaged(FOUND))}).tools()).verdict == FAILED


def test_a_set_without_copies_is_not_run() -> None:
    outcome = run(replace(ORDER, copies=()), Shelf().tools())
    assert (outcome.verdict, outcome.why_not) == (NOT_RUN, "the set has no copies; name at least one in copies")


def test_what_stays_behind_fails_the_set_and_no_other_copy_is_started_beside_it() -> None:
    shelf = Shelf({"close": raising(OSError("device is busy"))})
    outcome = run(ASKED, shelf.tools())
    assert (outcome.verdict, outcome.good) == (FAILED, None)
    assert outcome.findings[0].sentence == "scratch: OSError device is busy, expected removed"
    assert len(shelf.trials) == 1


def test_a_test_that_is_broken_off_removes_what_it_made() -> None:
    shelf = Shelf({"content": raising(KeyboardInterrupt())})
    with pytest.raises(KeyboardInterrupt):
        run(ASKED, shelf.tools())
    assert shelf.trials[0].called[-1] == "close"


def test_a_defect_of_the_test_is_told_as_one() -> None:
    outcome = run(ASKED, Shelf({"start": raising(KeyError("lsn"))}, {"start": raising(KeyError("lsn"))}).tools())
    assert (outcome.verdict, outcome.why_not) == (NOT_RUN, "start broke off: KeyError 'lsn'")


def test_a_copy_that_cannot_be_opened_is_not_run_and_nothing_is_closed() -> None:
    shelf = Shelf()
    tools = replace(shelf.tools(), open_trial=lambda order, copy: raising(NotRunnable("engine x is not known"))())
    assert run(ASKED, tools).verdict == NOT_RUN


def test_the_time_limit_ends_the_test_between_stages_and_is_no_verdict() -> None:
    outcome = run(replace(ASKED, limits=Limits(timeout_seconds=2.5 * STEP)), Shelf().tools())
    assert outcome.verdict == NOT_RUN
    assert outcome.why_not is not None
    assert "ended before restore" in outcome.why_not


def test_a_copy_that_took_all_its_time_leaves_the_next_one_its_own() -> None:
    shelf = Shelf()

    def hangs() -> Seen:
        shelf.host.clock += 1000 * STEP
        return Seen()

    shelf.does = ({"restore": hangs},)
    outcome = run(replace(ASKED, limits=Limits(timeout_seconds=100 * STEP)), shelf.tools())
    assert (outcome.verdict, outcome.served) == (DEGRADED, 2)


def test_room_is_looked_for_before_the_restore() -> None:
    shelf = Shelf()
    shelf.host.free = (1 << 30) + (1 << 30) - 1
    outcome = run(ASKED, shelf.tools())
    assert outcome.verdict == NOT_RUN
    assert outcome.why_not == (
        "/scratch has 2,048 MiB free, and the restore needs 1,024 MiB with 1,024 MiB in reserve; "
        "free space there, or set scratch_directory to a larger disk"
    )
    assert "restore" not in shelf.trials[0].called


def test_a_manifest_that_is_not_to_be_trusted_is_a_finding_of_the_checksums() -> None:
    shelf = Shelf()
    altered = Finding("checksums", "manifest", "digest sha256:00", "altered")
    shelf.papers = (None, Seen((altered,)))
    outcome = run(ASKED, shelf.tools())
    assert outcome.verdict == FAILED
    assert [each.stages[-2].name for each in outcome.tried] == ["checksums", "checksums"]


def test_without_a_manifest_it_says_what_could_not_be_proven() -> None:
    outcome = run(ASKED, Shelf(manifest=None).tools())
    assert outcome.verdict == PASSED
    unproven = [sentence for stage in outcome.tried[0].stages for sentence in stage.seen.unproven]
    assert any("no manifest" in sentence for sentence in unproven)


def test_recovery_takes_what_was_lost_on_the_first_copy_too_and_objectives_are_judged() -> None:
    order = replace(ASKED, rto=11 * STEP, rpo=3 * HOUR)
    outcome = run(order, Shelf({"restore": says(Seen((FOUND,)))}).tools())
    # Five stages of the first copy with its tear-down, five of the second.
    assert outcome.recovery_seconds == 10 * STEP
    assert outcome.age_seconds == 2 * HOUR - 1
    assert outcome.missed == []
    assert run(replace(order, rto=4 * STEP, rpo=HOUR), Shelf().tools()).missed == ["rto", "rpo"]


def test_an_objective_of_which_nothing_is_known_is_missed() -> None:
    outcome = run(replace(ASKED, rpo=HOUR), Shelf({"taken_at": says(None)}, manifest=None).tools())
    assert outcome.verdict == PASSED
    assert outcome.missed == ["rpo"]


def trouble(kind: str) -> Callable[[], Any]:
    return {
        "damaged": raising(Damaged(FOUND)),
        "damaged without a finding": raising(Damaged()),
        "not runnable": raising(NotRunnable("no room")),
        "defect": raising(ValueError("odd")),
        "nothing restored": says(replace(CONTENT, tables={})),
    }[kind]


TROUBLES = st.sampled_from(["damaged", "damaged without a finding", "not runnable", "defect"])


@given(st.lists(st.dictionaries(st.sampled_from(sorted(set(METHODS.values()))), TROUBLES), min_size=1, max_size=3))
def test_only_a_first_copy_with_no_trouble_at_all_passes(copies: list[dict[str, str]]) -> None:
    shelf = Shelf(*({method: trouble(kind) for method, kind in each.items()} for each in copies))
    order = replace(ASKED, copies=ORDER.copies[:1] * len(copies))
    outcome = run(order, shelf.tools())
    assert (outcome.verdict == PASSED) == (copies[0] == {})
    assert all(trial.called.count("close") == 1 for trial in shelf.trials)
    if outcome.verdict == DEGRADED:
        assert copies[(outcome.served or 0) - 1] == {}
    if {} not in copies:
        assert outcome.verdict in (FAILED, NOT_RUN)
    assert (outcome.verdict == NOT_RUN) <= (outcome.why_not is not None)


@pytest.mark.parametrize(
    ("expect", "answer", "fine"),
    [
        (True, "t", True),
        (True, True, True),
        (True, "1", True),
        (True, "f", False),
        (True, None, False),
        (True, "", False),
        (False, "f", True),
        (False, None, False),
        (3, "3", True),
        ("3.0", 3, True),
        (9007199254740993, "9007199254740992", False),
        ("Müller", "Müller ", True),
        (None, None, True),
        (None, "x", False),
    ],
)
def test_an_answer_is_compared_by_its_value(expect: Any, answer: Any, fine: bool) -> None:
    assert fulfils(Assertion("a", query="select 1", expect=expect), answer) is fine


@pytest.mark.parametrize(("expect", "status", "fine"), [(True, 0, True), (True, 1, False), (2, 2, True), (0, 0, True)])
def test_a_command_ends_with_status_zero_or_the_one_that_is_named(expect: Any, status: int, fine: bool) -> None:
    assert fulfils(Assertion("a", command="test -s /x", expect=expect), status) is fine


def test_every_assertion_is_asked_also_after_one_that_fails() -> None:
    answers = iter(["f", "t", None])
    order = replace(ORDER, copies=ORDER.copies[:1], assertions=tuple(Assertion(n, query="q") for n in "abc"))
    outcome = run(order, Shelf({"answer": lambda: next(answers)}).tools())
    assert [finding.what for finding in outcome.findings] == ["assertion a", "assertion c"]


def test_times_of_the_evidence_are_those_of_the_host() -> None:
    evidence = run(ASKED, Shelf().tools()).as_dict()
    assert evidence["began_at_epoch"] == NOW
    assert evidence["copies"][0]["manifest"]["digest"] == "sha256:00"
    assert evidence["seconds"] == sum(stage["seconds"] for stage in evidence["copies"][0]["stages"])
