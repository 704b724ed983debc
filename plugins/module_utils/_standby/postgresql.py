# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL as a takeover sees it."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from .._host.run import Host
from .._postgresql.cluster import read
from .._postgresql.find import Wanted, find
from .._postgresql.guards import loss_seconds, promotion_limitation
from .._postgresql.model import Cluster, FenceProof, Limits, PostgresqlError, State
from .._postgresql.promote import checkpoint, promote
from .engine import Engine, EngineError


class PostgresqlEngine(Engine):
    """One cluster of this host."""

    def __init__(self, host: Host, arguments: Mapping[str, Any]) -> None:
        self._host = host
        self._name = arguments["host"]
        self._state: Optional[State] = None
        try:
            self._cluster = _cluster(host, arguments)
        except PostgresqlError as error:
            raise EngineError(f"{self._name}: {error.message}") from error

    def found(self) -> Dict[str, Any]:
        return self._cluster.to_dict()

    def read(self) -> None:
        try:
            self._state = read(self._host, self._cluster)
        except PostgresqlError as error:
            raise EngineError(f"{self._name}: {error.message}") from error

    def is_primary(self) -> bool:
        return self._read_state().is_primary

    def state(self) -> Dict[str, Any]:
        return self._read_state().to_dict()

    def limitation(self, proof: Mapping[str, Any], limits: Mapping[str, Any]) -> Optional[str]:
        reason = promotion_limitation(self._read_state(), FenceProof.from_dict(proof), Limits.from_dict(limits))
        return None if reason is None else f"{self._name}: {reason}"

    def loss(self, proof: Mapping[str, Any]) -> Optional[float]:
        return loss_seconds(self._read_state(), FenceProof.from_dict(proof))

    def promote(self, timeout: float) -> Dict[str, Any]:
        try:
            return promote(self._host, self._cluster, timeout).to_dict()
        except PostgresqlError as error:
            raise EngineError(f"{self._name}: {error.message}") from error

    def settle(self) -> None:
        """pg_rewind compares checkpoints: without one after the promotion it may find nothing to rewind."""
        checkpoint(self._host, self._cluster)

    def _read_state(self) -> State:
        if self._state is None:
            self.read()
        assert self._state is not None
        return self._state


def _cluster(host: Host, arguments: Mapping[str, Any]) -> Cluster:
    """Return the cluster that an earlier call of this run found, else look for it."""
    if arguments.get("found"):
        return Cluster.from_dict(arguments["found"])
    return find(host, Wanted(**(arguments.get("server") or {})))
