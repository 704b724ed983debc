# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server as a readiness check sees it."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional

from .._host.run import Host
from .._postgresql.cluster import psql, read
from .._postgresql.find import Wanted, find
from .._postgresql.guards import UNBOUNDED, promotion_limitation
from .._postgresql.model import Cluster, FenceProof, Limits, PostgresqlError, State, lsn
from .database import DOWN, PRIMARY, STANDBY, connection_trouble, pretended_proof, structural

SLOTS = """
SELECT coalesce(json_agg(json_build_object('name', slot_name, 'active', active, 'wal_status', wal_status)
  ORDER BY slot_name), '[]') FROM pg_replication_slots WHERE NOT temporary
"""


def read_postgresql(host: Host, arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what the cluster of this host is; ``error`` where it cannot be told."""
    try:
        cluster = find(host, Wanted(**(arguments.get("server") or {})))
        state = read(host, cluster)
        limits = Limits.from_dict(structural(arguments.get("limits") or {}, UNBOUNDED))
    except PostgresqlError as error:
        return {"error": error.message}
    where = {"directory": cluster.data_directory, "unit": cluster.unit}
    if not state.running:
        return {**where, **_space(state), "role": DOWN, "error": _complaint(state)}
    if state.in_recovery is None:
        return {**where, **_space(state), "error": _complaint(state)}
    told = {**where, **_space(state), **_common(state)}
    if state.is_primary:
        return {**told, "slots": _slots(host, cluster)}
    return {**told, **_standby(state, limits)}


def _complaint(state: State) -> str:
    return state.errors[0] if state.errors else "it does not run"


def _space(state: State) -> Dict[str, Any]:
    return {"free_bytes": state.free_bytes, "wal_free_bytes": state.wal_free_bytes}


def _common(state: State) -> Dict[str, Any]:
    version = state.server_version
    return {
        "role": PRIMARY if state.is_primary else STANDBY,
        "version": f"{version // 10000}.{version % 10000}" if version else None,
        "major": str(version // 10000) if version else None,
        "position": lsn(state.current_lsn),
        "followers": list(state.followers),
        "system_identifier": state.system_identifier,
    }


def _standby(state: State, limits: Limits) -> Dict[str, Any]:
    proof = FenceProof.from_dict(pretended_proof())
    source = f"{state.primary_host}:{state.primary_port}" if state.primary_host else None
    return {
        "streaming": state.receiver == "streaming",
        "receiver": state.receiver,
        "message_age": state.message_age,
        # Without writes the receiver asks for a sign of life when half of its time-out has passed.
        "quiet_interval": state.receiver_timeout / 2 if state.receiver_timeout else None,
        "received": lsn(state.receive_lsn),
        "slot": state.primary_slot,
        "source": source,
        "source_trouble": connection_trouble(state.primary_host, state.primary_port),
        "refusal": promotion_limitation(state, proof, limits),
    }


def _slots(host: Host, cluster: Cluster) -> Optional[List[Dict[str, Any]]]:
    answer = psql(host, cluster, SLOTS)
    if answer.status != 0:
        return None
    slots: List[Dict[str, Any]] = json.loads(answer.output)
    return slots
