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
    _age(judge, look)
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
    else:
        seen = say("proven_seen", at=time.strftime("%Y-%m-%d %H:%M", time.localtime(at)), verdict=verdict)
        old = look["looked_at_epoch"] - at > max_days * 86400
        severity = CRITICAL if old else OF_THE_LAST_TEST.get(verdict, UNKNOWN)
        judge.add("restore_test", severity, seen, expected, say("proven_do"))


def _age(judge: Judge, look: Mapping[str, Any]) -> None:
    """The first copy is the one that would be used; without a manifest nobody tells its age."""
    limit = look["max_age"]
    expected = say("set_age_expected", limit=hours(limit)) if limit else say("set_age_known")
    first = look["copies"][0]
    if first["trouble"]:
        judge.add("backup_age", CRITICAL, say("why", why=first["trouble"]), expected, say("manifest_do"))
    elif first["current_at_epoch"] is None:
        judge.add("backup_age", WARNING, say("set_age_unknown"), expected, say("set_age_unknown_do"))
    else:
        age = look["looked_at_epoch"] - first["current_at_epoch"]
        fine = age >= -CLOCKS and (limit is None or age <= limit)
        judge.decide("backup_age", fine, CRITICAL, say("set_age_seen", age=hours(age)), expected, say("set_age_do"))


def _copies(judge: Judge, copies: Sequence[Mapping[str, Any]]) -> None:
    expected = say("copies_expected")
    missing = [str(copy["path"]) for copy in copies if copy["there"] is False]
    places = {copy["place"] for copy in copies if copy["there"] is not False}
    seen: Said = say("copies_seen", count=len(copies) - len(missing), places=", ".join(sorted(map(str, places))))
    if missing:
        judge.add("copies", CRITICAL, say("copies_missing", paths=", ".join(missing)), expected, say("copies_do"))
    elif len(copies) < ENOUGH or len(places - {None}) < ENOUGH:
        judge.add("copies", CRITICAL, seen, expected, say("copies_do"))
    else:
        judge.add("copies", OK, seen, expected, say("nothing"))


def hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f}"
