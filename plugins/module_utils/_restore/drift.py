# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became less since the last good test: a backup can be whole and still be a backup of too little."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.age import moment
from ansible_collections.contingency.infra.plugins.module_utils._restore.compare import ABSENT, Difference, told
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import DRIFT, Content, Finding, Seen

LEAST_LOSS = 10
"""A table that lost fewer rows than this is not told of, unless it lost all: a small table moves by large percents."""
IDENTITY = ("kind", "system_identifier", "database", "encoding")


class LastGood(NamedTuple):
    """What the last good test of the set restored; ``current_at``: when that content was current."""

    at_epoch: float
    current_at: Optional[float]
    content: Content
    server: Mapping[str, Any]


class Limits(NamedTuple):
    """How much may become less, and the patterns of names that may become less by any amount."""

    max_shrink_percent: float
    may_shrink: Tuple[str, ...] = ()

    def free(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.may_shrink)

    def too_few(self, before: int, now: int) -> bool:
        lost = before - now
        if before > 0 and now == 0:
            return True
        return lost >= LEAST_LOSS and lost * 100.0 > before * self.max_shrink_percent


def judge_drift(
    last: Optional[LastGood],
    seen: Content,
    server: Optional[Mapping[str, Any]],
    current_at: Optional[float],
    limits: Limits,
) -> Seen:
    """Compare with the last good test. A backup that is older than that one may well hold less."""
    if last is None:
        return Seen(unproven=("that nothing became less: this set has no good test before this one",))
    if current_at is not None and last.current_at is not None and current_at < last.current_at:
        when = moment(last.current_at)
        return Seen(unproven=(f"that nothing became less: the last good test was of a later backup, of {when}",))
    findings = (
        *told(DRIFT, "tables", _tables(last.content, seen, limits)),
        *told(DRIFT, "kinds of objects", _objects(last.content, seen, limits)),
        *told(DRIFT, "kinds of content", _files(last.content, seen, limits)),
        *_without_manifest(last.server, server),
        *_identity(last.server, server or {}),
    )
    return Seen(findings, () if findings else (f"nothing became less since the good test of {moment(last.at_epoch)}",))


def _tables(before: Content, now: Content, limits: Limits) -> List[Difference]:
    found: List[Difference] = []
    for name, table in sorted(before.tables.items()):
        if limits.free(name) or name in now.left_out:
            continue
        rows, here = int(table.get("rows") or 0), now.tables.get(name)
        if here is None:
            found.append((f"table {name}", f"{rows} rows as in the last good test", ABSENT))
        elif limits.too_few(rows, int(here.get("rows") or 0)):
            found.append((f"table {name}", _least(rows, "rows", limits), f"{int(here.get('rows') or 0)} rows"))
    return found


def _least(before: int, unit: str, limits: Limits) -> str:
    return f"at most {limits.max_shrink_percent:g} % fewer than {before} {unit}"


def _objects(before: Content, now: Content, limits: Limits) -> List[Difference]:
    counts = [(kind, count, now.objects.get(kind, 0)) for kind, count in sorted(before.objects.items())]
    return [
        (kind, _least(count, kind, limits), str(here))
        for kind, count, here in counts
        if not limits.free(kind) and limits.too_few(count, here)
    ]


def _files(before: Content, now: Content, limits: Limits) -> List[Difference]:
    """Files come and go, so their number is compared, without those that may become fewer."""
    there, here = (sum(not limits.free(path) for path in content.files) for content in (before, now))
    return [("files", _least(there, "files", limits), f"{here} files")] if limits.too_few(there, here) else []


def _without_manifest(before: Mapping[str, Any], now: Optional[Mapping[str, Any]]) -> List[Finding]:
    """A manifest that is gone must not turn a proof into a guess unseen."""
    lost = bool(before) and now is None
    return [Finding(DRIFT, "manifest of the backup", "one, as in the last good test", ABSENT)] if lost else []


def _identity(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[Finding]:
    pairs = [(name, before.get(name), now.get(name)) for name in IDENTITY]
    changed = [(name, there, here) for name, there, here in pairs if there is not None and here is not None]
    findings = [
        Finding(DRIFT, name.replace("_", " "), f"{there} as in the last good test", str(here))
        for name, there, here in changed
        if str(there) != str(here)
    ]
    there, here = before.get("version_num"), now.get("version_num")
    if isinstance(there, int) and isinstance(here, int) and here < there:
        findings.append(Finding(DRIFT, "server version", f"{there} or later, as in the last good test", str(here)))
    return findings
