# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Ruijie switch with RGOS 11 shows: the tables and the configuration, from the device's state."""

from __future__ import annotations

from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Device, Event, Peer, Port
from lab.fakes.formats import digest, ip_and_mask, joined, uptime_parts
from lab.fakes.grammar import split_interface

SHORT = {"TenGigabitEthernet": "Te", "GigabitEthernet": "Gi"}


def short(name: str) -> str:
    """TenGigabitEthernet 0/49 -> Te0/49."""
    kind, number = split_interface(name)
    return SHORT.get(kind, kind) + number


def interfaces_status(device: Device) -> str:
    """Show `show interfaces status`."""
    lines = [
        "Interface                                Status    Vlan   Duplex   Speed     Type  ",
        "---------------------------------------- --------  ----   -------  --------- ------",
    ]
    for port in device.of_kind("ethernet"):
        config = device.config_of(port.name)
        up = device.is_up(port.name)
        status = "disabled" if config.shutdown else "up" if up else "down"
        duplex, speed = ("Full", "10G" if port.speed == 10000 else "1000M") if up else ("Unknown", "Unknown")
        media = "fiber" if port.speed == 10000 else "copper"
        vlan = "trunk" if config.mode == "trunk" else "routed" if config.mode == "routed" else str(config.vlan)
        lines.append(f"{port.name:<40} {status:<9} {vlan:<6} {duplex:<8} {speed:<9} {media}")
    return joined(lines)


def interfaces_description(device: Device) -> str:
    """Show `show interfaces description`."""
    lines = ["Interface                                Status   Administrative Description"]
    lines.append("---------------------------------------- -------- -------------- -----------")
    for port in device.of_kind("ethernet"):
        config = device.config_of(port.name)
        state = f"{'up' if device.is_up(port.name) else 'down':<8} {'down' if config.shutdown else 'up':<14}"
        lines.append(f"{port.name:<40} {state} {config.description}".rstrip())
    return joined(lines)


def ip_interface_brief(device: Device) -> str:
    """Show `show ip interface brief`."""
    lines = [
        "Interface                        IP-Address(Pri)      IP-Address(Sec)      Status                 Protocol "
    ]
    for port in device.ports.values():
        config = device.config_of(port.name)
        if config.mode == "routed":
            up = "up" if device.is_up(port.name) else "down"
            address = config.address or "no address"
            lines.append(f"{port.name:<32} {address:<20} {'no address':<20} {up:<22} {up}")
    return joined(lines)


def lldp_neighbors(device: Device) -> str:
    """Show `show lldp neighbors`."""
    neighbors = device.neighbors()
    lines = [
        "Capability codes:",
        "    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device",
        "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other",
        "",
        "System Name         Local Intf                   Port ID                      Capability     Aging-time",
    ]
    for port, peer in neighbors:
        lines.append(f"{peer.name:<19} {port.name:<28} {peer.port:<28} {'B, R':<14} 1minute 48seconds")
    return joined([*lines, "", f"Total entries displayed: {len(neighbors)}"])


def lldp_neighbors_detail(device: Device, only: str = "") -> str:
    """Show `show lldp neighbors detail`."""
    return "".join(_lldp_block(port, peer) for port, peer in device.neighbors() if only in ("", port.name))


def _lldp_block(port: Port, peer: Peer) -> str:
    rule = "-" * 76
    fields = {
        "Neighbor index": "1",
        "Device type": "LLDP Device",
        "Update time": "12days 7hours 12minutes 8seconds",
        "Aging time": "1minute 48seconds",
        "Chassis ID type": "MAC address",
        "Chassis id": peer.mac,
        "System name": peer.name,
        "System description": peer.system,
        "System capabilities supported": "Bridge, Router",
        "System capabilities enabled": "Bridge, Router",
        "Management address subtype": "802 mac address" if not peer.address else "IPv4",
        "Management address": peer.address,
        "Port ID type": "Interface name",
        "Port id": peer.port,
        "Port description": peer.port,
    }
    lines = [rule, f"LLDP neighbor-information of port [{port.name}]", rule]
    return joined(lines + [f"  {name:<34}: {value}" for name, value in fields.items()])


def mac_address_table(device: Device, only: str = "") -> str:
    """Show `show mac-address-table`."""
    lines = [
        "Vlan        MAC Address          Type     Interface              Live Time  ",
        "----------  -------------------- -------- ---------------------- -------------",
    ]
    for host, name in device.learned():
        if only in ("", name):
            lines.append(f"{host.vlan:>4}        {host.mac:<20} {'DYNAMIC':<8} {name:<22} 12d 07:12:08")
    return joined(lines)


def arp(device: Device) -> str:
    """Show `show arp`."""
    vlan = next(port.name for port in device.of_kind("vlan"))
    hosts = device.resolved()
    own = device.own_addresses()
    lines = [f"Total Numbers of Arp: {len(hosts) + len(own)}"]
    lines.append("Protocol  Address          Age(min)  Hardware        Type   Interface             ")
    for name, address in own:
        lines.append(f"Internet  {address.split('/')[0]:<16} {'--':<9} {device.ports[name].mac}  arpa   {name}")
    for host, _port in hosts:
        lines.append(f"Internet  {host.address:<16} {3:<9} {host.mac}  arpa   {vlan}")
    return joined(lines)


def spanning_tree(device: Device) -> str:
    """Show `show spanning-tree summary`."""
    if not device.running.spanning_tree:
        return "No spanning tree instance exists.\n"
    root = device.active_uplink()
    peer = device.ports[root].peer if root else None
    lines = ["", "Spanning tree enabled protocol rstp", f"  Root ID    Priority    {4096 if peer else 32768}"]
    lines.append(f"             Address     {peer.mac if peer else device.mac}")
    lines.append("             " + (f"Port        {root}" if peer else "this bridge is root"))
    lines.append("             Hello Time   2 sec  Forward Delay 15 sec  Max Age 20 sec")
    lines += ["", "  Bridge ID  Priority    32768", f"             Address     {device.mac}", ""]
    lines.append("Interface        Role Sts Cost       Prio     OperEdge Type")
    lines.append("---------------- ---- --- ---------- -------- -------- ----------------")
    for port in device.of_kind("ethernet"):
        if device.is_up(port.name):
            blocked = device.is_blocked(port.name)
            role = "Altn" if blocked else "Root" if port.uplink else "Desg"
            cost = 2000 if port.speed == 10000 else 20000
            edge = "False" if port.uplink else "True"
            lines.append(
                f"{short(port.name):<16} {role} {'BLK' if blocked else 'FWD'} {cost:<10} {128:<8} {edge:<8} P2p"
            )
    return joined(lines)


def version(device: Device) -> str:
    """Show `show version`."""
    weeks, days, hours, minutes = uptime_parts(device.booted)
    return joined(
        [
            "System description      : Ruijie 10G Ethernet Switch(RG-S5750C-28GT4XS-H) By Ruijie Networks",
            f"System start time       : {device.booted:%Y-%m-%d %H:%M:%S}",
            f"System uptime           : {weeks * 7 + days}:{hours:02d}:{minutes:02d}:08",
            "System hardware version : 1.20",
            "System software version : S5750C_RGOS 11.4(1)B42P30",
            "System patch number     : NA",
            f"System serial number    : {device.serial}",
            "System boot version     : 1.2.22",
            "Module information:",
            "  Slot 0 : RG-S5750C-28GT4XS-H",
            "    Hardware version    : 1.20",
            "    Boot version        : 1.2.22",
            "    Software version    : S5750C_RGOS 11.4(1)B42P30",
            f"    Serial number       : {device.serial}",
        ]
    )


def logging(device: Device) -> str:
    """Show `show logging`."""
    count = len(device.events)
    lines = [
        "Syslog logging: enabled",
        f"  Console logging: level debugging, {count} messages logged",
        "  Monitor logging: level debugging, 0 messages logged",
        f"  Buffer logging: level debugging, {count} messages logged",
        "  Standard format: false",
        "  Timestamp debug messages: datetime",
        "  Timestamp log messages: datetime",
        "  Sequence-number log messages: disable",
        "  Sysname log messages: disable",
        "  Count log messages: disable",
        "  Trap logging: level informational, 0 message lines logged,0 fail",
        "Log Buffer (Total 1048576 Bytes): have written 2048",
    ]
    return joined(lines + [_log_line(event) for event in device.events])


def _log_line(event: Event) -> str:
    text = {
        "link": f"%LINK-3-UPDOWN: Interface {event.subject}, changed state to {event.detail}.",
        "config": f"%SYS-5-CONFIG_I: Configured from console by {event.subject} on vty0 ({event.detail}).",
        "login": f"%LOGIN-5-LOGIN_SUCCESS: User login from vty0 ({event.detail}) OK.",
    }.get(event.kind, event.subject)
    return f"*{event.at:%b %e %H:%M:%S}: {text}"


def configuration(config: Config, device: Device) -> str:
    """Write a configuration."""
    user = device.credentials.user
    lines = ["version S5750C_RGOS 11.4(1)B42P30", f"hostname {config.hostname}", "!"]
    lines += [f"username {user} password 7 {digest(device.credentials.password)}", "!", "lldp enable", "!"]
    lines += ["spanning-tree mode rstp", "spanning-tree", "!"] if config.spanning_tree else []
    lines += [f"enable secret 5 $1${digest(device.credentials.enable_secret)}", "enable service ssh-server", "!"]
    lines += ["vlan range 1,10,20", "!"]
    for name, port in config.ports.items():
        lines += [*port_lines(name, port, device.ports[name].kind), "!"]
    lines += [
        *config.lines,
        "ip route 0.0.0.0 0.0.0.0 10.9.0.1",
        "!",
        "line con 0",
        "line vty 0 4",
        " login local",
        "!",
    ]
    return joined([*lines, "end"])


def port_lines(name: str, port: PortConfig, kind: str) -> list[str]:
    """Write the configuration of one interface."""
    lines = [f"interface {name}"]
    if port.mode == "trunk":
        lines.append(" switchport mode trunk")
        lines += [f" switchport trunk allowed vlan only {port.trunk_vlans}"] if port.trunk_vlans else []
    elif port.mode == "access":
        lines += [f" switchport access vlan {port.vlan}"] if port.vlan != 1 else []
    else:
        lines += [" no switchport"] if kind == "ethernet" else []
        lines += [f" ip address {ip_and_mask(port.address)}"] if port.address else []
    if port.description:
        lines.append(f" description {port.description}")
    return lines + ([" shutdown"] if port.shutdown else [])
