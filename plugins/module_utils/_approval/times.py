# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments and durations, as they are written in statements, in the inventory and on the command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, say

UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0}
LAST_YEAR = 9998
"""9999-12-31 is how people write that something does not end; its end is in no year that a computer can write."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([mhd])")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def seconds_of(text: Any, path: str) -> float:
    """Pure: the seconds of 30m, 2h or 1d; Refused names ``path``."""
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise Refused(say("no_duration", path=path, seen=text))
    return float(match.group(1)) * UNITS[match.group(2)]


def written(epoch: float) -> str:
    """Pure: a moment in UTC to the second, as statements have it."""
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch_of(text: Any, path: str, *, end_of_day: bool = False) -> float:
    """Return the epoch of an ISO moment or date; without a zone it is local time. Refused names ``path``.

    ``end_of_day``: a date alone means the end of that day.
    """
    plain = str(text).strip()
    try:
        moment = datetime.fromisoformat(plain.replace("Z", "+00:00"))
        if moment.year > LAST_YEAR:
            moment = moment.replace(year=LAST_YEAR)
        if end_of_day and _DATE.fullmatch(plain):
            moment += timedelta(days=1)
        return moment.timestamp()
    except (ValueError, OverflowError):
        raise Refused(say("no_moment", path=path, seen=text)) from None


def local(epoch: float) -> str:
    """Return a moment as people at this machine read it, with its offset, so that another zone is seen."""
    return datetime.fromtimestamp(epoch).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def minute_of_day(text: str) -> Optional[int]:
    """Pure: the minute of 22:30 (1350), None where it is no time of a day; 24:00 is the end of it."""
    match = re.fullmatch(r"(\d{1,2}):(\d\d)", text.strip())
    if match is None:
        return None
    minute = int(match.group(1)) * 60 + int(match.group(2))
    return minute if int(match.group(2)) < 60 and minute <= 1440 else None
