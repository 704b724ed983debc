# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database server as a takeover sees it, whichever product it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, Mapping, Optional


class EngineError(Exception):
    """The server cannot be found or read, or did not do what it was told."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Engine(ABC):
    """One server of this host; ``read`` comes first."""

    @abstractmethod
    def found(self) -> Dict[str, Any]:
        """Return where the server is, so that the next call of the same run need not look for it."""

    @abstractmethod
    def read(self) -> None:
        """Read the server's state; EngineError where it cannot be read."""

    @abstractmethod
    def is_primary(self) -> bool:
        """Does it accept writes already?"""

    @abstractmethod
    def state(self) -> Dict[str, Any]:
        """Return what was read, as data."""

    @abstractmethod
    def limitation(self, proof: Mapping[str, Any], limits: Mapping[str, Any]) -> Optional[str]:
        """Return why it must not be promoted, or None."""

    @abstractmethod
    def loss(self, proof: Mapping[str, Any]) -> Optional[float]:
        """Return for how many seconds at most the primary wrote what never came; None where nothing bounds it."""

    @abstractmethod
    def promote(self, timeout: float) -> Dict[str, Any]:
        """Promote it and return what was done, when writes are accepted; EngineError where they are not."""

    @abstractmethod
    def waits_for(self) -> Optional[str]:
        """Return the setting by which a new primary would let every commit wait for a standby that is gone, or None."""

    @abstractmethod
    def stop_waiting(self) -> str:
        """Take that setting away and return what was done; ``wait_again`` puts it back."""

    @abstractmethod
    def wait_again(self, setting: str) -> str:
        """Put the setting back that ``stop_waiting`` took away, and return what was done."""

    @abstractmethod
    def release(self, timeout: float) -> Dict[str, Any]:
        """Stop a primary so that its last write is at its standby.

        Return what was done, and as ``position`` what the standby must have; EngineError where it is not proven.
        """

    @abstractmethod
    def release_limitation(self) -> Optional[str]:
        """Return why this primary must not be stopped for a planned switchover, or None."""

    @abstractmethod
    def prepare_release(self) -> None:
        """Do ahead of time what shortens ``release``."""

    @abstractmethod
    def await_position(self, position: Mapping[str, Any], timeout: float) -> Dict[str, Any]:
        """Wait until a standby has all up to this position and return the proof; EngineError where it does not."""

    @abstractmethod
    def reclaim(self, timeout: float) -> Dict[str, Any]:
        """Start a primary again that was stopped for a switchover which did not come about."""
