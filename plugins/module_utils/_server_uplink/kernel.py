# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Linux kernel's bonding driver, through /sys/class/net and /proc/net/bonding."""

from __future__ import annotations

import re

from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.bond import Bond
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import (
    BondNotFound,
    BondState,
    Change,
    Member,
    ServerUplinkError,
)

NET = "/sys/class/net"
STATUS = "/proc/net/bonding"
ATTRIBUTES = {"active": "active_slave", "primary": "primary"}
IFF_UP = 0x1
NO_PARTNER = "00:00:00:00:00:00"

Section = dict[str, str]


def parse_status(text: str) -> tuple[Section, list[Section]]:
    """Split /proc/net/bonding/NAME into the bond's own lines and those of each member."""
    bond: Section = {}
    members: list[Section] = []
    current = bond
    for line in text.splitlines():
        key, separator, value = line.strip().partition(":")
        if not separator:
            continue
        if key == "Slave Interface":
            current = {}
            members.append(current)
        current.setdefault(key, value.strip())
    return bond, members


def first_word(text: str | None) -> str | None:
    """``always 0`` is ``always``; nothing and ``None`` are None."""
    words = (text or "").split()
    return words[0] if words and words[0] != "None" else None


def whole_number(text: str | None) -> int | None:
    match = re.match(r"-?\d+", text or "")
    return int(match.group()) if match else None


def negotiated_aggregator(bond: Section) -> str | None:
    """The aggregator that carries the traffic, None where no switch answers the bond's LACP frames."""
    return None if bond.get("Partner Mac Address") == NO_PARTNER else bond.get("Aggregator ID")


class KernelBond(Bond):
    """A bond of the kernel's bonding driver."""

    def read(self) -> BondState:
        mode = first_word(self._setting("mode"))
        if mode is None:
            raise BondNotFound(f"{self.name} is no bond of the kernel")
        status = self.host.read(f"{STATUS}/{self.name}")
        if status is None:
            raise ServerUplinkError(
                f"{STATUS}/{self.name} cannot be read, so the state of {self.name} is unknown; run the task as "
                "root (become: true)."
            )
        bond, members = parse_status(status)
        flags = self.host.read(f"{NET}/{self.name}/flags") or "0"
        return BondState(
            name=self.name,
            kind="kernel",
            mode=mode,
            up=bool(int(flags, 16) & IFF_UP),
            active=first_word(bond.get("Currently Active Slave")),
            members=tuple(self._member(section, negotiated_aggregator(bond)) for section in members),
            primary=first_word(self._setting("primary")),
            primary_reselect=first_word(self._setting("primary_reselect")),
            fail_over_mac=first_word(self._setting("fail_over_mac")),
            gratuitous_arp=whole_number(self._setting("num_grat_arp")),
        )

    def command(self, change: Change) -> str:
        return f"echo {change.member} > {self._path(ATTRIBUTES[change.setting])}"

    def apply(self, change: Change) -> None:
        path = self._path(ATTRIBUTES[change.setting])
        try:
            self.host.write(path, change.member)
        except PermissionError as error:
            raise ServerUplinkError(
                f"The kernel does not let this user write to {path} ({error.strerror}); run the task as root "
                "(become: true)."
            ) from error
        except OSError as error:
            raise ServerUplinkError(
                f"The kernel refused {change.member} for {ATTRIBUTES[change.setting]} of {self.name} "
                f"({error.strerror}); look at the member's link and at the kernel's log."
            ) from error

    def announce(self) -> None:
        """The kernel did it when the active member changed (num_grat_arp, num_unsol_na)."""

    def carries(self, device: str) -> bool:
        return device == self.name or any(self.carries(lower) for lower in self._below(device))

    def _below(self, device: str) -> list[str]:
        return [name[len("lower_") :] for name in self.host.names(f"{NET}/{device}") if name.startswith("lower_")]

    def _member(self, section: Section, active_aggregator: str | None) -> Member:
        name = section["Slave Interface"]
        aggregator = section.get("Aggregator ID")
        return Member(
            name=name,
            carrier=self.host.read(f"{NET}/{name}/carrier") == "1",
            enabled=section.get("MII Status") == "up",
            speed=whole_number(section.get("Speed")) or -1,
            duplex=section.get("Duplex", "unknown").lower(),
            aggregated=None if aggregator is None else aggregator == active_aggregator,
        )

    def _path(self, attribute: str) -> str:
        return f"{NET}/{self.name}/bonding/{attribute}"

    def _setting(self, attribute: str) -> str | None:
        return self.host.read(self._path(attribute))
