# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a standby the primary, in the fewest steps: one psql that promotes, waits until writes are taken, and looks."""

from __future__ import annotations

import json
from typing import Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.cluster import psql, read
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.guards import (
    loss_seconds,
    promotion_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    Check,
    Cluster,
    FenceProof,
    Limits,
    Outcome,
    PostgresqlError,
    State,
)

# pg_promote's own waiting looks ten times a second; this looks every 5 ms.
PROMOTE = """
SELECT pg_promote(false) WHERE pg_is_in_recovery();
DO $wait$
DECLARE deadline timestamptz := clock_timestamp() + interval '{seconds} s';
BEGIN
  WHILE pg_is_in_recovery() LOOP
    IF clock_timestamp() > deadline THEN RAISE EXCEPTION 'still in recovery after {seconds} s'; END IF;
    PERFORM pg_sleep(0.005);
  END LOOP;
END $wait$;
SELECT json_build_object('wal_file', pg_walfile_name(pg_current_wal_lsn()), 'lsn', pg_current_wal_lsn()::text,
  'read_only', current_setting('default_transaction_read_only'));
"""


def transact(
    host: Host,
    cluster: Cluster,
    proof: Optional[FenceProof],
    limits: Limits,
    timeout: float = 30.0,
    check_mode: bool = False,
) -> Outcome:
    """Read, refuse or promote, and prove; never raises, the outcome's ``msg`` is the reason where it failed."""
    outcome = Outcome()
    started = host.now()
    try:
        state = read(host, cluster)
        outcome.before = outcome.after = state
        outcome.seconds["read"] = host.now() - started
        outcome.facts["loss_seconds"] = loss_seconds(state, proof)
        outcome.msg = promotion_limitation(state, proof, limits)
        outcome.proven = _guarded(state, proof, outcome.msg)
        if outcome.msg or state.is_primary:
            return outcome
        outcome.changed = True
        if check_mode:
            outcome.steps.append(f"pg_promote() on {cluster.title}")
            return outcome
        promote(host, cluster, timeout, outcome)
        outcome.after = read(host, cluster)
    except PostgresqlError as error:
        outcome.msg = error.message
    return outcome


def promote(host: Host, cluster: Cluster, timeout: float = 30.0, outcome: Optional[Outcome] = None) -> Outcome:
    """Promote and return when writes are taken; PostgresqlError where they are not within ``timeout`` seconds.

    There is no guard in it: ask ``guards.promotion_limitation`` before.
    """
    outcome = outcome or Outcome()
    started = host.now()
    outcome.steps.append(f"pg_promote() on {cluster.title}")
    statement = PROMOTE.format(seconds=max(1, int(timeout)))
    answer = psql(host, cluster, statement, timeout + 2)
    outcome.seconds["promote"] = host.now() - started
    if answer.status != 0:
        raise PostgresqlError(
            f"{cluster.title} was told to become the primary, and takes no writes after {timeout:g} s "
            f"({answer.complaint}); look into its log, and run this again."
        )
    lines = answer.output.strip().splitlines()
    seen = json.loads(lines[-1])
    outcome.changed = "t" in lines[:-1]
    outcome.facts.update(timeline=int(seen["wal_file"][:8], 16), lsn=seen["lsn"])
    outcome.proven.append(Check("primary", "takes writes", "takes writes", True))
    if seen["read_only"] == "on":
        outcome.warnings.append(
            f"default_transaction_read_only is on at {cluster.title}, so sessions write only when they ask to; set it "
            "off."
        )
    return outcome


def checkpoint(host: Host, cluster: Cluster, timeout: float = 600.0) -> Outcome:
    """Write a checkpoint, which pg_rewind against a new primary needs; it may take as long as the disk needs."""
    outcome = Outcome(steps=[f"CHECKPOINT on {cluster.title}"])
    started = host.now()
    answer = psql(host, cluster, "CHECKPOINT", timeout)
    outcome.seconds["checkpoint"] = host.now() - started
    if answer.status != 0:
        raise PostgresqlError(f"CHECKPOINT on {cluster.title} failed: {answer.complaint}; look into the server's log.")
    return outcome


def _guarded(state: State, proof: Optional[FenceProof], reason: Optional[str]) -> list[Check]:
    if state.is_primary:
        return [Check("primary", "takes writes", "is the primary already", True)]
    window = loss_seconds(state, proof)
    return [
        Check("guards", "no reason against promotion", reason or "none", reason is None),
        Check(
            "fence",
            "confirmed",
            f"{proof.method}: {proof.what}" if proof else "nothing",
            bool(proof and proof.confirmed),
        ),
        Check(
            "data loss",
            "within the limits",
            "unknown"
            if window is None
            else f"at most {window:.1f} s (by {state.heard_by}), {state.lag_bytes} bytes told",
            reason is None,
        ),
    ]
