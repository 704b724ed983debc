# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Huawei switch with VRP 5 displays: the tables and the configuration, from the device's state."""

from __future__ import annotations

from datetime import datetime

from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Device, Event, Peer, Port
from lab.fakes.formats import counted, digest, ip_and_mask, joined, mac_dashed, uptime_parts
from lab.fakes.grammar import split_interface

SHORT = {"XGigabitEthernet": "XGE", "GigabitEthernet": "GE"}
RULE = "-" * 79
LEGEND = ["*down: administratively down", "^down: standby", "(l): loopback", "(s): spoofing"]
ON_OFF = {True: ("UP", "up"), False: ("DOWN", "down")}


def short(name: str) -> str:
    """XGigabitEthernet0/0/1 -> XGE0/0/1."""
    kind, number = split_interface(name)
    return SHORT.get(kind, kind) + number


def in_order(device: Device) -> list[Port]:
    """List the interfaces by name, as VRP does."""
    return sorted(device.ports.values(), key=lambda port: (split_interface(port.name)[0], port.name))


def phy(device: Device, name: str) -> str:
    """Give up, down or *down."""
    return "*down" if device.config_of(name).shutdown else "up" if device.is_up(name) else "down"


def interface_brief(device: Device) -> str:
    """Show `display interface brief`."""
    lines = ["PHY: Physical", *LEGEND[:2], "#down: LBDT down", *LEGEND[2:], "(E): E-Trunk down", "(b): BFD down"]
    lines += ["(e): ETHOAM down", "(dl): DLDP down", "(lb): LBDT block", "InUti/OutUti: input utility/output utility"]
    lines.append("Interface                   PHY   Protocol  InUti OutUti   inErrors  outErrors")
    for port in in_order(device):
        utility = "--" if port.kind == "vlan" else "0.01%" if device.is_up(port.name) else "0%"
        protocol = "up" if device.is_up(port.name) else "down"
        state = f"{phy(device, port.name):<5} {protocol:<8}"
        lines.append(f"{port.name:<27} {state}{utility:>7}{utility:>7}{0:>11}{0:>11}")
    lines.append(f"{'NULL0':<27} {'up':<5} {'up(s)':<8}{'0%':>7}{'0%':>7}{0:>11}{0:>11}")
    return joined(lines)


def interface_description(device: Device) -> str:
    """Show `display interface description`."""
    lines = ["PHY: Physical", *LEGEND, "(E): E-Trunk down", "(b): BFD down", "(e): ETHOAM down", "(dl): DLDP down"]
    lines.append("Interface                     PHY     Protocol Description            ")
    for port in in_order(device):
        protocol = "up" if device.is_up(port.name) else "down"
        text = device.config_of(port.name).description
        lines.append(f"{short(port.name):<29} {phy(device, port.name):<7} {protocol:<8} {text}".rstrip())
    return joined(lines)


def interface_detail(device: Device, port: Port) -> str:
    """Show one block of `display interface`."""
    config = device.config_of(port.name)
    up = device.is_up(port.name)
    state = "Administratively DOWN" if config.shutdown else "UP" if up else "DOWN"
    now = f"{datetime.now():%Y-%m-%d %H:%M:%S}+00:00"
    lines = [f"{port.name} current state : {state}", f"Line protocol current state : {ON_OFF[up][0]}"]
    lines.append(f"Description:{config.description}")
    if config.mode == "routed":
        lines.append("Route Port,The Maximum Transmit Unit is 1500")
        lines.append(
            f"Internet Address is {config.address}" if config.address else "Internet protocol processing : disabled"
        )
    else:
        lines.append(f"Switch Port, Link-type : {config.mode}(configured),")
        lines.append(f"PVID : {config.vlan:>4}, TPID : 8100(Hex), The Maximum Frame Length is 9216")
    lines.append(f"IP Sending Frames' Format is PKTFMT_ETHNT_2, Hardware address is {mac_dashed(port.mac)}")
    if port.kind == "vlan":
        lines.append(f"Current system time: {now}")
        return joined([*lines, "    Input bandwidth utilization  : --", "    Output bandwidth utilization : --", ""])
    lines += [
        f"Last physical up time   : {now if up else '-'}",
        f"Last physical down time : {'-' if up else now}",
        f"Current system time: {now}",
        "Port Mode: COMMON FIBER" if port.speed == 10000 else "Port Mode: COMMON COPPER",
        f"Speed : {port.speed},  Loopback: NONE",
        "Duplex: FULL,  Negotiation: ENABLE",
        "Mdi   : AUTO,  Flow-control: DISABLE",
        "Last 300 seconds input rate 2168 bits/sec, 2 packets/sec",
        "Last 300 seconds output rate 3120 bits/sec, 3 packets/sec",
        "",
        "Input:  184467 packets, 22136040 bytes",
        "  Unicast:                     143214,  Multicast:                       38071",
        "  Broadcast:                     3182,  Jumbo:                               0",
        "  Discard:                          0,  Total Error:                         0",
        "",
        "Output:  236601 packets, 31471102 bytes",
        "  Unicast:                     201877,  Multicast:                       30412",
        "  Broadcast:                     4312,  Jumbo:                               0",
        "  Discard:                          0,  Total Error:                         0",
        "",
        "    Input bandwidth utilization  : 0.01%",
        "    Output bandwidth utilization : 0.01%",
        "",
    ]
    return joined(lines)


def ip_interface_brief(device: Device) -> str:
    """Show `display ip interface brief`."""
    shown = [port for port in in_order(device) if device.config_of(port.name).mode == "routed"]
    ups = sum(device.is_up(port.name) for port in shown) + 1
    lines = [LEGEND[0], "!down: FIB overload down", *LEGEND[1:], "(d): Dampening Suppressed", "(E): E-Trunk down"]
    for layer in ("Physical", "Protocol"):
        lines.append(f"The number of interface that is UP in {layer} is {ups}")
        lines.append(f"The number of interface that is DOWN in {layer} is {len(shown) + 1 - ups}")
    lines += ["", "Interface                         IP Address/Mask      Physical   Protocol  "]
    for port in shown:
        address = device.config_of(port.name).address or "unassigned"
        protocol = "up" if device.is_up(port.name) and address != "unassigned" else "down"
        lines.append(f"{port.name:<33} {address:<20} {phy(device, port.name):<10} {protocol:<10}")
    lines.append(f"{'NULL0':<33} {'unassigned':<20} {'up':<10} {'up(s)':<10}")
    return joined(lines)


def lldp_neighbor_brief(device: Device) -> str:
    """Show `display lldp neighbor brief`."""
    lines = ["Local Intf       Neighbor Dev             Neighbor Intf             Exptime(s)"]
    for port, peer in device.neighbors():
        lines.append(f"{short(port.name):<16} {peer.name:<24} {short(peer.port):<25} {108}")
    return joined(lines)


def lldp_neighbor(device: Device, only: str = "") -> str:
    """Show `display lldp neighbor`, of one interface or all."""
    found = {port.name: (port, peer) for port, peer in device.neighbors()}
    blocks = []
    for port in in_order(device):
        if port.kind == "vlan" or only not in ("", port.name):
            continue
        blocks.append(_lldp_block(*found[port.name]) if port.name in found else f"{port.name} has 0 neighbor(s)\n")
    return "\n".join(blocks)


def _lldp_block(port: Port, peer: Peer) -> str:
    fields = {
        "Neighbor index": "1",
        "Chassis type": "MAC Address",
        "Chassis ID": mac_dashed(peer.mac),
        "Port ID subtype": "Interface Name",
        "Port ID": peer.port,
        "Port description": f"to access, {peer.port}",
        "System name": peer.name,
        "System description": peer.system,
        "System capabilities supported": "bridge router",
        "System capabilities enabled": "bridge router",
        "Management address type": "IPv4",
        "Management address": peer.address,
        "Expired time": "108s",
        "": "",
        "Port VLAN ID(PVID)": "1",
        "Port and Protocol VLAN ID(PPVID)": "--",
        "VLAN name of VLAN": "--",
        "Protocol identity": "--",
        "Auto-negotiation supported": "No",
        "Auto-negotiation enabled": "No",
        "OperMau": "speed (10000) /duplex (Full)",
        "Link aggregation supported": "Yes",
        "Link aggregation enabled": "No",
        "Aggregation port ID": "0",
        "Maximum frame Size": "9216",
        "Discovered time": f"{datetime.now():%Y-%m-%d %H:%M:%S}+00:00",
    }
    lines = [f"{name:<35}:{value}" if name else "" for name, value in fields.items()]
    return joined([f"{port.name} has 1 neighbor(s):", "", *lines])


def mac_address(device: Device, only: str = "") -> str:
    """Show `display mac-address`."""
    entries = [(host, name) for host, name in device.learned() if only in ("", name)]
    lines = [RULE, "MAC Address    VLAN/VSI/BD                       Learned-From        Type", RULE]
    for host, name in entries:
        lines.append(f"{mac_dashed(host.mac)} {f'{host.vlan}/-/-':<33} {short(name):<19} dynamic")
    return joined([*lines, "", RULE, f"Total items displayed = {len(entries)}", ""])


def arp_all(device: Device) -> str:
    """Show `display arp all`."""
    rule = "-" * 78
    lines = ["IP ADDRESS      MAC ADDRESS     EXPIRE(M) TYPE        INTERFACE   VPN-INSTANCE "]
    lines += ["                                          VLAN/CEVLAN(SIP/DIP)                 ", rule]
    own = device.own_addresses()
    for name, address in own:
        lines.append(f"{address.split('/')[0]:<15} {mac_dashed(device.ports[name].mac):<24}  {'I -':<11} {name}")
    hosts = device.resolved()
    for host, name in hosts:
        lines.append(f"{host.address:<15} {mac_dashed(host.mac):<15} {18:<9} {'D-0':<11} {short(name)}")
        lines.append(f"{'':<42}{host.vlan}/-")
    total = f"Total:{len(own) + len(hosts):<9} Dynamic:{len(hosts):<7} Static:{0:<4} Interface:{len(own)}    "
    return joined([*lines, rule, total])


def stp_brief(device: Device) -> str:
    """Show `display stp brief`."""
    if not device.running.spanning_tree:
        return "Protocol Status            :Disabled\n"
    lines = [" MSTID  Port                        Role  STP State     Protection"]
    for port in in_order(device):
        if port.kind != "ethernet" or not device.is_up(port.name):
            continue
        blocked = device.is_blocked(port.name)
        role = "ALTE" if blocked else "ROOT" if port.uplink else "DESI"
        lines.append(f"{0:>4}    {port.name:<27} {role:<5} {'DISCARDING' if blocked else 'FORWARDING':<13} NONE")
    return joined(lines)


def stp(device: Device) -> str:
    """Show `display stp`."""
    if not device.running.spanning_tree:
        return joined(
            [
                "Protocol Status            :Disabled",
                "Protocol Standard          :IEEE 802.1s",
                "Version                    :3",
                "CIST Bridge Priority       :32768",
                f"MAC address                :{mac_dashed(device.mac)}",
                "Max age(s)                 :20",
                "Forward delay(s)           :15",
                "Hello time(s)              :2",
                "Max hops                   :20",
            ]
        )
    root = device.active_uplink()
    peer = device.ports[root].peer if root else None
    bridge = peer.mac if peer else device.mac
    lines = [
        "-------[CIST Global Info][Mode RSTP]-------",
        f"CIST Bridge         :32768.{mac_dashed(device.mac)}",
        "Config Times        :Hello 2s MaxAge 20s FwDly 15s MaxHop 20",
        "Active Times        :Hello 2s MaxAge 20s FwDly 15s MaxHop 20",
        f"CIST Root/ERPC      :{4096 if peer else 32768:<5}.{mac_dashed(bridge)} / {2000 if peer else 0}",
        f"CIST RegRoot/IRPC   :32768.{mac_dashed(device.mac)} / 0",
        f"CIST RootPortId     :{'128.25' if peer else '0.0'}",
        "BPDU-Protection     :Disabled",
        "TC or TCN received  :6",
        "TC count per hello  :0",
        "STP Converge Mode   :Normal",
    ]
    return joined(lines)


def version(device: Device) -> str:
    """Show `display version`."""
    weeks, days, hours, minutes = uptime_parts(device.booted)
    parts = [counted(weeks, "week"), counted(days, "day"), counted(hours, "hour"), counted(minutes, "minute")]
    return joined(
        [
            "Huawei Versatile Routing Platform Software",
            "VRP (R) software, Version 5.170 (S5735 V200R019C10SPC500)",
            "Copyright (C) 2000-2020 HUAWEI TECH Co., Ltd.",
            f"HUAWEI S5735-L24T4X-A1 Routing Switch uptime is {', '.join(parts)}",
            "",
            f"S5735-L24T4X-A1 0(Master)  : uptime is {', '.join(parts)}",
            "DDR             Memory Size : 512       M bytes",
            "FLASH Total     Memory Size : 512       M bytes",
            "FLASH Available Memory Size : 180       M bytes",
            "Pcb           Version : VER.A",
            "BootROM       Version : 0000.0403",
            "BootLoad      Version : 0001.0000",
            "CPLD          Version : 0101",
            "Software      Version : VRP (R) Software, Version 5.170 (V200R019C10SPC500)",
            "FLASH         Version : 0000.0000",
        ]
    )


def logbuffer(device: Device) -> str:
    """Show `display logbuffer`."""
    lines = [
        "Logging buffer configuration and contents : enabled",
        "Allowed max buffer size : 1024",
        "Actual buffer size : 512",
        "Channel number : 4 , Channel name : logbuffer",
        "Dropped messages : 0",
        "Overwritten messages : 0",
        f"Current messages : {len(device.events)}",
        "",
    ]
    numbered = list(enumerate(device.events))
    return joined(lines + [_log_line(device, number, event) for number, event in reversed(numbered)])


def _log_line(device: Device, number: int, event: Event) -> str:
    up = event.detail == "up"
    text = {
        "link": f"%%01IFPDT/4/IF_STATE(l)[{number}]:Interface {event.subject} has turned into "
        f"{'UP' if up else 'DOWN'} state.",
        "login": f"%%01SSH/4/USER_LOGIN(s)[{number}]:The SSH user succeeded in logging in. "
        f"(UserName={event.subject}, UserAddress={event.detail})",
        "save": f"%%01CFM/4/SAVE(s)[{number}]:The user chose Y when deciding whether to save the configuration "
        "to the device.",
    }.get(event.kind, f"%%01SHELL/5/CMDRECORD(s)[{number}]:{event.subject}")
    return f"{event.at:%b %e %Y %H:%M:%S}+00:00 {device.hostname} {text}"


def configuration(config: Config, device: Device) -> str:
    """Write a configuration."""
    user = device.credentials.user
    lines = ["!Software Version V200R019C10SPC500", "#", f"sysname {config.hostname}", "#", "vlan batch 10 20", "#"]
    lines += ["stp mode rstp" if config.spanning_tree else "undo stp enable", "#", "lldp enable", "#"]
    lines += [*config.lines, "aaa", " authentication-scheme default"]
    lines.append(f" local-user {user} password irreversible-cipher $1a${digest(device.credentials.password)}$")
    lines += [f" local-user {user} privilege level 15", f" local-user {user} service-type ssh", "#"]
    for name in sorted(config.ports, key=lambda name: (device.ports[name].kind == "ethernet", name)):
        lines += [*port_lines(name, config.ports[name]), "#"]
    lines += ["interface NULL0", "#", "ip route-static 0.0.0.0 0.0.0.0 10.9.0.1", "#", "stelnet server enable"]
    lines += [f"ssh user {user}", f"ssh user {user} authentication-type password", "#", "user-interface con 0"]
    lines += [" authentication-mode password", "user-interface vty 0 4", " authentication-mode aaa"]
    return joined([*lines, " protocol inbound ssh", "#", "return"])


def port_lines(name: str, port: PortConfig) -> list[str]:
    """Write the configuration of one interface."""
    lines = [f"interface {name}"]
    if port.description:
        lines.append(f" description {port.description}")
    if port.shutdown:
        lines.append(" shutdown")
    if port.mode == "routed":
        return lines + ([f" ip address {ip_and_mask(port.address)}"] if port.address else [])
    lines.append(f" port link-type {port.mode}")
    if port.mode == "access":
        return [*lines, f" port default vlan {port.vlan}"]
    vlans = port.trunk_vlans.replace(",", " ")
    return lines + ([f" port trunk allow-pass vlan {vlans}"] if vlans else [])
