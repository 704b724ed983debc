# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a backup set without restoring it: when it was last proven, how old it is, where its copies are."""

from __future__ import annotations

import time
from typing import Any, List, Mapping, Optional, Sequence

from .model import CRITICAL, OK, UNKNOWN, WARNING, Finding, Judge, Said, say

ENOUGH = 2
"""Copies, and places where they are: one fire must not take all."""
CLOCKS = 900.0
"""By how many seconds the clock of the host that took a backup may be ahead."""
OF_THE_LAST_TEST = {"passed": OK, "degraded": WARNING, "not_run": WARNING, "failed": CRITICAL}


def judge_set(name: str, result: Optional[Mapping[str, Any]], max_days: float) -> List[Finding]:
    """Return the findings of one set; ``result`` is what restore_test returned in check mode, None where it did not."""
    judge = Judge(name)
    look = (result or {}).get("look")
    if look is None:
        why = " ".join(str((result or {}).get("msg") or "").split())
        seen = say("why", why=why) if why else say("not_checked")
        judge.add("restore_test", UNKNOWN, seen, say("checked"), say("set_unknown_do"))
        return judge.findings
    _proven(judge, look, max_days)
    _limit(judge, look["max_age"])
    for copy in look["copies"]:
        if copy["there"] is not False:
            _age(judge, look, copy)
    _copies(judge, look["copies"])
    return judge.findings


def _proven(judge: Judge, look: Mapping[str, Any], max_days: float) -> None:
    expected = say("proven_expected", days=f"{max_days:g}")
    at, verdict = look["last_success_epoch"], look["last_verdict"]
    if look["history_trouble"]:
        judge.add("restore_test", UNKNOWN, say("why", why=look["history_trouble"]), expected, say("set_unknown_do"))
    elif at is None:
        seen = say("proven_never") if verdict is None else say("proven_never_but", verdict=verdict)
        judge.add("restore_test", CRITICAL, seen, expected, say("proven_do"))
    elif at > look["looked_at_epoch"] + CLOCKS:
        judge.add("restore_test", UNKNOWN, say("proven_ahead", at=_moment(at)), expected, say("ahead_do"))
    else:
        seen = say("proven_seen", at=_moment(at), verdict=verdict)
        old = look["looked_at_epoch"] - at > max_days * 86400
        severity = CRITICAL if old else OF_THE_LAST_TEST.get(verdict, UNKNOWN)
        judge.add("restore_test", severity, seen, expected, say("proven_do"))


def _limit(judge: Judge, limit: Optional[float]) -> None:
    """Without a limit no backup is ever too old, which is told once for the set."""
    if limit is None:
        judge.add("backup_age", WARNING, say("set_limit_none"), say("set_limit_expected"), say("set_limit_do"))


def _age(judge: Judge, look: Mapping[str, Any], copy: Mapping[str, Any]) -> None:
    """Any copy may be the one that has to serve; without a manifest nobody tells its age."""
    limit, where, at = look["max_age"], _where(copy), copy["current_at_epoch"]
    expected = say("set_age_expected", limit=hours(limit)) if limit else say("set_age_known")
    if _is_silent(copy):
        judge.add("backup_age", UNKNOWN, say("set_age_not_told", copy=where), expected, say("set_unknown_do"))
    elif copy["trouble"]:
        seen = say("set_trouble", copy=where, why=copy["trouble"])
        judge.add("backup_age", CRITICAL, seen, expected, say("manifest_do"))
    elif at is None:
        judge.add("backup_age", WARNING, say("set_age_unknown", copy=where), expected, say("set_age_unknown_do"))
    elif at > look["looked_at_epoch"] + CLOCKS:
        seen = say("set_age_ahead", copy=where, at=_moment(at))
        judge.add("backup_age", UNKNOWN, seen, expected, say("ahead_do"))
    else:
        age = look["looked_at_epoch"] - at
        seen = say("set_age_seen", copy=where, age=hours(max(0.0, age)))
        judge.decide("backup_age", limit is None or age <= limit, CRITICAL, seen, expected, say("set_age_do"))


def _copies(judge: Judge, copies: Sequence[Mapping[str, Any]]) -> None:
    expected = say("copies_expected")
    missing = [_where(copy) for copy in copies if copy["there"] is False]
    silent = [f"{_where(copy)} ({copy['trouble'] or '?'})" for copy in copies if _is_silent(copy)]
    useful = [copy for copy in copies if copy["there"] is not False and not copy["trouble"] and not _is_silent(copy)]
    places = {copy["place"] for copy in useful} - {None}
    seen: Said = say("copies_seen", count=len(useful), places=", ".join(sorted(places)))
    enough = len(useful) >= ENOUGH and len(places) >= ENOUGH
    unseen = [_where(copy) for copy in useful if copy["there"] is None]
    if missing:
        judge.add("copies", CRITICAL, say("copies_missing", paths=", ".join(missing)), expected, say("copies_do"))
    elif silent:
        judge.add("copies", UNKNOWN, say("copies_silent", paths=", ".join(silent)), expected, say("set_unknown_do"))
    elif not enough:
        judge.add("copies", CRITICAL, seen, expected, say("copies_do"))
    elif len(useful) - len(unseen) < ENOUGH:
        seen = say("copies_unseen", paths=", ".join(unseen))
        judge.add("copies", WARNING, seen, expected, say("copies_unseen_do"))
    else:
        judge.add("copies", OK, seen, expected, say("nothing"))


def _is_silent(copy: Mapping[str, Any]) -> bool:
    """Nobody could say whether it is there, and somebody should have: not so of what only its program can open."""
    return copy["there"] is None and not copy.get("repository")


def _where(copy: Mapping[str, Any]) -> str:
    return f"{copy['host']}:{copy['path']}" if copy.get("host") else str(copy["path"])


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f}"
