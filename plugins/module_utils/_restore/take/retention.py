# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backups may go. One that is not good never counts as kept, and is never removed for another's sake."""

from __future__ import annotations

from typing import List, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import Kept


def oldest_first(backups: Sequence[Kept], taken: Optional[str] = None) -> List[Kept]:
    """Pure: the good backups in the order in which they were taken.

    ``taken``: the stamp of the one just taken, which is the newest whatever the clock says. Later stamps are of a clock
    that was ahead before it was set back, or is behind now: in both cases they are older.
    """
    good = [kept for kept in backups if kept.problem is None]
    return sorted(good, key=lambda kept: (taken is None or kept.stamp <= taken, kept.stamp))


def removable(backups: Sequence[Kept], keep: int, taken: Optional[str] = None) -> List[Kept]:
    """Pure: the good backups before the newest ``keep``, the oldest first; none where ``keep`` is 0."""
    return oldest_first(backups, taken)[:-keep] if keep > 0 else []
