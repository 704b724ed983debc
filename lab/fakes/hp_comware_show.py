# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an H3C/HPE switch with Comware 7 displays: the tables and the configuration, from the device's state."""

from __future__ import annotations

from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Device, Event, Peer, Port
from lab.fakes.formats import counted, digest, ip_and_mask, ip_of, joined, mac_dashed, uptime_parts
from lab.fakes.grammar import split_interface

SHORT = {
    "Ten-GigabitEthernet": "XGE",
    "GigabitEthernet": "GE",
    "M-GigabitEthernet": "MGE",
    "Vlan-interface": "Vlan",
}


def short(name: str) -> str:
    """Ten-GigabitEthernet1/0/49 -> XGE1/0/49."""
    kind, number = split_interface(name)
    return SHORT.get(kind, kind) + number


def link(device: Device, name: str) -> str:
    """Give UP, DOWN or ADM."""
    return "ADM" if device.config_of(name).shutdown else "UP" if device.is_up(name) else "DOWN"


def interface_brief(device: Device) -> str:
    """Show `display interface brief`."""
    lines = [
        "Brief information on interfaces in route mode:",
        "Link: ADM - administratively down; Stby - standby",
        "Protocol: (s) - spoofing",
        "Interface            Link Protocol Primary IP        Description",
        f"{'InLoop0':<20} {'UP':<4} {'UP(s)':<8} {'--':<17}",
    ]
    routed = [port for port in device.ports.values() if device.config_of(port.name).mode == "routed"]
    for port in routed:
        config = device.config_of(port.name)
        address = ip_of(config.address) if config.address else "--"
        state = f"{link(device, port.name):<4} {'UP' if device.is_up(port.name) else 'DOWN':<8}"
        lines.append(f"{short(port.name):<20} {state} {address:<17} {config.description}".rstrip())
    lines += [f"{'NULL0':<20} {'UP':<4} {'UP(s)':<8} {'--':<17}", ""]
    lines += [
        "Brief information on interfaces in bridge mode:",
        "Link: ADM - administratively down; Stby - standby",
        "Speed: (a) - auto",
        "Duplex: (a)/A - auto; H - half; F - full",
        "Type: A - access; T - trunk; H - hybrid",
        "Interface            Link Speed   Duplex Type PVID Description                  ",
    ]
    for port in device.of_kind("ethernet"):
        config = device.config_of(port.name)
        if config.mode == "routed":
            continue
        up = device.is_up(port.name)
        speed, duplex = ("10G(a)" if port.speed == 10000 else "1G(a)", "F(a)") if up else ("auto", "A")
        left = f"{short(port.name):<20} {link(device, port.name):<4} {speed:<7} {duplex:<6}"
        lines.append(f"{left} {config.mode[0].upper():<4} {config.vlan:<4} {config.description}".rstrip())
    return joined(lines)


def interface_detail(device: Device, port: Port) -> str:
    """Show one block of `display interface`."""
    config = device.config_of(port.name)
    up = device.is_up(port.name)
    state = "Administratively DOWN" if config.shutdown else "UP" if up else "DOWN"
    lines = [
        port.name,
        f"Current state: {state}",
        f"Line protocol state: {'UP' if up else 'DOWN'}",
    ]
    if port.kind != "vlan":
        lines.append(f"IP packet frame type: Ethernet II, hardware address: {mac_dashed(port.mac)}")
    lines += [f"Description: {config.description or port.name + ' Interface'}", f"Bandwidth: {port.speed * 1000} kbps"]
    if config.mode == "routed":
        lines.append("Maximum transmission unit: 1500")
        lines.append(
            f"Internet address: {config.address} (primary)"
            if config.address
            else "Internet protocol processing: Disabled"
        )
    else:
        speed = "10Gbps" if port.speed == 10000 else "1000Mbps"
        lines += [
            "Loopback is not set",
            f"{speed}-speed mode, full-duplex mode" if up else "Unknown-speed mode, unknown-duplex mode",
            "Link speed type is autonegotiation, link duplex type is autonegotiation",
            "Flow-control is not enabled",
            "Maximum frame length: 9216",
            f"PVID: {config.vlan}",
            f"Port link-type: {config.mode.capitalize()}",
        ]
    return joined([*lines, ""])


def ip_interface_brief(device: Device) -> str:
    """Show `display ip interface brief`."""
    lines = ["*down: administratively down", "(s): spoofing  (l): loopback"]
    lines.append("Interface                     Physical Protocol IP Address      Description ")
    for port in device.ports.values():
        config = device.config_of(port.name)
        if config.mode == "routed":
            up = "up" if device.is_up(port.name) else "down"
            address = ip_of(config.address) if config.address else "--"
            text = config.description or "--"
            lines.append(f"{short(port.name):<29} {'*down' if config.shutdown else up:<8} {up:<8} {address:<15} {text}")
    return joined(lines)


def lldp_list(device: Device) -> str:
    """Show `display lldp neighbor-information list`."""
    lines = [
        "Chassis ID : * -- -- Nearest nontpmr bridge neighbor",
        "             # -- -- Nearest customer bridge neighbor",
        "             Default -- -- Nearest bridge neighbor",
        "Local Interface Chassis ID      Port ID                    System Name",
    ]
    for port, peer in device.neighbors():
        lines.append(f"{short(port.name):<15} {mac_dashed(peer.mac):<15} {peer.port:<26} {peer.name}")
    return joined(lines)


def lldp_verbose(device: Device, only: str = "") -> str:
    """Show `display lldp neighbor-information verbose`."""
    numbers = {name: number for number, name in enumerate(device.ports, 1)}
    found = [(port, peer) for port, peer in device.neighbors() if only in ("", port.name)]
    return "\n".join(_lldp_block(numbers[port.name], port, peer) for port, peer in found)


def _lldp_block(number: int, port: Port, peer: Peer) -> str:
    fields = {
        " LLDP neighbor index ": "1",
        " Update time         ": "12 days, 7 hours, 12 minutes, 8 seconds",
        " Chassis type        ": "MAC address",
        " Chassis ID          ": mac_dashed(peer.mac),
        " Port ID type        ": "Interface name",
        " Port ID             ": peer.port,
        " Time to live        ": "120",
        " Port description    ": f"{peer.port} Interface",
        " System name         ": peer.name,
        " System description  ": peer.system,
        " System capabilities supported ": "Bridge, Router, Customer Bridge, Service Bridge",
        " System capabilities enabled   ": "Bridge, Router, Customer Bridge",
        " Management address type           ": "IPv4",
        " Management address                ": peer.address,
        " Management address interface type ": "IfIndex",
        " Management address interface ID   ": "6576",
        " Management address OID            ": "0",
        " Port VLAN ID(PVID)  ": "1",
        " Link aggregation supported ": "Yes",
        " Link aggregation enabled   ": "No",
        " Aggregation port ID        ": "0",
        " Auto-negotiation supported ": "Yes",
        " Auto-negotiation enabled   ": "Yes",
        " OperMau                    ": "Speed(10000)/Duplex(Full)",
        " Maximum frame size         ": "9216",
    }
    heading = [f"LLDP neighbor-information of port {number}[{port.name}]:", "LLDP agent nearest-bridge:"]
    return joined(heading + [f"{name}: {value}" for name, value in fields.items()])


def mac_address(device: Device, only: str = "") -> str:
    """Show `display mac-address`."""
    lines = ["MAC Address      VLAN ID    State            Port/Nickname            Aging"]
    for host, name in device.learned():
        if only in ("", name):
            lines.append(f"{mac_dashed(host.mac):<16} {host.vlan:<10} {'Learned':<16} {short(name):<24} Y")
    return joined(lines)


def arp(device: Device) -> str:
    """Show `display arp`."""
    lines = [
        "  Type: S-Static   D-Dynamic   O-Openflow   R-Rule   M-Multiport  I-Invalid",
        "IP address      MAC address    VLAN/VSI   Interface/Link ID        Aging Type ",
    ]
    for host, name in device.resolved():
        lines.append(f"{host.address:<15} {mac_dashed(host.mac):<14} {host.vlan:<10} {short(name):<24} {16:<5} D")
    return joined(lines)


def stp_brief(device: Device) -> str:
    """Show `display stp brief`."""
    if not device.running.spanning_tree:
        return " Protocol status    : Disabled.\n"
    lines = [" MST ID   Port                                Role  STP State   Protection"]
    for port in device.of_kind("ethernet"):
        if device.is_up(port.name):
            blocked = device.is_blocked(port.name)
            role = "ALTE" if blocked else "ROOT" if port.uplink else "DESI"
            lines.append(f" {0:<8} {port.name:<35} {role:<5} {'DISCARDING' if blocked else 'FORWARDING':<11} NONE")
    return joined(lines)


def stp(device: Device) -> str:
    """Show the head of `display stp`."""
    if not device.running.spanning_tree:
        return joined(
            [" Protocol status    : Disabled.", " Protocol Std.      : IEEE 802.1s", " Version            : 3"]
        )
    root = device.active_uplink()
    peer = device.ports[root].peer if root else None
    bridge = f"4096.{mac_dashed(peer.mac)}, 2" if peer else f"32768.{mac_dashed(device.mac)}, 0"
    return joined(
        [
            "-------[CIST Global Info][Mode RSTP]-------",
            f" Bridge ID           : 32768.{mac_dashed(device.mac)}",
            " Bridge times        : Hello 2s MaxAge 20s FwdDelay 15s MaxHops 20",
            f" Root ID/ERPC        : {bridge}",
            f" RegRoot ID/IRPC     : 32768.{mac_dashed(device.mac)}, 0",
            f" RootPort ID         : {'128.50' if peer else '0.0'}",
            " BPDU-Protection     : Disabled",
        ]
    )


def version(device: Device) -> str:
    """Show `display version`."""
    weeks, days, hours, minutes = uptime_parts(device.booted)
    parts = [counted(weeks, "week"), counted(days, "day"), counted(hours, "hour"), counted(minutes, "minute")]
    return joined(
        [
            "H3C Comware Software, Version 7.1.070, Release 6126P20",
            "Copyright (c) 2004-2021 New H3C Technologies Co., Ltd. All rights reserved.",
            f"H3C S5560X-30C-EI uptime is {', '.join(parts)}",
            "Last reboot reason : Cold reboot",
            "",
            "Boot image: flash:/s5560x_ei-cmw710-boot-r6126p20.bin",
            "Boot image version: 7.1.070, Release 6126P20",
            "  Compiled Jun 18 2021 11:00:00",
            "System image: flash:/s5560x_ei-cmw710-system-r6126p20.bin",
            "System image version: 7.1.070, Release 6126P20",
            "  Compiled Jun 18 2021 11:00:00",
            "",
            "",
            "Slot 1:",
            f"Uptime is {','.join(parts)}",
            "S5560X-30C-EI with 2 Processors",
            "BOARD TYPE:         S5560X-30C-EI",
            "DRAM:               2048M bytes",
            "FLASH:              512M bytes",
            "PCB 1 Version:      VER.B",
            "Bootrom Version:    148",
            "CPLD 1 Version:     002",
            "Release Version:    H3C S5560X-30C-EI-6126P20",
            "Patch Version  :    None",
            "Reboot Cause  :     ColdReboot",
        ]
    )


def logbuffer(device: Device) -> str:
    """Show `display logbuffer`."""
    lines = [
        "Log buffer: Enabled",
        "Max buffer size: 1024",
        "Actual buffer size: 512",
        "Dropped messages: 0",
        "Overwritten messages: 0",
        f"Current messages: {len(device.events)}",
    ]
    return joined(lines + [_log_line(device, event) for event in device.events])


def _log_line(device: Device, event: Event) -> str:
    text = {
        "link": f"IFNET/3/PHY_UPDOWN: Physical state on the interface {event.subject} changed to {event.detail}.",
        "login": f"SHELL/5/SHELL_LOGIN: {event.subject} logged in from {event.detail}.",
        "save": "CFGMAN/5/CFGMAN_OPTCOMPLETION: -OperateType=running2startup-OperateState=success; "
        "Operation completed.",
    }.get(event.kind, f"CFGMAN/5/CFGMAN_CFGCHANGED: {event.subject}")
    return f"%{event.at:%b %e %H:%M:%S}:{event.at.microsecond // 1000:03d} {event.at:%Y} {device.hostname} {text}"


def configuration(config: Config, device: Device) -> str:
    """Write a configuration."""
    user = device.credentials.user
    lines = ["#", " version 7.1.070, Release 6126P20", "#", f" sysname {config.hostname}", "#"]
    lines += [" lldp global enable", "#", "vlan 10", "#", "vlan 20", "#"]
    lines += [" stp mode rstp" if config.spanning_tree else " undo stp global enable", "#", *config.lines]
    for name in sorted(config.ports, key=lambda name: device.ports[name].kind == "ethernet"):
        lines += [*port_lines(name, config.ports[name], device.ports[name].kind), "#"]
    lines += ["line class vty", " user-role network-operator", "#", "line vty 0 63", " authentication-mode scheme"]
    lines += ["#", " ip route-static 0.0.0.0 0 10.9.0.1", "#", " ssh server enable", "#"]
    lines += [f"local-user {user} class manage", f" password hash $h$6${digest(device.credentials.password)}=="]
    lines += [" service-type ssh", " authorization-attribute user-role network-admin", "#"]
    return joined([*lines, "return"])


def port_lines(name: str, port: PortConfig, kind: str) -> list[str]:
    """Write the configuration of one interface."""
    lines = [f"interface {name}"]
    if kind == "ethernet":
        lines.append(f" port link-mode {'route' if port.mode == 'routed' else 'bridge'}")
    if port.description:
        lines.append(f" description {port.description}")
    if port.mode == "access" and port.vlan != 1:
        lines.append(f" port access vlan {port.vlan}")
    if port.mode == "trunk":
        lines.append(" port link-type trunk")
        lines.append(f" port trunk permit vlan 1 {port.trunk_vlans.replace(',', ' ')}".rstrip())
    if port.address:
        lines.append(f" ip address {ip_and_mask(port.address)}")
    return lines + ([" shutdown"] if port.shutdown else [])
