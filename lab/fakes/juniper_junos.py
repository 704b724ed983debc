# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Juniper EX switch: a shared candidate configuration, commit, commit confirmed and rollback."""

from __future__ import annotations

import re
from datetime import datetime

from lab.fakes import juniper_junos_show as show
from lab.fakes.config import Config, PortConfig
from lab.fakes.device import Device
from lab.fakes.grammar import CommandError
from lab.fakes.platform import Platform, command
from lab.fakes.session import INTERRUPT, Session

CONFIRM = "commit confirmed"
CANDIDATE = "candidate"
REFUSALS = {
    "permission": "error: could not open /config/juniper.conf+: Permission denied\n",
    "full": "error: could not write /config/juniper.conf+: No space left on device\n",
}
NAME = re.compile(r"(ge|xe|et|me|irb|ae)(-?\d+/\d+/\d+|\d*)(\.\d+)?")


class JuniperJunos(Platform):
    """EX4300 with Junos 20.4."""

    name = "juniper_junos"
    lock: Session | None = None
    """Who has the candidate for itself."""
    table_modes = "operational"
    tables = {
        "show version": show.version,
        "show interfaces terse": show.interfaces_terse,
        "show interfaces descriptions": show.interfaces_descriptions,
        "show lldp neighbors": show.lldp_neighbors,
        "show lldp neighbors interface <interface>": show.lldp_detail,
        "show ethernet-switching table": show.switching_table,
        "show ethernet-switching table interface <interface>": show.switching_table,
        "show arp no-resolve": show.arp,
        "show arp": show.arp,
        "show spanning-tree interface": show.spanning_tree,
        "show log messages": show.messages,
    }
    login_mode = "operational"
    end_command = ""
    more = "---(more)---"
    more_erase = "\r" + " " * 40 + "\r"
    reserved = {
        "operational": "clear file help load monitor mtrace op request restart save set ssh start telnet test"
        " traceroute",
        "config": "activate annotate copy deactivate edit extension help insert load prompt protect rename replace"
        " save status unprotect update wildcard",
    }

    def prompt(self, session: Session) -> str:
        """Show user and host; in configuration mode also where one is and how long a commit is unconfirmed."""
        who = f"{session.user}@{self.device.hostname}"
        if session.mode == "operational":
            return f"\n{who}> "
        left = self.device.timer_left(CONFIRM)
        notice = "" if left is None else f"# commit confirmed will be rolled back in {self._minutes(left)} minutes\n"
        return f"\n{notice}[edit]\n{who}# "

    def _minutes(self, seconds: float) -> int:
        return max(1, round(seconds / self.device.timings.minute))

    def login(self, session: Session) -> str:
        """Greet."""
        return f"--- JUNOS 20.4R3.8 Kernel 64-bit  JNPR-11.0\nLast login: {datetime.now():%a %b %e %H:%M:%S %Y}\n"

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Speak as Junos does."""
        if error.kind == "ambiguous":
            return f"{self.caret(session, error.column)}'{error.token}' is ambiguous.\n"
        if error.kind == "incomplete":
            return f"{self.caret(session, len(line) + 1)}syntax error, expecting <command>.\n"
        text = "unknown command." if error.index == 0 else "syntax error."
        if session.mode == "operational" and error.index:
            text = "syntax error, expecting <command>."
        return f"{self.caret(session, error.column)}{text}\n"

    def render_config(self, config: Config) -> str:
        """Write a configuration."""
        return show.as_text(config, self.device)

    def filtered(self, output: str, modifier: str) -> str:
        """Apply what follows the |; there may be several."""
        for part in modifier.split(" | "):
            words = part.split()
            if words[:2] == ["display", "set"]:
                shown = self.device.snapshots[CANDIDATE] if output == self._candidate_text() else self.device.running
                lines = show.as_set(shown, self.device)
                output = "".join(f"{line}\n" for line in lines)
            elif words[:1] == ["compare"]:
                output = show.compare(self.device.running, self.candidate(), self.device)
            elif words[:1] == ["last"]:
                output = "".join(output.splitlines(keepends=True)[-int(words[1]) :])
            elif words[:1] == ["match"]:
                output = super().filtered(output, "include " + " ".join(words[1:]).strip('"'))
            elif words[:1] == ["except"]:
                output = super().filtered(output, "exclude " + " ".join(words[1:]).strip('"'))
        return output

    def _candidate_text(self) -> str:
        return self.render_config(self.candidate())

    def candidate(self) -> Config:
        """Give the candidate configuration, which all sessions share."""
        return self.device.snapshots.setdefault(CANDIDATE, self.device.running.copy())

    def changed(self) -> bool:
        """Tell whether something is not committed."""
        return self.candidate() != self.device.running

    @command("operational", "exit", "quit")
    def log_out(self, session: Session) -> None:
        """End the session."""
        session.hang_up()

    @command("operational", "set cli screen-length <number>")
    def screen_length(self, session: Session, number: str) -> str:
        """Set or disable paging."""
        session.page_length = int(number)
        return f"Screen length set to {number}\n"

    @command("operational", "set cli screen-width <number>")
    def screen_width(self, session: Session, number: str) -> str:
        """Accept a width."""
        return f"Screen width set to {number}\n"

    @command("operational", "set cli complete-on-space off")
    def complete_on_space(self, session: Session) -> str:
        """Accept a setting of the command line."""
        return "Disabling complete-on-space\n"

    @command("operational", "configure exclusive")
    def configure_exclusive(self, session: Session) -> str:
        """Lock the candidate; what is not committed is dropped at the end of the mode or of the session."""
        owner = self.lock
        if owner is not None and owner is not session and not owner.closed:
            at = f"{datetime.now():%Y-%m-%d %H:%M:%S} UTC"
            return f"error: configuration database locked by:\n  {owner.user} terminal p0 (pid 2171) on since {at}\n"
        if owner is not None:
            self.device.snapshots.pop(CANDIDATE, None)
        elif self.changed():
            return "error: configuration database modified\n"
        self.lock = session
        session.enter("config")
        return "warning: uncommitted changes will be discarded on exit\nEntering configuration mode\n"

    def left(self, session: Session) -> None:
        """Go to operational mode; an exclusive lock ends with it."""
        if self.lock is session:
            self.lock = None
            self.device.snapshots.pop(CANDIDATE, None)
        session.leave()

    @command("operational", "configure", "edit")
    def configure(self, session: Session) -> str:
        """Go into configuration mode."""
        notice = "The configuration has been changed but not committed\n" if self.changed() else ""
        session.enter("config")
        return f"Entering configuration mode\n{notice}"

    @command("config", "exit", "quit", "exit configuration-mode")
    async def leave_configuration(self, session: Session) -> str | None:
        """Go to operational mode, after asking about what is not committed."""
        if self.changed():
            session.write("The configuration has been changed but not committed\n")
            answer = await session.ask("Exit with uncommitted changes? [yes,no] (yes) ")
            if answer.strip().lower().startswith("n"):
                return None
        self.left(session)
        return "Exiting configuration mode\n"

    @command("config", "run <line>")
    async def run_operational(self, session: Session, line: str) -> str | None:
        """Run a command of operational mode."""
        try:
            return await self.run(session, self.parse(session, line, "operational"))
        except CommandError as error:
            return self.error(session, f"run {line}", error)

    @command("config", "top")
    def top(self, session: Session) -> None:
        """Stay at the top."""

    def _port(self, name: str) -> PortConfig:
        return self.candidate().ports.setdefault(name, PortConfig(mode="routed"))

    def _change(self, session: Session, name: str, **values: str | bool) -> str | None:
        if not NAME.fullmatch(name):
            return f"{self.caret(session, 15)}syntax error.\n"
        for field, value in values.items():
            setattr(self._port(name), field, value)
        return None

    @command("config", "set interfaces <word> disable")
    def set_disable(self, session: Session, word: str) -> str | None:
        """Take an interface down, at the next commit."""
        return self._change(session, word, shutdown=True)

    @command("config", "delete interfaces <word> disable")
    def delete_disable(self, session: Session, word: str) -> str | None:
        """Take an interface up, at the next commit."""
        if word not in self.candidate().ports or not self._port(word).shutdown:
            return "warning: statement not found\n"
        return self._change(session, word, shutdown=False)

    @command("config", "set interfaces <word> description <line>")
    def set_description(self, session: Session, word: str, line: str) -> str | None:
        """Set the description."""
        return self._change(session, word, description=line.strip('"'))

    @command("config", "delete interfaces <word> description")
    def delete_description(self, session: Session, word: str) -> str | None:
        """Remove the description."""
        return self._change(session, word, description="")

    @command("config", "set system host-name <word>")
    def host_name(self, session: Session, word: str) -> None:
        """Name the device, at the next commit."""
        self.candidate().hostname = word

    @command("config", "set protocols rstp <line>")
    def set_rstp(self, session: Session, line: str) -> None:
        """Switch spanning tree on, at the next commit."""
        self.candidate().spanning_tree = True

    @command("config", "delete protocols rstp")
    def delete_rstp(self, session: Session) -> None:
        """Switch spanning tree off, at the next commit."""
        self.candidate().spanning_tree = False

    def _apply(self, session: Session) -> str:
        refusal = self.device.faults.refuse_save
        if refusal:
            return REFUSALS.get(refusal, refusal + "\n")
        for number in range(48, 0, -1):
            if f"rollback {number}" in self.device.snapshots:
                self.device.snapshots[f"rollback {number + 1}"] = self.device.snapshots[f"rollback {number}"]
        self.device.snapshots["rollback 1"] = self.device.running.copy()
        self.device.apply(self.candidate().copy())
        self.device.record("config", session.user)
        store(self, self.device)
        return ""

    @command("config", "commit", "commit comment <line>")
    def commit(self, session: Session, line: str = "") -> str:
        """Make the candidate the running configuration; confirm an earlier commit."""
        refused = self._apply(session)
        if not refused:
            self.device.cancel_timer(CONFIRM)
        return refused or "commit complete\n"

    @command("config", "commit and-quit")
    def commit_and_quit(self, session: Session) -> str:
        """Commit and go to operational mode."""
        answer = self.commit(session)
        if answer != "commit complete\n":
            return answer
        self.left(session)
        return answer + "Exiting configuration mode\n"

    @command("config", "commit check")
    def commit_check(self, session: Session) -> str:
        """Check the candidate."""
        return "configuration check succeeds\n"

    @command("config", "commit confirmed", "commit confirmed <number>")
    def commit_confirmed(self, session: Session, number: str = "10") -> str:
        """Make the candidate the running configuration until the timer ends."""
        kept = self.device.running.copy()
        refused = self._apply(session)
        if refused:
            return refused
        device = self.device
        device.after_minutes(CONFIRM, int(number), lambda: roll_back(self, kept))
        notice = f"commit confirmed will be automatically rolled back in {number} minutes unless confirmed"
        return f"{notice}\ncommit complete\n"

    @command("config", "commit confirmed <number> and-quit")
    def commit_confirmed_and_quit(self, session: Session, number: str) -> str:
        """Commit until the timer ends, and go to operational mode."""
        answer = self.commit_confirmed(session, number)
        if not answer.endswith("commit complete\n"):
            return answer
        self.left(session)
        return answer + "Exiting configuration mode\n"

    @command("config", "rollback", "rollback <number>")
    def rollback(self, session: Session, number: str = "0") -> str:
        """Load an earlier configuration into the candidate."""
        kept = self.device.running if number == "0" else self.device.snapshots.get(f"rollback {number}")
        if kept is None:
            return f"error: rollback {number} does not exist\n"
        self.device.snapshots[CANDIDATE] = kept.copy()
        return "load complete\n"

    @command("config", "show", "show interfaces", "show interfaces <interface>")
    def show_candidate(self, session: Session, interface: str = "") -> str:
        """Show the candidate configuration."""
        return self._candidate_text()

    @command("operational", "show configuration", "show configuration interfaces")
    def show_configuration(self, session: Session) -> str:
        """Show the committed configuration."""
        heading = (
            f"## Last commit: {self.device.saved_at or self.device.booted:%Y-%m-%d %H:%M:%S} UTC by {session.user}\n"
        )
        return heading + self.render_config(self.device.running)

    @command("operational", "show system commit")
    def show_system_commit(self, session: Session) -> str:
        """Show the commits."""
        at = self.device.saved_at or self.device.booted
        waits = self.device.timer_left(CONFIRM) is not None
        how = " commit confirmed, rollback in 2mins\n    rollback pending" if waits else ""
        earlier = f"1   {self.device.booted:%Y-%m-%d %H:%M:%S} UTC by root via other\n"
        return f"0   {at:%Y-%m-%d %H:%M:%S} UTC by {session.user} via cli{how}\n{earlier}"

    @command("operational", "show system rollback 0")
    def show_stored(self, session: Session) -> str:
        """Show the committed configuration as it is on disk."""
        return f"## Last changed: {self.device.booted:%Y-%m-%d %H:%M:%S} UTC\n{self.device.startup}"

    @command("operational", "show system uptime")
    def show_uptime(self, session: Session) -> str:
        """Show the time."""
        booted = self.device.booted
        return f"Current time: {datetime.now():%Y-%m-%d %H:%M:%S} UTC\nSystem booted: {booted:%Y-%m-%d %H:%M:%S} UTC\n"

    @command("operational", "show interfaces", "show interfaces <interface>")
    def show_interfaces(self, session: Session, interface: str = "") -> str:
        """Show one interface, or all."""
        ports = [self.device.ports[interface]] if interface else list(self.device.ports.values())
        return "".join(show.interface_detail(self.device, port) for port in ports)

    @command("operational", "ping <ip>", "ping <ip> count <number>", "ping <ip> rapid count <number>")
    @command("operational", "ping <ip> count <number> wait <number:wait>")
    async def ping(self, session: Session, ip: str, number: str = "0", wait: str = "") -> str:
        """Ping from the switch; without a count it ends with Ctrl-C only, as Junos's does."""
        session.write(f"PING {ip} ({ip}): 56 data bytes\n")
        sent = good = 0
        while not int(number) or sent < int(number):
            if self.device.answers(ip):
                good += 1
                session.write(f"64 bytes from {ip}: icmp_seq={sent} ttl=64 time=1.{sent % 10}21 ms\n")
            sent += 1
            if not int(number) and await session.key_within(1.0) == INTERRUPT:
                session.write("^C\n")
                break
        lost = (sent - good) * 100 // sent
        times = "round-trip min/avg/max/stddev = 1.021/1.121/1.421/0.141 ms\n" if good else ""
        return (
            f"\n--- {ip} ping statistics ---\n{sent} packets transmitted, {good} packets received, "
            f"{lost}% packet loss\n{times}"
        )


def store(platform: Platform, device: Device) -> None:
    """Write the committed configuration to disk, unless a fault has it otherwise."""
    stored = device.faults.save_stores
    if stored != "previous":
        device.startup = platform.render_config(device.running) + (f"{stored}\n" if stored else "")
    device.saved_at = datetime.now()


def roll_back(platform: JuniperJunos, kept: Config) -> None:
    """Undo what was not confirmed in time."""
    device = platform.device
    device.apply(kept)
    device.snapshots[CANDIDATE] = kept.copy()
    store(platform, device)
    device.broadcast(
        f"\nBroadcast Message from root@{device.hostname}\n        (no tty) at {datetime.now():%H:%M} UTC...\n\n"
        "Commit was not confirmed; automatic rollback complete.\n\n"
    )
