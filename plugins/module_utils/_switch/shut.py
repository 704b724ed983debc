# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shutting the port of a host, so that it reaches nobody any more: a fence where its BMC does not answer."""

from __future__ import annotations

from .errors import CheckFailed, SaveFailed
from .platforms.base import Platform
from .target import Target


def shut_port(target: Target, platform: Platform, port: str) -> bool:
    """Shut a port, prove that it is shut, and save that; SwitchError where it cannot be proven.

    Returns False where it was shut already. It is saved, because a switch that restarts must not let the host back.
    """
    session = platform.open(target)
    try:
        was_enabled = platform.read_states(session, [port])[port].enabled
        if was_enabled:
            session.change(platform.change([(port, False)]))
        if platform.read_states(session, [port])[port].enabled:
            raise CheckFailed(target.name, f"{port} is still enabled after it was shut; shut it on the console")
        if platform.unsaved(session, [port]):
            session.change(platform.save())
            if platform.unsaved(session, [port]):
                raise SaveFailed(target.name, f"{port} is shut, but not saved: repair the flash before a restart")
        return was_enabled
    finally:
        session.close()
