# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch: FRR, lldpd and sshd over a real layer 2."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lab import openvswitch, options
from lab.errors import LabError
from lab.kinds.layered import PACKAGE
from lab.kinds.light import LightMachine, common_start, start_lldpd
from lab.machine import Site
from lab.topology import MachineSpec, Port

LOWEST_PRIORITY = 61440
BRIDGE_TIMES = "other_config:rstp-forward-delay=4 other_config:rstp-max-age=6 other_config:rstp-transmit-hold-count=10"
SAVED_HEAD = """\
frr version 8.4.4
frr defaults traditional
hostname {name}
no ip forwarding
no ipv6 forwarding
service integrated-vtysh-config
!
"""
USERS = {"linux_frr": "root", "frr": "admin"}


@dataclass(frozen=True)
class SwitchOptions:
    """What topology.yml may say of a switch."""

    platform: Literal["linux_frr", "frr"]
    layer2: Literal["ovs-rstp", "linux-bridge"]
    priority: int = 32768
    shutdown: tuple[str, ...] = ()


def parse_options(spec: MachineSpec) -> SwitchOptions:
    parsed = options.parse(SwitchOptions, dict(spec.options), f"machine {spec.name}")
    if not 0 <= parsed.priority <= LOWEST_PRIORITY or parsed.priority % 4096:
        raise LabError(f"priority of machine {spec.name} must be a multiple of 4096 up to {LOWEST_PRIORITY}.")
    return parsed


class Switch(LightMachine):
    """Its running state follows vtysh; its saved configuration is /etc/frr/frr.conf."""

    kind = "switch"

    def __init__(self, spec: MachineSpec, site: Site) -> None:
        super().__init__(spec, site)
        self.options = parse_options(spec)
        unknown = sorted(set(self.options.shutdown) - set(self.ports))
        if unknown:
            raise LabError(f"shutdown of {spec.name} names {', '.join(unknown)}: no link ends there.")

    def files(self) -> dict[str, str]:
        proposal = (PACKAGE / "guest/rapid_proposal.py").read_text(encoding="utf-8")
        return {"etc/frr/frr.conf": self._saved_configuration(), "lab/rapid_proposal.py": proposal}

    def prepare(self) -> None:
        super().prepare()
        owner = (self.recipe.path / "etc/frr/vtysh.conf").stat()
        configuration = self.disk / "etc/frr/frr.conf"
        configuration.chmod(0o640)
        os.chown(configuration, owner.st_uid, owner.st_gid)

    def _saved_configuration(self) -> str:
        shut = "".join(f"interface {port}\n shutdown\nexit\n!\n" for port in self.options.shutdown)
        return SAVED_HEAD.format(name=self.name) + shut

    def start_script(self) -> str:
        bridge = {"ovs-rstp": self._ovs, "linux-bridge": self._linux_bridge}[self.options.layer2]
        return (
            common_start(self.spec.management, self.site.topology.management.prefix.prefixlen)
            + bridge()
            + self._address()
            + _start_frr(self.ports)
            + start_lldpd(self.name, self.ports)
        )

    def _ovs(self) -> str:
        bridge = (
            f"{openvswitch.bridge(self.bridge_address)} rstp_enable=true"
            f" other_config:rstp-priority={self.options.priority} {BRIDGE_TIMES}"
        )
        spanning = [own.name for own, other in self.site.topology.links_of(self.name) if self._spans(other)]
        return openvswitch.start(" -- ".join((bridge, *self._ovs_ports()))) + (
            f"setsid python3 -I -S /lab/rapid_proposal.py {' '.join(spanning)} &\n"
        )

    def _ovs_ports(self) -> Iterator[str]:
        for own, other in self.site.topology.links_of(self.name):
            edge = "false" if self._spans(other) else "true"
            yield f"add-port br0 {own.name} -- set port {own.name} other_config:rstp-port-admin-edge={edge}"

    def _spans(self, other: Port) -> bool:
        """Whether the neighbor takes part in the spanning tree; ports to all others are edge ports."""
        spec = self.site.topology.machines[other.machine]
        return spec.kind == self.kind and parse_options(spec).layer2 == "ovs-rstp"

    def _linux_bridge(self) -> str:
        ports = "".join(f"ip link set {port} master br0\n" for port in self.ports)
        remove = "if [ -e /sys/class/net/br0 ]; then ip link delete br0; fi\n"
        return f"{remove}ip link add br0 address {self.bridge_address} type bridge stp_state 0 forward_delay 0\n{ports}"

    def _address(self) -> str:
        if self.spec.address is None:
            return "ip link set br0 up\n"
        interface = self.site.topology.hospital.interface(self.spec.address)
        return f"ip addr replace {interface} dev br0\nip link set br0 up\n"

    def login(self) -> Mapping[str, str]:
        return {"ansible_user": USERS[self.options.platform], "switch_platform": self.options.platform}

    def describe(self) -> str:
        return f"{self.spec.role} switch, {self.options.platform}, {self.options.layer2}"

    def shut_ports(self) -> Sequence[str]:
        return self.options.shutdown

    def groups(self) -> Sequence[str]:
        return ("switches", f"{self.spec.role}_switches")


def _start_frr(ports: Sequence[str]) -> str:
    """Ports that the saved configuration does not shut come up; FRR then takes over that configuration."""
    return f"""\
install -d -o frr -g frr /run/frr
/usr/lib/frr/zebra -d -A 127.0.0.1 --log file:/var/log/frr/zebra.log
shut=$(awk '/^interface /{{port=$2}} /^ shutdown$/{{print port}}' /etc/frr/frr.conf)
for port in {" ".join(ports)}; do
  echo "$shut" | grep -qx "$port" || ip link set "$port" up
done
until vtysh -c 'show version' >/dev/null 2>&1; do sleep 0.02; done
vtysh -b
/usr/lib/frr/watchfrr -d zebra
"""
