# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Arista switch: configuration modes, and configure sessions with a commit timer."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from ipaddress import ip_interface

from lab.fakes import arista_eos_show as show
from lab.fakes.config import Config
from lab.fakes.device import Device
from lab.fakes.grammar import CommandError, split_interface
from lab.fakes.ios_like import EXEC, IosLike
from lab.fakes.platform import command
from lab.fakes.session import Session

REFUSALS = {
    "permission": "% Error copying system:/running-config to startup-config (Permission denied)\n",
    "full": "% Error copying system:/running-config to startup-config (No space left on device)\n",
}
TIMER = "commit timer"


class AristaEos(IosLike):
    """7050TX with EOS 4.26."""

    name = "arista_eos"
    table_modes = EXEC
    tables = {
        "show version": show.version,
        "show interfaces status": show.interfaces_status,
        "show interfaces description": show.interfaces_description,
        "show ip interface brief": show.ip_interface_brief,
        "show lldp neighbors": show.lldp_neighbors,
        "show lldp neighbors detail": show.lldp_neighbors_detail,
        "show lldp neighbors <interface> detail": show.lldp_neighbors_detail,
        "show mac address-table": show.mac_address_table,
        "show mac address-table interface <interface>": show.mac_address_table,
        "show mac address-table dynamic": partial(show.mac_address_table, keep="dynamic"),
        "show ip arp": show.ip_arp,
        "show arp": show.ip_arp,
        "show spanning-tree": show.spanning_tree,
        "show logging": show.logging,
    }
    more = " --More-- "
    more_erase = "\r" + " " * 10 + "\r"
    bad_secrets = "% Bad secret\n\n"
    reserved = {
        **IosLike.reserved,
        "config-session": "abort commit rollback",
    }
    parents = {"config-if": "config", "config-session": "config"}

    def prompt(self, session: Session) -> str:
        """Show the host name, and in a mode its name: (config-s-change-if-Et49)."""
        if session.mode in EXEC.split():
            return f"{self.device.hostname}{'>' if session.mode == 'user' else '#'}"
        name = "config" + (f"-s-{session.values['session'][:6]}" if "session" in session.values else "")
        if session.mode == "config-if":
            kind, number = split_interface(session.interface)
            name += f"-if-{show.SHORT.get(kind, kind)}{number}"
        return f"{self.device.hostname}({name})#"

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Speak as EOS does."""
        if error.kind == "ambiguous":
            return f"% Ambiguous command (at token {error.index}: '{error.token}')\n"
        if error.kind == "incomplete":
            return "% Incomplete command\n"
        if session.mode == "user":
            try:
                self.parse(session, line, "privileged")
            except CommandError:
                return f"% Invalid input (at token {error.index}: '{error.token}')\n"
            return "% Invalid input (privileged mode required)\n"
        return f"% Invalid input (at token {error.index}: '{error.token}')\n"

    def render_config(self, config: Config) -> str:
        """Write a configuration."""
        return show.configuration(config, self.device)

    def change(self, session: Session) -> Config:
        """Give the configuration that the session changes: the running one, or that of its configure session."""
        return (
            self.device.snapshots["session:" + session.values["session"]]
            if "session" in session.values
            else (self.device.running)
        )

    @command(EXEC, "terminal length <number>")
    def terminal_length(self, session: Session, number: str) -> str:
        """Set or disable paging."""
        session.page_length = int(number)
        return "Pagination disabled.\n" if number == "0" else f"Pagination set to {number} lines.\n"

    @command(EXEC, "terminal width <number>")
    def terminal_width(self, session: Session, number: str) -> str:
        """Accept a width."""
        return f"Width set to {number} columns.\n"

    @command("privileged", "configure", "configure terminal")
    def configure(self, session: Session) -> None:
        """Go into configuration mode."""
        session.enter("config")

    @command("config", "exit")
    def exit_mode(self, session: Session) -> None:
        """Go to the mode above; a configure session stays as it is."""
        session.leave()
        self._maybe_left(session)

    @command("config", "end")
    def end(self, session: Session) -> None:
        """Go to privileged mode; a configure session stays as it is."""
        session.stack.clear()
        session.mode = "privileged"
        self._maybe_left(session)

    def _maybe_left(self, session: Session) -> None:
        if session.mode == "privileged" and session.values.pop("session", None) is None:
            self.left_configuration(session)

    def interface(self, session: Session, interface: str) -> None:
        """Go into interface mode."""
        while session.mode == "config-if" and session.leave():
            pass
        session.interface = interface
        session.enter("config-if")

    @command("privileged", "configure session <word:name>", "configure session")
    def configure_session(self, session: Session, name: str = "") -> str | None:
        """Open a configure session; it starts as a copy of the running configuration."""
        name = name or f"sess-{session.number}"
        if self.device.timer_left(TIMER) is not None and self.device.snapshots.get("committed:" + name):
            return f"% Session {name} is already committed and waiting for confirmation\n"
        self.device.snapshots.setdefault("session:" + name, self.device.running.copy())
        session.values["session"] = name
        session.enter("config-session")
        return None

    @command("config-session", "commit")
    @command("config", "commit")
    def commit(self, session: Session) -> str | None:
        """Make the session's configuration the running one."""
        name = session.values.get("session")
        if name is None:
            return "% Invalid input\n"
        self.device.apply(self.device.snapshots.pop("session:" + name))
        self.end(session)
        return None

    @command("config", "commit timer <time>")
    def commit_timer(self, session: Session, time: str) -> str | None:
        """Make the session's configuration the running one until the timer ends."""
        name = session.values.get("session")
        if name is None:
            return "% Invalid input\n"
        hours, minutes, seconds = ([int(part) for part in time.split(":")] + [0])[:3]
        self.device.snapshots["committed:" + name] = self.device.running.copy()
        self.device.apply(self.device.snapshots.pop("session:" + name))
        device, length = self.device, (hours * 3600 + minutes * 60 + seconds) * self.device.timings.minute / 60
        device.after_seconds(TIMER, length, lambda: roll_back(device, name))
        self.end(session)
        return None

    @command("config", "abort")
    def abort(self, session: Session) -> str | None:
        """Drop the configure session."""
        name = session.values.get("session")
        if name is None:
            return "% Invalid input\n"
        self.device.snapshots.pop("session:" + name, None)
        self.end(session)
        return None

    @command("privileged", "configure session <word:name> commit")
    def confirm(self, session: Session, name: str) -> str | None:
        """Keep what a commit with timer applied; commit a pending session."""
        if self.device.snapshots.pop("committed:" + name, None) is not None:
            self.device.cancel_timer(TIMER)
            return None
        pending = self.device.snapshots.pop("session:" + name, None)
        if pending is None:
            return f"% Cannot commit session {name}: session does not exist\n"
        self.device.apply(pending)
        return None

    @command("privileged", "configure session <word:name> abort", "no configure session <word:name>")
    def abort_named(self, session: Session, name: str) -> str | None:
        """Undo what a commit with timer applied; drop a pending session."""
        if "committed:" + name in self.device.snapshots:
            self.device.cancel_timer(TIMER)
            roll_back(self.device, name)
        elif self.device.snapshots.pop("session:" + name, None) is None:
            return f"% Cannot abort session {name}: session does not exist\n"
        return None

    @command("privileged", "show configuration sessions", "show configuration sessions detail")
    def show_sessions(self, session: Session) -> str:
        """Show the configure sessions."""
        lines = ["Maximum number of completed sessions: 1", "Maximum number of pending sessions: 5", ""]
        lines.append("  Name           State                    User       Terminal    Commit Time Left")
        lines.append("  -------------- ------------------------ ---------- ----------- ----------------")
        for key in self.device.snapshots:
            kind, _separator, name = key.partition(":")
            if kind in ("session", "committed"):
                waits = kind == "committed"
                state = "pendingCommitTimer" if waits else "pending"
                left = show.time_left(self.device.timer_left(TIMER)) if waits else ""
                lines.append(f"  {name:<14} {state:<24} {session.user:<10} {'vty3':<11} {left}".rstrip())
        return "".join(f"{line}\n" for line in lines)

    def filtered(self, output: str, modifier: str) -> str:
        """Apply what follows the |; of the commands that have JSON output, the configure sessions are modelled."""
        if modifier.strip() != "json":
            return super().filtered(output, modifier)
        states = {"session": "pending", "committed": "pendingCommitTimer"}
        parts = [key.partition(":") for key in self.device.snapshots]
        sessions = {
            name: {"state": states[kind], "instances": {}} for kind, _separator, name in parts if kind in states
        }
        return json.dumps({"sessions": sessions, "maxSavedSessions": 1, "maxOpenSessions": 5}, indent=4) + "\n"

    @command("privileged", "write", "write memory", "copy running-config startup-config")
    def write_memory(self, session: Session) -> str:
        """Save."""
        refusal = self.device.faults.refuse_save
        if refusal:
            return REFUSALS.get(refusal, refusal + "\n")
        self.store(self.render_config(self.device.running))
        return "Copy completed successfully.\n"

    @command("privileged", "show running-config", "show running-config all")
    def show_running_config(self, session: Session) -> str:
        """Show the running configuration."""
        return show.header(self.device, "show running-config") + self.render_config(self.device.running)

    @command("privileged", "show running-config interfaces <interface>")
    def show_running_interface(self, session: Session, interface: str) -> str:
        """Show the running configuration of an interface."""
        lines = show.port_lines(interface, self.device.config_of(interface), self.device.ports[interface].kind)
        return "".join(f"{line}\n" for line in lines)

    @command("privileged", "show startup-config")
    def show_startup_config(self, session: Session) -> str:
        """Show the startup configuration."""
        return show.header(self.device, "show startup-config") + self.device.startup

    @command(EXEC, "show clock")
    def show_clock(self, session: Session) -> str:
        """Show the time."""
        return f"{datetime.now():%a %b %e %H:%M:%S %Y}\nTimezone: UTC\nClock source: local\n"

    @command(EXEC, "show interfaces", "show interfaces <interface>")
    def show_interfaces(self, session: Session, interface: str = "") -> str:
        """Show one interface, or all."""
        ports = [self.device.ports[interface]] if interface else list(self.device.ports.values())
        return "".join(show.interface_detail(self.device, port) for port in ports)

    @command(EXEC, "ping <word>", "ping <word> repeat <number>")
    async def ping(self, session: Session, word: str, number: str = "5") -> str:
        """Ping from the switch."""
        count, good = int(number), 0
        session.write(f"PING {word} ({word}) 72(100) bytes of data.\n")
        for sequence in range(1, count + 1):
            if self.device.answers(word):
                good += 1
                session.write(f"80 bytes from {word}: icmp_seq={sequence} ttl=64 time=0.2{sequence}1 ms\n")
            else:
                await session.pause(self.device.timings.ping)
        times = "rtt min/avg/max/mdev = 0.211/0.231/0.251/0.014 ms\n" if good else ""
        lost = (count - good) * 100 // count
        return (
            f"\n--- {word} ping statistics ---\n"
            f"{count} packets transmitted, {good} received, {lost}% packet loss, time 4ms\n{times}"
        )

    @command("config", "spanning-tree mode <word>")
    def spanning_tree_mode(self, session: Session, word: str) -> None:
        """Switch spanning tree on or off."""
        self.change(session).spanning_tree = word != "none"
        self.changed(session)

    @command("config-if", "ip address <word>")
    def ip_address_prefix(self, session: Session, word: str) -> None:
        """Set the address."""
        self._set(session, address=ip_interface(word).with_prefixlen)


def roll_back(device: Device, name: str) -> None:
    """Undo what was not confirmed in time."""
    device.record("message", f"%SYS-4-CONFIG_SESSION_COMMIT_TIMER: commit timer of session {name} expired")
    device.apply(device.snapshots.pop("committed:" + name))
