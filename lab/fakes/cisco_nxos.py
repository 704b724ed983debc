# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cisco Nexus switch: changes take effect at once, with checkpoints to roll back to."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from ipaddress import ip_interface

from lab.fakes import cisco_nxos_show as show
from lab.fakes.config import Config
from lab.fakes.grammar import CommandError
from lab.fakes.ios_like import EXEC, IosLike
from lab.fakes.platform import command
from lab.fakes.session import Session

REFUSALS = {
    "permission": "Configuration update aborted: request was aborted\n",
    "full": "Configuration update aborted: No space left on device\n",
}
ROLLED_BACK = """Note: Applying config parallelly may fail Rollback verification
Collecting Running-Config
#Generating Rollback Patch
Executing Rollback Patch
Generating Running-config for verification
Generating Patch for verification
Verification is Successful.

Rollback completed successfully.

"""


class CiscoNxos(IosLike):
    """Nexus 93180YC with NX-OS 9.3."""

    name = "cisco_nxos"
    table_modes = EXEC
    tables = {
        "show version": show.version,
        "show interface status": show.interface_status,
        "show ip interface brief": partial(show.ip_interface_brief, vrf="default"),
        "show lldp neighbors": show.lldp_neighbors,
        "show lldp neighbors detail": show.lldp_neighbors_detail,
        "show lldp neighbors interface <interface> detail": show.lldp_neighbors_detail,
        "show mac address-table": show.mac_address_table,
        "show mac address-table interface <interface>": show.mac_address_table,
        "show mac address-table dynamic": partial(show.mac_address_table, keep="dynamic"),
        "show ip arp": show.ip_arp,
        "show ip arp vrf all": show.ip_arp,
        "show spanning-tree": show.spanning_tree,
        "show logging": show.logging,
        "show logging logfile": show.logging,
    }
    more = "--More--"
    more_erase = "\r" + " " * 8 + "\r"

    def prompt(self, session: Session) -> str:
        """Show the host name and the mode."""
        return self.device.hostname + self.prompts[session.mode]

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Speak as NX-OS does."""
        kind = {"ambiguous": "Ambiguous", "incomplete": "Incomplete"}.get(error.kind, "Invalid")
        return f"{self.caret(session, error.column)}% {kind} command at '^' marker.\n"

    def render_config(self, config: Config) -> str:
        """Write a configuration."""
        return show.configuration(config, self.device)

    @command("privileged", "configure", "configure terminal")
    def configure_terminal(self, session: Session) -> str:
        """Go into configuration mode."""
        session.enter("config")
        return "Enter configuration commands, one per line. End with CNTL/Z.\n"

    @command("privileged", "copy running-config startup-config")
    @command("config", "copy running-config startup-config")
    async def copy_running_startup(self, session: Session) -> str:
        """Save, with a bar that grows."""
        refusal = self.device.faults.refuse_save
        if refusal:
            return REFUSALS.get(refusal, refusal + "\n")
        for percent in (5, 50, 100):
            session.message(f"\r[{'#' * (percent * 40 // 100):<40}] {percent:>3}%")
            await session.pause(0.01)
        self.store(self.render_config(self.device.running))
        return "\nCopy complete, now saving to disk (please wait)...\nCopy complete.\n"

    def store(self, text: str) -> None:
        """Write the startup configuration, unless a fault has it otherwise."""
        stored = self.device.faults.save_stores
        super().store(text)
        if stored not in ("", "previous"):
            self.device.startup = text.replace("\nline console\n", f"\n{stored}\nline console\n")

    @command("privileged config", "checkpoint <word>", "checkpoint")
    def checkpoint(self, session: Session, word: str = "") -> str:
        """Keep the running configuration."""
        count = sum(name.startswith("user-checkpoint-") for name in self.device.snapshots)
        name = word or f"user-checkpoint-{count + 1}"
        if name in self.device.snapshots:
            return "ERROR: Checkpoint already exists\n"
        self.device.snapshots[name] = self.device.running.copy()
        return f"{'' if word else name + ' created successfully' + chr(10)}Done\n"

    @command("privileged config", "no checkpoint <word>")
    def no_checkpoint(self, session: Session, word: str) -> str:
        """Drop a checkpoint."""
        return "Done\n" if self.device.snapshots.pop(word, None) else "ERROR: Checkpoint does not exist\n"

    @command("privileged", "show checkpoint summary")
    def show_checkpoints(self, session: Session) -> str:
        """Show the checkpoints."""
        lines = ["User Checkpoint Summary", "-" * 80]
        for number, (name, kept) in enumerate(self.device.snapshots.items(), 1):
            lines += [
                f"{number}) {name}:",
                f"Created by {session.user}",
                f"Created at {datetime.now():%a, %H:%M:%S %d %b %Y}",
            ]
            lines += [f"Size is {len(self.render_config(kept)):,} bytes", "Description: None", ""]
        return "".join(f"{line}\n" for line in lines)

    @command("privileged config", "rollback running-config checkpoint <word>")
    @command("privileged config", "rollback running-config checkpoint <word> atomic")
    async def rollback(self, session: Session, word: str) -> str:
        """Make a checkpoint the running configuration."""
        kept = self.device.snapshots.get(word)
        if kept is None:
            return "ERROR: Checkpoint does not exist\n"
        await session.pause(0.02)
        self.device.apply(kept.copy())
        return ROLLED_BACK

    @command("privileged", "show running-config")
    def show_running_config(self, session: Session) -> str:
        """Show the running configuration."""
        return show.header(self.device, "running-config") + self.render_config(self.device.running)

    @command("privileged", "show running-config interface <interface>")
    def show_running_interface(self, session: Session, interface: str) -> str:
        """Show the running configuration of an interface."""
        lines = show.port_lines(interface, self.device.config_of(interface), self.device.ports[interface].kind)
        heading = show.header(self.device, "running-config").replace("config\n", f"config interface {interface}\n", 1)
        return f"{heading}version 9.3(8) Bios:version 05.45 \n\n" + "".join(f"{line}\n" for line in lines) + "\n"

    @command("privileged", "show startup-config")
    def show_startup_config(self, session: Session) -> str:
        """Show the startup configuration."""
        return show.header(self.device, "startup-config") + self.device.startup

    @command(EXEC, "show clock")
    def show_clock(self, session: Session) -> str:
        """Show the time."""
        return f"{datetime.now():%H:%M:%S}.000 UTC {datetime.now():%a %b %d %Y}\nTime source is NTP\n"

    @command(EXEC, "show interface", "show interface <interface>")
    def show_interface(self, session: Session, interface: str = "") -> str:
        """Show one interface, or all."""
        ports = [self.device.ports[interface]] if interface else list(self.device.ports.values())
        return "".join(show.interface_detail(self.device, port) for port in ports)

    @command(EXEC, "show ip interface brief vrf <word>")
    def show_ip_interface_brief_vrf(self, session: Session, word: str) -> str:
        """Show the addresses of a VRF, or of all."""
        names = ["default", "management"] if word == "all" else [word]
        return "\n".join(show.ip_interface_brief(self.device, name) for name in names)

    @command(EXEC, "ping <ip>", "ping <ip> count <number>", "ping <ip> vrf <word>")
    async def ping(self, session: Session, ip: str, number: str = "5", word: str = "") -> str:
        """Ping from the switch."""
        count, good = int(number), 0
        session.write(f"PING {ip} ({ip}): 56 data bytes\n")
        for sequence in range(count):
            if self.device.answers(ip):
                good += 1
                session.write(f"64 bytes from {ip}: icmp_seq={sequence} ttl=254 time=1.{sequence}21 ms\n")
            else:
                await session.pause(self.device.timings.ping)
                session.write(f"Request {sequence} timed out\n")
        times = "round-trip min/avg/max = 1.021/1.221/1.421 ms\n" if good else ""
        lost = (count - good) * 100 / count
        return (
            f"\n--- {ip} ping statistics ---\n{count} packets transmitted, {good} packets received, "
            f"{lost:.2f}% packet loss\n{times}"
        )

    @command("config-if", "ip address <word>")
    def ip_address_prefix(self, session: Session, word: str) -> None:
        """Set the address."""
        self._set(session, address=ip_interface(word).with_prefixlen)

    @command("config", "spanning-tree vlan <line>")
    def spanning_tree_on(self, session: Session, line: str) -> None:
        """Switch spanning tree on."""
        self.device.running.spanning_tree = True

    @command("config", "no spanning-tree vlan <line>")
    def spanning_tree_off(self, session: Session, line: str) -> None:
        """Switch spanning tree off."""
        self.device.running.spanning_tree = False
