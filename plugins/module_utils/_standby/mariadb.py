# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB as a takeover sees it. A planned switchover is for PostgreSQL only so far, and says so."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, Mapping, Optional

from .._host.run import Host
from .._mariadb.guards import loss_seconds, promotion_limitation
from .._mariadb.model import FenceProof, Limits, MariadbError, Server, State
from .._mariadb.promote import promote
from .._mariadb.server import find, read
from .engine import Engine, EngineError

NO_SWITCHOVER = "a planned switchover of MariaDB is not automated; stop its writes, then fail over"


class MariadbEngine(Engine):
    """One server of this host."""

    def __init__(self, host: Host, arguments: Mapping[str, Any]) -> None:
        self._host = host
        self._name = arguments["host"]
        self._proof: Mapping[str, Any] = {}
        self._limits: Mapping[str, Any] = {}
        self._state: Optional[State] = None
        with self._named():
            self._server = (
                Server.from_dict(arguments["found"])
                if arguments.get("found")
                else find(host, **(arguments.get("server") or {}))
            )

    def found(self) -> Dict[str, Any]:
        return self._server.to_dict()

    def read(self) -> None:
        with self._named():
            self._state = read(self._host, self._server)

    def is_primary(self) -> bool:
        return self._read_state().is_primary

    def state(self) -> Dict[str, Any]:
        return self._read_state().to_dict()

    def limitation(self, proof: Mapping[str, Any], limits: Mapping[str, Any]) -> Optional[str]:
        self._proof, self._limits = proof, limits
        reason = promotion_limitation(self._read_state(), FenceProof.from_dict(proof), Limits.from_dict(limits))
        return None if reason is None else f"{self._name}: {reason}"

    def loss(self, proof: Mapping[str, Any]) -> Optional[float]:
        return loss_seconds(self._read_state(), FenceProof.from_dict(proof))

    def promote(self, timeout: float) -> Dict[str, Any]:
        proof, limits = FenceProof.from_dict(self._proof), Limits.from_dict(self._limits)
        done = promote(self._host, self._server, proof, limits, apply_timeout=timeout)
        if done.msg:
            raise EngineError(f"{self._name}: {done.msg}")
        return done.to_dict()

    def waits_for(self) -> Optional[str]:
        """Return None: semi-synchronous replication goes on without its replica after a time of its own."""
        return None

    def stop_waiting(self) -> str:
        raise EngineError(f"{self._name}: there is no setting of MariaDB to take away")

    def wait_again(self, setting: str) -> str:
        raise EngineError(f"{self._name}: there is no setting of MariaDB to put back")

    def release_limitation(self) -> Optional[str]:
        return f"{self._name}: {NO_SWITCHOVER}"

    def prepare_release(self) -> None:
        raise EngineError(f"{self._name}: {NO_SWITCHOVER}")

    def release(self, timeout: float) -> Dict[str, Any]:
        raise EngineError(f"{self._name}: {NO_SWITCHOVER}")

    def await_position(self, position: Mapping[str, Any], timeout: float) -> Dict[str, Any]:
        raise EngineError(f"{self._name}: {NO_SWITCHOVER}")

    def reclaim(self, timeout: float) -> Dict[str, Any]:
        raise EngineError(f"{self._name}: {NO_SWITCHOVER}")

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except MariadbError as error:
            raise EngineError(f"{self._name}: {error.message}") from error

    def _read_state(self) -> State:
        if self._state is None:
            with self._named():
                self._state = read(self._host, self._server)
        return self._state
