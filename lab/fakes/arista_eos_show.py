# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an Arista switch shows: the tables and the configuration, from the device's state."""

from __future__ import annotations

from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Device, Event, Peer, Port
from lab.fakes.formats import counted, digest, joined, uptime_parts
from lab.fakes.grammar import split_interface

SHORT = {"Ethernet": "Et", "Management": "Ma", "Vlan": "Vl"}
MODEL = "DCS-7050TX-64, EOS-4.26.2F"


def short(name: str) -> str:
    """Ethernet49 -> Et49."""
    kind, number = split_interface(name)
    return SHORT.get(kind, kind) + number


def interfaces_status(device: Device) -> str:
    """Show `show interfaces status`."""
    lines = ["Port       Name           Status       Vlan     Duplex Speed  Type         Flags Encapsulation"]
    for port in device.of_kind("ethernet", "management"):
        config = device.config_of(port.name)
        up = device.is_up(port.name)
        status = "disabled" if config.shutdown else "connected" if up else "notconnect"
        vlan = {"trunk": "trunk", "routed": "routed"}.get(config.mode, str(config.vlan))
        duplex, speed = ("full", "10G") if port.speed == 10000 else ("a-full", "a-1G") if up else ("auto", "auto")
        left = f"{short(port.name):<10} {config.description[:14]:<14} {status:<12} {vlan:<8}"
        lines.append(f"{left} {duplex:<6} {speed:<6} {port.media:<12}")
    return joined(lines)


def interfaces_description(device: Device) -> str:
    """Show `show interfaces description`."""
    lines = ["Interface                      Status         Protocol           Description"]
    for port in device.ports.values():
        config = device.config_of(port.name)
        up = "up" if device.is_up(port.name) else "down"
        state = "admin down" if config.shutdown else up
        lines.append(f"{short(port.name):<30} {state:<14} {up:<18} {config.description}".rstrip())
    return joined(lines)


def interface_detail(device: Device, port: Port) -> str:
    """Show one block of `show interfaces`."""
    config = device.config_of(port.name)
    up = device.is_up(port.name)
    state = "administratively down" if config.shutdown else "up" if up else "down"
    hint = "connected" if up else "disabled" if config.shutdown else "notconnect"
    lines = [f"{port.name} is {state}, line protocol is {'up' if up else 'down'} ({hint})"]
    lines.append(
        f"  Hardware is {'Vlan' if port.kind == 'vlan' else 'Ethernet'}, address is {port.mac} (bia {port.mac})"
    )
    if config.description:
        lines.append(f"  Description: {config.description}")
    if config.address:
        lines += [f"  Internet address is {config.address}", "  Broadcast address is 255.255.255.255"]
    lines.append(f"  Ethernet MTU 9214 bytes, BW {port.speed * 1000} kbit")
    if port.kind != "vlan":
        speed = "10Gb/s" if port.speed == 10000 else "1Gb/s"
        lines.append(f"  Full-duplex, {speed}, auto negotiation: off, uni-link: n/a")
    lines += ["  Up 31 weeks, 4 days" if up else "  Down 12 minutes, 8 seconds", "  Loopback Mode : None"]
    lines += ["  0 link status changes since last clear", '  Last clearing of "show interface" counters never']
    lines += ["  5 minutes input rate 2.17 kbps (0.0% with framing overhead), 2 packets/sec"]
    lines += ["  5 minutes output rate 3.12 kbps (0.0% with framing overhead), 3 packets/sec"]
    lines += ["     184467 packets input, 22136040 bytes", "     236601 packets output, 31471102 bytes"]
    return joined(lines)


def ip_interface_brief(device: Device) -> str:
    """Show `show ip interface brief`."""
    lines = ["Interface              IP Address         Status     Protocol         MTU"]
    for port in device.ports.values():
        config = device.config_of(port.name)
        if config.mode == "routed":
            up = device.is_up(port.name)
            status = "admin down" if config.shutdown else "up" if up else "down"
            protocol = "up" if up else "lowerlayerdown" if port.kind == "vlan" else "down"
            address = config.address or "unassigned"
            lines.append(f"{port.name:<22} {address:<18} {status:<10} {protocol:<16} {1500:>4}")
    return joined(lines)


def lldp_neighbors(device: Device) -> str:
    """Show `show lldp neighbors`."""
    neighbors = device.neighbors()
    lines = [
        "Last table change time   : 0:12:08 ago",
        f"Number of table inserts  : {len(neighbors)}",
        "Number of table deletes  : 0",
        "Number of table drops    : 0",
        "Number of table age-outs : 0",
        "",
        "Port          Neighbor Device ID       Neighbor Port ID    TTL",
        "---------- ------------------------ ---------------------- ---",
    ]
    for port, peer in neighbors:
        lines.append(f"{short(port.name):<13} {peer.name:<24} {peer.port:<19} 120")
    return joined([*lines, ""])


def lldp_neighbors_detail(device: Device, only: str = "") -> str:
    """Show `show lldp neighbors detail`."""
    found = {port.name: (port, peer) for port, peer in device.neighbors()}
    blocks = []
    for port in device.of_kind("ethernet", "management"):
        if only in ("", port.name):
            heading = f"Interface {port.name} detected {int(port.name in found)} LLDP neighbors:\n\n"
            blocks.append(heading + (_lldp_block(found[port.name][1]) if port.name in found else ""))
    return "".join(blocks)


def _lldp_block(peer: Peer) -> str:
    return joined(
        [
            f'  Neighbor {peer.mac}/"{peer.port}", age 12 seconds',
            "  Discovered 0:12:08 ago; Last changed 0:12:08 ago",
            "  - Chassis ID type: MAC address (4)",
            f"    Chassis ID     : {peer.mac}",
            "  - Port ID type: Interface name (5)",
            f'    Port ID     : "{peer.port}"',
            "  - Time To Live: 120 seconds",
            f'  - System Name: "{peer.name}"',
            f'  - System Description: "{peer.system}"',
            "  - System Capabilities : Bridge, Router",
            "    Enabled Capabilities: Bridge, Router",
            "  - Management Address Subtype: IPv4 (1)",
            f"    Management Address        : {peer.address}",
            "    Interface Number Subtype  : ifIndex (2)",
            "    Interface Number          : 999001",
            "    OID String                : ",
            "  - IEEE802.1 Port VLAN ID: 1",
            "  - IEEE802.3 Maximum Frame Size: 9236 bytes",
            "",
        ]
    )


def mac_address_table(device: Device, keep: str = "") -> str:
    """Show `show mac address-table`; keep is `dynamic` or a port."""
    lines = [
        "          Mac Address Table",
        "------------------------------------------------------------------",
        "",
        "Vlan    Mac Address       Type        Ports      Moves   Last Move",
        "----    -----------       ----        -----      -----   ---------",
    ]
    found = [(host, name) for host, name in device.learned() if keep in ("", "dynamic", name)]
    for host, name in found:
        lines.append(f"{host.vlan:>4}    {host.mac}    DYNAMIC     {short(name):<10} 1       0:12:08 ago")
    lines += [f"Total Mac Addresses for this criterion: {len(found)}", "", "          Multicast Mac Address Table"]
    lines += ["------------------------------------------------------------------", ""]
    lines += ["Vlan    Mac Address       Type        Ports", "----    -----------       ----        -----"]
    return joined([*lines, "Total Mac Addresses for this criterion: 0"])


def ip_arp(device: Device) -> str:
    """Show `show ip arp`."""
    lines = ["Address         Age (sec)  Hardware Addr   Interface"]
    vlan = next(port.name for port in device.of_kind("vlan"))
    for host, name in device.resolved():
        lines.append(f"{host.address:<15} {'0:03:12':>9}  {host.mac:<15} {vlan}, {name}")
    return joined(lines)


def spanning_tree(device: Device) -> str:
    """Show `show spanning-tree`."""
    if not device.running.spanning_tree:
        return "Spanning-tree has been disabled in the configuration.\n"
    timers = "Hello Time  2.000 sec  Max Age 20 sec  Forward Delay 15 sec"
    root = device.active_uplink()
    peer = device.ports[root].peer if root else None
    lines = ["MST0", "  Spanning tree enabled protocol rstp", f"  Root ID    Priority    {4096 if peer else 32768}"]
    lines.append(f"             Address     {peer.mac if peer else device.mac}")
    if root and peer:
        lines += ["             Cost        2000", f"             Port        {split_interface(root)[1]} ({root})"]
    else:
        lines.append("             This bridge is the root")
    lines += [f"             {timers}", "", "  Bridge ID  Priority    32768  (priority 32768 sys-id-ext 0)"]
    lines += [f"             Address     {device.mac}", f"             {timers}", ""]
    lines.append("Interface        Role       State      Cost      Prio.Nbr Type")
    lines.append("---------------- ---------- ---------- --------- -------- --------------------")
    for port in device.of_kind("ethernet"):
        if device.is_up(port.name):
            blocked = device.is_blocked(port.name)
            role = "alternate" if blocked else "root" if port.uplink else "designated"
            state = "discarding" if blocked else "forwarding"
            cost = 2000 if port.speed == 10000 else 20000
            number = f"128.{split_interface(port.name)[1]}"
            lines.append(f"{short(port.name):<16} {role:<10} {state:<10} {cost:<9} {number:<8} P2p")
    return joined([*lines, ""])


def version(device: Device) -> str:
    """Show `show version`."""
    weeks, days, hours, minutes = uptime_parts(device.booted)
    parts = [counted(weeks, "week"), counted(days, "day"), counted(hours, "hour"), counted(minutes, "minute")]
    return joined(
        [
            "Arista DCS-7050TX-64-R",
            "Hardware version:    01.11",
            f"Serial number:       {device.serial}",
            f"Hardware MAC address: {device.mac}",
            f"System MAC address:  {device.mac}",
            "",
            "Software image version: 4.26.2F",
            "Architecture:           i686",
            "Internal build version: 4.26.2F-23018500.4262F",
            "Internal build ID:      5b7bf2b8-4a0b-4d9f-8d5c-2f1a9d9f2c11",
            "",
            f"Uptime:                 {', '.join(parts[:3])} and {parts[3]}",
            "Total memory:           3982512 kB",
            "Free memory:            2512844 kB",
            "",
        ]
    )


def logging(device: Device) -> str:
    """Show `show logging`."""
    lines = [
        "Syslog logging: enabled",
        "    Buffer logging: level debugging",
        "    Console logging: level errors",
        "    Persistent logging: disabled",
        "    Monitor logging: level errors",
        "    Synchronous logging: disabled",
        "    Trap logging: level informational",
        "    Sequence numbers: disabled",
        "    Syslog facility: local4",
        "    Hostname format: Hostname only",
        "    Repeat logging interval: disabled",
        "",
        "Log Buffer:",
    ]
    return joined(lines + [_log_line(device, event) for event in device.events])


def _log_line(device: Device, event: Event) -> str:
    text = {
        "link": f"Ebra: %LINEPROTO-5-UPDOWN: Line protocol on Interface {event.subject}, "
        f"changed state to {event.detail}",
        "config": f"ConfigAgent: %SYS-5-CONFIG_I: Configured from console by {event.subject} on vty3 ({event.detail})",
        "login": f"Aaa: %AAA-5-LOGIN: user {event.subject} logged in [from: {event.detail}] [service: sshd]",
    }.get(event.kind, f"ConfigAgent: {event.subject}")
    return f"{event.at:%b %e %H:%M:%S} {device.hostname} {text}"


def header(device: Device, command: str) -> str:
    """Write the comment lines above a shown configuration."""
    lines = [f"! Command: {command}"]
    if command == "show startup-config":
        at = device.saved_at or device.booted
        lines.append(f"! Startup-config last modified at  {at:%a %b %e %H:%M:%S %Y} by {device.credentials.user}")
    return joined([*lines, f"! device: {device.hostname} ({MODEL})", "!"])


def configuration(config: Config, device: Device) -> str:
    """Write a configuration."""
    user = device.credentials.user
    lines = ["! boot system flash:/EOS-4.26.2F.swi", "!", "transceiver qsfp default-mode 4x10G", "!"]
    lines += [
        f"hostname {config.hostname}",
        "!",
        f"spanning-tree mode {'rstp' if config.spanning_tree else 'none'}",
        "!",
    ]
    lines += ["no aaa root", f"enable secret sha512 $6${digest(device.credentials.enable_secret)}", "!"]
    lines += [
        f"username {user} privilege 15 role network-admin secret sha512 $6${digest(device.credentials.password)}",
        "!",
    ]
    lines += ["vlan 10,20", "!"]
    for name, port in config.ports.items():
        lines += [*port_lines(name, port, device.ports[name].kind), "!"]
    return joined([*lines, *config.lines, "ip routing", "!", "ip route 0.0.0.0/0 10.9.0.1", "!", "end"])


def port_lines(name: str, port: PortConfig, kind: str) -> list[str]:
    """Write the configuration of one interface."""
    lines = [f"interface {name}"]
    if port.description:
        lines.append(f"   description {port.description}")
    if port.shutdown:
        lines.append("   shutdown")
    if port.mode == "trunk":
        lines += [f"   switchport trunk allowed vlan {port.trunk_vlans}"] if port.trunk_vlans else []
        lines.append("   switchport mode trunk")
    elif port.mode == "access":
        lines += [f"   switchport access vlan {port.vlan}"] if port.vlan != 1 else []
    else:
        lines += ["   no switchport"] if kind == "ethernet" else []
        lines += [f"   ip address {port.address}"] if port.address else []
    return lines


def time_left(seconds: float | None) -> str:
    """Write the time that a commit timer has left."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"
