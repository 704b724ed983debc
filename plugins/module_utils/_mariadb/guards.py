# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May this replica become the primary? Pure: from what was read to the reason why not, or None."""

from __future__ import annotations

from typing import Callable, List, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._mariadb import gtid
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import FenceProof, Limits, State

Guard = Callable[[State, Optional[FenceProof], Limits], Optional[str]]

# A proof's clock and the standby's may differ by this much before a message after the proof counts as a contradiction.
CLOCK_TOLERANCE = 2.0
# The figure that accepts a loss which nobody can bound.
UNBOUNDED = 1e9
WAYS_TO_FENCE = "power it off by its BMC, shut its switch port, or confirm in writing that it is off"


def not_reachable(state: State, _proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if state.running:
        return None
    seen = state.errors[0] if state.errors else "it does not run."
    return f"MariaDB does not run, or gives no usable answer, on the server that shall be promoted: {seen}"


def not_fenced(state: State, proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if proof is None:
        return (
            "Nothing proves that the primary is stopped, and two primaries would take writes that cannot be merged; "
            f"{WAYS_TO_FENCE}."
        )
    if not proof.confirmed:
        return (
            f"The primary was to be stopped by {proof.method} ({proof.what}), but that it is stopped was not "
            f"confirmed; {WAYS_TO_FENCE}."
        )
    after = heard_after_proof(state, proof)
    if after is None or after <= CLOCK_TOLERANCE:
        return None
    return (
        f"The primary was stopped by {proof.method} ({proof.what}), yet the standby heard of it {after:.1f} s after "
        "that: it still runs, or the clocks differ; see that the right machine is off and that the clocks are in sync."
    )


def no_replica(state: State, _proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if state.is_replica:
        return None
    return (
        "The server is read-only and replicates from nowhere, so nothing tells whose data it has; promote another "
        "standby, or make it writable by hand (SET GLOBAL read_only = OFF) when its data is known to be right."
    )


def several_primaries(state: State, _proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if len(state.connections) < 2:
        return None
    names = ", ".join(name or "the default one" for name in state.connections)
    return (
        f"The server replicates over {len(state.connections)} connections ({names}) and only one primary was fenced; "
        "promote it by hand."
    )


def sql_thread_failed(state: State, _proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if state.sql_running == "Yes" or not state.sql_error:
        return None
    return (
        f"The SQL thread has stopped at {state.gtid_slave_pos or state.exec_position} with an error, and what came "
        f"after that is not applied: {state.sql_error.rstrip('.')}; repair that and run START SLAVE SQL_THREAD (not "
        "STOP SLAVE, after which MariaDB throws away what it has received)."
    )


def delayed(state: State, _proof: Optional[FenceProof], _limits: Limits) -> Optional[str]:
    if state.sql_delay <= 0:
        return None
    return (
        f"The standby applies everything {state.sql_delay} s late on purpose (MASTER_DELAY), perhaps to keep out what "
        "the primary did last; promote another standby, or set MASTER_DELAY to 0 first."
    )


def without_gtid(state: State, _proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    if state.uses_gtid or not limits.require_gtid:
        return None
    if _salvaging(state):
        return None
    return (
        f"The standby follows {state.primary_host} by file and position, not by GTID, so that a former primary cannot "
        "be compared with it afterwards; set MASTER_USE_GTID=slave_pos while the primary lives, or allow it with "
        "require_gtid: false."
    )


def _salvaging(state: State) -> bool:
    """Did a promotion that was killed switch GTID off, to apply the relay log that is there? See promote.py."""
    return state.io_running == "No" and bool(state.gtid_io_pos)


def errant(state: State, _proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    found = gtid.errant(state.gtid_binlog_pos, state.gtid_slave_pos, state.server_id or 0)
    accepted_ids = {str(each) for each in gtid.parse(limits.accept_errant)}
    unknown = [str(each) for each in found if str(each) not in accepted_ids]
    if not unknown:
        return None
    return (
        "The standby has transactions that were made on itself and not on its primary, the last of them "
        f"{', '.join(unknown)}; promote another standby, or set accept_errant: {','.join(map(str, found))} to keep "
        "them."
    )


def disk_full(state: State, _proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    if state.free_bytes is None or state.free_bytes >= limits.min_free_bytes:
        return None
    return (
        f"The standby has {size(state.free_bytes)} free in {state.data_directory}, and the limit is "
        f"{size(limits.min_free_bytes)}: as primary it would stop when the disk is full; make room, or lower "
        "min_free_bytes."
    )


def loss_in_seconds(state: State, proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    window = loss_seconds(state, proof)
    if limits.synchronous or accepted(window, limits):
        return None
    if window is None:
        return (
            f"The connection to the primary is gone and nothing tells when it was last heard ({_unheard(state)}), so "
            f"the loss cannot be bounded; promote another standby, or set accept_data_loss: {UNBOUNDED:g} to accept "
            "any loss."
        )
    if window <= limits.max_data_loss_seconds:
        return None
    return (
        f"{EVIDENCE.get(state.heard_by or '', 'The last sign of the primary')} is from {window:.1f} s before it was "
        f"stopped and the limit is {limits.max_data_loss_seconds:g} s: what it committed in between is lost"
        f"{_heartbeat_note(state, window)}; promote another standby, or set accept_data_loss: {int(window) + 1} to "
        "accept that loss."
    )


def _unheard(state: State) -> str:
    return f"its I/O thread: {state.io_error.rstrip('.')}" if state.io_error else "its newest relay log has no event"


def _heartbeat_note(state: State, window: float) -> str:
    period = state.heartbeat_period or 0
    if state.heard_by == "relay log":
        return ", if it committed anything at all (its heartbeats leave no trace in the relay log)"
    if window > period:
        return ""
    return f", though an idle primary is heard only each {period:g} s (MASTER_HEARTBEAT_PERIOD; make that 1)"


def apply_unfinished(state: State, _proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    """What was received is applied before the first write is taken, so this costs time and loses nothing."""
    if state.unapplied_bytes is None or state.unapplied_bytes <= limits.max_lag_bytes or is_applied(state):
        return None
    return (
        f"The standby has {size(state.unapplied_bytes)} received and not yet applied ({state.gtid_slave_pos or 'none'} "
        f"of {state.gtid_io_pos or 'unknown'}), the limit is {size(limits.max_lag_bytes)}, and it takes no write "
        "before that is done; wait, or raise max_lag_bytes."
    )


EVIDENCE = {
    "connection": "The last message of the primary",
    "relay log": "The last event of the primary in the relay log",
}
GUARDS: Tuple[Guard, ...] = (
    not_reachable,
    not_fenced,
    no_replica,
    several_primaries,
    sql_thread_failed,
    delayed,
    without_gtid,
    errant,
    disk_full,
    loss_in_seconds,
    apply_unfinished,
)


def promotion_limitation(state: State, proof: Optional[FenceProof], limits: Limits) -> Optional[str]:
    """Return the first reason why this server must not be promoted, None where it may be or is the primary already."""
    if state.is_primary:
        return None
    return next((reason for reason in (guard(state, proof, limits) for guard in GUARDS) if reason), None)


def promotion_warnings(state: State) -> List[str]:
    """Return what does not stop a promotion and bites later."""
    found: List[str] = []
    if state.log_bin is False:
        found.append("The new primary has no binary log (log_bin is OFF), so no standby can follow it.")
    if state.log_bin and state.log_slave_updates is False:
        found.append("log_slave_updates is OFF: a standby of the new primary cannot catch up with what came before.")
    if state.read_only_from:
        found.append(
            f"read_only is set in {state.read_only_from}: the new primary becomes read-only when it is restarted, "
            "unless you take that out."
        )
    if state.disabled_events:
        found.append(
            f"{state.disabled_events} scheduled events came from the former primary and stay switched off here "
            "(SLAVESIDE_DISABLED): run ALTER EVENT ... ENABLE for those that shall run."
        )
    if state.filters:
        found.append(f"The standby did not take everything from its primary: {'; '.join(state.filters)}.")
    if state.sync_binlog == 0:
        found.append("sync_binlog is 0: a power loss may take transactions out of the binary log.")
    return found


def is_applied(state: State) -> bool:
    """Is all that was received also applied? An I/O position that is unknown proves nothing.

    Without GTID its last I/O position may be an old one, so the position in the files counts as well; a transaction
    that came in half leaves those apart for ever, and then the SQL thread says that it has read everything.
    """
    covered = gtid.covers(state.gtid_slave_pos, state.gtid_io_pos)
    if state.uses_gtid:
        return covered and bool(state.gtid_io_pos)
    same = (state.read_file, state.read_position) == (state.exec_file, state.exec_position)
    return covered and (same or (state.sql_state or "").startswith("Slave has read all relay log"))


def heard_after_proof(state: State, proof: FenceProof) -> Optional[float]:
    """Return by how much the last sign of the primary is later than the proof that it is stopped."""
    if state.heard_age is None:
        return None
    return (state.read_at - state.heard_age) - proof.at_epoch


def loss_seconds(state: State, proof: Optional[FenceProof]) -> Optional[float]:
    """Return how long the primary may have written what the standby never got, as a bound; None where there is none.

    It runs from the last sign of the primary to the moment at which it was known to be stopped. Without a proof it
    runs to the reading. It bounds the loss only where the link was not slower than the primary wrote (see heard.py).
    """
    if state.heard_age is None:
        return None
    if proof is None or not proof.confirmed:
        return max(0.0, state.heard_age)
    return max(0.0, state.heard_age + proof.at_epoch - state.read_at)


def accepted(window: Optional[float], limits: Limits) -> bool:
    if limits.accept_data_loss is None:
        return False
    return limits.accept_data_loss >= (UNBOUNDED if window is None else window)


def size(count: Optional[int]) -> str:
    if count is None:
        return "an unknown number of bytes"
    if count < 10 * 1024:
        return f"{count} bytes"
    if count < 10 * 1048576:
        return f"{count / 1024:.0f} KiB"
    return f"{count / 1048576:.0f} MiB"
