# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Huawei VRP and H3C Comware share: views, `undo`, and how an interface is configured."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_interface

from lab.fakes.config import Config, PortConfig
from lab.fakes.formats import joined
from lab.fakes.platform import Platform, command
from lab.fakes.session import Session


class VrpLike(Platform):
    """User view, system view and interface view; `display` and `ping` work in all of them."""

    login_mode = "user"
    parents = {"interface": "system", "system": "any", "user": "any"}
    end_command = "return"
    entering = "Enter system view, return user view with Ctrl+Z.\n"

    def prompt(self, session: Session) -> str:
        """Show <name>, [name] or [name-interface]."""
        if session.mode == "user":
            return f"<{self.device.hostname}>"
        return f"[{self.view_name(session)}]"

    def view_name(self, session: Session) -> str:
        """Name the view below user view, as the prompt has it."""
        name = self.change(session).hostname
        return f"{name}-{session.interface}" if session.mode == "interface" else name

    @command("user", "system-view")
    def system_view(self, session: Session) -> str:
        """Go into system view."""
        session.enter("system")
        return self.entering

    @command("user", "quit")
    def log_out(self, session: Session) -> None:
        """End the session."""
        session.hang_up()

    @command("system", "quit")
    async def leave_view(self, session: Session) -> str | None:
        """Go to the view above."""
        if session.mode == "system":
            return await self.leave_system_view(session)
        session.leave()
        return None

    @command("system", "return")
    async def to_user_view(self, session: Session) -> str | None:
        """Go to user view."""
        return await self.leave_system_view(session)

    async def leave_system_view(self, session: Session) -> str | None:
        """Go to user view; a platform with a candidate configuration asks about it first."""
        session.stack.clear()
        session.mode = "user"
        return None

    @command("system", "interface <interface>")
    def interface(self, session: Session, interface: str) -> None:
        """Go into interface view."""
        while session.mode != "system" and session.leave():
            pass
        session.interface = interface
        session.enter("interface")

    def change(self, session: Session) -> Config:
        """Give the configuration that the session changes."""
        return self.device.running

    def changed(self, session: Session) -> None:
        """Let the device follow the changed configuration."""
        self.device.refresh()

    def port(self, session: Session) -> PortConfig:
        """Give the configuration of the session's interface."""
        return self.change(session).ports[session.interface]

    def _set(self, session: Session, **values: str | int | bool) -> None:
        for name, value in values.items():
            setattr(self.port(session), name, value)
        self.changed(session)

    def set_shutdown(self, session: Session, down: bool) -> None:
        """Take the interface down or up."""
        self._set(session, shutdown=down)

    @command("interface", "shutdown")
    def shutdown(self, session: Session) -> str | None:
        """Take the interface down."""
        if self.port(session).shutdown:
            return self.already(session, True)
        self.set_shutdown(session, True)
        return None

    @command("interface", "undo shutdown")
    def undo_shutdown(self, session: Session) -> str | None:
        """Take the interface up."""
        if not self.port(session).shutdown:
            return self.already(session, False)
        self.set_shutdown(session, False)
        return None

    def already(self, session: Session, down: bool) -> str | None:
        """Say that the interface is in that state already."""
        return None

    @command("interface", "description <line>")
    def description(self, session: Session, line: str) -> None:
        """Set the description."""
        self._set(session, description=line)

    @command("interface", "undo description")
    def undo_description(self, session: Session) -> None:
        """Remove the description."""
        self._set(session, description="")

    @command("interface", "port link-type access")
    def link_type_access(self, session: Session) -> None:
        """Make it an access port."""
        self._set(session, mode="access")

    @command("interface", "port link-type trunk")
    def link_type_trunk(self, session: Session) -> None:
        """Make it a trunk."""
        self._set(session, mode="trunk")

    @command("interface", "ip address <ip> <ip:mask>", "ip address <ip> <number:mask>")
    def ip_address(self, session: Session, ip: str, mask: str) -> None:
        """Set the address."""
        self._set(session, address=ip_interface(f"{ip}/{mask}").with_prefixlen)

    @command("interface", "undo ip address")
    def undo_ip_address(self, session: Session) -> None:
        """Remove the address."""
        self._set(session, address="")

    @command("system", "sysname <word>")
    def sysname(self, session: Session, word: str) -> None:
        """Name the device."""
        self.change(session).hostname = word

    def set_spanning_tree(self, session: Session, on: bool) -> None:
        """Switch spanning tree on or off."""
        self.change(session).spanning_tree = on
        self.changed(session)

    @command("any", "display current-configuration")
    def display_current(self, session: Session) -> str:
        """Show the running configuration."""
        return self.render_config(self.device.running)

    @command("any", "display current-configuration interface <interface>")
    def display_current_interface(self, session: Session, interface: str) -> str:
        """Show the running configuration of an interface."""
        return joined(["#", *self.render_port(interface), "#", "return"])

    @command("interface", "display this")
    def display_this(self, session: Session) -> str:
        """Show the configuration of the view."""
        return self.display_current_interface(session, session.interface)

    @command("any", "display saved-configuration")
    def display_saved(self, session: Session) -> str:
        """Show the startup configuration."""
        return self.device.startup

    def render_port(self, name: str) -> list[str]:
        """Write the configuration of an interface."""
        raise NotImplementedError

    def store(self, text: str) -> None:
        """Write the startup configuration, unless a fault has it otherwise."""
        stored = self.device.faults.save_stores
        if stored != "previous":
            self.device.startup = text if not stored else text.replace("\n#\nreturn\n", f"\n#\n{stored}\n#\nreturn\n")
        self.device.saved_at = datetime.now()

    async def confirmed(self, session: Session, question: str, again: str) -> bool:
        """Ask for Y or N until one of them comes."""
        answer = await session.ask(question)
        while answer.strip().lower() not in ("y", "n", "yes", "no"):
            answer = await session.ask(again)
        return answer.strip().lower().startswith("y")

    async def ping_lines(self, session: Session, address: str, count: int) -> int:
        """Ping, print a line for each reply, and count the replies."""
        good = 0
        for sequence in range(1, count + 1):
            if self.device.answers(address):
                good += 1
                session.write(self.reply(address, sequence))
            else:
                await session.pause(self.device.timings.ping)
                session.write(self.no_reply)
        return good

    no_reply = "    Request time out\n"

    def reply(self, address: str, sequence: int) -> str:
        """Give the line of one reply."""
        return f"    Reply from {address}: bytes=56 Sequence={sequence} ttl=255 time=1 ms\n"
