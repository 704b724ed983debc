# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which the backups of the lab are damaged: each on a fresh copy, each to be named by the right stage."""

from __future__ import annotations

from lab.damage import base_backups, dumps, files, mariadb, pgbackrest
from lab.damage.model import Damage

DAMAGES: tuple[Damage, ...] = (
    *dumps.DAMAGES,
    *base_backups.DAMAGES,
    *pgbackrest.DAMAGES,
    *mariadb.DAMAGES,
    *files.DAMAGES,
)
__all__ = ["DAMAGES", "Damage"]
