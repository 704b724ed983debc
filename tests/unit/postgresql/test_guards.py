# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May this standby become the primary: every reason against it, and that no figure ever stands in for the fence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.evidence import (
    ends_within_a_page,
    heard,
    segment_name,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.guards import (
    UNBOUNDED,
    loss_seconds,
    promotion_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    FenceProof,
    Limits,
    PostgresqlError,
    State,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_795_000_000.0
PROOF = FenceProof("ipmi", "chassis power is off", NOW, True)
GOOD = State(
    running=True,
    read_at=NOW,
    in_recovery=True,
    timeline=3,
    receiver="streaming",
    message_age=0.4,
    heard_age=0.4,
    heard_by="message",
    receive_lsn="0/5000148",
    replay_lsn="0/5000148",
    latest_end_lsn="0/5000148",
    lag_bytes=0,
    replay_lag_bytes=0,
    replay_paused=False,
    hot_standby=True,
    free_bytes=1 << 40,
    wal_free_bytes=1 << 40,
)
AGES = st.one_of(st.none(), st.floats(0, 1e6))
LOSSES = st.one_of(st.none(), st.floats(0, 1e10))


def test_a_standby_that_has_all_may_be_promoted() -> None:
    assert promotion_limitation(GOOD, PROOF, Limits()) is None


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            State(running=False, errors=("Connection refused",)),
            "does not run on the server that shall be promoted (Connection refused); start it",
        ),
        (State(running=True, errors=("psql did not end within 5 s",)), "did not end within 5 s"),
        (State(running=True, hot_standby=False), "set hot_standby to on"),
        (replace(GOOD, replay_paused=True), "pg_wal_replay_resume()"),
        (replace(GOOD, timeline=2), "is on timeline 2 and the primary was on timeline 3"),
        (replace(GOOD, free_bytes=100), "100 bytes free in its data directory"),
        (replace(GOOD, wal_free_bytes=100), "100 bytes free in pg_wal"),
        (replace(GOOD, heard_age=9.5), "9.5 s before it was stopped and the limit is 5 s"),
        (replace(GOOD, heard_age=None, heard_by=None), "the loss cannot be bounded"),
        (replace(GOOD, lag_bytes=20 << 20), "told of 20 MiB of WAL that never came"),
        (replace(GOOD, replay_lag_bytes=1 << 30), "1024 MiB received and not yet replayed"),
    ],
)
def test_each_reason_against_it(state: State, said: str) -> None:
    assert said in str(promotion_limitation(state, PROOF, Limits(expected_timeline=3)))


def test_the_primary_needs_no_promotion_and_no_proof() -> None:
    assert promotion_limitation(replace(GOOD, in_recovery=False), None, Limits()) is None


@given(age=AGES, accepted=LOSSES, lag=st.integers(0, 1 << 40), synchronous=st.booleans())
def test_no_figure_stands_in_for_the_fence(
    age: float | None, accepted: float | None, lag: int, synchronous: bool
) -> None:
    state = replace(GOOD, heard_age=age, heard_by="message" if age is not None else None, lag_bytes=lag)
    limits = Limits(accept_data_loss=accepted, synchronous=synchronous, max_lag_bytes=1 << 50)
    for proof in (None, replace(PROOF, confirmed=False)):
        assert promotion_limitation(state, proof, limits) is not None


@given(age=AGES, accepted=LOSSES, earlier=st.floats(0, 1e5))
def test_a_loss_over_the_limit_is_only_taken_when_its_figure_was_named(
    age: float | None, accepted: float | None, earlier: float
) -> None:
    state = replace(GOOD, heard_age=age, heard_by="commit")
    proof, limits = replace(PROOF, at_epoch=NOW - earlier), Limits(accept_data_loss=accepted)
    window = loss_seconds(state, proof)
    allowed = promotion_limitation(state, proof, limits) is None
    bound = UNBOUNDED if window is None else window
    assert allowed == (bound <= limits.max_data_loss_seconds or (accepted is not None and accepted >= bound))


def test_a_proof_that_is_older_than_the_reading_ends_the_loss_earlier() -> None:
    state = replace(GOOD, heard_age=302.0, message_age=302.0)
    assert loss_seconds(state, replace(PROOF, at_epoch=NOW - 300)) == pytest.approx(2.0)
    assert loss_seconds(state, replace(PROOF, at_epoch=NOW + 10)) == pytest.approx(312.0)


def test_a_message_after_the_proof_contradicts_it() -> None:
    reason = promotion_limitation(GOOD, replace(PROOF, at_epoch=NOW - 60), Limits(accept_data_loss=UNBOUNDED))
    assert "59.6 s after that: it still runs, or the clocks differ" in str(reason)


def test_a_clean_shutdown_whose_last_record_arrived_loses_nothing() -> None:
    silent = replace(GOOD, heard_age=4000.0)
    proof = FenceProof("shutdown", "shut down cleanly", NOW, True, "0/50000D0")
    assert promotion_limitation(silent, proof, Limits(max_data_loss_seconds=0)) is None
    missing = replace(proof, shutdown_lsn="0/5000148")
    assert "bytes and more are missing" in str(promotion_limitation(silent, missing, Limits(accept_data_loss=1e10)))


def test_a_message_counts_only_where_nothing_of_what_it_told_is_missing() -> None:
    assert heard(0.25, 0.5, 0, 40.0, None) == (0.75, "message")
    assert heard(0.2, 0.001, 8192, 3.0, None) == (3.0, "commit")
    assert heard(0.2, -5.0, 0, None, None) == (0.2, "message")
    assert heard(None, None, None, 40.0, 0.7) == (0.7, "wal")
    assert heard(None, None, None, None, None) == (None, None)


def test_wal_that_ends_with_a_page_may_have_a_backlog_behind_it() -> None:
    assert ends_within_a_page("0/5000148")
    assert not ends_within_a_page("0/5002000")
    assert not ends_within_a_page(None)


def test_segment_names() -> None:
    assert segment_name(1, 0x3000060, 16 << 20) == "000000010000000000000003"
    assert segment_name(2, 0x1_00000000, 16 << 20) == "000000020000000100000000"
    assert segment_name(0x1A, 0x2_40000001, 1 << 30) == "0000001A0000000200000001"


def test_data_travels_as_json_and_unknown_keys_are_told() -> None:
    assert State.from_dict(GOOD.to_dict()) == GOOD
    with pytest.raises(PostgresqlError, match="Limits has no max_los"):
        Limits.from_dict({"max_los": 1})
