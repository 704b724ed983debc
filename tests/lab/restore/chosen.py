# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which damages and which backup sets are tested: all, or with CONTINGENCY_RESTORE=slice what stands for them."""

from __future__ import annotations

import os

from lab.damage import DAMAGES, Damage
from tests.lab.restore.shelf import SETS

SLICE = os.environ.get("CONTINGENCY_RESTORE") == "slice"
DAMAGES_OF_THE_SLICE = (
    # For nearly each engine, and each stage that is the only one to know: checksums, restore, start, structure,
    # content, age, drift.
    "pg_dump-custom-emptied-before",
    "pg_dump-plain.gz-half-in-whole-gzip",
    "pg_basebackup-plain-sick-value",
    "pg_basebackup-plain-no-segment-with-the-target",
    "mariadb_dump-gz-half-with-a-last-line",
    "mariabackup-one-bit",
    "restic-file-left-out",
    "tar-tar-one-bit-later",
)
SETS_OF_THE_SLICE = ("pg_dump-directory", "pg_basebackup-tar", "mariadb_dump-gz")


def damages() -> list[Damage]:
    return [damage for damage in DAMAGES if not SLICE or str(damage) in DAMAGES_OF_THE_SLICE]


def sets() -> list[str]:
    return [name for name in SETS if not SLICE or name in SETS_OF_THE_SLICE]


def rounds() -> int:
    """How often an undamaged backup of each set is taken and tried."""
    return 1 if SLICE else 2
