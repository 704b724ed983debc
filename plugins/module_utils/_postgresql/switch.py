# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned switchover: stop the primary so that its last byte is at the standby, and prove that it is.

A fast shutdown ends all sessions, writes a shutdown checkpoint as the last record, and waits until each connected
standby has confirmed it. So a standby whose WAL reaches beyond the start of that record misses nothing.
"""

from __future__ import annotations

from typing import Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._postgresql import process
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.cluster import psql, read, read_control
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.guards import not_received
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    Check,
    Cluster,
    FenceProof,
    Limits,
    Outcome,
    PostgresqlError,
    State,
    lsn,
)


def switchover_limitation(primary: State, standby_name: Optional[str] = None) -> Optional[str]:
    """Return why this primary must not be stopped for a switchover, None where it may be."""
    if not primary.running:
        return None
    if primary.in_recovery is not False:
        seen = primary.errors[0] if primary.errors else "is a standby"
        return f"The server that shall hand over is no primary: it {seen}; run the switchover on the primary."
    if not primary.followers:
        return (
            "No standby streams from the primary, so its last writes would reach nobody; bring the standby back first "
            "(postgresql_standby with state: standby)."
        )
    if standby_name is not None and standby_name not in primary.followers:
        return (
            f"The standby {standby_name} does not stream from the primary ({', '.join(primary.followers)} do); name "
            "one that does."
        )
    return None


def prepare(host: Host, cluster: Cluster, timeout: float = 600.0) -> Outcome:
    """Write a checkpoint while work goes on, so that the one of the shutdown is short."""
    outcome = Outcome(steps=[f"CHECKPOINT on {cluster.title}"])
    started = host.now()
    answer = psql(host, cluster, "CHECKPOINT", timeout)
    outcome.seconds["checkpoint"] = host.now() - started
    if answer.status != 0:
        raise PostgresqlError(f"CHECKPOINT on {cluster.title} failed: {answer.complaint}; nothing was stopped.")
    return outcome


def quiesce(host: Host, cluster: Cluster, timeout: float = 60.0) -> Outcome:
    """Stop the primary cleanly; the outcome's fact ``shutdown_lsn`` is what the standby must have received."""
    outcome = Outcome()
    started = host.now()
    outcome.steps += process.stop(host, cluster, timeout)
    outcome.changed = bool(outcome.steps)
    outcome.seconds["stop"] = host.now() - started
    state = read_control(host, cluster)
    outcome.after = state
    clean = state.control_state == "shut down"
    outcome.proven.append(Check("primary", "shut down", state.control_state or "unknown", clean))
    if not clean:
        raise PostgresqlError(
            f"{cluster.title} is stopped, but not cleanly (pg_controldata says {state.control_state}), so it is not "
            "proven that the standby has its last write; start it again, or fail over with the limits on data loss."
        )
    outcome.facts.update(
        shutdown_lsn=state.checkpoint_lsn,
        timeline=state.timeline,
        system_identifier=state.system_identifier,
    )
    return outcome


def loss_limitation(
    shutdown_lsn: Optional[str], standby: State, system_identifier: Optional[str] = None
) -> Optional[str]:
    """Return why the standby may miss something of a primary that was shut down cleanly, None where it has all."""
    if system_identifier and standby.system_identifier and system_identifier != standby.system_identifier:
        return (
            f"The standby is of another database (system identifier {standby.system_identifier}) than the primary "
            f"({system_identifier}); name the primary's own standby."
        )
    if lsn(shutdown_lsn) is None:
        return "The position of the primary's last record is unknown; run pg_controldata on it."
    return not_received(standby, FenceProof("shutdown", "clean shutdown", 0.0, True, shutdown_lsn), Limits())


def wait_received(
    host: Host, cluster: Cluster, shutdown_lsn: str, timeout: float = 10.0, system_identifier: Optional[str] = None
) -> Outcome:
    """On the standby: wait until it has the shutdown record; PostgresqlError where it has not in time."""
    outcome = Outcome()
    started = host.now()
    while True:
        state = read(host, cluster)
        outcome.after = state
        reason = loss_limitation(shutdown_lsn, state, system_identifier)
        outcome.seconds["received"] = host.now() - started
        if reason is None:
            break
        if host.now() - started > timeout:
            raise PostgresqlError(reason)
        host.sleep(0.02)
    outcome.proven.append(
        Check("received", f"beyond {shutdown_lsn}", state.receive_lsn or state.replay_lsn or "", True)
    )
    return outcome
