# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server takes over from which: names from the command line and the inventory."""

from __future__ import annotations

from typing import Mapping, Sequence


class NameRefused(Exception):
    """A name that cannot be meant; the text says which and what to give instead."""


def partner(
    failed: str,
    standby: str,
    groups: Mapping[str, Sequence[str]],
    group: str,
    limit: str = "",
) -> str:
    """Return the server that takes over from the failed one; NameRefused where that cannot be told.

    Without ``standby`` it is the other member of a group of two database servers; a pair is a group.
    """
    members = list(groups.get(group, []))
    known = ", ".join(members) or f"none, the group {group} is empty"
    if limit:
        raise NameRefused("leave out --limit: the procedure needs all its hosts")
    if not failed:
        raise NameRefused(f"say which database server failed: -e failed=NAME (database servers: {known})")
    for option, name in (("failed", failed), ("standby", standby)):
        if name and name not in members:
            raise NameRefused(f"{option}={name} is no database server of this inventory (database servers: {known})")
    chosen = standby or _only_one(failed, groups, members)
    if chosen == failed:
        raise NameRefused(f"failed and standby are both {failed}; name the other one with -e standby=NAME")
    return chosen


def _only_one(failed: str, groups: Mapping[str, Sequence[str]], members: Sequence[str]) -> str:
    pairs = [
        set(names) for names in groups.values() if len(names) == 2 and failed in names and set(names) <= set(members)
    ]
    partners = {name for pair in pairs for name in pair if name != failed}
    if len(partners) == 1:
        return partners.pop()
    raise NameRefused(
        f"it cannot be told which server takes over from {failed} (in groups of two with it: "
        f"{', '.join(sorted(partners)) or 'none'}); name it with -e standby=NAME, or make a group of the pair"
    )
