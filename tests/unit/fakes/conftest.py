# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person drives each platform, and connections to running fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from netmiko import ConnectHandler

from lab.fakes import Fake, FakeNetwork
from lab.fakes.model import NAMES

Row = dict[str, Any]
ASKS_OR_WAITS = r"(?:[>#\]]|\[Y/N\]:?|\]:|\[confirm\]|\? |\(yes\) |key\):|assword: ?)\s*$"


@dataclass(frozen=True)
class Vendor:
    """The commands of a platform, and how its tables name things."""

    status: str
    is_up: Callable[[Row], bool]
    neighbors: str
    macs: str
    arp: str
    detail: str
    parsed: tuple[str, ...]
    swap: tuple[str, ...]
    save: tuple[str, ...]
    paging: str
    shown: tuple[str, str]
    unknown: str
    reply: str
    port: str = "port"
    mac_port: str = "destination_port"
    mac: str = "destination_address"
    denied: str = "Permission denied"
    ping: str = "ping {}"
    templates: str = "same"
    shorts: tuple[str, str] = ("", "")


VENDORS = {
    "cisco_ios": Vendor(
        status="show interfaces status",
        is_up=lambda row: row["status"] == "connected",
        neighbors="show lldp neighbors",
        macs="show mac address-table",
        arp="show ip arp",
        detail="show lldp neighbors detail",
        parsed=("show version", "show ip interface brief", "show interfaces", "show spanning-tree", "show logging"),
        swap=("conf t", "interface te1/0/2", "no shut", "int TenGigabitEthernet 1/0/1", "shut", "end"),
        save=("write memory",),
        paging="terminal length 24",
        shown=("show running-config", "show startup-config"),
        unknown="% Invalid input detected at '^' marker.",
        reply="Success rate is 100 percent (5/5)",
        denied="startup-config file open failed (Permission denied)",
        shorts=("Te1/0/1", "Te1/0/2"),
    ),
    "arista_eos": Vendor(
        status="show interfaces status",
        is_up=lambda row: row["status"] == "connected",
        neighbors="show lldp neighbors",
        macs="show mac address-table",
        arp="show ip arp",
        detail="show lldp neighbors detail",
        parsed=("show version", "show ip interface brief", "show interfaces", "show interfaces description"),
        swap=("configure", "int et50", "no shutdown", "interface Ethernet49", "shutdown", "end"),
        save=("copy running-config startup-config",),
        paging="terminal length 24",
        shown=("show running-config", "show startup-config"),
        unknown="% Invalid input (at token 1: 'nonsense')",
        reply="5 packets transmitted, 5 received, 0% packet loss",
        mac="mac_address",
        denied="Permission denied",
        shorts=("Et49", "Et50"),
    ),
    "huawei_vrp": Vendor(
        status="display interface brief",
        is_up=lambda row: row["phy"] == "up",
        neighbors="display lldp neighbor",
        macs="display mac-address",
        arp="display arp all",
        detail="display lldp neighbor",
        parsed=("display version", "display interface", "display interface description"),
        swap=("sys", "interface xg0/0/2", "undo shutdown", "int XGigabitEthernet 0/0/1", "shutdown", "return"),
        save=("save", "y"),
        paging="undo screen-length temporary",
        shown=("display current-configuration", "display saved-configuration"),
        unknown="Error: Unrecognized command found at '^' position.",
        reply="    0.00% packet loss",
        port="interface",
        denied="Error: Failed to save",
        shorts=("XGE0/0/1", "XGE0/0/2"),
    ),
    "hp_comware": Vendor(
        status="display interface brief",
        is_up=lambda row: row["link"] == "UP",
        neighbors="display lldp neighbor-information list",
        macs="display mac-address",
        arp="display arp",
        detail="display lldp neighbor-information verbose",
        parsed=(),
        swap=("system-view", "interface xge1/0/50", "undo shutdown", "interface ten1/0/49", "shut", "return"),
        save=("save", "y", "", "y"),
        paging="undo screen-length disable",
        shown=("display current-configuration", "display saved-configuration"),
        unknown="% Unrecognized command found at '^' position.",
        reply="5 packet(s) received, 0.0% packet loss",
        port="interface",
        mac="mac_address",
        mac_port="interface",
        denied="Failed to save",
        shorts=("XGE1/0/49", "XGE1/0/50"),
    ),
    "cisco_nxos": Vendor(
        status="show interface status",
        is_up=lambda row: row["status"] == "connected",
        neighbors="show lldp neighbors",
        macs="show mac address-table",
        arp="show ip arp",
        detail="show lldp neighbors detail",
        parsed=("show version", "show ip interface brief"),
        swap=("conf t", "int e1/50", "no shut", "int eth1/49", "shut", "end"),
        save=("copy running-config startup-config",),
        paging="terminal length 24",
        shown=("show running-config", "show startup-config"),
        unknown="% Invalid command at '^' marker.",
        reply="5 packets received, 0.00% packet loss",
        mac="mac_address",
        mac_port="ports",
        denied="Configuration update aborted",
        shorts=("Eth1/49", "Eth1/50"),
    ),
    "huawei_vrpv8": Vendor(
        status="display interface brief",
        is_up=lambda row: row["phy"] == "up",
        neighbors="display lldp neighbor",
        macs="display mac-address",
        arp="display arp all",
        detail="display lldp neighbor",
        parsed=("display version", "display interface", "display interface description"),
        swap=("sys", "int 10ge1/0/2", "undo shut", "interface 10GE 1/0/1", "shutdown", "commit", "return"),
        save=("save", "y"),
        paging="undo screen-length temporary",
        shown=("display current-configuration", "display saved-configuration"),
        unknown="Error: Unrecognized command found at '^' position.",
        reply="    0.00% packet loss",
        port="interface",
        denied="Error: Failed to save",
        templates="huawei_vrp",
    ),
    "juniper_junos": Vendor(
        status="show interfaces terse",
        is_up=lambda row: row["link"] == "up",
        neighbors="show lldp neighbors",
        macs="show ethernet-switching table",
        arp="show arp no-resolve",
        detail="show lldp neighbors",
        parsed=("show version",),
        swap=(
            "configure",
            "delete interfaces xe-0/0/49 disable",
            "set interfaces xe-0/0/48 disable",
            "commit",
            "exit",
        ),
        save=(),
        paging="set cli screen-length 24",
        shown=("show configuration", "show configuration | display set"),
        unknown="syntax error, expecting <command>.",
        reply="5 packets received, 0% packet loss",
        ping="ping {} count 5",
        port="interface",
        mac="mac_address",
        mac_port="logical_interface",
        shorts=("xe-0/0/48.0", "xe-0/0/49.0"),
    ),
    "ruijie_os": Vendor(
        status="show interfaces status",
        is_up=lambda row: row["status"] == "up",
        neighbors="show lldp neighbors",
        macs="show mac-address-table",
        arp="show arp",
        detail="show lldp neighbors detail",
        parsed=(),
        swap=("conf t", "int te0/50", "no shut", "interface TenGigabitEthernet 0/49", "shut", "end"),
        save=("write",),
        paging="terminal length 24",
        shown=("show running-config", "show startup-config"),
        unknown="% Invalid input detected at '^' marker.",
        reply="Success rate is 100 percent (5/5)",
        denied="% Failed to write the configuration file",
        templates="",
    ),
}


@pytest.fixture(params=sorted(VENDORS))
def platform(request: pytest.FixtureRequest) -> str:
    """Each platform in turn."""
    return str(request.param)


@pytest.fixture
def vendor(platform: str) -> Vendor:
    """How that platform is driven."""
    return VENDORS[platform]


@pytest.fixture
def uplinks(platform: str) -> tuple[str, str]:
    """The names of the two uplinks."""
    return NAMES[platform].uplinks


@pytest.fixture
def net() -> Iterator[Callable[..., FakeNetwork]]:
    """Start devices: net(Fake(...), ...)."""
    started: list[FakeNetwork] = []

    def start(*fakes: Fake) -> FakeNetwork:
        started.append(FakeNetwork(fakes).__enter__())
        return started[-1]

    yield start
    for network in started:
        network.__exit__()


@pytest.fixture(scope="session")
def every_platform() -> Iterator[Callable[[str], Any]]:
    """One device of each platform for tests that only look; every_platform(name) is the connection to it."""
    opened: dict[str, Any] = {}
    with FakeNetwork([Fake(name, name) for name in VENDORS]) as network:

        def connection(name: str) -> Any:
            if name not in opened:
                opened[name] = ConnectHandler(**network[name].netmiko())
            return opened[name]

        yield connection
        for known in opened.values():
            known.remote_conn_pre.close()


@pytest.fixture
def looking(every_platform: Callable[[str], Any], platform: str) -> Any:
    """A connection to an untouched device of the platform."""
    return every_platform(platform)


@pytest.fixture
def connect() -> Iterator[Callable[..., Any]]:
    """Log in with Netmiko: connect(handle, ...)."""
    opened: list[Any] = []

    def login(handle: Any, **overrides: Any) -> Any:
        opened.append(ConnectHandler(**handle.netmiko(**overrides)))
        return opened[-1]

    yield login
    for connection in opened:
        if connection.remote_conn is not None:
            connection.remote_conn_pre.close()


@pytest.fixture
def send() -> Callable[..., str]:
    """Send lines one after the other, each after the answer to the one before: send(connection, line, ...)."""

    def lines(connection: Any, *commands: str) -> str:
        answers = []
        for command in commands:
            connection.write_channel(command + "\n")
            answers.append(connection.read_until_pattern(ASKS_OR_WAITS))
        return "".join(answers)

    return lines
