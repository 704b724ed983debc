# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An H3C or HPE switch with Comware 7: changes take effect at once, with a commit delay as safety net."""

from __future__ import annotations

from datetime import datetime

from lab.fakes import hp_comware_show as show
from lab.fakes.config import Config
from lab.fakes.device import Device
from lab.fakes.grammar import CommandError, resolve_interface
from lab.fakes.platform import command
from lab.fakes.session import Session
from lab.fakes.vrp_like import VrpLike

STARS = "*" * 78 + "\n"


class HpComware(VrpLike):
    """S5560X with Comware 7.1."""

    name = "hp_comware"
    table_modes = "any"
    tables = {
        "display version": show.version,
        "display interface brief": show.interface_brief,
        "display ip interface brief": show.ip_interface_brief,
        "display lldp neighbor-information list": show.lldp_list,
        "display lldp neighbor-information verbose": show.lldp_verbose,
        "display lldp neighbor-information interface <interface> verbose": show.lldp_verbose,
        "display mac-address": show.mac_address,
        "display mac-address dynamic": show.mac_address,
        "display mac-address interface <interface>": show.mac_address,
        "display arp": show.arp,
        "display arp all": show.arp,
        "display arp dynamic": show.arp,
        "display stp brief": show.stp_brief,
        "display stp": show.stp,
        "display logbuffer": show.logbuffer,
    }
    more = "---- More ----"
    more_erase = "\x1b[16D" + " " * 16 + "\x1b[16D"
    entering = "System View: return to User View with Ctrl+Z.\n"
    no_reply = "Request time out\n"
    reserved = {
        "any": "debugging diagnostic-logfile end locale logfile reset return save-logs screen-length terminal tracert"
        " undo xml",
        "user": "archive backup boot-loader bootrom cd clock copy delete dir ftp issu lock md5sum mkdir more move"
        " process pwd python reboot rename restore rmdir scheduler scp sftp sha256sum ssh2"
        " startup super tclsh telnet tftp",
        "system": "acl aaa archive arp bfd buffer cfd clock configuration dhcp domain dot1x flow-interval ftp"
        " hwtacacs info-center ip ipv6 irf irf-port line link-aggregation lldp local-user loopback-detection"
        " mac-address"
        " monitor-link ntp-service password-control poe port-security public-key qos radius role rsh snmp-agent ssh"
        " stp switch-mode telnet track traffic undo user-group user-interface vlan",
        "interface": "arp bandwidth broadcast-suppression combo dhcp dldp dot1x duplex flow-control jumboframe lacp"
        " lldp loopback mac-authentication mdix-mode ntp-service packet-filter poe qos speed stp storm-constrain",
    }
    refusals = {
        "permission": "Failed to save the current configuration to the mainboard device: permission denied.\n",
        "full": "The storage medium does not have enough space. Failed to save the current configuration.\n",
    }

    def login(self, session: Session) -> str:
        """Greet."""
        return (
            f"\n{STARS}* Copyright (c) 2004-2021 New H3C Technologies Co., Ltd. All rights reserved.*\n"
            f"{'* Without the owner' + chr(39) + 's prior written consent,':<77}*\n"
            f"{'* no decompiling or reverse-engineering shall be allowed.':<77}*\n{STARS}\n"
        )

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Speak as Comware does."""
        text = {
            "ambiguous": "Ambiguous command",
            "incomplete": "Incomplete command",
            "excess": "Too many parameters",
            "wrong": "Wrong parameter",
        }.get(error.kind, "Unrecognized command")
        return f"{self.caret(session, error.column)} % {text} found at '^' position.\n"

    def render_port(self, name: str) -> list[str]:
        """Write the configuration of an interface."""
        return show.port_lines(name, self.device.config_of(name), self.device.ports[name].kind)

    def render_config(self, config: Config) -> str:
        """Write a configuration."""
        return show.configuration(config, self.device)

    def resolve(self, text: str) -> str | None:
        """Find the interface that a name means; XGE1/0/49 is as good as ten-gigabitethernet1/0/49."""
        shorts = {show.short(name): name for name in self.device.ports}
        return super().resolve(text) or shorts.get(resolve_interface(shorts, text) or "")

    @command("any", "screen-length disable")
    def screen_length_disable(self, session: Session) -> None:
        """Disable paging."""
        session.page_length = 0

    @command("any", "undo screen-length disable")
    def screen_length_enable(self, session: Session) -> None:
        """Enable paging."""
        session.page_length = self.page_length

    @command("any", "save force", "save safely force")
    def save_force(self, session: Session) -> str:
        """Save without a question."""
        session.write("Validating file. Please wait...\n")
        refusal = self.device.faults.refuse_save
        if refusal:
            return self.refusals.get(refusal, refusal + "\n")
        self.store(self.render_config(self.device.running))
        self.device.record("save", session.user)
        return "Saved the current configuration to mainboard device successfully.\n"

    @command("any", "save", "save safely")
    async def save(self, session: Session) -> str | None:
        """Save, after three questions."""
        again = "Invalid input. Please enter Y or N. [Y/N]:"
        question = "The current configuration will be written to the device. Are you sure? [Y/N]:"
        if not await self.confirmed(session, question, again):
            return None
        await session.ask(
            "Please input the file name(*.cfg)[flash:/startup.cfg]\n"
            "(To leave the existing filename unchanged, press the enter key):"
        )
        if not await self.confirmed(session, "flash:/startup.cfg exists, overwrite? [Y/N]:", again):
            return None
        return self.save_force(session)

    @command("system", "configuration commit delay <number>")
    def commit_delay(self, session: Session, number: str) -> None:
        """Start the timer; what is not committed in time is undone. The rollback point stays on a restart."""
        if self.device.timer_left("commit") is None:
            self.device.snapshots["commit"] = self.device.running.copy()
        device = self.device
        device.after_minutes("commit", int(number), lambda: roll_back(device))

    @command("system", "configuration commit")
    def commit(self, session: Session) -> None:
        """Keep what was changed."""
        if self.device.cancel_timer("commit"):
            del self.device.snapshots["commit"]

    @command("any", "display clock")
    def display_clock(self, session: Session) -> str:
        """Show the time."""
        return f"{datetime.now():%H:%M:%S} UTC {datetime.now():%a %m/%d/%Y}\n"

    @command("any", "display startup")
    def display_startup(self, session: Session) -> str:
        """Show what the device starts with."""
        return (
            "MainBoard:\n Current startup saved-configuration file: flash:/startup.cfg\n"
            " Next main startup saved-configuration file: flash:/startup.cfg\n"
            " Next backup startup saved-configuration file: NULL\n"
        )

    @command("any", "display interface", "display interface <interface>")
    def display_interface(self, session: Session, interface: str = "") -> str:
        """Show one interface, or all."""
        ports = [self.device.ports[interface]] if interface else list(self.device.ports.values())
        return "".join(show.interface_detail(self.device, port) for port in ports)

    def reply(self, address: str, sequence: int) -> str:
        """Give the line of one reply."""
        return f"56 bytes from {address}: icmp_seq={sequence - 1} ttl=255 time=1.{sequence}21 ms\n"

    @command("any", "ping <ip>", "ping -c <number> <ip>", "ping -c <number> -t <milliseconds:number> <ip>")
    async def ping(self, session: Session, ip: str, number: str = "5", milliseconds: str = "2000") -> str:
        """Ping from the switch."""
        count = int(number)
        session.write(f"Ping {ip} ({ip}): 56 data bytes, press CTRL+C to break\n")
        good = await self.ping_lines(session, ip, count)
        times = "round-trip min/avg/max/std-dev = 1.121/1.321/1.521/0.141 ms\n" if good else ""
        lost = (count - good) * 100 / count
        return (
            f"\n--- Ping statistics for {ip} ---\n{count} packet(s) transmitted, {good} packet(s) received, "
            f"{lost:.1f}% packet loss\n{times}"
        )

    @command("system", "stp global enable")
    def stp_enable(self, session: Session) -> None:
        """Switch spanning tree on."""
        self.set_spanning_tree(session, True)

    @command("system", "undo stp global enable")
    def stp_disable(self, session: Session) -> None:
        """Switch spanning tree off."""
        self.set_spanning_tree(session, False)

    @command("interface", "port access vlan <number>")
    def access_vlan(self, session: Session, number: str) -> None:
        """Set the access VLAN."""
        self.port(session).vlan = int(number)

    @command("interface", "port trunk permit vlan <line>")
    def permit_vlan(self, session: Session, line: str) -> None:
        """Set the VLANs of a trunk."""
        self.port(session).trunk_vlans = line.replace(" ", ",")


def roll_back(device: Device) -> None:
    """Undo what was not committed in time."""
    device.record("message", "The configuration commit delay is overtime, a configuration rollback will be performed.")
    device.apply(device.snapshots.pop("commit"))
