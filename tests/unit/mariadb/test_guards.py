# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a promotion: each has its reason, and accepting a loss never stands in for the fence."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.guards import (
    UNBOUNDED,
    is_applied,
    loss_seconds,
    promotion_limitation,
    promotion_warnings,
)
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import FenceProof, Limits, State
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mariadb.recorded import standby

PROOF = FenceProof("ipmi", "his-maria-1 is off", 1000.0, True)
ages = st.one_of(st.none(), st.floats(0, 1e6))
proofs = st.one_of(st.none(), st.builds(FenceProof, st.just("ipmi"), st.just("x"), st.floats(0, 1e6), st.booleans()))
limits = st.builds(
    Limits,
    max_data_loss_seconds=st.floats(0, 1e6),
    accept_data_loss=st.one_of(st.none(), st.floats(0, 2e9)),
    synchronous=st.booleans(),
    require_gtid=st.booleans(),
)
states = st.builds(
    standby,
    running=st.booleans(),
    read_only=st.booleans(),
    connections=st.sampled_from([(), ("",), ("a", "b")]),
    io_running=st.sampled_from(["Yes", "No", "Connecting"]),
    sql_running=st.sampled_from(["Yes", "No"]),
    sql_error=st.sampled_from(["", "Duplicate entry"]),
    using_gtid=st.sampled_from(["Slave_Pos", "No"]),
    heard_age=ages,
    sql_delay=st.sampled_from([0, 60]),
    free_bytes=st.sampled_from([None, 0, 1 << 40]),
)


def test_a_standby_in_order_may_be_promoted() -> None:
    assert promotion_limitation(standby(), PROOF, Limits()) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"running": False, "errors": ("It hangs.",)}, "on the server that shall be promoted: It hangs."),
        ({"connections": ()}, "replicates from nowhere"),
        ({"connections": ("", "lab")}, "2 connections (the default one, lab)"),
        ({"sql_running": "No", "sql_error": "Duplicate entry '1'"}, "stopped at 0-1-10 with an error"),
        ({"sql_delay": 3600}, "3600 s late"),
        ({"using_gtid": "No", "gtid_io_pos": ""}, "by file and position"),
        ({"gtid_binlog_pos": "0-2-11"}, "accept_errant: 0-2-11"),
        ({"free_bytes": 5 << 20}, "5120 KiB free"),
        ({"heard_age": 12.3}, "from 12.3 s before it was stopped and the limit is 5 s"),
        ({"heard_age": None, "io_error": "No route to host"}, "its I/O thread: No route to host"),
        ({"heard_age": 20.0, "heard_by": "relay log"}, "leave no trace in the relay log"),
        ({"heard_age": 20.0, "heartbeat_period": 30.0}, "an idle primary is heard only each 30 s"),
        (
            {"read_position": 1 << 30, "gtid_io_pos": "0-1-99"},
            "1024 MiB received and not yet applied (0-1-10 of",
        ),
    ],
)
def test_each_guard_tells_what_was_seen_and_the_way_on(changed: dict[str, Any], reason: str) -> None:
    found = promotion_limitation(standby(**changed), PROOF, Limits())
    assert found is not None
    assert reason in found
    assert found.endswith(".")
    assert "\n" not in found


@given(states, proofs, limits)
def test_nothing_is_promoted_without_a_confirmed_fence(state: State, proof: FenceProof | None, limit: Limits) -> None:
    if promotion_limitation(state, proof, limit) is None and not state.is_primary:
        assert proof is not None
        assert proof.confirmed


@given(states, proofs, limits)
def test_a_loss_above_its_limit_is_only_taken_by_its_figure(
    state: State, proof: FenceProof | None, limit: Limits
) -> None:
    if promotion_limitation(state, proof, limit) is not None or state.is_primary or limit.synchronous:
        return
    window = loss_seconds(state, proof)
    figure = -1.0 if limit.accept_data_loss is None else limit.accept_data_loss
    if window is None:
        assert figure >= UNBOUNDED
    elif window > limit.max_data_loss_seconds:
        assert figure >= window


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_window_ends_when_the_primary_was_stopped(age: float, stopped_ago: float) -> None:
    proof = FenceProof("ipmi", "x", 1000.0 - stopped_ago, True)
    window = loss_seconds(standby(heard_age=age), proof)
    assert window == pytest.approx(max(0.0, age - stopped_ago))


def test_a_primary_needs_no_proof() -> None:
    assert promotion_limitation(standby(connections=(), read_only=False), None, Limits()) is None


def test_a_primary_heard_after_its_fence_still_runs() -> None:
    found = promotion_limitation(standby(heard_age=0.1), FenceProof("ipmi", "x", 990.0, True), Limits())
    assert found is not None
    assert "9.9 s after that: it still runs" in found


def test_an_old_io_position_proves_nothing_without_gtid() -> None:
    state = standby(using_gtid="No", read_file="bin.2", read_position=900, exec_file="bin.2", exec_position=400)
    assert not is_applied(state)
    assert is_applied(standby(using_gtid="No", read_file="b", exec_file="b", read_position=9, exec_position=9))
    assert not is_applied(standby(gtid_io_pos=""))
    assert not is_applied(standby(gtid_io_pos="0-1-11"))


def test_what_bites_later_is_told() -> None:
    assert promotion_warnings(standby()) == []
    found = promotion_warnings(
        standby(log_bin=False, read_only_from="/etc/my.cnf", disabled_events=2, filters=("replicate_do_db=a",))
    )
    assert len(found) == 4
    assert "read_only is set in /etc/my.cnf" in found[1]
