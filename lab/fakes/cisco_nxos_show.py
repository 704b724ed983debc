# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cisco Nexus switch shows: the tables and the configuration, from the device's state."""

from __future__ import annotations

from datetime import datetime

from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Device, Event, Peer, Port
from lab.fakes.formats import digest, ip_of, joined, uptime_parts
from lab.fakes.grammar import split_interface

RULE = "-" * 80
CODES = [
    "Capability codes:",
    "  (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device",
    "  (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other",
    "Device ID            Local Intf      Hold-time  Capability  Port ID  ",
]


def short(name: str) -> str:
    """Ethernet1/49 -> Eth1/49."""
    kind, number = split_interface(name)
    return {"Ethernet": "Eth"}.get(kind, kind) + number


def interface_status(device: Device) -> str:
    """Show `show interface status`."""
    lines = ["", RULE, "Port          Name               Status    Vlan      Duplex  Speed   Type", RULE]
    for port in sorted(device.of_kind("ethernet", "management"), key=lambda port: port.kind != "management"):
        config = device.config_of(port.name)
        up = device.is_up(port.name)
        status = "disabled" if config.shutdown else "connected" if up else "notconnec"
        vlan = {"trunk": "trunk", "routed": "routed"}.get(config.mode, str(config.vlan))
        duplex, speed = ("full", "10G" if port.speed == 10000 else "1000") if up else ("auto", "auto")
        media = "--" if port.kind == "management" else port.media
        left = f"{short(port.name):<13} {config.description[:18] or '--':<18} {status:<9} {vlan:<9}"
        lines.append(f"{left} {duplex:<7} {speed:<7} {media}")
    return joined(lines)


def interface_detail(device: Device, port: Port) -> str:
    """Show one block of `show interface`."""
    config = device.config_of(port.name)
    up = device.is_up(port.name)
    reason = "Administratively down" if config.shutdown else "Link not connected"
    lines = [f"{port.name} is up" if up else f"{port.name} is down ({reason})"]
    lines.append(f"admin state is {'down' if config.shutdown else 'up'}, Dedicated Interface")
    hardware = "EtherSVI" if port.kind == "vlan" else f"{'1000/10000' if port.speed == 10000 else '100/1000'} Ethernet"
    lines.append(f"  Hardware: {hardware}, address: {port.mac} (bia {port.mac})")
    lines += [f"  Description: {config.description}"] if config.description else []
    lines += [f"  Internet Address is {config.address}"] if config.address else []
    lines.append(f"  MTU 1500 bytes, BW {port.speed * 1000} Kbit, DLY 10 usec")
    lines += ["  reliability 255/255, txload 1/255, rxload 1/255", "  Encapsulation ARPA, medium is broadcast"]
    if port.kind == "ethernet":
        lines.append(f"  Port mode is {config.mode}")
        lines.append(f"  full-duplex, {'10 Gb/s' if port.speed == 10000 else '1000 Mb/s'}, media type is 10G")
    return joined([*lines, ""])


def ip_interface_brief(device: Device, vrf: str) -> str:
    """Show `show ip interface brief` of a VRF."""
    lines = [f'IP Interface Status for VRF "{vrf}"({1 if vrf == "default" else 2})']
    lines.append("Interface            IP Address      Interface Status")
    for port in device.ports.values():
        config = device.config_of(port.name)
        if config.address and (port.kind == "management") == (vrf == "management"):
            up = "up" if device.is_up(port.name) else "down"
            admin = "down" if config.shutdown else "up"
            lines.append(f"{port.name:<20} {ip_of(config.address):<15} protocol-{up}/link-{up}/admin-{admin}       ")
    return joined([*lines, ""])


def lldp_neighbors(device: Device) -> str:
    """Show `show lldp neighbors`."""
    neighbors = device.neighbors()
    lines = [f"{peer.name:<20} {short(port.name):<15} {120:<10} {'BR':<11} {peer.port}" for port, peer in neighbors]
    return joined([*CODES, *lines, f"Total entries displayed: {len(neighbors)}"])


def lldp_neighbors_detail(device: Device, only: str = "") -> str:
    """Show `show lldp neighbors detail`."""
    neighbors = [(port, peer) for port, peer in device.neighbors() if only in ("", port.name)]
    blocks = "\n".join(_lldp_block(port, peer) for port, peer in neighbors)
    return f"{joined(CODES)}\n{blocks}\nTotal entries displayed: {len(neighbors)}\n"


def _lldp_block(port: Port, peer: Peer) -> str:
    return joined(
        [
            f"Chassis id: {peer.mac}",
            f"Port id: {peer.port}",
            f"Local Port id: {short(port.name)}",
            f"Port Description: {peer.port}",
            f"System Name: {peer.name}",
            f"System Description: {peer.system}",
            "Time remaining: 112 seconds",
            "System Capabilities: B, R",
            "Enabled Capabilities: B, R",
            f"Management Address: {peer.address}",
            "Management Address IPV6: not advertised",
            "Vlan ID: 1",
            "",
        ]
    )


def mac_address_table(device: Device, keep: str = "") -> str:
    """Show `show mac address-table`; keep is `dynamic` or a port."""
    lines = [
        "Legend: ",
        "        * - primary entry, G - Gateway MAC, (R) - Routed MAC, O - Overlay MAC",
        "        age - seconds since last seen,+ - primary entry using vPC Peer-Link,",
        "        (T) - True, (F) - False, C - ControlPlane MAC, ~ - vsan",
        "   VLAN     MAC Address      Type      age     Secure NTFY Ports",
        "---------+-----------------+--------+---------+------+----+------------------",
    ]
    for host, name in device.learned():
        if keep in ("", "dynamic", name):
            lines.append(f"* {host.vlan:>4}     {host.mac}   dynamic  0         F      F    {short(name)}")
    return joined(lines)


def ip_arp(device: Device) -> str:
    """Show `show ip arp`."""
    vlan = next(port.name for port in device.of_kind("vlan"))
    hosts = device.resolved()
    lines = [
        "",
        "Flags: * - Adjacencies learnt on non-active FHRP router",
        "       + - Adjacencies synced via CFSoE",
        "       # - Adjacencies Throttled for Glean",
        "       CP - Added via L2RIB, Control plane Adjacencies",
        "       PS - Added via L2RIB, Peer Sync",
        "       RO - Re-Originated Peer Sync Entry",
        "       D - Static Adjacencies attached to down interface",
        "",
        "IP ARP Table for context default",
        f"Total number of entries: {len(hosts)}",
        "Address         Age       MAC Address     Interface       Flags",
    ]
    return joined(lines + [f"{host.address:<15} 00:03:12  {host.mac:<15} {vlan:<15}" for host, _port in hosts])


def spanning_tree(device: Device) -> str:
    """Show `show spanning-tree`."""
    if not device.running.spanning_tree:
        return "No spanning tree instance exists.\n"
    root = device.active_uplink()
    peer = device.ports[root].peer if root else None
    timers = "             Hello Time  2  sec  Max Age 20 sec  Forward Delay 15 sec"
    lines = ["", "VLAN0010", "  Spanning tree enabled protocol rstp"]
    lines.append(f"  Root ID    Priority    {4106 if peer else 32778}")
    lines.append(f"             Address     {peer.mac if peer else device.mac}")
    if root and peer:
        lines += ["             Cost        2", f"             Port        {_index(root)} ({root})", timers]
    else:
        lines += ["             This bridge is the root", timers]
    lines += ["", "  Bridge ID  Priority    32778  (priority 32768 sys-id-ext 10)"]
    lines += [f"             Address     {device.mac}", timers, ""]
    lines.append("Interface        Role Sts Cost      Prio.Nbr Type")
    lines.append("---------------- ---- --- --------- -------- --------------------------------")
    for port in device.of_kind("ethernet"):
        if device.is_up(port.name):
            blocked = device.is_blocked(port.name)
            role = "Altn BLK" if blocked else "Root FWD" if port.uplink else "Desg FWD"
            number = f"128.{_index(port.name)}"
            lines.append(f"{short(port.name):<16} {role} {2 if port.speed == 10000 else 4:<9} {number:<8} P2p ")
    return joined([*lines, ""])


def _index(name: str) -> int:
    return int(split_interface(name)[1].rpartition("/")[2])


def version(device: Device) -> str:
    """Show `show version`."""
    weeks, days, hours, minutes = uptime_parts(device.booted)
    return joined(
        [
            "Cisco Nexus Operating System (NX-OS) Software",
            "TAC support: http://www.cisco.com/tac",
            "Copyright (C) 2002-2021, Cisco and/or its affiliates.",
            "All rights reserved.",
            "",
            "Software",
            "  BIOS: version 05.45",
            "  NXOS: version 9.3(8)",
            "  BIOS compile time:  07/05/2021",
            "  NXOS image file is: bootflash:///nxos.9.3.8.bin",
            "  NXOS compile time:  8/4/2021 13:00:00 [08/04/2021 22:25:17]",
            "",
            "",
            "Hardware",
            "  cisco Nexus9000 C93180YC-FX Chassis ",
            "  Intel(R) Xeon(R) CPU D-1528 @ 1.90GHz with 24569024 kB of memory.",
            f"  Processor Board ID {device.serial}",
            "",
            f"  Device name: {device.hostname}",
            "  bootflash:   53298520 kB",
            f"Kernel uptime is {weeks * 7 + days} day(s), {hours} hour(s), {minutes} minute(s), 8 second(s)",
            "",
            "Last reset ",
            "  Reason: Unknown",
            "  System version: ",
            "  Service: ",
            "",
            "plugin",
            "  Core Plugin, Ethernet Plugin",
        ]
    )


def logging(device: Device) -> str:
    """Show `show logging logfile`."""
    return joined(_log_line(device, event) for event in device.events)


def _log_line(device: Device, event: Event) -> str:
    kind = "UP: Interface {0} is up" if event.detail == "up" else "DOWN: Interface {0} is down (Link failure)"
    text = {
        "link": f"%ETHPORT-5-IF_{kind.format(event.subject)}",
        "config": f"%VSHD-5-VSHD_SYSLOG_CONFIG_I: Configured from vty by {event.subject} on {event.detail}@pts/0",
        "login": f"%DAEMON-6-SYSTEM_MSG: Accepted password for {event.subject} from {event.detail} port 50022 ssh2",
    }.get(event.kind, event.subject)
    return f"{event.at:%Y %b %e %H:%M:%S} {device.hostname} {text}"


def header(device: Device, name: str) -> str:
    """Write the lines above a shown configuration."""
    now = f"{datetime.now():%a %b %e %H:%M:%S %Y}"
    if name == "running-config":
        return f"\n!Command: show running-config\n!Running configuration last done at: {now}\n!Time: {now}\n\n"
    at = device.saved_at or device.booted
    saved = f"{at:%a %b %e %H:%M:%S %Y}"
    return f"\n!Command: show startup-config\n!Time: {now}\n!Startup config saved at: {saved}\n\n"


def configuration(config: Config, device: Device) -> str:
    """Write a configuration."""
    user = device.credentials.user
    lines = ["version 9.3(8) Bios:version 05.45 ", f"hostname {config.hostname}", "", "feature interface-vlan"]
    lines += ["feature lldp", "", "no password strength-check"]
    lines.append(f"username {user} password 5 $5${digest(device.credentials.password)}  role network-admin")
    lines += ["ip domain-lookup", "vlan 1,10,20"]
    lines += [] if config.spanning_tree else ["no spanning-tree vlan 1-3967"]
    lines += ["vrf context management", *config.lines, ""]
    for name, port in config.ports.items():
        lines += [*port_lines(name, port, device.ports[name].kind), ""]
    return joined([*lines, "line console", "line vty", "boot nxos bootflash:/nxos.9.3.8.bin ", ""])


def port_lines(name: str, port: PortConfig, kind: str) -> list[str]:
    """Write the configuration of one interface."""
    lines = [f"interface {name}"]
    lines += [f"  description {port.description}"] if port.description else []
    lines += ["  vrf member management"] if kind == "management" else []
    if port.mode == "trunk":
        lines.append("  switchport mode trunk")
        lines += [f"  switchport trunk allowed vlan {port.trunk_vlans}"] if port.trunk_vlans else []
    elif port.mode == "access":
        lines += [f"  switchport access vlan {port.vlan}"] if port.vlan != 1 else []
    else:
        lines += ["  no switchport"] if kind == "ethernet" else []
        lines += [f"  ip address {port.address}"] if port.address else []
    if port.shutdown:
        lines.append("  shutdown")
    elif kind == "vlan":
        lines.append("  no shutdown")
    return lines
