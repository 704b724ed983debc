# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clocks of a plan count from, and times and lengths of time as people read them."""

from __future__ import annotations

from datetime import datetime
from typing import Dict, Optional

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Calendar
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import zone

UNITS = ((86400, " d", " 天"), (3600, " h", " 小时"), (60, " min", " 分钟"))
DAYS_FROM = 2 * 86400
"""Up to two days are told in hours: 24 h is a limit of the plans."""


def start_of(incident: Incident, counted_from: str) -> Optional[float]:
    """Pure: the moment that a clock counts from, None while it has not come.

    ``occurred`` is the discovery where nobody knows when the fault began. ``graded``: since it has the grade of now.
    """
    moments: Dict[str, Optional[float]] = {
        "occurred": incident.began_epoch,
        "discovered": incident.discovered_epoch,
        "graded": incident.opened_epoch if incident.graded_epoch is None else incident.graded_epoch,
        "activated": incident.activated_epoch,
        "recovered": incident.recovered_epoch,
        "closed": incident.closed_epoch,
    }
    return moments[counted_from]


def length(seconds: float) -> Dict[str, str]:
    """Pure: a length of time in its two largest units, in each language: 90 min is 1 h 30 min."""
    left, parts = max(0, int(seconds)), []
    if left < UNITS[-1][0]:
        return {"en": f"{left} s", "zh": f"{left} 秒"}
    for unit, english, chinese in UNITS if left >= DAYS_FROM else UNITS[1:]:
        count, left = divmod(left, unit)
        if count:
            parts.append((f"{count}{english}", f"{count}{chinese}"))
    return {"en": " ".join(each for each, _zh in parts[:2]), "zh": " ".join(each for _en, each in parts[:2])}


def moment(epoch: float, calendar: Calendar) -> str:
    """Pure: a moment in the organisation's local time, with its distance from UTC."""
    return datetime.fromtimestamp(epoch, zone(calendar.timezone)).strftime("%Y-%m-%d %H:%M:%S %z")


def clock(epoch: float, now: float, calendar: Calendar) -> str:
    """Pure: a moment as short as it stays clear: the time of day for today, the date with it for another day."""
    there, here = (datetime.fromtimestamp(each, zone(calendar.timezone)) for each in (epoch, now))
    return there.strftime("%H:%M" if there.date() == here.date() else "%Y-%m-%d %H:%M")
