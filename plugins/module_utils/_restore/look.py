# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a backup set without restoring anything: which copies are there, how old, and when one was last proven."""

from __future__ import annotations

import os
import re
import shlex
from typing import Any, Dict, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.history import History, last_success, of_a_year
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import STAGES, Copy, NotRunnable, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.papers import LOST, SSH, read_manifest

_ELSEWHERE = re.compile(r"\A[\w.@-]+:")
"""A repository that its program reaches by itself: sftp:..., s3:..., user@host:path."""
TIMED_OUT = 124


def look(host: Host, order: Order) -> Dict[str, Any]:
    """Return what is known of the set; nothing is written and nothing is started."""
    copies = [_copy(host, order, copy) for copy in order.copies]
    history = History.of(host, order)
    trouble: Optional[str] = None
    entries = []
    try:
        entries = history.entries()
    except NotRunnable as error:
        trouble = error.message
    return {
        "name": order.name,
        "engine": order.engine,
        "looked_at_epoch": round(host.wall(), 3),
        "copies": copies,
        "max_age": order.max_age,
        "last_success_epoch": last_success(entries),
        "last_verdict": entries[-1]["verdict"] if entries else None,
        "history": of_a_year(entries, host.wall()),
        "history_trouble": trouble,
        "stages": list(STAGES),
    }


def _copy(host: Host, order: Order, copy: Copy) -> Dict[str, Any]:
    """``there`` and ``current_at_epoch`` are None where that cannot be told; ``place`` is what tells places apart."""
    there = _there(host, copy)
    silent = f"{copy.host} cannot be reached over ssh" if copy.host is not None and there is None else None
    told: Dict[str, Any] = {"path": copy.path, "host": copy.host, "there": there, "place": _place(copy)}
    if silent or there is False or copy.manifest is None:
        return {**told, "current_at_epoch": None, "trouble": silent}
    try:
        manifest, seen = read_manifest(host, order, copy)
    except NotRunnable as error:
        return {**told, "current_at_epoch": None, "trouble": error.message}
    trouble = seen.findings[0].sentence if seen.findings else None
    return {**told, "current_at_epoch": (manifest or {}).get("current_at_epoch"), "trouble": trouble}


def _there(host: Host, copy: Copy) -> Optional[bool]:
    if copy.host is not None:
        answer = host.run([*SSH, copy.host, f"test -e {shlex.quote(copy.path)}"], timeout=30.0)
        return None if answer.status in (LOST, TIMED_OUT) else answer.status == 0
    if _ELSEWHERE.match(copy.path):
        return None
    return host.exists(copy.path)


def _place(copy: Copy) -> Optional[str]:
    """Return what the site calls the place, else the host, else the disk; None where it is not known."""
    if copy.place or copy.host:
        return copy.place or f"host {copy.host}"
    if _ELSEWHERE.match(copy.path):
        return copy.path.partition(":")[0]
    try:
        return f"disk {os.stat(copy.path).st_dev}"
    except OSError:
        return None
