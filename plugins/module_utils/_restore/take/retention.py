# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backups may go. One that is not good never counts as kept, and is never removed for another's sake."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import Kept, Place


def removable(backups: Sequence[Kept], keep: int) -> List[Kept]:
    """Pure: the good backups before the newest ``keep``, the oldest first; none where ``keep`` is 0."""
    good = sorted((kept for kept in backups if kept.problem is None), key=lambda kept: kept.stamp)
    return good[:-keep] if keep > 0 else []


def prune(host: Host, place: Place, engine: str, keep: int) -> Tuple[List[str], List[str]]:
    """Remove what may go from one place; returns the paths that went, and a sentence for each that is not good."""
    backups = place.backups(host, engine)
    gone = removable(backups, keep)
    for kept in gone:
        place.remove(kept)
    bad = [f"{kept.path} is not good ({kept.problem}) and was left" for kept in backups if kept.problem is not None]
    return [kept.path for kept in gone], bad
