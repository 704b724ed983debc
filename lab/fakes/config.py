# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fake device is configured with: the part that a save stores and a roll-back restores."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass
class PortConfig:
    """The configuration of one interface."""

    shutdown: bool = False
    description: str = ""
    mode: str = "access"  # access, trunk or routed
    vlan: int = 1
    trunk_vlans: str = ""
    address: str = ""  # 10.9.0.21/24


@dataclass
class Config:
    """A whole configuration; copied for candidates, checkpoints and archives."""

    hostname: str
    ports: dict[str, PortConfig]
    spanning_tree: bool = True
    lldp: bool = True
    archive_path: str = ""
    lines: list[str] = field(default_factory=list)

    def copy(self) -> Config:
        """Copy it so that a change of the copy leaves this one alone."""
        ports = {name: replace(port) for name, port in self.ports.items()}
        return replace(self, ports=ports, lines=list(self.lines))
