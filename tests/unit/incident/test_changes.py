# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person says of an incident, and the events that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.changes import (
    Change,
    Refused,
    changes_of,
    closing,
    details_of,
    times_limitation,
    without_relative_times,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Calendar
from ansible_collections.contingency.infra.plugins.module_utils._incident.moments import epoch_of, future_epoch_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import zone
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.incident.plans import DAY, HOUR, MINUTE, MORNING, incident, policy

POLICY = policy()
CALENDAR = POLICY.calendar
NOW = MORNING + HOUR
RECOVERED = {"kind": "recovered", "happened_epoch": MORNING + HOUR}
GRADED = {"kind": "graded", "severity": "II", "rule": "by_hand", "why": "x"}


def changes(*events: Mapping[str, Any], at: float = NOW, **said: Any) -> list[Change]:
    return list(changes_of(POLICY, incident(*events), said, at))


def refused(*events: Mapping[str, Any], **said: Any) -> str:
    with pytest.raises(Refused) as raised:
        changes(*events, **said)
    return str(raised.value)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("now", "11-25 10:00"),
        ("20m ago", "11-25 09:40"),
        ("1h  30m ago", "11-25 08:30"),
        ("02:40", "11-25 02:40"),
        ("9:05", "11-25 09:05"),
        ("23:50", "11-24 23:50"),
        ("2026-11-24 02:40", "11-24 02:40"),
        ("2026-11-24 02:40:30", "11-24 02:40"),
        ("2026-11-24T02:40+00:00", "11-24 10:40"),
        ("in 2h", "11-25 12:00"),
    ],
)
def test_times_are_read_as_they_are_typed(written: str, told: str) -> None:
    found = datetime.fromtimestamp(epoch_of(written, NOW, CALENDAR), zone("Asia/Shanghai"))
    assert found.strftime("%m-%d %H:%M") == told


@pytest.mark.parametrize("written", ["", "soon", "25:00", "02:60", "ago", "half ago", "2026-13-01", "20m"])
def test_what_is_no_time_is_refused_with_how_to_write_it(written: str) -> None:
    with pytest.raises(ValueError, match="20m ago"):
        epoch_of(written, NOW, CALENDAR)


def test_an_expected_time_of_day_is_the_next_one() -> None:
    assert future_epoch_of("09:30", NOW, CALENDAR) == MORNING + DAY + 30 * MINUTE
    assert future_epoch_of("10:30", NOW, CALENDAR) == MORNING + 90 * MINUTE


@given(st.integers(0, 23), st.integers(0, 59), st.floats(MORNING, MORNING + DAY))
def test_a_time_of_day_is_the_one_last_passed(hour: int, minute: int, now: float) -> None:
    found = epoch_of(f"{hour}:{minute:02d}", now, CALENDAR)
    assert now - DAY < found <= now


def test_what_is_said_becomes_details() -> None:
    said = {
        "title": "HIS down", "place": "", "incident_class": "server", "scope": "unknown", "core_service": "Yes",
        "data_loss": "unknown", "affected": 3, "occurred": "20m ago", "expected_outage": "2h",
    }  # fmt: skip
    assert details_of(POLICY, said, None, NOW) == {
        "title": "HIS down",
        "place": None,
        "incident_class": "server",
        "scope": None,
        "core_service": True,
        "data_loss": None,
        "affected": 3,
        "occurred_epoch": NOW - 20 * MINUTE,
        "expected_outage_seconds": 2 * HOUR,
    }


def test_an_expected_recovery_is_counted_from_the_fault() -> None:
    (change,) = changes(expected_recovery="12:00")
    assert change.fields == {"expected_outage_seconds": 3 * HOUR}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"incident_class": "ufo"}, "incident_class=ufo is not in the plan; take one of server, printer"),
        ({"core_service": "perhaps"}, "core_service=perhaps is neither yes nor no; write true, false or unknown"),
        ({"expected_outage": "long"}, "expected_outage=long is no length of time; write it as 30m"),
        ({"expected_recovery": "soon"}, "expected_recovery: 'soon' is no time"),
        ({"discovered": "in 2h"}, "discovered=in 2h lies in the future"),
        ({"occurred": "9:30"}, "occurred is later than discovered"),
        ({"recovered": "8:00"}, "recovered=8:00 is before the fault itself"),
        ({"recovered": "in 1h"}, "recovered=in 1h lies in the future"),
        ({"acknowledged": "ghost"}, "acknowledged=ghost is not in the plan; take one of zhang, li, wang, zhao"),
        ({"manual_work": ["moon"]}, "manual_work=moon is not in the plan; take one of pharmacy, wards"),
        ({"confirmed": ["moon"]}, "confirmed=moon is not in the plan"),
        ({"reentered": {"moon": "all"}}, "reentered=moon is not in the plan"),
        ({"met": ["luck"]}, "met=luck is not in the plan; take one of diagnosis, report"),
        ({"severity": "II"}, "a severity that a person gives needs its reason"),
        ({"severity": "V", "reason": "x"}, "severity=V is not in the plan; take one of I, II, III"),
    ],
)
def test_what_cannot_be_is_refused_with_what_may_be(said: dict[str, Any], sentence: str) -> None:
    assert sentence in refused(**said)


def test_everything_at_once_comes_in_its_order() -> None:
    found = changes(
        cause="disk", activated=True, acknowledged="Li", manual_work=["wards"], recovered="now", note="done",
        manual_work_ended=["wards"], confirmed=["wards"], confirmed_by="Zhao", reentered={"wards": "orders"},
        met=["report"], severity="III", reason="one ward",
    )  # fmt: skip
    assert [change.kind for change in found] == [
        "updated", "activated", "acknowledged", "manual_work", "recovered", "manual_work", "confirmed", "reentered",
        "deadline_met", "note", "graded",
    ]  # fmt: skip
    assert found[2].fields == {"who": "li"}
    assert found[-1].fields == {"severity": "III", "rule": "by_hand", "why": "one ward"}


def test_nothing_said_changes_nothing() -> None:
    assert changes() == []


def test_what_happened_earlier_is_told_with_its_time() -> None:
    (change,) = changes(note="called the vendor", at=NOW)[:1]
    assert change.happened_epoch is None
    (earlier,) = changes_of(POLICY, incident(), {"note": "called", "at": "20m ago"}, NOW)
    assert earlier.happened_epoch == NOW - 20 * MINUTE


def test_a_recovery_of_now_is_said_once_and_one_with_a_time_corrects_it() -> None:
    assert changes(RECOVERED, at=NOW + HOUR, recovered="now") == []
    assert changes(RECOVERED, at=NOW + HOUR, recovered="09:30")[0].happened_epoch == MORNING + 30 * MINUTE


def test_only_what_had_recovered_can_relapse() -> None:
    assert changes(relapsed=True) == []
    assert [change.kind for change in changes(RECOVERED, relapsed=True)] == ["relapsed"]


def test_a_closed_incident_takes_notes_alone() -> None:
    closed = {"kind": "closed"}
    assert [change.kind for change in changes(closed, note="the vendor has written")] == ["note"]
    assert "is closed; write a note, or open a new incident" in refused(closed, cause="disk")


def test_times_of_an_opening_that_is_repeated_are_those_of_the_first() -> None:
    said = {"title": "x", "occurred": "20m ago", "discovered": "now", "expected_recovery": "05:00"}
    assert without_relative_times(said) == {"title": "x", "expected_recovery": "05:00"}


def test_a_fault_is_not_seen_before_it_is_there() -> None:
    assert times_limitation(MORNING, MORNING, MORNING) is None
    assert times_limitation(None, MORNING, MORNING - 30) is None
    assert "this machine's clock" in str(times_limitation(None, MORNING, MORNING - HOUR))
    assert "occurred is later" in str(times_limitation(MORNING + 1, MORNING, MORNING))


def test_what_is_open_is_named_and_not_closed() -> None:
    by_hand = {"kind": "manual_work", "departments": ["wards"], "state": "started"}
    with pytest.raises(Refused) as raised:
        closing(POLICY, incident(by_hand), "", NOW)
    sentence = str(raised.value)
    assert "nobody has said that it is over" in sentence
    assert "wards still work by hand (manual_work_ended=wards)" in sentence
    assert "to be done still: diagnosis (met=diagnosis)" in sentence


def test_with_a_reason_it_is_closed_and_what_was_open_is_recorded() -> None:
    change = closing(POLICY, incident(), "false alarm", NOW)
    assert change.fields["reason"] == "false alarm"
    assert len(change.fields["left"]) == 3


def test_when_all_is_done_it_is_closed() -> None:
    done = incident(
        GRADED, RECOVERED, {"kind": "confirmed", "department": "wards", "who": "Zhao"},
        {"kind": "deadline_met", "key": "diagnosis"}, {"kind": "deadline_met", "key": "report"},
    )  # fmt: skip
    assert closing(POLICY, done, "", NOW + DAY) == Change("closed", {})


def test_a_minor_fault_needs_nobody_to_confirm_it() -> None:
    major, minor = ({**GRADED, "severity": key} for key in ("I", "II"))
    met = [{"kind": "deadline_met", "key": key} for key in ("diagnosis", "report")]
    with pytest.raises(Refused, match="no department has confirmed"):
        closing(POLICY, incident(major, RECOVERED, *met), "", NOW + DAY)
    assert closing(POLICY, incident(minor, RECOVERED, *met), "", NOW + DAY).kind == "closed"


@pytest.mark.parametrize(("now", "meant"), [("02:10", "01:50"), ("01:10", "00:50")])
def test_a_time_of_the_hour_that_comes_twice_is_the_one_last_passed(now: str, meant: str) -> None:
    at, found = (datetime.fromisoformat(f"2026-10-25T{time}:00+00:00").timestamp() for time in (now, meant))
    assert epoch_of("02:50", at, Calendar("Europe/Berlin")) == found
