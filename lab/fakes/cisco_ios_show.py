# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cisco IOS switch shows: the tables and the configuration, from the device's state."""

from __future__ import annotations

from datetime import datetime

from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Device, Event, Peer, Port
from lab.fakes.formats import counted, digest, ip_and_mask, ip_of, joined, uptime_parts
from lab.fakes.grammar import split_interface

SHORT = {"TenGigabitEthernet": "Te", "GigabitEthernet": "Gi", "Vlan": "Vl"}


def short(name: str) -> str:
    """TenGigabitEthernet1/0/1 -> Te1/0/1."""
    kind, number = split_interface(name)
    return SHORT.get(kind, kind) + number


def interfaces_status(device: Device) -> str:
    """Show the table of `show interfaces status`."""
    lines = ["", "Port      Name               Status       Vlan       Duplex  Speed Type"]
    for port in device.of_kind("ethernet"):
        config = device.config_of(port.name)
        up = device.is_up(port.name)
        status = "disabled" if config.shutdown else "connected" if up else "notconnect"
        vlan = {"trunk": "trunk" if up else "1", "routed": "routed"}.get(config.mode, str(config.vlan))
        if port.speed == 10000:
            duplex, speed = "full", "10G"
        else:
            duplex, speed = ("a-full", f"a-{port.speed}") if up else ("auto", "auto")
        left = f"{short(port.name):<10}{config.description[:18]:<18} {status:<12} {vlan:<10}"
        lines.append(f"{left} {duplex:>6} {speed:>6} {port.media}")
    return joined(lines)


def interfaces_description(device: Device) -> str:
    """Show the table of `show interfaces description`."""
    lines = ["Interface                      Status         Protocol Description"]
    for port in device.ports.values():
        config = device.config_of(port.name)
        up = device.is_up(port.name)
        status = "admin down" if config.shutdown else "up" if up else "down"
        lines.append(f"{short(port.name):<30} {status:<14} {'up' if up else 'down':<8} {config.description}".rstrip())
    return joined(lines)


def interface_detail(device: Device, port: Port) -> str:
    """Show one block of `show interfaces`."""
    config = device.config_of(port.name)
    up = device.is_up(port.name)
    state = "administratively down" if config.shutdown else "up" if up else "down"
    protocol = "up" if up else "down"
    hint = {"ethernet": "connected" if up else "disabled" if config.shutdown else "notconnect"}.get(port.kind, "")
    hardware = {"vlan": "Ethernet SVI", "management": "Gigabit Ethernet"}.get(
        port.kind, "Ten Gigabit Ethernet" if port.speed == 10000 else "Gigabit Ethernet"
    )
    lines = [
        f"{port.name} is {state}, line protocol is {protocol}{f' ({hint}) ' if hint else ''}",
        f"  Hardware is {hardware}, address is {port.mac} (bia {port.mac})",
    ]
    if config.description:
        lines.append(f"  Description: {config.description}")
    if config.address:
        lines.append(f"  Internet address is {config.address}")
    lines += [
        f"  MTU 1500 bytes, BW {port.speed * 1000} Kbit/sec, DLY 10 usec, ",
        "     reliability 255/255, txload 1/255, rxload 1/255",
        "  Encapsulation ARPA, loopback not set",
        "  Keepalive set (10 sec)",
    ]
    if port.kind != "vlan":
        duplex = f"Full-duplex, {'10Gb/s' if port.speed == 10000 else '1000Mb/s'}" if up else "Auto-duplex, Auto-speed"
        lines += [
            f"  {duplex}, media type is {port.media}",
            "  input flow-control is off, output flow-control is unsupported ",
        ]
    lines += [
        "  ARP type: ARPA, ARP Timeout 04:00:00",
        "  Last input 00:00:01, output 00:00:00, output hang never",
        '  Last clearing of "show interface" counters never',
        "  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: 0",
        "  Queueing strategy: fifo",
        "  Output queue: 0/40 (size/max)",
        "  5 minute input rate 2000 bits/sec, 2 packets/sec",
        "  5 minute output rate 3000 bits/sec, 3 packets/sec",
        "     184467 packets input, 22136040 bytes, 0 no buffer",
        "     Received 41253 broadcasts (38071 multicasts)",
        "     0 runts, 0 giants, 0 throttles ",
        "     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored",
        "     236601 packets output, 31471102 bytes, 0 underruns",
        "     0 output errors, 0 collisions, 1 interface resets",
    ]
    return joined(lines)


def ip_interface_brief(device: Device) -> str:
    """Show the table of `show ip interface brief`."""
    lines = ["Interface              IP-Address      OK? Method Status                Protocol"]
    for port in sorted(device.ports.values(), key=lambda port: port.kind != "vlan"):
        config = device.config_of(port.name)
        up = device.is_up(port.name)
        status = "administratively down" if config.shutdown else "up" if up else "down"
        address = ip_of(config.address) if config.address else "unassigned"
        method = "NVRAM" if config.address else "unset"
        lines.append(f"{port.name:<22} {address:<15} YES {method:<6} {status:<21} {'up' if up else 'down':<8}")
    return joined(lines)


def lldp_neighbors(device: Device) -> str:
    """Show the table of `show lldp neighbors`."""
    lines = [
        "",
        "Capability codes:",
        "    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device",
        "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other",
        "",
        "Device ID           Local Intf     Hold-time  Capability      Port ID",
    ]
    neighbors = device.neighbors()
    for port, peer in neighbors:
        lines.append(f"{peer.name[:20]:<20}{short(port.name):<15}{120:<11}{'B,R':<16}{peer.port}")
    return joined([*lines, "", f"Total entries displayed: {len(neighbors)}", ""])


def lldp_neighbors_detail(device: Device, only: str | None = None) -> str:
    """Show the blocks of `show lldp neighbors detail`."""
    neighbors = [(port, peer) for port, peer in device.neighbors() if only in (None, port.name)]
    blocks = "".join(_lldp_block(port, peer) for port, peer in neighbors)
    return f"{blocks}\nTotal entries displayed: {len(neighbors)}\n\n"


def _lldp_block(port: Port, peer: Peer) -> str:
    lines = [
        "------------------------------------------------",
        f"Local Intf: {short(port.name)}",
        f"Chassis id: {peer.mac}",
        f"Port id: {peer.port}",
        f"Port Description: {peer.port}",
        f"System Name: {peer.name}",
        "",
        "System Description: ",
        peer.system,
        "",
        "Time remaining: 104 seconds",
        "System Capabilities: B,R",
        "Enabled Capabilities: B,R",
        "Management Addresses:",
        f"    IP: {peer.address}",
        "Auto Negotiation - not supported",
        "Physical media capabilities - not advertised",
        "Media Attachment Unit type - not advertised",
        "Vlan ID: 1",
        "",
    ]
    return joined(lines)


def mac_address_table(device: Device, keep: str = "") -> str:
    """Show the table of `show mac address-table`; keep is `dynamic` or a port."""
    lines = [
        "          Mac Address Table",
        "-------------------------------------------",
        "",
        "Vlan    Mac Address       Type        Ports",
        "----    -----------       --------    -----",
    ]
    entries = []
    if not keep:
        entries += [" All    0100.0ccc.cccc    STATIC      CPU", " All    0180.c200.0000    STATIC      CPU"]
    for host, name in device.learned():
        if keep in ("", "dynamic", name):
            entries.append(f"{host.vlan:>4}    {host.mac}    DYNAMIC     {short(name)}")
    return joined([*lines, *entries, f"Total Mac Addresses for this criterion: {len(entries)}"])


def ip_arp(device: Device) -> str:
    """Show the table of `show ip arp`."""
    lines = ["Protocol  Address          Age (min)  Hardware Addr   Type   Interface"]
    for name, address in device.own_addresses():
        lines.append(f"Internet  {ip_of(address):<16} {'-':>9}   {device.ports[name].mac}  ARPA   {name}")
    vlan = next((port.name for port in device.of_kind("vlan")), "Vlan1")
    for host, _port in device.resolved():
        lines.append(f"Internet  {host.address:<16} {3:>9}   {host.mac}  ARPA   {vlan}")
    return joined(lines)


def spanning_tree(device: Device) -> str:
    """Show `show spanning-tree`."""
    if not device.running.spanning_tree:
        return "\nNo spanning tree instances exist.\n\n"
    timers = "Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec"
    root = device.active_uplink()
    lines = ["", "VLAN0010", "  Spanning tree enabled protocol rstp", "  Root ID    Priority    4106"]
    peer = device.ports[root].peer if root else None
    if root and peer:
        lines += [f"             Address     {peer.mac}", "             Cost        2"]
        lines.append(f"             Port        {_port_number(device, root)} ({root})")
    else:
        lines += [f"             Address     {device.mac}", "             This bridge is the root"]
    lines += [
        f"             {timers}",
        "",
        "  Bridge ID  Priority    32778  (priority 32768 sys-id-ext 10)",
        f"             Address     {device.mac}",
        f"             {timers}",
        "             Aging Time  300 sec",
        "",
        "Interface           Role Sts Cost      Prio.Nbr Type",
        "------------------- ---- --- --------- -------- --------------------------------",
    ]
    for port in device.of_kind("ethernet"):
        if not device.is_up(port.name):
            continue
        role, state = ("Altn", "BLK") if device.is_blocked(port.name) else ("Root" if port.uplink else "Desg", "FWD")
        cost = 2 if port.speed == 10000 else 4
        number = f"128.{_port_number(device, port.name)}"
        lines.append(f"{short(port.name):<19} {role} {state} {cost:<9} {number:<8} P2p ")
    return joined([*lines, "", ""])


def _port_number(device: Device, name: str) -> int:
    return (
        49 + [port.name for port in device.ports.values() if port.uplink].index(name)
        if (device.ports[name].uplink)
        else list(device.ports).index(name) + 1
    )


def version(device: Device) -> str:
    """Show `show version`."""
    weeks, days, hours, minutes = uptime_parts(device.booted)
    parts = [counted(weeks, "week"), counted(days, "day"), counted(hours, "hour"), counted(minutes, "minute")]
    base = device.mac.replace(".", "")
    return joined(
        [
            "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E7, RELEASE SOFTWARE (fc2)",
            "Technical Support: http://www.cisco.com/techsupport",
            "Copyright (c) 1986-2022 by Cisco Systems, Inc.",
            "Compiled Wed 24-Aug-22 11:42 by prod_rel_team",
            "",
            "ROM: Bootstrap program is C2960X boot loader",
            "BOOTLDR: C2960X Boot Loader (C2960X-HBOOT-M) Version 15.2(7r)E2, RELEASE SOFTWARE (fc1)",
            "",
            f"{device.hostname} uptime is {', '.join(parts)}",
            "System returned to ROM by power-on",
            f"System restarted at {device.booted:%H:%M:%S} UTC {device.booted:%a %b %-d %Y}",
            'System image file is "flash:/c2960x-universalk9-mz.152-7.E7.bin"',
            "Last reload reason: power-on",
            "",
            "cisco WS-C2960X-24TD-L (APM86XXX) processor (revision A0) with 524288K bytes of memory.",
            f"Processor board ID {device.serial}",
            "Last reset from power-on",
            "1 Virtual Ethernet interface",
            "4 Gigabit Ethernet interfaces",
            "2 Ten Gigabit Ethernet interfaces",
            "The password-recovery mechanism is enabled.",
            "",
            "512K bytes of flash-simulated non-volatile configuration memory.",
            f"Base ethernet MAC Address       : {':'.join(base[at : at + 2].upper() for at in range(0, 12, 2))}",
            "Model revision number           : A0",
            "Model number                    : WS-C2960X-24TD-L",
            f"System serial number            : {device.serial}",
            "",
            "",
            "Switch Ports Model                     SW Version            SW Image                 ",
            "------ ----- -----                     ----------            ----------               ",
            "*    1 28    WS-C2960X-24TD-L          15.2(7)E7             C2960X-UNIVERSALK9-M     ",
            "",
            "",
            "Configuration register is 0xF",
            "",
        ]
    )


def logging(device: Device) -> str:
    """Show `show logging`."""
    entries = [_log_line(event) for event in device.events]
    count = len(entries)
    header = [
        "Syslog logging: enabled (0 messages dropped, 0 messages rate-limited, 0 flushes, 0 overruns, xml disabled, "
        "filtering disabled)",
        "",
        "No Active Message Discriminator.",
        "",
        "",
        "",
        "No Inactive Message Discriminator.",
        "",
        "",
        f"    Console logging: level debugging, {count} messages logged, xml disabled,",
        "                     filtering disabled",
        "    Monitor logging: level debugging, 0 messages logged, xml disabled,",
        "                     filtering disabled",
        f"    Buffer logging:  level debugging, {count} messages logged, xml disabled,",
        "                    filtering disabled",
        "    Exception Logging: size (4096 bytes)",
        "    Count and timestamp logging messages: disabled",
        "    File logging: disabled",
        "    Persistent logging: disabled",
        "",
        "No active filter modules.",
        "",
        f"    Trap logging: level informational, {count} message lines logged",
        "        Logging Source-Interface:       VRF Name:",
        "",
        "Log Buffer (4096 bytes):",
        "",
    ]
    return joined(header + entries)


def timestamp(at: datetime) -> str:
    """*Nov 21 21:32:01.123, as log lines start."""
    return f"*{at:%b %e %H:%M:%S}.{at.microsecond // 1000:03d}"


def _log_line(event: Event) -> str:
    text = {
        "link": f"%LINK-3-UPDOWN: Interface {event.subject}, changed state to {event.detail}",
        "config": f"%SYS-5-CONFIG_I: Configured from console by {event.subject} on vty0 ({event.detail})",
        "login": f"%SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: {event.subject}] [Source: {event.detail}]"
        " [localport: 22]",
    }.get(event.kind, event.subject)
    return f"{timestamp(event.at)}: {text}"


def configuration(config: Config, device: Device) -> str:
    """Write a configuration from its `version` line to its end."""
    lines = [
        "version 15.2",
        "no service pad",
        "service timestamps debug datetime msec",
        "service timestamps log datetime msec",
        "service password-encryption",
        "!",
        f"hostname {config.hostname}",
        "!",
        "boot-start-marker",
        "boot-end-marker",
        "!",
        f"enable secret 9 $9${digest(device.credentials.enable_secret)}",
        "!",
        f"username {device.credentials.user} privilege 15 secret 9 $9${digest(device.credentials.password)}",
        "aaa new-model",
        "!",
    ]
    if config.archive_path:
        lines += ["archive", f" path {config.archive_path}", "!"]
    lines += ["spanning-tree mode rapid-pvst" if config.spanning_tree else "no spanning-tree vlan 1-4094", "!"]
    lines += ["vlan internal allocation policy ascending", "!"]
    for name, port in config.ports.items():
        lines += [*port_lines(name, port, device.ports[name].kind), "!"]
    lines += [*config.lines, "ip default-gateway 10.9.0.1", "!"]
    lines += ["lldp run", "!"] if config.lldp else []
    lines += ["line con 0", "line vty 0 4", " transport preferred none", " transport input ssh", "!", "end", ""]
    return joined(lines)


def port_lines(name: str, port: PortConfig, kind: str) -> list[str]:
    """Write the configuration of one interface."""
    lines = [f"interface {name}"]
    if port.description:
        lines.append(f" description {port.description}")
    if port.mode == "trunk":
        lines += [f" switchport trunk allowed vlan {port.trunk_vlans}"] if port.trunk_vlans else []
        lines.append(" switchport mode trunk")
    elif port.mode == "access":
        lines += [f" switchport access vlan {port.vlan}", " switchport mode access"]
    else:
        lines += [" no switchport"] if kind == "ethernet" else []
        lines.append(f" ip address {ip_and_mask(port.address)}" if port.address else " no ip address")
    if port.shutdown:
        lines.append(" shutdown")
    return lines
