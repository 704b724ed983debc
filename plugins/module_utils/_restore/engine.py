# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of backup has to be able to do so that it can be tested, and so that it can be taken with a manifest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Mapping, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    Assertion,
    Content,
    Copy,
    Finding,
    Order,
    Seen,
)


class Trial(ABC):
    """One copy of one backup set on the scratch host. Its methods are called in the order of the stages.

    Each raises Damaged where the copy is to blame and nothing further can be learned, NotRunnable where this host is.
    ``close`` is called in any case, whatever was called before, and leaves neither process nor file behind.
    """

    order: Order
    copy: Copy

    @abstractmethod
    def fetch(self) -> Seen:
        """Have the copy here, whole and readable, without changing it."""

    @abstractmethod
    def checksums(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """Compare the artefact's bytes with the manifest, and with the checksums that the format itself carries."""

    @abstractmethod
    def taken_at(self) -> Optional[float]:
        """Return the epoch at which the backup's content was current, by the backup itself; None: unknown."""

    @abstractmethod
    def needed_bytes(self, manifest: Optional[Mapping[str, Any]]) -> Optional[int]:
        """Return what the restored data takes on disk; None where it cannot be told."""

    def reserve(self, needed: int) -> Optional[str]:
        """Keep so many bytes for the restore from other tests; return why they are not to be had, None where they are.

        A trial that writes nothing needs none.
        """
        return None

    def host_fault(self, stage: str, findings: Sequence[Finding]) -> Optional[str]:
        """Return why what a stage found is the fault of the host that tests, None where it is the copy's."""
        return None

    @abstractmethod
    def restore(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """Restore into the isolated scratch."""

    @abstractmethod
    def start(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """Start what was restored, where it is a server; recovery reaches exactly the manifest's position."""

    @abstractmethod
    def identity(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """Compare who this is with the manifest: system, server version, databases."""

    @abstractmethod
    def structure(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """Check the inner structure: pages, indexes, constraints."""

    @abstractmethod
    def content(self, manifest: Optional[Mapping[str, Any]]) -> Content:
        """Return what was restored, by the manifest's method where there is one."""

    @abstractmethod
    def answer(self, assertion: Assertion) -> Any:
        """Return the value of an assertion's query, or the exit status of its command; Damaged where it fails."""

    @abstractmethod
    def close(self) -> None:
        """Stop and remove everything of this trial."""
