# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of all engines share: a copy on this host, and a scratch that is made when it is first needed."""

from __future__ import annotations

from abc import abstractmethod
from typing import Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.engine import Trial
from ansible_collections.contingency.infra.plugins.module_utils._restore.fetch import fetched, here
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy, Finding, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch, open_scratch


class ScratchTrial(Trial):
    """``user``: of this host, as whom what is restored runs."""

    def __init__(self, order: Order, copy: Copy, host: Optional[Host] = None) -> None:
        self.order = order
        self.copy = copy
        self.host = host if host is not None else LocalHost()
        self._scratch: Optional[Scratch] = None

    @property
    @abstractmethod
    def user(self) -> str:
        """Return the name of the user."""

    @property
    def scratch(self) -> Scratch:
        if self._scratch is None:
            self._scratch = open_scratch(self.host, self.order, self.user)
        return self._scratch

    def local_copy(self) -> str:
        """Return the path of the copy on this host, fetched where it lies on another."""
        if self.copy.host is None:
            return here(self.copy)
        return fetched(self.scratch, self.copy, self.copy.host, self.user)

    def reserve(self, needed: int) -> Optional[str]:
        return self.scratch.space_limitation(needed)

    def host_fault(self, stage: str, findings: Sequence[Finding]) -> Optional[str]:
        return None if self._scratch is None else shortage.fault(self._scratch, stage, findings)

    def close(self) -> None:
        if self._scratch is not None:
            self._scratch.close()
