# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the switch area: each carries the switch it is about and ends in what to do."""

from __future__ import annotations

from typing import Optional


class SwitchError(Exception):
    """A switch, or the way to it, is not as needed.

    ``reason`` is a fixed word that a playbook can branch on; ``switch`` is the inventory's name.
    """

    reason = "error"

    def __init__(self, switch: str, message: str) -> None:
        super().__init__(message)
        self.switch = switch
        self.message = message

    def __str__(self) -> str:
        return f"{self.switch}: {self.message}"

    def adding(self, text: str) -> SwitchError:
        """Return this error with more said."""
        self.message += f"; {text}"
        return self


class Unreachable(SwitchError):
    """No SSH session could be opened."""

    reason = "unreachable"


class HostKeyUnknown(SwitchError):
    """The switch's host key is in none of the known_hosts files."""

    reason = "host_key_unknown"


class HostKeyChanged(SwitchError):
    """The switch shows another host key than the recorded one."""

    reason = "host_key_changed"


class LoginFailed(SwitchError):
    """User, password or key were not accepted."""

    reason = "login_failed"


class PrivilegeMissing(SwitchError):
    """Logged in, but not allowed to configure."""

    reason = "privilege_missing"


class PlatformUnknown(SwitchError):
    """No file under platforms/ knows this kind of switch."""

    reason = "platform_unknown"


class PortUnknown(SwitchError):
    """The switch has no port of this name."""

    reason = "port_unknown"


class SessionLost(SwitchError):
    """The session ended or fell silent in the middle of an exchange."""

    reason = "session_lost"


class CommandRejected(SwitchError):
    """The switch answered a command with an error."""

    reason = "command_rejected"

    def __init__(self, switch: str, command: str, output: str) -> None:
        self.command = command
        self.answer = shown_end(output)
        super().__init__(switch, f"rejected '{command}': {self.answer}; check the command on this software version")


class Unparsable(SwitchError):
    """The switch answered with something that could not be understood."""

    reason = "unparsable"

    def __init__(self, switch: str, command: str, output: str) -> None:
        super().__init__(
            switch,
            f"the output of '{command}' was not understood: {shown(output)}; "
            "check switch_platform, nothing was assumed from it",
        )


class Refused(SwitchError):
    """A guard said no; nothing was changed."""

    reason = "refused"


class Busy(SwitchError):
    """Another run on this controller is working on the switch."""

    reason = "busy"


class CheckFailed(SwitchError):
    """The change was made and did not prove itself."""

    reason = "check_failed"


class SaveFailed(SwitchError):
    """The running configuration did not become the startup configuration."""

    reason = "save_failed"


class StateUnknown(SwitchError):
    """The session was lost after a change began and the switch could not be read again."""

    reason = "state_unknown"


def told(switch: str, error: Exception) -> SwitchError:
    """Return the error as one of this area; what nobody thought of becomes a sentence as well."""
    if isinstance(error, SwitchError):
        return error
    return SwitchError(switch, f"unexpected {type(error).__name__}: {error}")


def shown(output: Optional[str], limit: int = 160) -> str:
    """Return output as one short quoted line."""
    text = _one_line(output)
    return f"'{text[:limit]}...'" if len(text) > limit else _quoted(text)


def shown_end(output: Optional[str], limit: int = 160) -> str:
    """Like ``shown``, but keep the end, where a switch says what went wrong."""
    text = _one_line(output)
    return f"'...{text[-limit:]}'" if len(text) > limit else _quoted(text)


def _one_line(output: Optional[str]) -> str:
    return " | ".join(line.strip() for line in (output or "").splitlines() if line.strip())


def _quoted(text: str) -> str:
    return f"'{text}'" if text else "nothing"
