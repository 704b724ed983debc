# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shutting the port of a host, so that it reaches nobody any more: a fence where its BMC does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from .errors import CheckFailed, SaveFailed
from .model import Port
from .platforms.base import Platform
from .target import Target


@dataclass(frozen=True)
class Shut:
    """What was done, and the port as it was read back."""

    changed: bool
    commands: List[str]
    after: Port


def shut_port(target: Target, platform: Platform, port: str, check_mode: bool = False) -> Shut:
    """Shut a port, prove that it is shut, and save that; SwitchError where it cannot be proven.

    It is saved, because a switch that restarts must not let the fenced host back.
    """
    session = platform.open(target)
    try:
        before = platform.read_states(session, [port])[port]
        sends = platform.change([(port, False)]) if before.enabled else []
        if check_mode:
            return Shut(bool(sends), [send.command for send in sends], before)
        session.change(sends)
        after = platform.read_states(session, [port])[port]
        if after.enabled:
            raise CheckFailed(target.name, f"{port} is still enabled after it was shut; shut it on the console")
        if platform.unsaved(session, [port]):
            session.change(platform.save())
            if platform.unsaved(session, [port]):
                raise SaveFailed(
                    target.name, f"{port} is shut, but that is not saved: repair the flash before a restart"
                )
        return Shut(bool(sends), list(session.sent), after)
    finally:
        session.close()
