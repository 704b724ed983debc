# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as the plans count it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Calendar, PolicyError
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import end_of, span_of, zone
from hypothesis import given
from hypothesis import strategies as st

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The week of the National Day of 2026, and the Saturday that is worked instead.
CALENDAR = Calendar(
    "Asia/Shanghai",
    frozenset(date(2026, 10, day) for day in range(1, 8)),
    frozenset({date(2026, 10, 10)}),
)


def ends(written: str, start: str, calendar: Calendar = CALENDAR) -> str:
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(calendar.timezone)).timestamp()
    end = end_of(span_of(written), begin, calendar)
    return datetime.fromtimestamp(end, ZoneInfo(calendar.timezone)).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("written", "end"),
    [("90s", "09-30 22:01"), ("30m", "09-30 22:30"), ("1h 30m", "09-30 23:30"), ("2d", "10-02 22:00")],
)
def test_plain_lengths_of_time_do_not_care_for_holidays(written: str, end: str) -> None:
    assert ends(written, "2026-09-30 22:00") == end


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ("1 working day", "10-08 17:30"),
        ("3 working days", "10-10 17:30"),
        ("4 working days", "10-12 17:30"),
        ("0 working days", "09-30 22:00"),
    ],
)
def test_working_days_leave_out_holidays_and_count_the_saturday_that_is_worked(written: str, end: str) -> None:
    assert ends(written, "2026-09-30 22:00") == end


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-25 16:30", "11-26 09:00"),
        ("2026-11-25 03:00", "11-25 10:00"),
        ("2026-11-27 17:30", "11-30 10:00"),
        ("2026-11-28 12:00", "11-30 10:00"),
    ],
)
def test_two_working_hours_go_on_in_the_next_working_day(start: str, end: str) -> None:
    assert ends("2 working hours", start) == end


def test_ends_of_days_are_midnights_of_the_organisation() -> None:
    assert ends("end of day", "2026-11-25 23:59") == "11-26 00:00"
    assert ends("end of next day", "2026-11-25 00:00") == "11-27 00:00"


def test_a_day_with_summer_time_ends_at_its_own_midnight() -> None:
    assert ends("end of day", "2026-10-25 01:00", Calendar("Europe/Berlin")) == "10-26 00:00"


@pytest.mark.parametrize("written", ["", "30", "30 min", "half an hour", "5 days", "-1h", "1h-30m"])
def test_what_is_no_length_of_time_is_refused_with_how_to_write_it(written: str) -> None:
    with pytest.raises(ValueError, match="5 working days"):
        span_of(written)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(PolicyError, match="'Middle/Earth' is no time zone"):
        zone("Middle/Earth")


def test_a_calendar_without_working_days_is_refused() -> None:
    days = frozenset(date.fromordinal(date(2026, 1, 1).toordinal() + each) for each in range(4000))
    with pytest.raises(PolicyError, match="correct holidays"):
        ends("1 working day", "2026-01-01 08:00", Calendar("Asia/Shanghai", days))


@given(
    st.sampled_from(["30m", "2d", "1 working day", "7 working days", "3 working hours", "end of day"]),
    st.floats(1_700_000_000, 1_900_000_000),
    st.floats(0, 864_000),
)
def test_what_begins_later_never_ends_earlier(written: str, start: float, later: float) -> None:
    span = span_of(written)
    first, second = end_of(span, start, CALENDAR), end_of(span, start + later, CALENDAR)
    assert start <= first <= second
