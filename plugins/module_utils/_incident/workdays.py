# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as the plans count it: minutes and hours, working days and working hours, ends of days; local to the site."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Optional
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Calendar, PolicyError, Span

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
WORKING = re.compile(r"(\d+)\s+working\s+(day|hour)s?")
DAY_ENDS = {"end of day": 0, "end of next day": 1}
HOW = "write it as 90s, 30m, 6h, 1h 30m, 2d, 5 working days, 4 working hours, end of day or end of next day"
SEARCHED_DAYS = 3660
"""A calendar without a working day in ten years is a mistake in it."""


def zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name; PolicyError where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PolicyError(
            f"{name!r} is no time zone that this machine knows; write it as Asia/Shanghai, or install tzdata"
        ) from error


def seconds_of(text: str) -> Optional[float]:
    """Pure: a duration such as 90s, 30m, 6h, 1h 30m, 2d in seconds, None where it is none."""
    compact = text.strip().lower()
    if not compact or PART.sub("", compact).strip():
        return None
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(compact))


def span_of(text: str) -> Span:
    """Pure: how long something may take, as the plan writes it; ValueError says how to write it."""
    written = " ".join(text.split())
    working = WORKING.fullmatch(written.lower())
    if working and working[2] == "day":
        return Span(written, working_days=int(working[1]))
    if working:
        return Span(written, working_seconds=int(working[1]) * 3600.0)
    if written.lower() in DAY_ENDS:
        return Span(written, day_ends=DAY_ENDS[written.lower()])
    seconds = seconds_of(written)
    if seconds is None:
        raise ValueError(f"{text!r} is no length of time; {HOW}")
    return Span(written, seconds=seconds)


def end_of(span: Span, start: float, calendar: Calendar) -> float:
    """Pure: the epoch at which a span that begins at the epoch ``start`` is over.

    Working days: the close of work on the last of them; the day of the start does not count. Working hours: those of
    the start's own day count. Ends of days: midnight.
    """
    if span.seconds is not None:
        return start + span.seconds
    begin = datetime.fromtimestamp(start, zone(calendar.timezone))
    if span.day_ends is not None:
        return _at(begin.date() + timedelta(days=span.day_ends + 1), 0, calendar)
    if span.working_days is not None:
        return _after_working_days(begin, span.working_days, calendar)
    return _after_working_seconds(begin, span.working_seconds or 0.0, calendar)


def is_workday(day: date, calendar: Calendar) -> bool:
    """Pure: whether is worked on a day; a day that is both a holiday and an extra working day is worked on."""
    return day in calendar.extra_workdays or (day.weekday() < 5 and day not in calendar.holidays)


def _after_working_days(begin: datetime, count: int, calendar: Calendar) -> float:
    day = begin.date()
    for _each in range(count):
        day = _next_workday(day, calendar)
    return _at(day, calendar.closes, calendar) if count else begin.timestamp()


def _after_working_seconds(begin: datetime, seconds: float, calendar: Calendar) -> float:
    day, left, now = begin.date(), seconds, begin.timestamp()
    if not is_workday(day, calendar):
        day = _next_workday(day, calendar)
    while True:
        opens = max(now, _at(day, calendar.opens, calendar))
        room = max(0.0, _at(day, calendar.closes, calendar) - opens)
        if left <= room:
            return opens + left
        left -= room
        day = _next_workday(day, calendar)


def _next_workday(day: date, calendar: Calendar) -> date:
    for distance in range(1, SEARCHED_DAYS):
        found = day + timedelta(days=distance)
        if is_workday(found, calendar):
            return found
    raise PolicyError(f"there is no working day in the ten years after {day}; correct holidays")


def _at(day: date, seconds: int, calendar: Calendar) -> float:
    """Return the epoch of a moment of a local day; 24:00 is the midnight at its end."""
    days, rest = divmod(seconds, 86400)
    moment = time(rest // 3600, rest // 60 % 60, rest % 60, tzinfo=zone(calendar.timezone))
    return datetime.combine(day + timedelta(days=days), moment).timestamp()
