# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a bond, and what can be done to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


class ServerUplinkError(Exception):
    """One sentence that says what happened and what to do."""


class BondNotFound(ServerUplinkError):
    """The host has no bond of that name of the kind that was asked for."""


@dataclass(frozen=True)
class Member:
    """One member of a bond.

    ``carrier`` is what the network card says, ``enabled`` what the bond's own link monitoring says.
    ``aggregated`` tells for LACP whether the member is in the aggregator that carries the traffic.
    """

    name: str
    carrier: bool
    enabled: bool
    speed: int = -1
    duplex: str = "unknown"
    aggregated: bool | None = None

    @property
    def usable(self) -> bool:
        return self.carrier and self.enabled


@dataclass(frozen=True)
class BondState:
    """A bond as it was read at one moment."""

    name: str
    kind: str
    mode: str
    up: bool
    active: str | None
    members: tuple[Member, ...] = field(default_factory=tuple)
    primary: str | None = None
    primary_reselect: str | None = None
    fail_over_mac: str | None = None
    gratuitous_arp: int | None = None

    @property
    def moves_by_itself(self) -> bool:
        """Only active-backup has a single member that carries the traffic."""
        return self.mode != "active-backup"

    @property
    def aggregates(self) -> bool:
        return any(member.aggregated is not None for member in self.members)

    def member(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)

    def member_names(self) -> str:
        return ", ".join(member.name for member in self.members) or "none"

    def as_dict(self) -> dict[str, Any]:
        result = asdict(self)
        result["members"] = [asdict(member) for member in self.members]
        return result


@dataclass(frozen=True)
class Change:
    """One step: ``setting`` of the bond (``active`` or ``primary``) becomes ``member``."""

    setting: str
    member: str


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, with what was expected and what was seen."""

    check: str
    expected: str
    seen: str
    passed: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Wanted:
    """What the task asks for."""

    bond: str
    active: str
    primary: str = "refuse"
    expect_neighbor: str | None = None
    carrier: bool = True
    neighbor: bool = True
    reachable: tuple[str, ...] = ()
    timeout: float = 10.0
    rollback: bool = True
