# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore test may have left on the machine."""

from __future__ import annotations

from lab.backup import left
from lab.backup.server import BackupServer
from tests.lab.restore.shelf import SCRATCH


def left_over(server: BackupServer) -> list[str]:
    """Processes, mounts and files of the tests' scratch instances."""
    return left.left_over(server, SCRATCH)
