# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How old a copy is: by what the backup says and by its manifest, never by the time of a file."""

from __future__ import annotations

import time
from typing import Any, Mapping, Optional

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import AGE, Finding, Seen

CLOCKS = 900.0
"""By how many seconds the clocks of two hosts, and what a backup says of its own time, may differ."""
NO_LIMIT = "that it is fresh: neither max_age nor rpo says how old it may be"


def current_at(by_backup: Optional[float], manifest: Optional[Mapping[str, Any]]) -> Optional[float]:
    """Return the epoch at which the content was current; the manifest knows it best, None where nobody does."""
    by_manifest = _number(manifest, "current_at_epoch")
    return by_backup if by_manifest is None else by_manifest


def judge_age(
    by_backup: Optional[float], manifest: Optional[Mapping[str, Any]], max_age: Optional[float], now: float
) -> Seen:
    """Compare the age with the limit in seconds, and the backup's own time with that of its manifest."""
    at = current_at(by_backup, manifest)
    if at is None:
        return _unknown(max_age)
    known = [each for each in (by_backup, _number(manifest, "current_at_epoch")) if each is not None]
    findings = []
    if max(known) > now + CLOCKS:
        findings.append(Finding(AGE, "time of the backup", f"before now, {moment(now)}", moment(max(known))))
    # The older of the two counts: a fresh manifest does not make an old backup fresh.
    age = now - min(known)
    if max_age is not None and age > max_age:
        findings.append(Finding(AGE, "age of the backup", f"at most {duration(max_age)}", duration(age)))
    if manifest is not None and by_backup is not None and not _within(by_backup, manifest):
        findings.append(Finding(AGE, "time of the backup", _window(manifest), moment(by_backup)))
    unproven = (NO_LIMIT,) if max_age is None else ()
    return Seen(tuple(findings), () if findings else (f"its content is of {moment(at)}",), unproven)


def _unknown(max_age: Optional[float]) -> Seen:
    if max_age is None:
        return Seen(unproven=("its age: neither the backup nor a manifest tells when it was taken",))
    return Seen((Finding(AGE, "age of the backup", f"at most {duration(max_age)}", "told by nobody"),))


def _within(by_backup: float, manifest: Mapping[str, Any]) -> bool:
    began, ended = _number(manifest, "began_at_epoch"), _number(manifest, "ended_at_epoch")
    early = began is not None and by_backup < began - CLOCKS
    late = ended is not None and by_backup > ended + CLOCKS
    return not early and not late


def _window(manifest: Mapping[str, Any]) -> str:
    began, ended = _number(manifest, "began_at_epoch"), _number(manifest, "ended_at_epoch")
    sides = [moment(each) if each is not None else "?" for each in (began, ended)]
    return f"between {sides[0]} and {sides[1]} as its manifest says"


def _number(manifest: Optional[Mapping[str, Any]], name: str) -> Optional[float]:
    value = (manifest or {}).get(name)
    return float(value) if isinstance(value, (int, float)) else None


def moment(epoch: float) -> str:
    """Return a time in UTC; the hosts of a test need not share a time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(epoch))


def duration(seconds: float) -> str:
    """Return seconds as a person says them: 40 s, 12.5 min, 26 h, 3.1 d."""
    for limit, unit, name in ((120, 1, "s"), (5400, 60, "min"), (172800, 3600, "h")):
        if abs(seconds) < limit:
            return f"{round(seconds / unit, 1):g} {name}"
    return f"{round(seconds / 86400, 1):g} d"
