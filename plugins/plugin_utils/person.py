# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at the keyboard, for the record."""

from __future__ import annotations

import getpass
import os
import socket


def at_the_keyboard() -> str:
    """Return login@host; of somebody who became another user by sudo, the login that the day began with."""
    return f"{os.environ.get('SUDO_USER') or _login()}@{socket.gethostname()}"


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # In a container a user may have a number and no name.
        return str(os.getuid())
