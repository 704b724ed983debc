# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Linux machine with sshd: a client, or a server that is linked to both cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lab import openvswitch, options
from lab.errors import LabError
from lab.kinds.light import LightMachine, common_start, start_lldpd
from lab.machine import Site
from lab.topology import MachineSpec


@dataclass(frozen=True)
class Bond:
    """An Open vSwitch bond."""

    name: str
    mode: Literal["active-backup"]
    members: tuple[str, ...]


@dataclass(frozen=True)
class LinuxOptions:
    """What topology.yml may say of a Linux machine."""

    bond: Bond | None = None


class Linux(LightMachine):
    """One port carries the address, or a bond does."""

    kind = "linux"

    def __init__(self, spec: MachineSpec, site: Site) -> None:
        super().__init__(spec, site)
        self.options = options.parse(LinuxOptions, dict(spec.options), f"machine {spec.name}")
        bond = self.options.bond
        if bond and sorted(bond.members) != sorted(self.ports):
            raise LabError(f"Links must end at the members {', '.join(bond.members)} of {spec.name}'s bond.")

    def start_script(self) -> str:
        start = common_start(self.spec.management, self.site.topology.management.prefix.prefixlen)
        start += "".join(f"ethtool -K {port} tx off >/dev/null\n" for port in self.ports)
        bond = self.options.bond
        return start + (self._bonded(bond) if bond else self._plain())

    def _plain(self) -> str:
        return "".join(f"ip link set {port} up\n" for port in self.ports) + self._address(self.ports[0])

    def _bonded(self, bond: Bond) -> str:
        members = " ".join(bond.members)
        set_up = f"{openvswitch.bridge(self.bridge_address)} -- add-bond br0 {bond.name} {members}"
        return (
            openvswitch.start(f"{set_up} bond_mode={bond.mode}")
            + "".join(f"ip link set {port} up\n" for port in bond.members)
            + self._address("br0")
            + _prefer(bond)
            + start_lldpd(self.name, bond.members)
        )

    def _address(self, device: str) -> str:
        if self.spec.address is None:
            return ""
        interface = self.site.topology.hospital.interface(self.spec.address)
        return f"ip addr replace {interface} dev {device}\nip link set {device} up\n"

    def login(self) -> Mapping[str, str]:
        return {"ansible_user": "root"}

    def describe(self) -> str:
        bond = self.options.bond
        return f"{self.spec.role}, {bond.name} over {' and '.join(bond.members)}" if bond else self.spec.role

    def groups(self) -> Sequence[str]:
        return (f"{self.spec.role}s",)


def _prefer(bond: Bond) -> str:
    """Start on the first member as soon as it has carrier; where its switch is off, the other one carries."""
    return (
        f"for attempt in $(seq 40); do ovs-appctl bond/set-active-member {bond.name} {bond.members[0]}"
        " >/dev/null 2>&1 && break; sleep 0.05; done\n"
    )
