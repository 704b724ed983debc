# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters that are damaged before they are backed up: copies of production, with wrong bytes on their disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.backup.cluster import USER, VERSION, Cluster
from lab.backup.ground import Ground
from lab.damage.model import flip, replace

PORT = 5499
PROGRAMS = f"/usr/lib/postgresql/{VERSION}/bin"
NUMBER = b"F0000000005"
"""An invoice's number: it stands in the table and in the index of its key."""


@dataclass(frozen=True)
class Sickness:
    """What is wrong on the disk: in which relation, how, and whether its pages got right checksums afterwards."""

    relation: str
    spoil: Callable[[Path], None]
    right_checksums: bool


def _other_number(path: Path) -> None:
    replace(path, NUMBER, b"F9999999999")


def _last_page(path: Path) -> None:
    flip(path, path.stat().st_size - 100)


def _line_pointer(path: Path) -> None:
    """The third tuple of the first page is said to begin beyond its end."""
    with path.open("r+b") as file:
        file.seek(24 + 2 * 4)
        file.write((8191 | 1 << 15 | 60 << 17).to_bytes(4, "little"))


HEAP = Sickness("invoice", _other_number, right_checksums=True)
"""A value was changed, by memory or by a disk, and its page's checksum was made afterwards: the index knows better."""
INDEX = Sickness("invoice_pkey", _other_number, right_checksums=True)
"""The same in the index: rows are not found, and the table is whole."""
PAGE = Sickness("measurement", _last_page, right_checksums=False)
"""A byte that the disk lost: the page's checksum tells, to whoever looks."""
TUPLE = Sickness("audit", _line_pointer, right_checksums=True)
"""A page that nobody can read through, with a right checksum."""


def sick_clone(ground: Ground, sickness: Sickness, settings: dict[str, str] | None = None) -> Cluster:
    """A running copy of production that has it; production writes meanwhile only what it wrote before."""
    production = ground.production
    path = production.file_of(sickness.relation)
    clone = production.clone("sick", PORT, settings)
    sickness.spoil(ground.server.path(f"{clone.data}/{path}"))
    if sickness.right_checksums:
        checksums = [f"{PROGRAMS}/pg_checksums", "--no-sync", "-D", clone.data]
        ground.server.run(*checksums, "--disable", user=USER)
        ground.server.run(*checksums, "--enable", user=USER)
    clone.start()
    return clone
