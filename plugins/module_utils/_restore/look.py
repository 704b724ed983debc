# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a backup set without restoring anything: which copies are there, how old, and when one was last proven."""

from __future__ import annotations

import shlex
from typing import Any, Dict, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.history import History, last_success, of_a_year
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import STAGES, Copy, NotRunnable, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.papers import ELSEWHERE, pinned, read_manifest
from ansible_collections.contingency.infra.plugins.module_utils._restore.places import place_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.shown import all_shown
from ansible_collections.contingency.infra.plugins.module_utils._restore.ssh import over_ssh


def look(host: Host, order: Order) -> Dict[str, Any]:
    """Return what is known of the set; nothing is written and nothing is started."""
    copies = [_copy(host, order, copy) for copy in order.copies]
    now = host.wall()
    history = History.of(host, order)
    trouble: Optional[str] = None
    entries = []
    try:
        entries = history.entries()
    except NotRunnable as error:
        trouble = error.message
    found: Dict[str, Any] = {
        "name": order.name,
        "engine": order.engine,
        "looked_at_epoch": round(now, 3),
        "copies": copies,
        "max_age": order.max_age,
        # Where no other is left one of a clock that ran ahead is told, so that it shows.
        "last_success_epoch": last_success(entries, now) or last_success(entries),
        "last_verdict": entries[-1]["verdict"] if entries else None,
        "history": of_a_year(entries, now),
        "history_trouble": trouble,
        "stages": list(STAGES),
    }
    return dict(all_shown(found))


def _copy(host: Host, order: Order, copy: Copy) -> Dict[str, Any]:
    """``there`` and ``current_at_epoch`` are None where that cannot be told; ``place`` is what tells places apart.

    ``repository``: only the program of the engine could tell whether it is there, and it is not asked.
    """
    told = {
        "path": copy.path,
        "host": copy.host,
        "place": place_of(host, copy),
        "repository": _is_repository(copy),
        "there": None,
        "current_at_epoch": None,
    }
    try:
        there = _there(host, copy)
        if there is False:
            return {**told, "there": there, "trouble": None}
        manifest, seen = read_manifest(host, order, pinned(host, copy))
    except NotRunnable as error:
        return {**told, "trouble": error.message}
    trouble = seen.findings[0].sentence if seen.findings else None
    at = (manifest or {}).get("current_at_epoch")
    return {**told, "there": there, "current_at_epoch": at, "trouble": trouble}


def _there(host: Host, copy: Copy) -> Optional[bool]:
    if copy.host is not None:
        return over_ssh(host, copy.host, f"test -e {shlex.quote(copy.path)}").status == 0
    return None if _is_repository(copy) else host.exists(copy.path)


def _is_repository(copy: Copy) -> bool:
    return copy.host is None and ELSEWHERE.match(copy.path) is not None
