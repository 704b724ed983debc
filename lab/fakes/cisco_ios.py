# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cisco IOS switch."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from lab.fakes import cisco_ios_cdp as cdp
from lab.fakes import cisco_ios_show as show
from lab.fakes.cisco_ios_save import IosSaving
from lab.fakes.config import Config
from lab.fakes.grammar import CommandError
from lab.fakes.ios_like import EXEC, IosLike
from lab.fakes.platform import command
from lab.fakes.session import Session

LLDP_OFF = "% LLDP is not enabled\n"


class CiscoIos(IosSaving, IosLike):
    """Catalyst 2960X with IOS 15.2."""

    name = "cisco_ios"
    greeting = "\n"
    table_modes = EXEC
    tables = {
        "show version": show.version,
        "show interfaces status": show.interfaces_status,
        "show interfaces description": show.interfaces_description,
        "show ip interface brief": show.ip_interface_brief,
        "show cdp neighbors": cdp.neighbors,
        "show cdp neighbors detail": cdp.neighbors_detail,
        "show cdp neighbors <interface> detail": cdp.neighbors_detail,
        "show mac address-table": show.mac_address_table,
        "show mac address-table interface <interface>": show.mac_address_table,
        "show mac address-table dynamic": partial(show.mac_address_table, keep="dynamic"),
        "show ip arp": show.ip_arp,
        "show arp": show.ip_arp,
        "show spanning-tree": show.spanning_tree,
        "show logging": show.logging,
    }
    prompts = {**IosLike.prompts, "config-archive": "(config-archive)#"}
    more = " --More-- "
    more_erase = "\b" * 9 + " " * 8 + "\b" * 8

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Speak as IOS does."""
        if error.kind == "ambiguous":
            return f'% Ambiguous command:  "{line.strip()}"\n'
        if error.kind == "incomplete":
            return "% Incomplete command.\n\n"
        return f"{self.caret(session, error.column)}% Invalid input detected at '^' marker.\n\n"

    def render_config(self, config: Config) -> str:
        """Write a configuration."""
        return show.configuration(config, self.device)

    @command("privileged", "show running-config", "show running-config all")
    def show_running_config(self, session: Session) -> str:
        """Show the running configuration."""
        text = self.render_config(self.device.running)
        heading = f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n"
        if self.device.events:
            heading += f"! Last configuration change at {datetime.now():%H:%M:%S} UTC by {session.user}\n"
        return f"{heading}{self._saved()}!\n{text}"

    @command("privileged", "show running-config interface <interface>")
    def show_running_interface(self, session: Session, interface: str) -> str:
        """Show the running configuration of an interface."""
        config = self.device.config_of(interface)
        text = "".join(f"{line}\n" for line in show.port_lines(interface, config, self.device.ports[interface].kind))
        return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n{text}end\n\n"

    @command("privileged", "show startup-config")
    def show_startup_config(self, session: Session) -> str:
        """Show the startup configuration."""
        text = self.device.startup
        return f"Using {len(text)} out of 524288 bytes\n!\n{self._saved()}!\n{text}"

    def _saved(self) -> str:
        at = self.device.saved_at
        return f"! NVRAM config last updated at {at:%H:%M:%S} UTC {at:%a %b %-d %Y} by admin\n" if at else ""

    @command(EXEC, "show clock")
    def show_clock(self, session: Session) -> str:
        """Show the time."""
        return f"*{datetime.now():%H:%M:%S}.000 UTC {datetime.now():%a %b %-d %Y}\n"

    @command(EXEC, "show privilege")
    def show_privilege(self, session: Session) -> str:
        """Show the privilege level."""
        return f"Current privilege level is {1 if session.mode == 'user' else 15}\n"

    @command(EXEC, "show interfaces", "show interfaces <interface>")
    def show_interfaces(self, session: Session, interface: str = "") -> str:
        """Show one interface, or all."""
        ports = [self.device.ports[interface]] if interface else list(self.device.ports.values())
        return "".join(show.interface_detail(self.device, port) for port in ports)

    @command(EXEC, "show lldp neighbors")
    def show_lldp_neighbors(self, session: Session) -> str:
        """Show the neighbors."""
        return show.lldp_neighbors(self.device) if self.device.running.lldp else LLDP_OFF

    @command(EXEC, "show lldp neighbors detail", "show lldp neighbors <interface> detail")
    def show_lldp_neighbors_detail(self, session: Session, interface: str = "") -> str:
        """Show the neighbors at length."""
        return show.lldp_neighbors_detail(self.device, interface or None) if self.device.running.lldp else LLDP_OFF

    @command("config", "lldp run")
    def lldp_run(self, session: Session) -> None:
        """Switch LLDP on."""
        self.device.running.lldp = True

    @command("config", "no lldp run")
    def no_lldp_run(self, session: Session) -> None:
        """Switch LLDP off."""
        self.device.running.lldp = False

    @command("config", "spanning-tree mode <word>")
    def spanning_tree_mode(self, session: Session, word: str) -> None:
        """Switch spanning tree on."""
        self.device.running.spanning_tree = True
        self.device.refresh()

    @command("config", "no spanning-tree vlan <line>")
    def no_spanning_tree(self, session: Session, line: str) -> None:
        """Switch spanning tree off."""
        self.device.running.spanning_tree = False
        self.device.refresh()
