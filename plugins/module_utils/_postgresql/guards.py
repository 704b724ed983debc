# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May this standby become the primary? Pure: from what was read to the reason why not, or None."""

from __future__ import annotations

from typing import Callable, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import FenceProof, Limits, State, lsn

Guard = Callable[[State, Optional[FenceProof], Limits], Optional[str]]

# A proof's clock and the standby's may differ by this much before a message after the proof counts as a contradiction.
CLOCK_TOLERANCE = 2.0
SHORTEST_WORD = 10
WAYS_TO_FENCE = "power it off by its BMC, shut its switch port, or confirm in writing that it is off"


def not_reachable(state: State, _proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    if state.running and state.in_recovery is not None:
        return None
    trouble = "gives no usable answer" if state.running else "does not run"
    told = f"PostgreSQL {trouble} on the server that shall be promoted"
    seen = f" ({state.errors[0]})" if state.errors else ""
    for free, where in ((state.free_bytes, "its data directory"), (state.wal_free_bytes, "pg_wal")):
        if free is not None and free < limits.min_free_bytes:
            return f"{told}{seen}, and it has {size(free)} free in {where}; make room there, then start it."
    return f"{told}{seen}; start it, or look into its log."


def not_fenced(state: State, proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if proof is None:
        return (
            "Nothing proves that the primary is stopped, and two primaries would take writes that cannot be merged; "
            f"{WAYS_TO_FENCE}."
        )
    if not proof.confirmed:
        return (
            f"The primary was to be stopped by {proof.method} ({proof.what}), but nothing confirmed that it is; "
            f"{WAYS_TO_FENCE}."
        )
    if proof.method == "operator" and len(proof.what.strip()) < SHORTEST_WORD:
        return (
            f"An operator's confirmation that the primary is off has to say who did what, and {proof.what!r} does not; "
            "write it out in fence_proof."
        )
    after = heard_after_proof(state, proof)
    if after is None or after <= CLOCK_TOLERANCE:
        return None
    return (
        f"The primary was stopped by {proof.method} ({proof.what}), yet the standby heard of it {after:.1f} s after "
        "that: it still runs, or the clocks differ; see that the right machine is off and that the clocks are in sync."
    )


def not_received(state: State, proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    """A primary that was shut down cleanly tells exactly what the standby must have."""
    last = lsn(proof.shutdown_lsn) if proof else None
    have = max(lsn(state.receive_lsn) or 0, lsn(state.replay_lsn) or 0)
    if proof is None or last is None or have > last:
        return None
    return (
        f"The primary's last record is at {proof.shutdown_lsn} and the standby has WAL to "
        f"{state.receive_lsn or state.replay_lsn}, so {last - have} bytes and more are missing; start the primary "
        "again and let the standby catch up."
    )


def replay_paused(state: State, _proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if not state.replay_paused:
        return None
    return (
        f"Replay is paused at {state.replay_lsn} with {size(state.replay_lag_bytes)} received and not replayed; "
        "somebody paused it for a reason: ask, then run SELECT pg_wal_replay_resume() on it."
    )


def hot_standby_off(state: State, _proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if state.hot_standby is not False:
        return None
    return "The standby runs with hot_standby off and cannot be watched while it is promoted; set hot_standby to on."


def timeline_behind(state: State, _proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    """A standby on an older timeline has not followed a promotion, and misses what was committed since."""
    if limits.expected_timeline is None or state.timeline is None or state.timeline >= limits.expected_timeline:
        return None
    return (
        f"The standby is on timeline {state.timeline} and the primary was on timeline {limits.expected_timeline}: "
        "what was committed there is missing here; promote another standby, or let this one follow first."
    )


def disk_full(state: State, _proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    for free, where in ((state.free_bytes, "its data directory"), (state.wal_free_bytes, "pg_wal")):
        if free is not None and free < limits.min_free_bytes:
            return (
                f"The standby has {size(free)} free in {where}, and the limit is {size(limits.min_free_bytes)}: as "
                "primary it would stop when the disk is full; make room, or lower min_free_bytes."
            )
    return None


def replay_unfinished(state: State, _proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    """What was received is replayed before the first write is taken, so this costs time and loses nothing."""
    if state.replay_lag_bytes is None or state.replay_lag_bytes <= limits.max_replay_bytes:
        return None
    return (
        f"The standby has {size(state.replay_lag_bytes)} received and not yet replayed, the limit is "
        f"{size(limits.max_replay_bytes)}, and it takes no write before that is done; wait until replay_lsn "
        f"{state.replay_lsn} reaches receive_lsn {state.receive_lsn}, or raise max_replay_bytes."
    )


def loss_in_bytes(state: State, proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    """The primary told of this much that never came."""
    if state.lag_bytes is None or state.lag_bytes <= limits.max_lag_bytes:
        return None
    if accepted(loss_seconds(state, proof), limits):
        return None
    return (
        f"The primary told of {size(state.lag_bytes)} of WAL that never came (it was at {state.latest_end_lsn}, the "
        f"standby has {state.receive_lsn}), the limit is {size(limits.max_lag_bytes)}; {how_to_accept(state, proof)}."
    )


def loss_in_seconds(state: State, proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    window = loss_seconds(state, proof)
    if limits.synchronous or accepted(window, limits):
        return None
    if window is None:
        return (
            "Nothing tells when the standby last had all that the primary wrote (no receiver runs, and neither WAL nor "
            "a replayed commit dates it), so the loss cannot be bounded; promote another standby, or set "
            f"accept_data_loss: {UNBOUNDED:g} to accept any loss."
        )
    if window <= limits.max_data_loss_seconds:
        return None
    return (
        f"{EVIDENCE.get(state.heard_by or '', 'The last sign of the primary')} is from {window:.1f} s before it was "
        f"stopped and the limit is {limits.max_data_loss_seconds:g} s: what it committed in between is lost; "
        f"{how_to_accept(state, proof)}."
    )


# The method of a proof that is only going to be had; until then the time runs on.
ASSUMED = "assumed"
TIME_TO_DECIDE = 60
# The figure that accepts a loss which nobody can bound.
UNBOUNDED = 1e9
EVIDENCE = {
    "message": "The last message of the primary",
    "wal": "The last WAL of the primary",
    "commit": "The last commit that came from the primary",
}
GUARDS: Tuple[Guard, ...] = (
    hot_standby_off,
    not_reachable,
    not_fenced,
    not_received,
    replay_paused,
    timeline_behind,
    disk_full,
    loss_in_seconds,
    loss_in_bytes,
    replay_unfinished,
)


def promotion_limitation(state: State, proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    """Return the first reason why this server must not be promoted, None where it may be or is the primary already."""
    if state.is_primary:
        return None
    return next((reason for reason in (guard(state, proof, limits) for guard in GUARDS) if reason), None)


def heard_after_proof(state: State, proof: FenceProof) -> Optional[float]:
    """Return by how much the last sign of the primary is later than the proof that it is stopped."""
    if state.heard_age is None or state.heard_by == "commit":
        return None
    return (state.read_at - state.heard_age) - proof.at_epoch


def loss_seconds(state: State, proof: Optional[FenceProof]) -> Optional[float]:
    """Return how long the primary may have written what the standby never got, as a bound; None where there is none.

    It runs from the last moment at which the standby provably had everything to the moment at which the primary was
    known to be stopped. Without a proof it runs to the reading.
    """
    if proof is not None and proof.confirmed and proof.shutdown_lsn and not_received(state, proof, Limits()) is None:
        return 0.0
    if state.heard_age is None:
        return None
    if proof is None or not proof.confirmed:
        return max(0.0, state.heard_age)
    return max(0.0, state.heard_age + proof.at_epoch - state.read_at)


def accepted(window: Optional[float], limits: Limits) -> bool:
    if limits.accept_data_loss is None:
        return False
    return limits.accept_data_loss >= (UNBOUNDED if window is None else window)


def how_to_accept(state: State, proof: Optional[FenceProof]) -> str:
    window = loss_seconds(state, proof)
    if window is None:
        return f"promote another standby, or set accept_data_loss: {UNBOUNDED:g} to accept that loss"
    if proof is None or proof.method == ASSUMED:
        figure = float(int(window) + TIME_TO_DECIDE)
        return (
            f"promote another standby, or accept that loss with accept_data_loss: {figure:g} (it grows until the "
            "primary is fenced, so a minute is added)"
        )
    return f"promote another standby, or set accept_data_loss: {int(window) + 1} to accept that loss"


def size(count: Optional[int]) -> str:
    if count is None:
        return "an unknown number of bytes"
    if count < 10 * 1024:
        return f"{count} bytes"
    if count < 10 * 1048576:
        return f"{count / 1024:.0f} KiB"
    return f"{count / 1048576:.0f} MiB"
