# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the platforms with IOS's command line share: modes, interface configuration, storing."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_interface

from lab.fakes.config import Config
from lab.fakes.grammar import CommandError
from lab.fakes.platform import Platform, command
from lab.fakes.session import Session

EXEC = "user privileged"


class IosLike(Platform):
    """Exec, configuration and interface modes, as IOS has them and others copied."""

    login_mode = "privileged"
    greeting = ""
    bad_secrets = "% Bad secrets\n\n"
    parents = {"config-if": "config", "config-archive": "config"}
    prompts = {"user": ">", "privileged": "#", "config": "(config)#", "config-if": "(config-if)#"}
    reserved = {
        "user": "connect clear disable disconnect help lock login logout mtrace resume ssh systat telnet traceroute",
        "privileged": "clear clock connect copy debug delete dir disable disconnect erase format help lock login"
        " logout mkdir monitor more mtrace no release rename reload renew resume rmdir setup ssh systat telnet test"
        " traceroute undebug verify where",
        "config": "aaa access-list alias arp banner boot cdp class-map clock crypto default do errdisable ip"
        " ipv6 key line lldp logging mac monitor ntp policy-map port-channel radius-server router service"
        " snmp-server tacacs-server username vlan vtp",
        "config-if": "arp bandwidth carrier-delay cdp channel-group delay duplex keepalive load-interval mdix"
        " mls power priority-queue service-policy snmp spanning-tree speed storm-control",
    }

    def prompt(self, session: Session) -> str:
        """Show the host name, cut to 20 characters in the configuration modes, and the mode."""
        name = self.device.hostname
        return (name if session.mode in EXEC.split() else name[:20]) + self.prompts[session.mode]

    def login(self, session: Session) -> str:
        """Start in the mode that the account has."""
        if not self.device.credentials.privileged_login:
            session.mode = "user"
        return self.greeting

    @command("user", "enable")
    async def enable(self, session: Session) -> str | None:
        """Ask for the enable secret, three times."""
        for _turn in range(3):
            if await session.ask("Password: ", echo=False) == self.device.credentials.enable_secret:
                session.mode = "privileged"
                return None
        return self.bad_secrets

    @command("privileged", "enable")
    def enable_again(self, session: Session) -> None:
        """Stay in privileged mode."""

    @command("privileged", "disable")
    def disable(self, session: Session) -> None:
        """Go back to user mode."""
        session.mode = "user"

    @command(EXEC, "exit", "quit", "logout")
    def log_out(self, session: Session) -> None:
        """End the session."""
        session.hang_up()

    @command("config", "exit")
    def exit_mode(self, session: Session) -> None:
        """Go to the mode above."""
        session.leave()
        if session.mode == "privileged":
            self.left_configuration(session)

    @command("config", "end")
    def end(self, session: Session) -> None:
        """Go to privileged mode."""
        session.stack.clear()
        session.mode = "privileged"
        self.left_configuration(session)

    def left_configuration(self, session: Session) -> None:
        """Log that the configuration was worked on."""
        self.device.record("config", session.user, "127.0.0.1")

    @command("config", "do <line>")
    async def do(self, session: Session, line: str) -> str | None:
        """Run a command of privileged mode."""
        try:
            return await self.run(session, self.parse(session, line, "privileged"))
        except CommandError as error:
            return self.error(session, f"do {line}", error)

    @command(EXEC, "terminal length <number>")
    def terminal_length(self, session: Session, number: str) -> str | None:
        """Set or disable paging."""
        session.page_length = int(number)
        return None

    @command(EXEC, "terminal width <number>", "terminal monitor", "terminal no monitor")
    def terminal_setting(self, session: Session, number: str = "") -> None:
        """Accept a setting of the terminal."""

    @command("config config-if", "interface <interface>")
    def interface(self, session: Session, interface: str) -> None:
        """Go into interface mode."""
        while session.mode != "config" and session.leave():
            pass
        session.interface = interface
        session.enter("config-if")

    def change(self, session: Session) -> Config:
        """Give the configuration that the session changes."""
        return self.device.running

    def changed(self, session: Session) -> None:
        """Let the device follow the changed configuration."""
        self.device.refresh()

    def _set(self, session: Session, **values: str | int | bool) -> None:
        port = self.change(session).ports[session.interface]
        for name, value in values.items():
            setattr(port, name, value)
        self.changed(session)

    @command("config-if", "shutdown")
    def shutdown(self, session: Session) -> None:
        """Take the interface down."""
        self._set(session, shutdown=True)

    @command("config-if", "no shutdown")
    def no_shutdown(self, session: Session) -> None:
        """Take the interface up."""
        self._set(session, shutdown=False)

    @command("config-if", "description <line>")
    def description(self, session: Session, line: str) -> None:
        """Set the description."""
        self._set(session, description=line)

    @command("config-if", "no description")
    def no_description(self, session: Session) -> None:
        """Remove the description."""
        self._set(session, description="")

    @command("config-if", "switchport mode access", "switchport")
    def mode_access(self, session: Session) -> None:
        """Make it an access port."""
        self._set(session, mode="access")

    @command("config-if", "switchport mode trunk")
    def mode_trunk(self, session: Session) -> None:
        """Make it a trunk."""
        self._set(session, mode="trunk")

    @command("config-if", "switchport access vlan <number>")
    def access_vlan(self, session: Session, number: str) -> None:
        """Set the access VLAN."""
        self._set(session, vlan=int(number))

    @command("config-if", "switchport trunk allowed vlan <line>")
    def trunk_vlans(self, session: Session, line: str) -> None:
        """Set the VLANs of a trunk."""
        self._set(session, trunk_vlans=line)

    @command("config-if", "ip address <ip> <ip:mask>")
    def ip_address(self, session: Session, ip: str, mask: str = "") -> None:
        """Set the address."""
        self._set(session, address=ip_interface(f"{ip}/{mask}").with_prefixlen)

    @command("config-if", "no ip address")
    def no_ip_address(self, session: Session) -> None:
        """Remove the address."""
        self._set(session, address="")

    @command("config", "hostname <word>")
    def hostname(self, session: Session, word: str) -> None:
        """Name the device."""
        self.change(session).hostname = word

    def store(self, text: str) -> None:
        """Write the startup configuration, unless a fault has it otherwise."""
        stored = self.device.faults.save_stores
        if stored != "previous":
            self.device.startup = text if not stored else text.replace("\nend\n", f"\n{stored}\nend\n")
        self.device.saved_at = datetime.now()
