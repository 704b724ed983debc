# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a copy of all files of a PostgreSQL server holds at its restore point, read while the server goes on."""

from __future__ import annotations

import random
import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import (
    Reading,
    Unreadable,
    content_of,
    joined,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Client
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.passing import passing
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.postgresql import ServerOptions
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.restore_point import Mark, RestorePoint
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import INEXACT, NotTaken

POINT_NAME = "contingency_{set}_{stamp}_{chance:04x}"
LONGEST_NAME = 56
"""The server takes 63 characters (MAXFNAMELEN - 1); the number of the restore point comes after it."""


@dataclass(frozen=True)
class PhysicalOptions(ServerOptions):
    """``restore_point_seconds``: for how long an exact one is tried for; see restore_point.py.

    ``accept_inexact``: a backup of which no table can be proven is no failure.
    """

    restore_point_seconds: float = 600.0
    accept_inexact: bool = False


class Marked(NamedTuple):
    """The restore point and what the server held there; ``inexact``: why that is only about right, None: it is exact.

    ``warnings`` and ``failure``: what has to be told of it, as of Taken.
    """

    mark: Mark
    content: Content
    inexact: Optional[str] = None
    warnings: Tuple[str, ...] = ()
    failure: Optional[str] = None

    @property
    def position(self) -> Dict[str, Any]:
        """Return where it is, as in the manifest."""
        mark = self.mark
        place = {"lsn": mark.lsn, "timeline": mark.timeline, "restore_point": mark.name, "segment": mark.segment}
        return {**place, INEXACT: self.inexact}


def point_name(set_name: str) -> str:
    """Return a name that no other restore point of this server has."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = POINT_NAME.format(set="{set}", stamp=stamp, chance=random.randrange(1 << 16))
    return name.format(set=set_name[: LONGEST_NAME - len(name) + len("{set}")])


def marked(client: Client, options: PhysicalOptions, set_name: str, jobs: int) -> Marked:
    """Set a restore point and read what the server holds at it; NotTaken where a table cannot be read."""
    names = inventory.databases(client)
    before = {name: inventory.sequences(client, name, physical=True) for name in names}
    with closing(RestorePoint(client, point_name(set_name), options.restore_point_seconds)) as point:
        mark = point.set()
        after = {name: inventory.sequences(client, name, physical=True) for name in point.snapshots}
        try:
            contents = {
                name: content_of(client, name, Reading(physical=True, jobs=jobs, snapshot=snapshot))
                for name, snapshot in point.snapshots.items()
            }
        except Unreadable as error:
            table, why = next(iter(error.failures.items()))
            raise NotTaken(f"The table {table} could not be read ({why}); the source itself may be damaged.") from error
        found = joined(
            {name: _ranged(content, before.get(name, {}), after[name]) for name, content in contents.items()}
        )
        if point.inexact is None:
            return Marked(mark, found)
        return _inexact(mark, found, point.inexact, options.accept_inexact is True)


def _ranged(
    content: Content, before: Mapping[str, inventory.Sequence], after: Mapping[str, inventory.Sequence]
) -> Content:
    ranges = inventory.sequence_ranges(before, after, physical=True)
    return replace(content, sequences=ranges, left_out={**content.left_out, **passing(before, after)})


def _inexact(mark: Mark, content: Content, why: str, accepted: bool) -> Marked:
    """Nothing is proven against figures that are only about right."""
    left_out: Dict[str, str] = dict.fromkeys(content.tables, f"read only near the restore point: {why}")
    told = (
        f"No restore point was exactly the moment of a snapshot ({why}), so none of the {len(left_out)} tables of this "
        "backup can be proven; take it at a quieter time or raise restore_point_seconds"
    )
    found = replace(content, left_out={**content.left_out, **left_out})
    if accepted:
        return Marked(mark, found, why, warnings=(f"{told}.",))
    return Marked(mark, found, why, failure=f"{told}, or set accept_inexact where such a backup is enough.")
