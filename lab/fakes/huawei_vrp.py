# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Huawei campus switch with VRP 5: changes take effect at once."""

from __future__ import annotations

from datetime import datetime

from lab.fakes import huawei_vrp_show as show
from lab.fakes.config import Config
from lab.fakes.grammar import CommandError
from lab.fakes.platform import command
from lab.fakes.session import Session
from lab.fakes.vrp_like import VrpLike

YES_OR_NO = "Please choose 'YES' or 'NO' first before pressing 'Enter'. [Y/N]:"


class HuaweiVrp(VrpLike):
    """S5735 with V200R019."""

    name = "huawei_vrp"
    table_modes = "any"
    tables = {
        "display version": show.version,
        "display interface brief": show.interface_brief,
        "display interface description": show.interface_description,
        "display ip interface brief": show.ip_interface_brief,
        "display lldp neighbor brief": show.lldp_neighbor_brief,
        "display lldp neighbor": show.lldp_neighbor,
        "display lldp neighbor interface <interface>": show.lldp_neighbor,
        "display mac-address": show.mac_address,
        "display mac-address dynamic": show.mac_address,
        "display mac-address <interface>": show.mac_address,
        "display arp": show.arp_all,
        "display arp all": show.arp_all,
        "display arp dynamic": show.arp_all,
        "display stp brief": show.stp_brief,
        "display stp": show.stp,
        "display logbuffer": show.logbuffer,
    }
    more = "  ---- More ----"
    more_erase = "\x1b[42D" + " " * 42 + "\x1b[42D"
    reserved = {
        "any": "clear cluster debugging language-mode reset tracert terminal undo",
        "user": "backup check compare copy delete dir format free ftp local-user lock mkdir move more patch pwd reboot"
        " rename reset-recycle-bin rmdir rollback schedule screen-width send set startup super telnet tftp unzip"
        " upgrade",
        "system": "aaa acl arp capwap cpu-defend dhcp dns error-down ftp hwtacacs-server info-center ip ipv6 lldp"
        " loopback-detect mac-address multicast ntp-service observe-port ospf port-group qos radius-server rip rsa"
        " smart-link snmp-agent ssh stelnet super time-range traffic user-interface vlan voice-vlan",
        "interface": "am arp broadcast-suppression combo dhcp duplex eth-trunk flow-control jumboframe lldp loopback"
        " mac-limit negotiation poe qos speed storm-control stp traffic-policy voice-vlan",
    }
    refusals = {
        "permission": "Error: Failed to save the configuration file because the file system is write-protected.\n",
        "full": "Error: There is no enough space left on device.\n",
    }

    def login(self, session: Session) -> str:
        """Greet."""
        return (
            "\nInfo: The max number of VTY users is 5, and the number\n      of current VTY users on line is 1.\n"
            f"      The current login time is {datetime.now():%Y-%m-%d %H:%M:%S}+00:00.\n"
        )

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Speak as VRP 5 does."""
        text = {
            "ambiguous": "Error:Ambiguous command found at '^' position.",
            "incomplete": "Error:Incomplete command found at '^' position.",
            "excess": "Error: Too many parameters found at '^' position.",
            "wrong": "Error: Wrong parameter found at '^' position.",
        }.get(error.kind, "Error: Unrecognized command found at '^' position.")
        return f"{self.caret(session, error.column)}{text}\n"

    def already(self, session: Session, down: bool) -> str:
        """Say that the interface is in that state already."""
        return f"Info: Interface {session.interface} is {'already' if down else 'not'} shutdown.\n"

    def render_port(self, name: str) -> list[str]:
        """Write the configuration of an interface."""
        return show.port_lines(name, self.device.config_of(name))

    def render_config(self, config: Config) -> str:
        """Write a configuration."""
        return show.configuration(config, self.device)

    @command("any", "screen-length <number> temporary", "undo screen-length temporary")
    def screen_length(self, session: Session, number: str = "24") -> str:
        """Set or disable paging."""
        session.page_length = int(number)
        return "Info: The configuration takes effect on the current user terminal interface only.\n"

    @command("user", "save", "save all")
    async def save(self, session: Session) -> str | None:
        """Save, after a question."""
        question = "The current configuration will be written to flash:/vrpcfg.zip.\nAre you sure to continue?[Y/N]"
        if not await self.confirmed(session, question, YES_OR_NO):
            return None
        refusal = self.device.faults.refuse_save
        if refusal:
            return self.refusals.get(refusal, refusal + "\n")
        self.store(self.render_config(self.device.running))
        self.device.record("save", session.user)
        session.write("Now saving the current configuration to the slot 0.")
        await session.pause(0.02)
        return ".\nSave the configuration successfully.\n"

    @command("any", "display clock")
    def display_clock(self, session: Session) -> str:
        """Show the time."""
        return (
            f"{datetime.now():%Y-%m-%d %H:%M:%S}+00:00\n{datetime.now():%A}\nTime Zone(DefaultZoneName) : UTC+00:00\n"
        )

    @command("any", "display startup")
    def display_startup(self, session: Session) -> str:
        """Show what the device starts with."""
        files = {
            "Configured startup system software:": "flash:/s5735-v200r019c10spc500.cc",
            "Startup system software:": "flash:/s5735-v200r019c10spc500.cc",
            "Next startup system software:": "flash:/s5735-v200r019c10spc500.cc",
            "Startup saved-configuration file:": "flash:/vrpcfg.zip",
            "Next startup saved-configuration file:": "flash:/vrpcfg.zip",
            "Startup paf file:": "default",
            "Next startup paf file:": "default",
            "Startup patch package:": "NULL",
            "Next startup patch package:": "NULL",
        }
        return "MainBoard: \n" + "".join(f"  {name:<42} {file}\n" for name, file in files.items())

    @command("user", "compare configuration")
    def compare_configuration(self, session: Session) -> str:
        """Compare the running with the startup configuration."""
        running, saved = self.render_config(self.device.running), self.device.startup
        if running == saved:
            return "The current configuration is the same as the next startup configuration file.\n"
        pairs = zip(running.splitlines(), saved.splitlines(), strict=False)
        number = next((at for at, (one, other) in enumerate(pairs) if one != other), 0)
        now, then = running.splitlines()[number:][:10], saved.splitlines()[number:][:10]
        return (
            "Warning: The current configuration is not the same as the next startup configuration file. "
            "There may be several differences, and the following are some configurations beginning from the first: \n"
            f"  ====== Current configuration line {number + 1} ======\n"
            + "".join(f"  {line}\n" for line in now)
            + f"\n  ====== Configuration file line {number + 1} ======\n"
            + "".join(f"  {line}\n" for line in then)
        )

    @command("any", "display interface", "display interface <interface>")
    def display_interface(self, session: Session, interface: str = "") -> str:
        """Show one interface, or all."""
        ports = [self.device.ports[interface]] if interface else show.in_order(self.device)
        return "".join(show.interface_detail(self.device, port) for port in ports)

    @command("any", "ping <ip>", "ping -c <number> <ip>", "ping -c <number> -t <milliseconds:number> <ip>")
    async def ping(self, session: Session, ip: str, number: str = "5", milliseconds: str = "2000") -> str:
        """Ping from the switch."""
        count = int(number)
        session.write(f"  PING {ip}: 56  data bytes, press CTRL_C to break\n")
        good = await self.ping_lines(session, ip, count)
        times = "    round-trip min/avg/max = 1/1/2 ms\n" if good else ""
        return (
            f"\n  --- {ip} ping statistics ---\n    {count} packet(s) transmitted\n    {good} packet(s) received\n"
            f"    {(count - good) * 100 / count:.2f}% packet loss\n{times}\n"
        )

    @command("system", "stp enable")
    def stp_enable(self, session: Session) -> None:
        """Switch spanning tree on."""
        self.set_spanning_tree(session, True)

    @command("system", "undo stp enable", "stp disable")
    def stp_disable(self, session: Session) -> None:
        """Switch spanning tree off."""
        self.set_spanning_tree(session, False)

    @command("interface", "port default vlan <number>")
    def default_vlan(self, session: Session, number: str) -> None:
        """Set the access VLAN."""
        self.port(session).vlan = int(number)

    @command("interface", "port trunk allow-pass vlan <line>")
    def allow_pass(self, session: Session, line: str) -> None:
        """Set the VLANs of a trunk."""
        self.port(session).trunk_vlans = line.replace(" ", ",")
