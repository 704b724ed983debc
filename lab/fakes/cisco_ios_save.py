# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saving, confirmed changes with their revert timer, and ping of Cisco IOS."""

from __future__ import annotations

from datetime import datetime

from lab.fakes.config import Config
from lab.fakes.device import Device
from lab.fakes.ios_like import EXEC, IosLike
from lab.fakes.platform import command
from lab.fakes.session import Session

ENTER_LINES = "Enter configuration commands, one per line.  End with CNTL/Z.\n"
NOT_PENDING = "%No Rollback Confirmed Change pending\n"
REFUSALS = {
    "permission": "startup-config file open failed (Permission denied)\n",
    "full": "Building configuration...\n% Configuration buffer full, can't add command: interface Vlan10\n"
    "%Aborting Save. Compress the config.\n",
}


class IosSaving(IosLike):
    """Saving, the archive, and `configure terminal revert timer`."""

    @command("privileged", "write", "write memory")
    def write_memory(self, session: Session) -> str:
        """Save."""
        refusal = self.device.faults.refuse_save
        if refusal:
            return REFUSALS.get(refusal, refusal + "\n")
        self.store(self.render_config(self.device.running))
        self.device.snapshots["nvram:startup-config"] = self.device.running.copy()
        return "Building configuration...\n[OK]\n"

    @command("privileged", "copy running-config startup-config")
    async def copy_running_startup(self, session: Session) -> str:
        """Save, after asking for the file name."""
        await session.ask("Destination filename [startup-config]? ")
        return self.write_memory(session)

    @command("privileged", "configure terminal")
    def configure_terminal(self, session: Session) -> str:
        """Go into configuration mode."""
        session.enter("config")
        return ENTER_LINES

    @command("privileged", "configure")
    async def configure(self, session: Session) -> str:
        """Go into configuration mode, after asking where from."""
        await session.ask("Configuring from terminal, memory, or network [terminal]? ")
        return self.configure_terminal(session)

    @command("privileged", "configure terminal revert timer <number>")
    def configure_revert(self, session: Session, number: str) -> str:
        """Go into configuration mode; what is not confirmed in time is undone."""
        minutes = int(number)
        if not 1 <= minutes <= 120:
            return "% Invalid input detected at '^' marker.\n\n"
        if not self.device.running.archive_path:
            return "%Please turn config archive on before using Rollback Confirmed Change\n"
        if self.device.timer_left("revert") is not None:
            return "%Rollback Confirmed Change already in progress\n"
        name = self.archive()
        session.values["revert"] = (datetime.now(), minutes, session.user)
        self.device.snapshots["revert"] = self.device.snapshots[name]
        self._start_timer(name, minutes)
        session.enter("config")
        return f"Rollback Confirmed Change: Backing up current running config to {name}\n\n{ENTER_LINES}"

    def archive(self) -> str:
        """Keep the running configuration in the archive."""
        count = sum(name.startswith(self.device.running.archive_path) for name in self.device.snapshots)
        now = datetime.now()
        stamp = f"{now:%b-%e-%H-%M-%S}".replace(" ", "-") + f".{now.microsecond // 1000:03d}"
        name = f"{self.device.running.archive_path}-{stamp}-{count}"
        self.device.snapshots[name] = self.device.running.copy()
        return name

    def _start_timer(self, name: str, minutes: int) -> None:
        device = self.device
        device.after_minutes("revert", minutes, lambda: roll_back(device, name))
        device.after_minutes("revert-warning", minutes - 1, lambda: warn(device))

    @command("privileged", "configure confirm")
    def configure_confirm(self, session: Session) -> str | None:
        """Keep what was changed."""
        if not self.device.cancel_timer("revert"):
            return NOT_PENDING
        self.device.cancel_timer("revert-warning")
        self.device.record("message", "%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_CONFIRM: Confirm the configuration change")
        return None

    @command("privileged", "configure revert now")
    def configure_revert_now(self, session: Session) -> str:
        """Undo what was changed, at once."""
        if not self.device.cancel_timer("revert"):
            return NOT_PENDING
        self.device.cancel_timer("revert-warning")
        self.device.apply(self.device.snapshots["revert"].copy())
        return "Rollback Confirmed Change: rolling back now\nTotal number of passes: 1\nRollback Done\n\n"

    @command("privileged", "configure revert timer <number>")
    def configure_revert_timer(self, session: Session, number: str) -> str | None:
        """Set the timer anew."""
        if self.device.timer_left("revert") is None:
            return NOT_PENDING
        name = next(name for name, kept in self.device.snapshots.items() if kept is self.device.snapshots["revert"])
        self._start_timer(name, int(number))
        return None

    @command("privileged", "configure replace <word:source>", "configure replace <word:source> force")
    def configure_replace(self, session: Session, source: str) -> str:
        """Make a kept configuration the running one."""
        kept: Config | None = self.device.snapshots.get(source)
        if kept is None:
            return f"%Error opening {source} (No such file or directory)\n"
        self.device.apply(kept.copy())
        return "Total number of passes: 1\nRollback Done\n\n"

    @command("privileged", "archive config")
    def archive_config(self, session: Session) -> str | None:
        """Keep the running configuration."""
        if not self.device.running.archive_path:
            return "Archive feature not enabled\n"
        self.archive()
        return None

    @command("privileged", "show archive")
    def show_archive(self, session: Session) -> str:
        """Show the archive."""
        path = self.device.running.archive_path
        if not path:
            return "Archive feature not enabled\n"
        kept = [name for name in self.device.snapshots if name.startswith(path)]
        lines = [
            "The maximum archive configurations allowed is 10.",
            f"There are currently {len(kept)} archive configurations saved.",
            f"The next archive file will be named {path}-<timestamp>-{len(kept)}",
            " Archive #  Name",
        ]
        for number in range(1, 11):
            name = kept[number - 1] if number <= len(kept) else ""
            recent = " <- Most Recent" if number == len(kept) else ""
            lines.append(f"   {number:<8} {name}{recent}".rstrip())
        return "".join(f"{line}\n" for line in lines)

    @command("privileged", "show archive config rollback timer")
    def show_rollback_timer(self, session: Session) -> str:
        """Show the revert timer."""
        left = self.device.timer_left("revert")
        if left is None:
            return NOT_PENDING
        at, minutes, user = session.values.get("revert", (datetime.now(), round(left / 60), session.user))
        return (
            f"Time configured(or reconfigured): {at:%H:%M:%S} UTC {at:%a %b %-d %Y}\n"
            f"Timer type: absolute timer\nTimer value: {minutes} min\nUser: {user}\n"
        )

    @command("config", "archive")
    def archive_mode(self, session: Session) -> None:
        """Go into archive configuration."""
        session.enter("config-archive")

    @command("config-archive", "path <word>")
    def archive_path(self, session: Session, word: str) -> None:
        """Say where the archive is."""
        self.device.running.archive_path = word

    @command("config-archive", "no path")
    @command("config", "no archive")
    def no_archive(self, session: Session) -> None:
        """Switch the archive off."""
        self.device.running.archive_path = ""

    @command(EXEC, "ping <word>", "ping <word> repeat <number>", "ping <word> repeat <number> timeout <seconds:number>")
    async def ping(self, session: Session, word: str, number: str = "5", seconds: str = "2") -> str:
        """Ping from the switch."""
        count = int(number)
        session.write("Type escape sequence to abort.\n")
        session.write(f"Sending {count}, 100-byte ICMP Echos to {word}, timeout is {seconds} seconds:\n")
        good = 0
        for _turn in range(count):
            if self.device.answers(word):
                good += 1
                session.write("!")
            else:
                session.write(".")
                await session.pause(self.device.timings.ping)
        times = ", round-trip min/avg/max = 1/1/2 ms" if good else ""
        return f"\nSuccess rate is {good * 100 // count} percent ({good}/{count}){times}\n"


def roll_back(device: Device, name: str) -> None:
    """Undo what was not confirmed in time."""
    device.cancel_timer("revert-warning")
    device.record("message", "%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK: Rolling back to " + name)
    device.broadcast(f"\nRollback Confirmed Change: Rolling to:{name}\n\n")
    device.apply(device.snapshots["revert"].copy())
    device.broadcast("Total number of passes: 1\nRollback Done\n\n")


def warn(device: Device) -> None:
    """Say that the time is nearly over."""
    device.broadcast(
        "Rollback Confirmed Change: Rollback will begin in one minute.\n"
        'Enter "configure confirm" if you wish to keep what you\'ve configured\n\n'
    )
