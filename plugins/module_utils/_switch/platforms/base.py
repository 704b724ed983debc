# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of switch is: its words, and how its outputs are read. One subclass per file here."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..errors import PortUnknown, Unparsable
from ..model import ArpEntry, MacEntry, Neighbor, Port, Send, TreePort, Uplinks
from ..names import expanded, find, similar
from ..parsing import parse
from ..session import CliSession, Session, ShellSession
from ..target import Target

_EMPTY = re.compile(r"\s*(?:\{[\w:.-]+\}\s*)*\Z")
"""An output that says nothing; Junos adds the role of the routing engine to it."""


class Platform(ABC):
    """The words of a platform as data, its outputs as parsing functions.

    A new platform is one file with one subclass that has a ``name``; nothing else needs to know it.
    """

    name: ClassVar[str] = ""
    """The value of ``switch_platform``."""
    aliases: ClassVar[Tuple[str, ...]] = ()
    """Values of ``ansible_network_os`` that mean this platform."""
    netmiko: ClassVar[str] = ""
    """Netmiko's device_type."""
    shell: ClassVar[bool] = False
    """True where the login is a Linux shell."""
    prompt: ClassVar[str] = r"{base}[\w.\-]*(?:\([^)\r\n]*\))?[>#]"
    """The prompt in every mode; ``{base}`` is Netmiko's base prompt."""
    rejections: ClassVar[Tuple[str, ...]] = (r"^\s*% ?[A-Z]",)
    """Patterns that mark an answer as an error, at the start of a line."""
    needs_enable: ClassVar[bool] = False
    abbreviations: ClassVar[Mapping[str, str]] = {}
    """Short forms of port kinds, in lower case, to the full forms."""
    virtual_ports: ClassVar[Tuple[str, ...]] = ("vlan",)
    """Starts of port names, in lower case, that are no wire: an address on them is reached through another port."""
    volatile: ClassVar[Tuple[str, ...]] = ()
    """Lines of outputs that change by themselves; left out of every comparison."""

    templates: ClassVar[Tuple[str, ...]] = ()
    """Templates that every move of an uplink needs."""

    enter_config: ClassVar[Tuple[str, ...]] = ("configure terminal",)
    leave_config: ClassVar[Tuple[str, ...]] = ("end",)
    select_port: ClassVar[str] = "interface {port}"
    shut: ClassVar[str] = "shutdown"
    unshut: ClassVar[str] = "no shutdown"
    save_sends: ClassVar[Tuple[Send, ...]] = ()
    running_command: ClassVar[str] = "show running-config"
    startup_command: ClassVar[str] = "show startup-config"
    log_command: ClassVar[str] = "show logging"
    version_command: ClassVar[str] = "show version"
    interfaces_command: ClassVar[str] = "show interfaces status"
    neighbors_command: ClassVar[str] = "show lldp neighbors"
    ping_command: ClassVar[str] = ""
    """Command that asks for one answer of ``{address}``, bounded in time; empty where the platform has none."""
    ping_success: ClassVar[str] = ""
    reverts_by_itself: ClassVar[bool] = True
    """Does the safety net undo a change without being asked, when it is not confirmed in time?"""

    # -- the session -------------------------------------------------------------------------------

    def open(self, target: Target) -> Session:
        """Return a session that may read and configure."""
        if self.shell:
            return ShellSession(target, self.rejections)
        session = CliSession(target, self.netmiko, self.prompt, self.rejections)
        if self.needs_enable:
            session.enable()
        return session

    # -- reading -----------------------------------------------------------------------------------

    @abstractmethod
    def read_ports(self, session: Session) -> Dict[str, Port]:
        """Return every port by the name that the switch gives it."""

    @abstractmethod
    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        """Return the LLDP (or CDP) neighbors, or None where the platform cannot tell."""

    @abstractmethod
    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        """Return the learned MAC addresses, or None where the platform cannot tell."""

    @abstractmethod
    def read_arp(self, session: Session) -> List[ArpEntry]:
        """Return the ARP table."""

    @abstractmethod
    def read_addresses(self, session: Session) -> Dict[str, str]:
        """Return the switch's own IP addresses with the port each is on."""

    def read_tree(self, session: Session) -> Optional[List[TreePort]]:
        """Return spanning tree per port, an empty list where it does not run, None where it cannot be told."""
        return None

    def read_pending(self, session: Session) -> bool:
        """Would the switch's safety net still undo a change that was not confirmed?"""
        return False

    def read_states(self, session: Session, wanted: Sequence[str]) -> Dict[str, Port]:
        """Return the wanted ports, keyed by the names that the caller uses."""
        return self._chosen(session, self.read_ports(session), wanted)

    def _chosen(self, session: Session, ports: Dict[str, Port], wanted: Sequence[str]) -> Dict[str, Port]:
        if not ports:
            raise Unparsable(session.target.name, "the list of ports", "")
        return {name: ports[self.known_port(session, name, ports)] for name in wanted}

    def read_uplinks(self, session: Session, wanted: Sequence[str]) -> Uplinks:
        """Return all that a plan is made from, ports keyed by the names that the caller uses."""
        chosen = self._chosen(session, self.read_ports(session), wanted)
        tree = self.read_tree(session)
        return Uplinks(
            ports=chosen,
            spanning_tree=None if tree is None else self.protected(tree, chosen.values()),
            pending_revert=self.read_pending(session),
        )

    def protected(self, tree: Sequence[TreePort], uplinks: Iterable[Port]) -> bool:
        """Does spanning tree run, also on every uplink that is in use?"""
        return bool(tree) and all(
            any(self.same_port(entry.port, port.name) for entry in tree)
            for port in uplinks
            if port.enabled and port.link
        )

    def known_port(self, session: Session, name: str, ports: Mapping[str, Any]) -> str:
        """Return the switch's own name of a port; PortUnknown names those that look like it."""
        known = find(name, ports, self.abbreviations)
        if known is None:
            like = ", ".join(similar(name, ports)) or "none"
            raise PortUnknown(session.target.name, f"has no port '{name}' (similar: {like}); check core_switch_uplinks")
        return known

    def same_port(self, one: str, other: str) -> bool:
        """Do two names mean the same port?"""
        return self.plain_name(one) == self.plain_name(other)

    def plain_name(self, port: str) -> str:
        """Return a port's full name in lower case."""
        return expanded(port, self.abbreviations)

    def is_virtual(self, port: str) -> bool:
        """Is the port no wire of its own, so that it is reached through another one?"""
        return expanded(port, self.abbreviations).startswith(self.virtual_ports)

    def rows(self, session: Session, command: str, template: str) -> List[Dict[str, Any]]:
        """Return the parsed rows of a command; Unparsable where the template does not fit its output."""
        return self.parsed(session, command, session.read(command), template)

    def parsed(self, session: Session, command: str, output: str, template: str) -> List[Dict[str, Any]]:
        """Return the rows of an output that was read already; Unparsable where the template does not fit."""
        try:
            return parse(template, self.stripped(output))
        except ValueError as error:
            raise Unparsable(session.target.name, command, output) from error

    def stripped(self, output: str) -> str:
        """Return an output without the lines that no template knows; as it is unless a platform overrides this."""
        return output

    def matches(self, session: Session, command: str, heading: str, row: str) -> List[re.Match[str]]:
        """Return the rows of a command's table that has no template; see ``table``."""
        return self.table(session, command, session.read(command), heading, row)

    def table(self, session: Session, command: str, output: str, heading: str, row: str) -> List[re.Match[str]]:
        """Return the rows of a table that has no template.

        Unparsable where the output neither has the table's heading nor is empty: rows are looked for in nothing else.
        """
        if not re.search(heading, output, re.MULTILINE) and not _EMPTY.match(output):
            raise Unparsable(session.target.name, command, output)
        return list(re.finditer(row, output, re.MULTILINE))

    # -- changing ----------------------------------------------------------------------------------

    def safety_net(self, session: Session) -> bool:
        """Can this switch, as it is configured, undo a change by itself when it is not confirmed?"""
        return False

    def port_lines(self, changes: Sequence[Tuple[str, bool]]) -> List[str]:
        """Return the configuration lines that enable (True) or shut (False) ports, in this order."""
        lines = []
        for port, enable in changes:
            lines += [self.select_port.format(port=port), self.unshut if enable else self.shut]
        return lines

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        """Return everything to send for a change.

        ``net_seconds`` above 0 arms the switch's own safety net: the change is undone by the switch
        after about this time unless ``confirm`` is sent. Only asked for where ``safety_net`` is True.
        """
        lines = [*self.enter_config, *self.port_lines(changes), *self.leave_config]
        return [Send(line) for line in lines]

    def confirm(self) -> List[Send]:
        """Return what to send so that the safety net keeps the change."""
        return []

    def cancel(self) -> List[Send]:
        """Return what to send so that the safety net undoes an unconfirmed change now."""
        return []

    def abandon(self) -> List[Send]:
        """Return what leaves the configuration mode, whatever mode the session is in, after a rejected line."""
        return [Send(line) for line in self.leave_config]

    # -- saving ------------------------------------------------------------------------------------

    def save(self) -> List[Send]:
        """Return what to send so that the running configuration becomes the startup configuration."""
        return list(self.save_sends)

    def both_configs(self, session: Session) -> Tuple[str, str]:
        """Return the running and the startup configuration."""
        return self.running_config(session), self.startup_config(session)

    def running_config(self, session: Session) -> str:
        """Return the running configuration."""
        return session.read(self.running_command, timeout=90, free_text=True)

    def startup_config(self, session: Session) -> str:
        """Return the configuration that the switch would start with."""
        return session.read(self.startup_command, timeout=90, free_text=True)

    def stanza(self, config: str, port: str) -> List[str]:
        """Return the lines of a port in a configuration, without the line that names it."""
        lines: List[str] = []
        inside = False
        for line in config.splitlines():
            if line[:1] not in ("", " ", "\t"):
                words = line.split(None, 1)
                inside = len(words) == 2 and words[0] == "interface" and self.same_port(words[1], port)
            elif inside and line.strip():
                lines.append(line.strip())
        return sorted(lines)

    def unsaved(self, session: Session, ports: Sequence[str]) -> List[str]:
        """Return the ports whose running configuration is not the saved one; empty where all are saved."""
        running, startup = self.both_configs(session)
        for name, config in ((self.running_command, running), (self.startup_command, startup)):
            if not config.strip():
                raise Unparsable(session.target.name, name, config)
        return [port for port in ports if self.stanza(running, port) != self.stanza(startup, port)]

    def comparable(self, text: str) -> str:
        """Return a text without the lines that change by themselves."""
        if not self.volatile:
            return text
        pattern = re.compile("|".join(f"(?:{each})" for each in self.volatile))
        return "\n".join(line.rstrip() for line in text.splitlines() if not pattern.search(line))

    def backup_commands(self) -> Dict[str, str]:
        """Return, by the name of the file, the commands whose output belongs to a backup beside the configurations."""
        wanted = {
            "log": self.log_command,
            "version": self.version_command,
            "interfaces": self.interfaces_command,
            "neighbors": self.neighbors_command,
        }
        return {name: command for name, command in wanted.items() if command}

    def together(self, subsets: Sequence[str], backup: bool) -> List[str]:
        """Return the commands that reading these subsets and a backup will send, where one exchange can hold them."""
        return []

    # -- asking ------------------------------------------------------------------------------------

    def can_ping(self) -> bool:
        """Can the switch be asked whether it reaches an address?"""
        return bool(self.ping_command)

    def ping(self, session: Session, address: str) -> bool:
        """Does the switch get an answer from an address?"""
        output = session.exchange(Send(self.ping_command.format(address=address), timeout=15))
        return re.search(self.ping_success, output) is not None
