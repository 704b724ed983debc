# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MariaDB server as a readiness check sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Mapping, Optional

from .._host.run import Host
from .._mariadb.guards import promotion_limitation
from .._mariadb.model import FenceProof, Limits, MariadbError, State
from .._mariadb.server import find, read
from .database import DOWN, PRIMARY, STANDBY, pretended_proof

UNBOUNDED = 1e9


def read_mariadb(host: Host, arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what the server of this host is; ``error`` where it cannot be told."""
    try:
        server = find(host, **(arguments.get("server") or {}))
        limits = Limits.from_dict(arguments.get("limits") or {})
        state = read(host, server)
    except MariadbError as error:
        return {"error": error.message}
    where = {"directory": state.data_directory, "unit": server.unit, "free_bytes": state.free_bytes}
    if not state.running:
        return {**where, "role": DOWN, "error": state.errors[0] if state.errors else "it does not run"}
    told = {**where, "version": _version(state.version), "major": _major(state.version)}
    if state.is_primary:
        return {**told, "role": PRIMARY, "followers": [""] * state.followers}
    if not state.is_replica:
        return {**told, "error": "it is read-only and replicates from nobody, so it is neither primary nor standby"}
    return {**told, **_standby(state, replace(limits, accept_data_loss=UNBOUNDED))}


def _standby(state: State, limits: Limits) -> Dict[str, Any]:
    proof = FenceProof.from_dict(pretended_proof())
    threads = (state.io_running, state.sql_running)
    # No connection is tried: MariaDB counts those that leave again, and shuts the host out after a hundred of them.
    return {
        "role": STANDBY,
        "streaming": threads == ("Yes", "Yes"),
        "receiver": state.io_error or state.sql_error or f"IO thread {threads[0]}, SQL thread {threads[1]}",
        "message_age": state.heard_age,
        "quiet_interval": state.heartbeat_period,
        "source": f"{state.primary_host}:{state.primary_port}" if state.primary_host else None,
        "refusal": promotion_limitation(state, proof, limits),
    }


def _version(text: Optional[str]) -> Optional[str]:
    """10.11.6-MariaDB-0+deb12u1-log: what the distribution adds says nothing of the format on disk."""
    return text.partition("-")[0] if text else None


def _major(text: Optional[str]) -> Optional[str]:
    version = _version(text)
    return ".".join(version.split(".")[:2]) if version else None
