# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of bond can do."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import Host
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import BondState, Change


class Bond(ABC):
    """One bond of this host, of one kind."""

    def __init__(self, host: Host, name: str) -> None:
        self.host = host
        self.name = name

    @abstractmethod
    def read(self) -> BondState:
        """Read the bond as it is now; BondNotFound where this kind has no such bond."""

    @abstractmethod
    def command(self, change: Change) -> str:
        """The change as an engineer would type it."""

    @abstractmethod
    def apply(self, change: Change) -> None:
        """Make the change; ServerUplinkError where the bond refuses it."""

    @abstractmethod
    def carries(self, device: str) -> bool:
        """Whether packets that leave by this network device go through the bond."""

    @abstractmethod
    def announce(self) -> None:
        """Tell the network where this host's addresses are now."""
