# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as people type them at three in the morning."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Optional

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Calendar
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import seconds_of, zone

HOW = "write it as now, 20m ago, 02:40, 2026-11-22 02:40, or in 2h"
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def epoch_of(text: str, now: float, calendar: Calendar) -> float:
    """Pure: the epoch of a time that a person typed, local to the organisation; ValueError says how to write it.

    A time of day is the one last passed: 23:50 typed at 00:10 is yesterday's.
    """
    written = " ".join(str(text).split())
    if written.lower() == "now":
        return now
    away = _away(written.lower())
    if away is not None:
        return now + away
    try:
        return _at_the_clock(written, now, calendar) if CLOCK.fullmatch(written) else _dated(written, calendar)
    except ValueError:
        raise ValueError(f"{text!r} is no time; {HOW}") from None


def future_epoch_of(text: str, now: float, calendar: Calendar) -> float:
    """Pure: as epoch_of, but a time of day is the next one: 00:10 typed at 23:50 is tomorrow's."""
    found = epoch_of(text, now, calendar)
    if found >= now or not CLOCK.fullmatch(" ".join(str(text).split())):
        return found
    local = datetime.fromtimestamp(found, zone(calendar.timezone))
    return (local + timedelta(days=1)).timestamp()


def is_relative(text: str) -> bool:
    """Pure: whether a time counts from now."""
    written = " ".join(str(text).split()).lower()
    return written == "now" or _away(written) is not None


def _away(written: str) -> Optional[float]:
    """Return how far from now `20m ago` or `in 2h` is in seconds, None for anything else."""
    if written.endswith(" ago"):
        seconds = seconds_of(written[: -len(" ago")])
        return None if seconds is None else -seconds
    return seconds_of(written[len("in ") :]) if written.startswith("in ") else None


def _at_the_clock(written: str, now: float, calendar: Calendar) -> float:
    hour, minute, second = (int(part or 0) for part in written.split(":") + ["0"] * (2 - written.count(":")))
    local = datetime.fromtimestamp(now, zone(calendar.timezone))
    found = local.replace(hour=hour, minute=minute, second=second, microsecond=0)
    # In autumn an hour comes twice.
    today = [found.replace(fold=fold).timestamp() for fold in (0, 1)]
    past = [epoch for epoch in today if epoch <= now]
    return max(past) if past else (found.replace(fold=1) - timedelta(days=1)).timestamp()


def _dated(written: str, calendar: Calendar) -> float:
    found = datetime.fromisoformat(written)
    return (found if found.tzinfo else found.replace(tzinfo=zone(calendar.timezone))).timestamp()
