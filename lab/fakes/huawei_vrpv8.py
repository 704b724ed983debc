# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Huawei data-centre switch with VRP 8: changes wait in a candidate configuration for `commit`."""

from __future__ import annotations

from lab.fakes import huawei_vrp_show as show
from lab.fakes.config import Config
from lab.fakes.device import Device
from lab.fakes.formats import counted, joined, uptime_parts
from lab.fakes.grammar import CommandError
from lab.fakes.huawei_vrp import HuaweiVrp
from lab.fakes.platform import command
from lab.fakes.session import Session

TRIAL = "trial"
UNCOMMITTED = (
    "Warning: Uncommitted configurations found. Are you sure to commit them before exiting? [Y(yes)/N(no)/C(cancel)]:"
)
OTHERS_TRIAL = "Error: The system is in the trial configuration mode of another session. Please try again later.\n"


def version(device: Device) -> str:
    """Show `display version`."""
    weeks, days, hours, minutes = uptime_parts(device.booted)
    parts = [counted(weeks * 7 + days, "day"), counted(hours, "hour"), counted(minutes, "minute")]
    return joined(
        [
            "Huawei Versatile Routing Platform Software",
            "VRP (R) software, Version 8.180 (CE6857EI V200R005C10SPC800)",
            "Copyright (C) 2012-2018 Huawei Technologies Co., Ltd.",
            f"HUAWEI CE6857-48S6CQ-EI uptime is {', '.join(parts)}",
            "",
            "CE6857-48S6CQ-EI(Master) 1 : uptime is  " + ", ".join(parts),
            f"        StartupTime {device.booted:%Y/%m/%d   %H:%M:%S}",
            "Memory    Size    : 4096 M bytes",
            "Flash     Size    : 2048 M bytes",
        ]
    )


def lldp_neighbor_brief(device: Device) -> str:
    """Show `display lldp neighbor brief`."""
    lines = ["Local Interface         Exptime(s) Neighbor Interface      Neighbor Device", show.RULE]
    for port, peer in device.neighbors():
        lines.append(f"{port.name:<23} {108:>9}  {peer.port:<23} {peer.name}")
    return joined(lines)


def roll_back(device: Device) -> None:
    """Undo what was not confirmed in time."""
    device.record("message", "The trial configuration was rolled back.")
    device.apply(device.snapshots.pop(TRIAL))


class HuaweiVrpv8(HuaweiVrp):
    """CE6857 with V200R005."""

    name = "huawei_vrpv8"
    tables = {
        **HuaweiVrp.tables,
        "display version": version,
        "display lldp neighbor brief": lldp_neighbor_brief,
    }

    def login(self, session: Session) -> str:
        """Greet."""
        return super().login(session).replace("VTY users is 5", "VTY users is 21")

    def error(self, session: Session, line: str, error: CommandError) -> str:
        """Speak as VRP 8 does."""
        return super().error(session, line, error).replace("Error:A", "Error: A").replace("Error:I", "Error: I")

    def candidate(self, session: Session) -> Config | None:
        """Give what the session has changed and not committed."""
        config: Config | None = session.values.get("candidate")
        return None if config is None or config == self.device.running else config

    def view_name(self, session: Session) -> str:
        """Mark the view with ~, or with * while something is not committed."""
        mark = "~" if self.candidate(session) is None else "*"
        name = self.device.hostname
        return mark + (f"{name}-{session.interface}" if session.mode == "interface" else name)

    def change(self, session: Session) -> Config:
        """Give the session's candidate configuration."""
        if self.candidate(session) is None:
            session.values["candidate"] = self.device.running.copy()
        config: Config = session.values["candidate"]
        return config

    def changed(self, session: Session) -> None:
        """Let the device be: nothing changes before the commit."""

    def already(self, session: Session, down: bool) -> str:
        """Say nothing: the candidate is compared at the commit."""
        return ""

    def _commit(self, session: Session) -> None:
        config = self.candidate(session)
        if config is not None:
            self.device.apply(config)
        session.values.pop("candidate", None)

    def _trial_of_another(self, session: Session) -> bool:
        return self.device.timer_left(TRIAL) is not None and session.values.get(TRIAL) is not True

    @command("system", "commit", "commit comment <line>", "commit description <line>", "commit label <word>")
    def commit(self, session: Session, line: str = "", word: str = "") -> str | None:
        """Make the candidate the running configuration; in a trial, keep what it applied."""
        if self._trial_of_another(session):
            return OTHERS_TRIAL
        if session.values.pop(TRIAL, False):
            self.device.cancel_timer(TRIAL)
            self.device.snapshots.pop(TRIAL, None)
        self._commit(session)
        return None

    @command("system", "commit trial", "commit trial <number>")
    def commit_trial(self, session: Session, number: str = "600") -> str:
        """Make the candidate the running configuration until the trial ends."""
        if not 60 <= int(number) <= 65535:
            return f"{self.caret(session, 13)}Error: Wrong parameter found at '^' position.\n"
        if self._trial_of_another(session):
            return OTHERS_TRIAL
        if self.candidate(session) is None:
            return "Error: No configuration is to be committed.\n"
        self.device.snapshots.setdefault(TRIAL, self.device.running.copy())
        self._commit(session)
        session.values[TRIAL] = True
        device, seconds = self.device, int(number) * self.device.timings.minute / 60
        device.after_seconds(TRIAL, seconds, lambda: roll_back(device))
        return (
            "Info: The system enters the trial configuration mode.\nThe system will revert to previous configuration "
            f"if the trial configuration is not confirmed in {number} seconds.\n"
        )

    @command("system", "abort trial")
    async def abort_trial(self, session: Session) -> str | None:
        """Undo what the trial applied."""
        if self.device.timer_left(TRIAL) is None or self._trial_of_another(session):
            return "Error: The session is not in the trial configuration mode.\n"
        question = "Warning: The trial configuration will be rolled back. Continue? [Y/N]:"
        if not await self.confirmed(session, question, question):
            return None
        self.device.cancel_timer(TRIAL)
        session.values.pop(TRIAL, None)
        roll_back(self.device)
        return "Info: The trial configuration rollback succeeded.\n"

    @command("any", "display configuration trial status")
    def trial_status(self, session: Session) -> str:
        """Show the trial."""
        left = self.device.timer_left(TRIAL)
        if left is None:
            return "Trial status: INACTIVE\n"
        return f"Trial status: ACTIVE\nTrial remaining time: {int(left)} seconds\n"

    @command("any", "display configuration candidate")
    def display_candidate(self, session: Session) -> str:
        """Show the candidate configuration."""
        return self.render_config(self.candidate(session) or self.device.running)

    @command("system", "clear configuration candidate")
    def clear_candidate(self, session: Session) -> None:
        """Drop what is not committed."""
        session.values.pop("candidate", None)

    async def leave_system_view(self, session: Session) -> str | None:
        """Go to user view, after asking about what is not committed."""
        if self.candidate(session) is not None:
            answer = (await session.ask(UNCOMMITTED)).strip().lower()
            while answer[:1] not in ("y", "n", "c") or not answer:
                answer = (await session.ask(UNCOMMITTED)).strip().lower()
            if answer.startswith("c"):
                return None
            if answer.startswith("y"):
                self._commit(session)
            session.values.pop("candidate", None)
        return await super().leave_system_view(session)

    async def save(self, session: Session) -> str | None:
        """Save, after a question."""
        question = "Warning: The current configuration will be written to the device. Continue? [Y/N]:"
        if not await self.confirmed(session, question, question):
            return None
        refusal = self.device.faults.refuse_save
        if refusal:
            return self.refusals.get(refusal, refusal + "\n")
        self.store(self.render_config(self.device.running))
        self.device.record("save", session.user)
        session.write("Now saving the current configuration to the slot 1 .")
        await session.pause(0.02)
        return ".\nInfo: Save the configuration successfully.\n"

    def render_config(self, config: Config) -> str:
        """Write a configuration."""
        return super().render_config(config).replace("V200R019C10SPC500", "V200R005C10SPC800")
