# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict by itself, whatever a runner may ever hand to it."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    DEGRADED,
    FAILED,
    NOT_RUN,
    PASSED,
    STAGES,
    Copy,
    Finding,
    Seen,
    Stage,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.verdict import Tried, verdict
from hypothesis import given
from hypothesis import strategies as st

COPY = Copy("/a")


def stage(name: str, bad: bool = False) -> Stage:
    return Stage(name, 1.0, Seen((Finding(name, "x", "y", "z"),) if bad else ()))


GOOD = Tried(COPY, tuple(map(stage, STAGES)))
AWAY = Tried(COPY, (stage("tear_down"),), "no room")
BAD = Tried(COPY, (stage("fetch", bad=True), stage("tear_down")))
LEFT = Tried(COPY, (*map(stage, STAGES[:-1]), stage("tear_down", bad=True)))


def test_verdicts() -> None:
    assert verdict([GOOD]) == PASSED
    assert verdict([BAD, GOOD]) == verdict([AWAY, GOOD]) == DEGRADED
    assert verdict([BAD, AWAY]) == verdict([AWAY, BAD]) == FAILED
    assert verdict([AWAY, AWAY]) == verdict([]) == NOT_RUN
    assert verdict([LEFT, GOOD]) == verdict([GOOD, LEFT]) == FAILED


def test_a_reason_against_it_counts_also_where_all_stages_were_run() -> None:
    assert not GOOD.__class__(COPY, GOOD.stages, "no room").good


@given(st.sets(st.sampled_from(STAGES), max_size=len(STAGES) - 1))
def test_a_copy_of_which_a_stage_is_missing_is_not_good(names: set[str]) -> None:
    assert not Tried(COPY, tuple(stage(name) for name in STAGES if name in names)).good


@given(st.sampled_from(STAGES))
def test_a_finding_in_any_stage_counts(bad: str) -> None:
    assert verdict([Tried(COPY, tuple(stage(name, name == bad) for name in STAGES))]) == FAILED
