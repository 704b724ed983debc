# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many inotify instances the kernel lets one user have, who is root in all machines.

systemd takes five of them in each machine. With 128, which is common, two labs are too many, and a machine that gets
none stays where it is in the middle of its start.
"""

from __future__ import annotations

from pathlib import Path

from lab.instance import STATE_ROOT

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
BEFORE = STATE_ROOT / "inotify-instances"
"""Holds the limit that the first lab found, until the last one has put it back."""
WANTED = 1024


def raise_limit() -> None:
    """Make room for several labs; where the kernel does not allow it, one lab alone gets along."""
    now = LIMIT.read_text(encoding="ascii").strip()
    if int(now) >= WANTED:
        return
    try:
        LIMIT.write_text(str(WANTED), encoding="ascii")
    except PermissionError:
        return
    if not BEFORE.exists():
        BEFORE.write_text(now, encoding="ascii")


def put_back() -> None:
    """Leave the limit as the first lab found it."""
    if BEFORE.exists():
        LIMIT.write_text(BEFORE.read_text(encoding="ascii"), encoding="ascii")
        BEFORE.unlink()
