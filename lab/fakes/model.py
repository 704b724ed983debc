# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default device: an access switch with two uplinks, four access ports and a management port."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Credentials, Device, Host, Peer, Port, Timings
from lab.fakes.faults import Faults


@dataclass(frozen=True)
class Names:
    """How a platform names the ports of the access switch."""

    uplinks: tuple[str, str]
    access: tuple[str, ...]
    management: str
    vlan: str
    peer: str
    uplink_media: str = "10GBase-LR"
    access_media: str = "10/100/1000BaseTX"


NAMES = {
    "cisco_ios": Names(
        ("TenGigabitEthernet1/0/1", "TenGigabitEthernet1/0/2"),
        tuple(f"GigabitEthernet1/0/{n}" for n in range(1, 5)),
        "GigabitEthernet0/0",
        "Vlan{vlan}",
        "Te1/0/{number}",
        "SFP-10GBase-SR",
    ),
    "arista_eos": Names(
        ("Ethernet49", "Ethernet50"),
        tuple(f"Ethernet{n}" for n in range(1, 5)),
        "Management1",
        "Vlan{vlan}",
        "Ethernet{number}",
        "10GBASE-SR",
        "1000BASE-T",
    ),
    "huawei_vrp": Names(
        ("XGigabitEthernet0/0/1", "XGigabitEthernet0/0/2"),
        tuple(f"GigabitEthernet0/0/{n}" for n in range(1, 5)),
        "MEth0/0/1",
        "Vlanif{vlan}",
        "XGigabitEthernet0/0/{number}",
    ),
    "huawei_vrpv8": Names(
        ("10GE1/0/1", "10GE1/0/2"),
        tuple(f"GE1/0/{n}" for n in range(1, 5)),
        "MEth0/0/0",
        "Vlanif{vlan}",
        "10GE1/0/{number}",
    ),
    "hp_comware": Names(
        ("Ten-GigabitEthernet1/0/49", "Ten-GigabitEthernet1/0/50"),
        tuple(f"GigabitEthernet1/0/{n}" for n in range(1, 5)),
        "M-GigabitEthernet0/0/0",
        "Vlan-interface{vlan}",
        "Ten-GigabitEthernet1/0/{number}",
    ),
    "cisco_nxos": Names(
        ("Ethernet1/49", "Ethernet1/50"),
        tuple(f"Ethernet1/{n}" for n in range(1, 5)),
        "mgmt0",
        "Vlan{vlan}",
        "Ethernet1/{number}",
        "10Gbase-SR",
        "1000base-T",
    ),
    "juniper_junos": Names(
        ("xe-0/0/48", "xe-0/0/49"),
        tuple(f"ge-0/0/{n}" for n in range(0, 4)),
        "me0",
        "irb.{vlan}",
        "xe-0/0/{number}",
    ),
    "ruijie_os": Names(
        ("TenGigabitEthernet 0/49", "TenGigabitEthernet 0/50"),
        tuple(f"GigabitEthernet 0/{n}" for n in range(1, 5)),
        "Mgmt 0",
        "VLAN {vlan}",
        "TenGigabitEthernet 0/{number}",
    ),
}


@dataclass
class Fake:
    """A device to be made: its name, its platform, and what is special about it."""

    name: str
    platform: str
    spanning_tree: bool = True
    active: int = 0
    """Which uplink is up at the start; the other is shut down. -1: both are up."""
    lldp: bool = True
    """Whether LLDP runs; on IOS, CDP runs always."""
    archive: str = "flash:backup"
    """IOS: where the archive is; "" is not configured, so there is no revert timer."""
    management: str = "oob"
    cores: tuple[str, str] = ("core-a", "core-b")
    number: int = 1
    """Makes addresses and MAC addresses differ between devices."""
    port: int = 0
    credentials: Credentials = field(default_factory=Credentials)
    timings: Timings = field(default_factory=Timings)
    faults: Faults = field(default_factory=Faults)

    def build(self, host: str = "127.0.0.1") -> Device:
        """Make the access switch."""
        names = NAMES[self.platform]
        ports = self._ports(names)
        config = Config(
            hostname=self.name,
            ports={name: self._config(names, port, host) for name, port in ports.items()},
            spanning_tree=self.spanning_tree,
            lldp=self.lldp,
            archive_path=self.archive if self.platform == "cisco_ios" else "",
        )
        return Device(
            platform=self.platform,
            running=config,
            ports=ports,
            hosts=self._hosts(names),
            credentials=self.credentials,
            timings=self.timings,
            faults=self.faults,
            management=self.management,
            serial=f"FDO2514{self.number:04d}",
            mac=mac(self.number, 0),
        )

    def uplinks(self) -> dict[str, str]:
        """Tell which core is behind which uplink."""
        return dict(zip(self.cores, NAMES[self.platform].uplinks, strict=True))

    def _ports(self, names: Names) -> dict[str, Port]:
        ports = []
        for index, name in enumerate(names.access):
            client = Peer(f"client-{index + 1}", "eth0", mac(self.number, 64 + index), system="")
            ports.append(Port(name, media=names.access_media, mac=mac(self.number, index + 1), peer=client))
        ports[-1].peer = None
        for index, name in enumerate(names.uplinks):
            peer = names.peer.format(number=self.number + 10)
            core = Peer(self.cores[index], peer, f"0050.56c0.000{index + 1}", f"10.9.0.{index + 2}", "Core switch")
            own = mac(self.number, 49 + index)
            ports.append(Port(name, speed=10000, media=names.uplink_media, mac=own, peer=core, uplink=True))
        ports.append(Port(names.vlan.format(vlan=10), "vlan", mac=mac(self.number, 0)))
        ports.append(Port(names.management, "management", media="10/100/1000BaseTX", mac=mac(self.number, 60)))
        return {port.name: port for port in ports}

    def _config(self, names: Names, port: Port, host: str) -> PortConfig:
        address = f"10.9.{self.number // 200}.{20 + self.number % 200}/16"
        if port.uplink:
            index = names.uplinks.index(port.name)
            description = f"to {self.cores[index]}"
            shutdown = self.active not in (index, -1)
            config = PortConfig(shutdown, description, "trunk", 1, "10,20")
            if self.management == port.name:
                config = PortConfig(shutdown, description, "routed", address=f"{host}/24")
            return config
        if port.kind == "management":
            return PortConfig(mode="routed", address=f"{host}/24" if self.management == "oob" else "")
        if port.kind == "vlan":
            return PortConfig(mode="routed", address=f"{host}/24" if self.management == "uplink" else address)
        return PortConfig(vlan=10)

    def _hosts(self, names: Names) -> list[Host]:
        servers = [
            Host("0000.5e00.0101", 10, "10.9.0.1"),
            Host("0050.5640.0031", 10, "10.9.0.31"),
            Host("0050.5640.0032", 10, "10.9.0.32"),
        ]
        clients = [Host(mac(self.number, 64 + index), 10, port=name) for index, name in enumerate(names.access[:-1])]
        return servers + clients


def mac(number: int, index: int) -> str:
    """Make a MAC address of the device."""
    return f"0050.{0x5000 + number:04x}.{index:04x}"
