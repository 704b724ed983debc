# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reading makes of what a UPS says: figures that can be true, and a status that is not guessed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._ups import nut
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import Reading
from ansible_collections.contingency.infra.plugins.module_utils._ups.reading import normalise
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_795_352_400.0
WHERE = "nut://127.0.0.1:3493/ups-a"
GOOD = {
    "ups.status": "OL",
    "battery.runtime": "1800",
    "battery.charge": "90",
    "ups.load": "40",
    "ups.realpower": "1230",
    "ups.realpower.nominal": "3000",
}
FLAGS = ["OL", "OB", "LB", "HB", "RB", "CHRG", "DISCHRG", "BYPASS", "CAL", "OFF", "OVER", "TRIM", "BOOST", "FSD"]
FLAGS += ["TEST", "ALARM", "ECO", "NOCOMM", "WAIT", "", "ol", "garbage", "O", "L", "OL;OB"]
STATUSES = st.lists(st.sampled_from(FLAGS), max_size=5).map(" ".join)
VALUES = st.one_of(
    st.sampled_from(["0", "-1", "65535", "32767", "3932100", "nan", "inf", "1e9", "N/A", "", "٣", "1_0", "100.1"]),
    st.floats().map(str),
    st.integers(-10, 10**12).map(str),
    st.text(max_size=8),
)
FIGURES = ("runtime_seconds", "charge_percent", "load_percent", "power_watts", "nominal_watts")


def reading(previous: tuple[Reading, ...] = (), at: float = NOW, **variables: str | None) -> Reading:
    """A reading of GOOD with some variables changed (battery_runtime for battery.runtime) or left out."""
    changed = {**GOOD, **{name.replace("_", "."): text for name, text in variables.items()}}
    told = {name: text for name, text in changed.items() if text is not None}
    return normalise("ups-a", WHERE, nut.observe(told), [each.as_dict() for each in previous], at)


def why(found: Reading, field: str) -> str:
    """The reasons that are given for one field."""
    return " ".join(mark.why for mark in found.marks if mark.field == field)


def test_a_good_reading_has_no_marks() -> None:
    found = reading()
    assert (found.status, found.why, found.marks) == ("online", None, ())
    assert [getattr(found, name) for name in FIGURES] == [1800, 90, 40, 1230, 3000]
    assert found.replace_battery is False


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("OL", "online"),
        ("OL CHRG", "online"),
        ("OL TRIM", "online"),
        ("OL BOOST RB", "online"),
        ("OL LB CHRG", "online"),
        ("OL BYPASS", "online"),
        ("OL CAL", "online"),
        ("OB", "on_battery"),
        ("OB DISCHRG", "on_battery"),
        ("OB CAL", "on_battery"),
        ("OB LB", "low_battery"),
        ("LB", "low_battery"),
        ("OL OB LB", "low_battery"),
        ("OL FSD", "low_battery"),
        ("FSD OB LB", "low_battery"),
        ("NOCOMM OB LB", "low_battery"),
        ("OL OB", "unknown"),
        ("OL OFF", "unknown"),
        ("OFF", "unknown"),
        ("OL DISCHRG", "unknown"),
        ("BYPASS", "unknown"),
        ("CHRG", "unknown"),
        ("WAIT", "unknown"),
        ("OL NOCOMM", "unknown"),
        ("OB NOCOMM", "unknown"),
        ("", "unknown"),
        ("OLD", "unknown"),
    ],
)
def test_status(said: str, status: str) -> None:
    found = reading(ups_status=said)
    assert found.status == status
    assert (found.why is None) == (status != "unknown")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("OL BYPASS", "on bypass"),
        ("OB CAL", "calibrates its battery"),
        ("OB TEST", "tests its battery"),
        ("OL OVER", "overloaded"),
        ("OL FSD", "forced shutdown is set"),
        ("OL LB", "battery is low while mains is there"),
        ("OL OB LB", "on line and on battery at once"),
        ("OB LB NOCOMM", "no contact with the UPS"),
        ("OL ALARM", "alarm"),
    ],
)
def test_what_has_to_be_known_of_a_status_is_marked(said: str, told: str) -> None:
    assert told in why(reading(ups_status=said), "status")


def test_no_status_at_all() -> None:
    found = reading(ups_status=None)
    assert found.status == "unknown"
    assert "neither that it is on line nor on battery (nothing)" in str(found.why)


@pytest.mark.parametrize(
    ("variable", "text", "field", "told"),
    [
        ("battery_runtime", "65535", "runtime_seconds", "does not know it"),
        ("battery_runtime", "65534", "runtime_seconds", "does not know it"),
        ("battery_runtime", "3932100", "runtime_seconds", "does not know it"),
        ("battery_runtime", "-1", "runtime_seconds", "outside 0 to 172800 s"),
        ("battery_runtime", "400000", "runtime_seconds", "outside"),
        ("battery_runtime", "0", "runtime_seconds", "0 while the UPS is running"),
        ("battery_runtime", "nan", "runtime_seconds", "not a number"),
        ("battery_runtime", "inf", "runtime_seconds", "not a number"),
        ("battery_runtime", None, "runtime_seconds", "does not tell"),
        ("battery_charge", "100.5", "charge_percent", "outside 0 to 100 %"),
        ("battery_charge", "-1", "charge_percent", "outside"),
        ("battery_charge", None, "charge_percent", "does not tell"),
        ("ups_load", "65535", "load_percent", "does not know it"),
        ("ups_load", "-3", "load_percent", "outside"),
        ("ups_load", "", "load_percent", "does not tell"),
    ],
)
def test_an_implausible_figure_is_null_and_named(variable: str, text: Any, field: str, told: str) -> None:
    found = reading(**{variable: text})
    assert getattr(found, field) is None
    assert told in why(found, field)
    assert found.status == "online"


@pytest.mark.parametrize(
    ("status", "charge", "runtime"),
    [
        ("OB LB", "50", 0),
        ("OB", "5", 0),
        ("OB", None, 0),
        ("OB", "80", None),
        ("OL", "5", None),
        ("OL", None, None),
    ],
)
def test_no_runtime_left_is_believed_where_the_battery_may_be_at_its_end(
    status: str, charge: str | None, runtime: float | None
) -> None:
    found = reading(ups_status=status, battery_charge=charge, battery_runtime="0")
    assert found.runtime_seconds == runtime
    assert why(found, "runtime_seconds")


def test_low_battery_with_plenty_of_runtime_is_believed_and_marked() -> None:
    found = reading(ups_status="OB LB", battery_runtime="1000")
    assert (found.status, found.runtime_seconds) == ("low_battery", 1000)
    assert "low battery although 1000 s are left" in why(found, "status")


def test_low_battery_near_its_own_limit_is_no_wonder() -> None:
    assert reading(ups_status="OB LB", battery_runtime="500", battery_runtime_low="300").marks == ()


def test_on_bypass_no_battery_carries_the_load() -> None:
    found = reading(ups_status="OL BYPASS")
    assert found.runtime_seconds is None
    assert "does not carry the load" in why(found, "runtime_seconds")


@pytest.mark.parametrize(
    ("variables", "watts", "nominal", "told"),
    [
        ({}, 1230, 3000, ""),
        ({"ups_realpower": None}, 1200, 3000, "Estimated as load times nominal power"),
        ({"ups_realpower": "0"}, 1200, 3000, "0 W at a load of 40 %"),
        ({"ups_realpower": "9000"}, 1200, 3000, "more than twice the nominal"),
        ({"ups_realpower": None, "ups_load": None, "ups_power": "1500"}, 1500, 3000, "apparent power in VA"),
        ({"ups_realpower": None, "ups_realpower_nominal": None, "ups_power": "1500"}, 1500, None, "in VA"),
        (
            {"ups_realpower": None, "ups_realpower_nominal": None, "ups_power_nominal": "5000"},
            2000,
            None,
            "load times nominal apparent power",
        ),
        ({"ups_realpower": None, "ups_realpower_nominal": None}, None, None, ""),
    ],
)
def test_power(variables: dict[str, Any], watts: float | None, nominal: float | None, told: str) -> None:
    found = reading(**variables)
    assert (found.power_watts, found.nominal_watts) == (watts, nominal)
    assert told in why(found, "power_watts")


def test_old_data_is_no_reading_of_now() -> None:
    found = reading(ups_status="OL", driver_parameter_pollinterval="121")
    assert found.status == "unknown"
    assert "121 s old" in str(found.why)
    assert [getattr(found, name) for name in FIGURES] == [None, None, None, None, 3000]
    assert {mark.field: mark.value for mark in found.marks} == {
        "runtime_seconds": 1800,
        "charge_percent": 90,
        "load_percent": 40,
    }


def test_old_low_battery_is_still_low() -> None:
    found = reading(ups_status="OB LB", driver_parameter_pollinterval="121")
    assert found.status == "low_battery"
    assert found.runtime_seconds is None
    assert "121 s old" in why(found, "status")


def test_battery_to_be_replaced_and_alarm() -> None:
    found = reading(ups_status="OL RB ALARM", ups_alarm="Replace battery!")
    assert found.replace_battery is True
    assert any(mark.value == "Replace battery!" for mark in found.marks)


@given(STATUSES)
def test_online_is_only_what_says_so_and_nothing_against_it(said: str) -> None:
    words = set(said.upper().split())
    against = {"OB", "OFF", "DISCHRG", "FSD", "NOCOMM", "WAIT"}
    assert (reading(ups_status=said).status == "online") == ("OL" in words and not words & against)


@given(STATUSES)
def test_low_battery_is_never_taken_for_less_unless_mains_is_there(said: str) -> None:
    words = set(said.upper().split())
    if "FSD" in words or {"OB", "LB"} <= words:
        assert reading(ups_status=said).status == "low_battery"


@given(
    STATUSES, st.fixed_dictionaries({}, optional={name: VALUES for name in GOOD if name != "ups.status"}), st.booleans()
)
def test_whatever_a_ups_says_figures_are_sane_or_null(said: str, told: dict[str, str], connected: bool) -> None:
    state = {} if connected else {"driver.state": "reconnect.trying"}
    found = normalise("ups-a", WHERE, nut.observe({"ups.status": said, **told, **state}), [], NOW)
    assert connected or found.status != "online"
    assert (found.why is None) == (found.status != "unknown")
    assert found.runtime_seconds is None or 0 <= found.runtime_seconds <= 172800
    assert found.charge_percent is None or 0 <= found.charge_percent <= 100
    assert found.load_percent is None or 0 <= found.load_percent <= 200
    named = {mark.field for mark in found.marks}
    for variable, field in (("battery.runtime", "runtime_seconds"), ("battery.charge", "charge_percent")):
        if getattr(found, field) is None:
            assert field in named or (variable not in told and not connected) or found.status == "unknown"


def as_read(seconds: float, status: str, **variables: Any) -> Reading:
    return reading(at=NOW + seconds, ups_status=status, **variables)


def test_on_battery_runtime_that_falls_with_the_time_is_fine() -> None:
    before = as_read(0, "OB", battery_runtime="1800")
    found = reading((before,), NOW + 60, ups_status="OB", battery_runtime="1740", battery_charge="87")
    assert found.marks == ()


@pytest.mark.parametrize(
    ("load_then", "load_now", "runtime", "taken"),
    [
        ("40", "40", "18358", False),
        ("40", "40", "4000", False),
        ("40", "20", "4000", True),
        (None, None, "4000", True),
        (None, None, "9000", False),
        ("40", "0", "4000", True),
    ],
)
def test_on_battery_runtime_rises_no_more_than_shedding_explains(
    load_then: str | None, load_now: str | None, runtime: str, taken: bool
) -> None:
    before = as_read(0, "OB", battery_runtime="1800", ups_load=load_then)
    found = reading((before,), NOW + 60, ups_status="OB", battery_runtime=runtime, ups_load=load_now)
    assert (found.runtime_seconds is not None) == taken
    assert taken or "at most" in why(found, "runtime_seconds")


def test_runtime_that_was_not_believed_is_not_believed_again() -> None:
    first = as_read(0, "OB", battery_runtime="1800")
    second = reading((first,), NOW + 60, ups_status="OB", battery_runtime="20000")
    third = reading((second, first), NOW + 120, ups_status="OB", battery_runtime="19900")
    late = reading((first, second, third), NOW + 1200, ups_status="OB", battery_runtime="19000")
    assert [found.runtime_seconds for found in (first, second, third, late)] == [1800, None, None, None]


def test_runtime_that_collapses_is_used_and_marked() -> None:
    before = as_read(0, "OL", battery_runtime="3600")
    found = reading((before,), NOW + 30, ups_status="OB", battery_runtime="400")
    assert found.runtime_seconds == 400
    assert "the battery may be worn" in why(found, "runtime_seconds")


def test_runtime_that_stands_still_on_battery_is_not_believed() -> None:
    earlier = tuple(as_read(seconds, "OB", battery_runtime="3600") for seconds in range(0, 300, 60))
    found = reading(earlier, NOW + 300, ups_status="OB", battery_runtime="3600")
    assert found.runtime_seconds is None
    assert "stood still for 300 s" in why(found, "runtime_seconds")
    assert reading(earlier[1:], NOW + 300, ups_status="OB", battery_runtime="3600").runtime_seconds == 3600
    assert reading(earlier, NOW + 300, ups_status="OB", battery_runtime="3540").runtime_seconds == 3540


def test_on_line_a_runtime_may_stand_still() -> None:
    earlier = tuple(as_read(seconds, "OL") for seconds in range(0, 900, 60))
    assert reading(earlier, NOW + 900, ups_status="OL").marks == ()


@pytest.mark.parametrize(
    ("then", "now", "seconds", "before", "after", "charge", "told"),
    [
        ("OL", "OL", 60, "100", "57", 57, "at least 90 %"),
        ("OL", "OL", 60, "57", "100", None, "at most"),
        ("OB", "OB", 60, "57", "70", None, "62 % at most"),
        ("OB", "OB", 60, "57", "50", 50, ""),
        ("OB", "OB", 60, "90", "30", 30, "at least 55 %"),
        ("OL", "OL", 800, "57", "80", 80, ""),
    ],
)
def test_charge_that_jumps(
    then: str, now: str, seconds: float, before: str, after: str, charge: float | None, told: str
) -> None:
    earlier = as_read(0, then, battery_charge=before)
    found = reading((earlier,), NOW + seconds, ups_status=now, battery_charge=after, battery_runtime="1700")
    assert found.charge_percent == charge
    assert told in why(found, "charge_percent")


@pytest.mark.parametrize("seconds", [-3600, 0, 901])
def test_a_clock_that_jumped_and_a_time_long_ago_say_nothing(seconds: float) -> None:
    before = as_read(0, "OL", battery_runtime="1800")
    assert reading((before,), NOW + seconds, battery_runtime="20000").runtime_seconds == 20000


def test_readings_of_another_ups_say_nothing() -> None:
    other = normalise("ups-b", WHERE, nut.observe({**GOOD, "battery.runtime": "60"}), [], NOW)
    assert reading((other,), NOW + 60).marks == ()


@given(
    st.lists(st.tuples(st.integers(1, 600), st.integers(0, 172800)), min_size=1, max_size=8),
    st.sampled_from(["OB", "OB LB"]),
)
def test_on_battery_history_never_makes_a_runtime_longer(steps: list[tuple[int, int]], said: str) -> None:
    earlier: tuple[Reading, ...] = ()
    at = NOW
    for seconds, runtime in steps:
        at += seconds
        alone = reading((), at, ups_status=said, battery_runtime=str(runtime))
        found = reading(earlier, at, ups_status=said, battery_runtime=str(runtime))
        assert found.status == alone.status
        assert found.runtime_seconds in (None, alone.runtime_seconds)
        known = [each.runtime_seconds for each in earlier if each.runtime_seconds is not None]
        if found.runtime_seconds is not None and known:
            # Twice for a load that is not known, half as much again for the estimate, 120 s for its steps.
            assert found.runtime_seconds <= known[-1] * 3 + 120
        earlier = (*earlier, found)
