# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL as a takeover sees it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, Mapping, Optional

from .._host.run import Host
from .._postgresql.cluster import psql, quoted, read
from .._postgresql.find import Wanted, find
from .._postgresql.guards import loss_seconds, promotion_limitation
from .._postgresql.model import Cluster, FenceProof, Limits, PostgresqlError, State
from .._postgresql.process import start
from .._postgresql.promote import promote
from .._postgresql.switch import prepare, quiesce, switchover_limitation, wait_received
from .engine import Engine, EngineError

SETTING_SECONDS = 5.0
POSITION = ("shutdown_lsn", "timeline", "system_identifier")


class PostgresqlEngine(Engine):
    """One cluster of this host."""

    def __init__(self, host: Host, arguments: Mapping[str, Any]) -> None:
        self._host = host
        self._name = arguments["host"]
        self._state: Optional[State] = None
        with self._named():
            self._cluster = _cluster(host, arguments)

    def found(self) -> Dict[str, Any]:
        return self._cluster.to_dict()

    def read(self) -> None:
        with self._named():
            self._state = read(self._host, self._cluster)

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
        with self._named():
            return promote(self._host, self._cluster, timeout).to_dict()

    def waits_for(self) -> Optional[str]:
        return self._read_state().synchronous_standby_names or None

    def stop_waiting(self) -> str:
        was = self.waits_for()
        self._set_names("")
        return f"synchronous_standby_names emptied, it was {was}: commits would wait for a standby that is gone"

    def wait_again(self, setting: str) -> str:
        self._set_names(setting)
        return f"synchronous_standby_names put back to {setting}"

    def _set_names(self, value: str) -> None:
        statements = f"ALTER SYSTEM SET synchronous_standby_names = {quoted(value)};\nSELECT pg_reload_conf();"
        answer = psql(self._host, self._cluster, statements, SETTING_SECONDS)
        if answer.status != 0:
            raise EngineError(
                f"{self._name}: synchronous_standby_names cannot be set: {answer.complaint}; set it by hand"
            )

    def release_limitation(self) -> Optional[str]:
        reason = switchover_limitation(self._read_state())
        return None if reason is None else f"{self._name}: {reason}"

    def prepare_release(self) -> None:
        with self._named():
            prepare(self._host, self._cluster)

    def release(self, timeout: float) -> Dict[str, Any]:
        with self._named():
            done = quiesce(self._host, self._cluster, timeout).to_dict()
        return {**done, "position": {name: done["facts"][name] for name in POSITION}}

    def await_position(self, position: Mapping[str, Any], timeout: float) -> Dict[str, Any]:
        with self._named():
            return wait_received(
                self._host, self._cluster, position["shutdown_lsn"], timeout, position["system_identifier"]
            ).to_dict()

    def reclaim(self, timeout: float) -> Dict[str, Any]:
        with self._named():
            return {"steps": start(self._host, self._cluster, timeout)}

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except PostgresqlError as error:
            raise EngineError(f"{self._name}: {error.message}") from error

    def _read_state(self) -> State:
        if self._state is None:
            with self._named():
                self._state = read(self._host, self._cluster)
        return self._state


def _cluster(host: Host, arguments: Mapping[str, Any]) -> Cluster:
    """Return the cluster that an earlier call of this run found, else look for it."""
    if arguments.get("found"):
        return Cluster.from_dict(arguments["found"])
    return find(host, Wanted(**(arguments.get("server") or {})))
