# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Standing approvals: what may run unattended, until when, by whose word, within which limits. Pure."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import AbstractSet, Any, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import epoch_of, local, minute_of_day

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANY = "*"
ALL_DAY = (0, 1440)
_KEYS = {"procedure", "targets", "from", "until", "by", "limits", "attended", "comment"}
_LIMITS = {"hours", "weekdays", "max_hosts", "max_uses_per_day"}


@dataclass(frozen=True)
class Standing:
    """One standing approval. ``hours``: spans of local minutes of the day; one over midnight ends before it begins,
    and is of the weekday on which it begins."""

    procedure: str
    targets: FrozenSet[str]
    begin: float
    until: float
    by: str
    hours: Tuple[Tuple[int, int], ...] = ()
    weekdays: FrozenSet[str] = frozenset()
    max_hosts: Optional[int] = None
    max_uses_per_day: Optional[int] = None
    attended: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Run:
    """The run that asks. ``uses_today``: epochs of earlier uses for this procedure and target."""

    plan: Plan
    now: float
    attended: bool
    uses: Tuple[float, ...] = ()


def standings_of(entries: Any) -> List[Standing]:
    """Pure: the standing approvals of the inventory; Refused names the path of what is wrong."""
    if not isinstance(entries, (list, tuple)):
        raise Refused(say("standing_shape", path="contingency_standing_approvals", want="list"))
    return [standing_of(entry, f"contingency_standing_approvals[{place}]") for place, entry in enumerate(entries)]


def standing_of(entry: Any, path: str) -> Standing:
    """Pure: one standing approval; Refused names the path of what is wrong."""
    fields = _mapping(entry, path, _KEYS)
    for name in ("procedure", "targets", "until", "by"):
        if not fields.get(name):
            raise Refused(say("standing_lacks", path=f"{path}.{name}"))
    limits = _mapping(fields.get("limits") or {}, f"{path}.limits", _LIMITS)
    return Standing(
        procedure=str(fields["procedure"]),
        targets=frozenset(_names(fields["targets"], f"{path}.targets")),
        begin=epoch_of(fields["from"], f"{path}.from") if fields.get("from") else 0.0,
        until=epoch_of(fields["until"], f"{path}.until", end_of_day=True),
        by=", ".join(_names(fields["by"], f"{path}.by")),
        hours=tuple(
            _span(text, f"{path}.limits.hours") for text in _names(limits.get("hours"), f"{path}.limits.hours")
        ),
        weekdays=_weekdays(limits.get("weekdays"), f"{path}.limits.weekdays"),
        max_hosts=_count(limits.get("max_hosts"), f"{path}.limits.max_hosts"),
        max_uses_per_day=_count(limits.get("max_uses_per_day"), f"{path}.limits.max_uses_per_day"),
        attended=fields.get("attended") is True,
        comment=str(fields.get("comment") or ""),
    )


def chosen(standings: Sequence[Standing], run: Run) -> Tuple[Optional[Standing], List[Said]]:
    """Pure: the standing approval that holds for a run, or None and why each one for this procedure does not."""
    reasons: List[Said] = []
    for standing in standings:
        if standing.procedure != run.plan.procedure:
            continue
        limitation = standing_limitation(standing, run)
        if limitation is None:
            return standing, []
        reasons.append(limitation)
    return None, reasons or [say("standing_none", procedure=run.plan.procedure)]


def standing_limitation(standing: Standing, run: Run) -> Optional[Said]:
    """Pure: why a standing approval of this procedure does not hold for a run, None where it does."""
    if run.plan.target not in standing.targets and ANY not in standing.targets:
        return say("standing_target", targets=", ".join(sorted(standing.targets)), target=run.plan.target)
    if run.now < standing.begin:
        return say("standing_not_yet", begin=local(standing.begin), now=local(run.now))
    if run.now >= standing.until:
        return say("standing_expired", until=local(standing.until), now=local(run.now))
    if run.attended and not standing.attended:
        return say("standing_attended")
    return _hours_limitation(standing, run.now) or _size_limitation(standing, run)


def _hours_limitation(standing: Standing, now: float) -> Optional[Said]:
    at = time.localtime(now)
    minute = at.tm_hour * 60 + at.tm_min
    spans = standing.hours or (ALL_DAY,)
    days = [DAYS[(at.tm_wday - _began_yesterday(span, minute)) % 7] for span in spans if _within(span, minute)]
    if not days:
        hours = ", ".join("-".join(f"{end // 60:02d}:{end % 60:02d}" for end in span) for span in spans)
        return say("standing_hours", hours=hours, now=local(now))
    if standing.weekdays and not standing.weekdays.intersection(days):
        named = ", ".join(each for each in DAYS if each in standing.weekdays)
        return say("standing_weekday", days=named, day=days[0])
    return None


def _size_limitation(standing: Standing, run: Run) -> Optional[Said]:
    count = len(run.plan.hosts)
    if standing.max_hosts is not None and count > standing.max_hosts:
        return say("standing_hosts", limit=standing.max_hosts, count=count)
    # A use in the future was noted before the clock was put back; it was a use.
    today = sum(run.now - 86400 < epoch for epoch in run.uses)
    if standing.max_uses_per_day is not None and today >= standing.max_uses_per_day:
        return say("standing_uses", limit=standing.max_uses_per_day, count=today)
    return None


def _within(span: Tuple[int, int], minute: int) -> bool:
    begin, end = span
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def _began_yesterday(span: Tuple[int, int], minute: int) -> bool:
    """Pure: the night of Saturday goes on until Sunday morning."""
    begin, end = span
    return begin > end and minute < end


def _mapping(value: Any, path: str, known: AbstractSet[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Refused(say("standing_shape", path=path, want="dictionary"))
    strange = sorted(str(key) for key in value if key not in known)
    if strange:
        raise Refused(say("standing_unknown", path=f"{path}.{strange[0]}", known=", ".join(sorted(known))))
    return value


def _names(value: Any, path: str) -> List[str]:
    if value is None:
        return []
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) and name for name in names):
        raise Refused(say("standing_shape", path=path, want="list of names"))
    return list(names)


def _span(text: str, path: str) -> Tuple[int, int]:
    begin, _dash, end = text.partition("-")
    minutes = minute_of_day(begin), minute_of_day(end)
    if minutes[0] is None or minutes[1] is None or minutes[0] == minutes[1]:
        raise Refused(say("standing_span", path=path, seen=text))
    return minutes[0], minutes[1]


def _weekdays(value: Any, path: str) -> FrozenSet[str]:
    names = _names(value, path)
    strange = [name for name in names if name not in DAYS]
    if strange:
        raise Refused(say("standing_unknown", path=f"{path}.{strange[0]}", known=", ".join(DAYS)))
    return frozenset(names)


def _count(value: Any, path: str) -> Optional[int]:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Refused(say("standing_shape", path=path, want="whole number above 0"))
    return value
