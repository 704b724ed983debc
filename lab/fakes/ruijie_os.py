# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Ruijie switch with RGOS: IOS's command line with its own spellings."""

from __future__ import annotations

from datetime import datetime

from lab.fakes import ruijie_os_show as show
from lab.fakes.config import Config
from lab.fakes.grammar import CommandError, split_interface
from lab.fakes.ios_like import EXEC, IosLike
from lab.fakes.platform import command
from lab.fakes.session import Session

REFUSALS = {
    "permission": "Building configuration...\n% Failed to write the configuration file: permission denied.\n",
    "full": "Building configuration...\n% Failed to write the configuration file: no space left on device.\n",
}


class RuijieOs(IosLike):
    """RG-S5750 with RGOS 11."""

    name = "ruijie_os"
    greeting = "\n"
    table_modes = EXEC
    tables = {
        "show version": show.version,
        "show interfaces status": show.interfaces_status,
        "show interface status": show.interfaces_status,
        "show interfaces description": show.interfaces_description,
        "show ip interface brief": show.ip_interface_brief,
        "show lldp neighbors": show.lldp_neighbors,
        "show lldp neighbors detail": show.lldp_neighbors_detail,
        "show lldp neighbors interface <interface> detail": show.lldp_neighbors_detail,
        "show mac-address-table": show.mac_address_table,
        "show mac-address-table dynamic": show.mac_address_table,
        "show mac-address-table interface <interface>": show.mac_address_table,
        "show arp": show.arp,
        "show spanning-tree summary": show.spanning_tree,
        "show spanning-tree": show.spanning_tree,
        "show logging": show.logging,
    }
    more = " --More-- "
    more_erase = "\r" + " " * 10 + "\r"

    def prompt(self, session: Session) -> str:
        """Show the interface's name in interface mode."""
        if session.mode == "config-if":
            kind, number = split_interface(session.interface)
            return f"{self.device.hostname}(config-if-{kind} {number})#"
        return self.device.hostname + self.prompts[session.mode]

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Speak as RGOS does."""
        if error.kind == "ambiguous":
            return f'% Ambiguous command: "{line.strip()}"\n\n'
        if error.kind == "incomplete":
            return "% Incomplete command.\n\n"
        return f"{self.caret(session, error.column)}% Invalid input detected at '^' marker.\n\n"

    def render_config(self, config: Config) -> str:
        """Write a configuration."""
        return show.configuration(config, self.device)

    @command("privileged", "configure", "configure terminal")
    def configure_terminal(self, session: Session) -> str:
        """Go into configuration mode."""
        session.enter("config")
        return "Enter configuration commands, one per line.  End with CNTL/Z.\n"

    @command("privileged", "write", "write memory", "copy running-config startup-config")
    def write_memory(self, session: Session) -> str:
        """Save."""
        refusal = self.device.faults.refuse_save
        if refusal:
            return REFUSALS.get(refusal, refusal + "\n")
        self.store(self.render_config(self.device.running))
        return "Building configuration...\n[OK]\n"

    @command("privileged", "show running-config")
    def show_running_config(self, session: Session) -> str:
        """Show the running configuration."""
        text = self.render_config(self.device.running)
        return f"Building configuration...\nCurrent configuration: {len(text)} bytes\n\n{text}"

    @command("privileged", "show running-config interface <interface>")
    def show_running_interface(self, session: Session, interface: str) -> str:
        """Show the running configuration of an interface."""
        kind = self.device.ports[interface].kind
        text = "".join(f"{line}\n" for line in show.port_lines(interface, self.device.config_of(interface), kind))
        return f"\nBuilding configuration...\nCurrent configuration: {len(text)} bytes\n\n{text}"

    @command("privileged", "show startup-config")
    def show_startup_config(self, session: Session) -> str:
        """Show the startup configuration."""
        return self.device.startup

    @command(EXEC, "show clock")
    def show_clock(self, session: Session) -> str:
        """Show the time."""
        return f"{datetime.now():%H:%M:%S} UTC {datetime.now():%a, %b %d, %Y}\n"

    @command("config", "spanning-tree")
    def spanning_tree(self, session: Session) -> None:
        """Switch spanning tree on."""
        self.device.running.spanning_tree = True

    @command("config", "no spanning-tree")
    def no_spanning_tree(self, session: Session) -> None:
        """Switch spanning tree off."""
        self.device.running.spanning_tree = False

    @command(EXEC, "ping <word>", "ping <word> ntimes <number>")
    async def ping(self, session: Session, word: str, number: str = "5") -> str:
        """Ping from the switch."""
        count = int(number)
        session.write(f"Sending {count}, 100-byte ICMP Echoes to {word}, timeout is 2 seconds:\n")
        session.write("  < press Ctrl+C to break >\n")
        good = 0
        for _turn in range(count):
            if self.device.answers(word):
                good += 1
                session.write("!")
            else:
                session.write(".")
                await session.pause(self.device.timings.ping)
        times = ", round-trip min/avg/max = 1/1/2 ms." if good else "."
        return f"\nSuccess rate is {good * 100 // count} percent ({good}/{count}){times}\n"
