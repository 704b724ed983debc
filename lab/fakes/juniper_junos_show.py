# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Juniper EX switch shows: the tables and the configuration, from the device's state."""

from __future__ import annotations

from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Device, Event, Port
from lab.fakes.formats import digest, joined, mac_colons


def vlan_name(number: int) -> str:
    """Name a VLAN as the configuration does."""
    return f"Vlan{number}"


def interfaces_terse(device: Device) -> str:
    """Show `show interfaces terse`."""
    lines = ["Interface               Admin Link Proto    Local                 Remote"]
    for port in device.ports.values():
        config = device.config_of(port.name)
        state = f"{'down' if config.shutdown else 'up':<5} {'up' if device.is_up(port.name) else 'down':<4}"
        unit = port.name if port.kind == "vlan" else f"{port.name}.0"
        if port.kind != "vlan":
            lines.append(f"{port.name:<23} {state}")
        if config.mode == "routed":
            lines.append(f"{unit:<23} {state} {'inet':<8} {config.address}".rstrip())
        else:
            lines.append(f"{unit:<23} {state} eth-switch")
    return joined(lines)


def interfaces_descriptions(device: Device) -> str:
    """Show `show interfaces descriptions`."""
    lines = ["Interface       Admin Link Description"]
    for port in device.ports.values():
        config = device.config_of(port.name)
        if config.description:
            state = f"{'down' if config.shutdown else 'up':<5} {'up' if device.is_up(port.name) else 'down':<4}"
            lines.append(f"{port.name:<15} {state} {config.description}")
    return joined(lines)


def interface_detail(device: Device, port: Port) -> str:
    """Show one block of `show interfaces`."""
    config = device.config_of(port.name)
    up = "Up" if device.is_up(port.name) else "Down"
    index = list(device.ports).index(port.name)
    admin = "Administratively down" if config.shutdown else "Enabled"
    lines = [f"Physical interface: {port.name}, {admin}, Physical link is {up}"]
    lines.append(f"  Interface index: {640 + index}, SNMP ifIndex: {510 + index}")
    lines += [f"  Description: {config.description}"] if config.description else []
    lines += [
        f"  Link-level type: Ethernet, MTU: 1514, Speed: {'10Gbps' if port.speed == 10000 else '1000mbps'}, "
        "BPDU Error: None, MAC-REWRITE Error: None, Loopback: Disabled,",
        "  Flow control: Disabled",
        "  Device flags   : Present Running" + ("" if up == "Up" else " Down"),
        "  Interface flags: SNMP-Traps Internal: 0x4000",
        "  Link flags     : None",
        "  CoS queues     : 12 supported, 12 maximum usable queues",
        f"  Current address: {mac_colons(port.mac)}, Hardware address: {mac_colons(port.mac)}",
        "  Last flapped   : 2026-04-14 14:36:48 UTC (31w4d 07:12 ago)",
        "  Input rate     : 2168 bps (2 pps)",
        "  Output rate    : 3120 bps (3 pps)",
        f"  Active alarms  : {'None' if up == 'Up' else 'LINK'}",
        f"  Active defects : {'None' if up == 'Up' else 'LINK'}",
        "",
    ]
    return joined(lines)


def lldp_neighbors(device: Device) -> str:
    """Show `show lldp neighbors`."""
    lines = ["Local Interface    Parent Interface    Chassis Id          Port info          System Name"]
    for port, peer in device.neighbors():
        lines.append(f"{port.name:<18} {'-':<19} {mac_colons(peer.mac):<19} {peer.port:<18} {peer.name:<20}")
    return joined(lines)


def lldp_detail(device: Device, name: str) -> str:
    """Show `show lldp neighbors interface`."""
    blocks = []
    for port, peer in device.neighbors():
        if port.name != name:
            continue
        blocks += [
            "LLDP Neighbor Information:",
            "Local Information:",
            "Index: 1 Time to live: 120 Time mark: Sat Nov 21 20:00:00 2026 Age: 12 secs ",
            f"Local Interface    : {port.name}",
            "Parent Interface   : -",
            f"Local Port ID      : {510 + list(device.ports).index(name)}",
            "Ageout Count       : 0",
            "",
            "Neighbour Information:",
            "Chassis type       : Mac address",
            f"Chassis ID         : {mac_colons(peer.mac)}",
            "Port type          : Interface name",
            f"Port ID            : {peer.port}",
            f"Port description   : {peer.port}",
            f"System name        : {peer.name}",
            "",
            f"System Description : {peer.system}",
            "",
            "System capabilities ",
            "        Supported  : Bridge Router ",
            "        Enabled    : Bridge Router ",
            "",
            "Management address ",
            "        Address Type      : IPv4(1)",
            f"        Address           : {peer.address}",
            "",
        ]
    return joined(blocks)


def switching_table(device: Device, only: str = "") -> str:
    """Show `show ethernet-switching table`."""
    found = [(host, name) for host, name in device.learned() if only in ("", name)]
    lines = [
        "",
        "MAC flags (S - static MAC, D - dynamic MAC, L - locally learned, P - Persistent static",
        "           SE - statistics enabled, NM - non configured MAC, R - remote PE MAC, O - ovsdb MAC)",
        "",
        "",
        f"Ethernet switching table : {len(found)} entries, {len(found)} learned",
        "Routing instance : default-switch",
        "   Vlan                MAC                 MAC      Age    Logical                NH        RTR ",
        "   name                address             flags           interface              Index     ID",
    ]
    for host, name in found:
        left = f"   {vlan_name(host.vlan):<19} {mac_colons(host.mac):<19} {'D':<8} {'-':>4}   {name + '.0':<22}"
        lines.append(f"{left} {0:<9} {0:<8}")
    return joined(lines)


def arp(device: Device) -> str:
    """Show `show arp no-resolve`."""
    hosts = device.resolved()
    vlan = next(port.name for port in device.of_kind("vlan"))
    lines = ["MAC Address       Address         Interface                Flags"]
    for host, name in hosts:
        lines.append(f"{mac_colons(host.mac)} {host.address:<15} {f'{vlan} [{name}.0]':<24} none")
    return joined([*lines, f"Total entries: {len(hosts)}"])


def spanning_tree(device: Device) -> str:
    """Show `show spanning-tree interface`."""
    if not device.running.spanning_tree:
        return "Spanning-tree is not enabled at global level.\n"
    lines = [
        "",
        "Spanning tree interface parameters for instance 0",
        "",
        "Interface                  Port ID    Designated         Designated         Port    State  Role",
        "                                       port ID           bridge ID          Cost",
    ]
    for number, port in enumerate(device.of_kind("ethernet")):
        if device.is_up(port.name):
            state, role = ("BLK", "ALT") if device.is_blocked(port.name) else ("FWD", "ROOT" if port.uplink else "DESG")
            mac = port.peer.mac if port.uplink and port.peer else device.mac
            bridge = f"{4096 if port.uplink else 32768}.{mac.replace('.', '')}"
            cost = 2000 if port.speed == 10000 else 20000
            own = f"128:{490 + number}"
            lines.append(f"{port.name:<26} {own:<10} {'128:501':<18} {bridge:<18} {cost:<7} {state:<6} {role}")
    return joined(lines)


def version(device: Device) -> str:
    """Show `show version`."""
    return joined(
        [
            f"Hostname: {device.hostname}",
            "Model: ex4300-48t",
            "Junos: 20.4R3.8",
            "JUNOS EX  Software Suite [20.4R3.8]",
            "JUNOS FIPS mode utilities [20.4R3.8]",
            "JUNOS Online Documentation [20.4R3.8]",
        ]
    )


def messages(device: Device) -> str:
    """Show `show log messages`."""
    return joined(_log_line(device, event) for event in device.events)


def _log_line(device: Device, event: Event) -> str:
    status = "UP" if event.detail == "up" else "DOWN"
    text = {
        "link": f"mib2d[2101]: SNMP_TRAP_LINK_{status}: ifIndex 524, ifAdminStatus up(1), ifOperStatus "
        f"{event.detail}(1), ifName {event.subject}",
        "login": f"sshd[7211]: Accepted password for {event.subject} from {event.detail} port 50022 ssh2",
        "config": f"mgd[7214]: UI_COMMIT: User '{event.subject}' requested 'commit' operation (comment: none)",
    }.get(event.kind, f"mgd[7214]: {event.subject}")
    return f"{event.at:%b %e %H:%M:%S}  {device.hostname} {text}"


def as_set(config: Config, device: Device) -> list[str]:
    """Write a configuration as set commands."""
    user = device.credentials.user
    lines = ["set version 20.4R3.8", f"set system host-name {config.hostname}"]
    lines += [f"set system login user {user} class super-user"]
    password = f'"$6${digest(device.credentials.password)}"'
    lines += [f"set system login user {user} authentication encrypted-password {password}"]
    lines += ["set system services ssh"]
    for name, port in sorted(config.ports.items()):
        lines += _port_as_set(name, port)
    lines += ["set routing-options static route 0.0.0.0/0 next-hop 10.9.0.1", "set protocols lldp interface all"]
    lines += ["set protocols rstp interface all"] if config.spanning_tree else []
    lines += ["set vlans Vlan10 vlan-id 10"]
    lines += [f"set vlans Vlan10 l3-interface {name}" for name in config.ports if name.startswith("irb")]
    return [*lines, "set vlans Vlan20 vlan-id 20", *config.lines]


def compare(before: Config, after: Config, device: Device) -> str:
    """Write the difference of two configurations as `show | compare` does."""
    old, new = as_set(before, device), as_set(after, device)
    changes: dict[str, list[str]] = {}
    for sign, lines, others in (("-", old, new), ("+", new, old)):
        for line in lines:
            if line not in others:
                *path, leaf = _statements(line.removeprefix("set "))
                changes.setdefault(f"[edit {' '.join(path)}]", []).append(f"{sign}   {leaf};")
    return joined(part for place, lines in changes.items() for part in (place, *lines))


def _port_as_set(name: str, port: PortConfig) -> list[str]:
    interface, _separator, unit = name.partition(".")
    head = f"set interfaces {interface}"
    lines = [f'{head} description "{port.description}"'] if port.description else []
    lines += [f"{head} disable"] if port.shutdown else []
    if port.mode == "routed":
        return lines + ([f"{head} unit {unit or 0} family inet address {port.address}"] if port.address else [])
    family = f"{head} unit 0 family ethernet-switching"
    if port.mode == "trunk":
        members = [
            f"{family} vlan members {vlan_name(int(number))}" for number in port.trunk_vlans.split(",") if number
        ]
        return [*lines, f"{family} interface-mode trunk", *members]
    return [*lines, f"{family} vlan members {vlan_name(port.vlan)}"]


Tree = dict[str, "Tree"]
LEAVES = frozenset(
    (
        "version",
        "host-name",
        "description",
        "encrypted-password",
        "class",
        "members",
        "vlan-id",
        "next-hop",
        "address",
        "interface-mode",
        "l3-interface",
    )
)


def as_text(config: Config, device: Device) -> str:
    """Write a configuration with braces."""
    tree: Tree = {}
    for line in as_set(config, device):
        node = tree
        for word in _statements(line.removeprefix("set ")):
            node = node.setdefault(word, {})
    return joined(_braces(tree, 0))


def _statements(line: str) -> list[str]:
    found: list[str] = []
    rest = line
    while rest:
        word, _separator, rest = rest.partition(" ")
        if word in LEAVES:
            return [*found, f"{word} {rest}"]
        if rest and word in ("unit", "user", "route", "family", "interface"):
            value, _separator, rest = rest.partition(" ")
            word = f"{word} {value}"
        found.append(word)
    return found


def _braces(tree: Tree, depth: int) -> list[str]:
    lines = []
    for word, below in tree.items():
        if below:
            lines += ["    " * depth + word + " {", *_braces(below, depth + 1), "    " * depth + "}"]
        else:
            lines.append("    " * depth + word + ";")
    return lines
