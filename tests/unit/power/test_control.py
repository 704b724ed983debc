# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirmed, in time, and never by force before the graceful time is over."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._power.control import (
    ensure_forced_off,
    ensure_off,
    ensure_on,
    look,
)
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    BmcBusy,
    BmcLoginFailed,
    BmcRefused,
    BmcUnreachable,
    NotConfirmed,
    Outcome,
    PowerError,
    PowerState,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.power.fake_machine import BMC_TIMEOUT, FakeMachine, VirtualClock

_SLACK = 0.011  # What a last call is granted at least.


def machine(**traits: object) -> FakeMachine:
    return FakeMachine(VirtualClock(), **traits)  # type: ignore[arg-type]


def test_forced_off_is_confirmed_at_the_first_reading_that_shows_it() -> None:
    found = machine(forced_takes=0.1)
    outcome = ensure_forced_off(found, 5, found.clock)
    assert (outcome.before, outcome.after, outcome.changed) == (PowerState.ON, PowerState.OFF, True)
    assert found.actions() == ["forced_off"]
    assert outcome.steps == ["read on", "requested forced_off", "read on", "read off"]
    assert outcome.confirmed_at == found.clock.wall()
    assert outcome.seconds <= 0.04 + 0.1 + 0.05 + 0.02


def test_what_was_seen_on_just_now_is_not_read_again_before_it_is_switched_off() -> None:
    found = machine(forced_takes=0)
    outcome = ensure_forced_off(found, 5, found.clock, seen=PowerState.ON)
    assert outcome.steps == ["requested forced_off", "read off"]
    assert (outcome.before, outcome.after, outcome.changed) == (PowerState.ON, PowerState.OFF, True)


def test_what_was_seen_off_is_still_confirmed() -> None:
    found = machine(powered=False)
    outcome = ensure_forced_off(found, 5, found.clock, seen=PowerState.OFF)
    assert (outcome.steps, outcome.changed, outcome.confirmed) == (["read off"], False, True)


@pytest.mark.parametrize("powered", [True, False])
def test_a_machine_that_is_there_is_left_alone(powered: bool) -> None:
    found = machine(powered=powered)
    outcome = ensure_on(found, 5, found.clock) if powered else ensure_off(found, 60, 5, found.clock)
    assert not outcome.changed
    assert outcome.confirmed
    assert found.asked == []


def test_off_lets_the_operating_system_shut_down() -> None:
    found = machine(graceful_takes=20)
    outcome = ensure_off(found, 60, 5, found.clock)
    assert found.actions() == ["graceful_off"]
    assert 20 <= outcome.seconds <= 20.2


def test_off_is_forced_after_the_graceful_time() -> None:
    found = machine(graceful_takes=None)
    outcome = ensure_off(found, 60, 5, found.clock)
    assert found.actions() == ["graceful_off", "forced_off"]
    assert outcome.after is PowerState.OFF
    assert 60 <= outcome.seconds <= 60.4


def test_off_without_graceful_time_is_forced_at_once() -> None:
    found = machine()
    assert ensure_off(found, 0, 5, found.clock).seconds < 0.5
    assert found.actions() == ["forced_off"]


def test_a_bmc_that_cannot_shut_down_gracefully_still_waits() -> None:
    found = machine(refusals={"graceful_off": [BmcRefused("no such thing.")]})
    outcome = ensure_off(found, 30, 5, found.clock)
    assert "graceful_off: no such thing." in outcome.steps
    assert found.asked[0][1] == "forced_off"
    assert found.asked[0][0] >= 30


def test_forced_off_is_asked_for_again_when_it_was_not_heeded() -> None:
    found = machine(forced_takes=None)
    with pytest.raises(NotConfirmed) as caught:
        ensure_forced_off(found, 5, found.clock)
    assert found.actions() == ["forced_off"] * 3
    assert "still reads on after 5 s" in caught.value.message
    assert caught.value.outcome is not None
    assert caught.value.outcome.changed
    assert caught.value.outcome.confirmed_at is None


def test_a_busy_bmc_is_asked_again_soon() -> None:
    found = machine(refusals={"forced_off": [BmcBusy("busy."), BmcBusy("busy.")]})
    outcome = ensure_forced_off(found, 5, found.clock)
    assert outcome.confirmed
    assert outcome.seconds < 1


def test_a_refusal_ends_it_with_what_was_done() -> None:
    found = machine(refusals={"forced_off": [BmcRefused("no.")]})
    with pytest.raises(BmcRefused) as caught:
        ensure_forced_off(found, 5, found.clock)
    assert caught.value.outcome is not None
    assert not caught.value.outcome.changed


def test_a_refusal_because_it_is_off_already_is_no_failure() -> None:
    found = machine(refusals={"forced_off": [BmcRefused("it is off.")]})
    found.changes.append((0.03, False))
    outcome = ensure_forced_off(found, 5, found.clock)
    assert outcome.confirmed
    assert not outcome.changed


def test_a_silent_bmc_costs_its_own_time_out() -> None:
    found = machine(dead_at=0)
    with pytest.raises(BmcUnreachable):
        ensure_forced_off(found, 60, found.clock)
    assert found.clock.now() == BMC_TIMEOUT


def test_a_bmc_that_falls_silent_while_switching_is_not_taken_for_off() -> None:
    found = machine(dead_at=0.05)
    with pytest.raises(NotConfirmed, match="does not say its state") as caught:
        ensure_forced_off(found, 8, found.clock)
    assert caught.value.outcome is not None
    assert caught.value.outcome.after is PowerState.UNKNOWN
    assert found.clock.now() <= 8 + _SLACK


def test_a_machine_between_states_is_unknown_and_asked_for() -> None:
    found = machine(in_between=PowerState.UNKNOWN, forced_takes=1)
    outcome = ensure_forced_off(found, 5, found.clock)
    assert "read unknown" in outcome.steps
    assert outcome.after is PowerState.OFF


def test_what_cannot_be_asked_for_is_refused_before_anything_is() -> None:
    found = machine(cannot={"forced_off": "it has no such action."})
    with pytest.raises(BmcRefused, match="no such action"):
        ensure_off(found, 60, 5, found.clock)
    with pytest.raises(BmcRefused, match="no such action"):
        look(found, PowerState.OFF, 5, found.clock)
    assert found.asked == []


def test_looking_changes_nothing_and_tells_what_would_change() -> None:
    found = machine()
    assert look(found, PowerState.OFF, 5, found.clock).changed
    assert not look(found, PowerState.ON, 5, found.clock).changed
    assert found.asked == []


def test_the_patience_is_given_back() -> None:
    found = machine(forced_takes=None)
    with pytest.raises(NotConfirmed):
        ensure_forced_off(found, 1, found.clock)
    assert found.patience == BMC_TIMEOUT


_TIMES = st.one_of(st.none(), st.floats(0, 100))
_ERRORS = st.lists(st.sampled_from([BmcBusy, BmcRefused, BmcUnreachable, BmcLoginFailed]), max_size=4)


@given(
    powered=st.booleans(),
    graceful=st.floats(0, 60),
    timeout=st.floats(0.5, 30),
    graceful_takes=_TIMES,
    forced_takes=_TIMES,
    call_takes=st.floats(0, 6),
    dead_at=st.one_of(st.just(float("inf")), st.floats(0, 60)),
    refused_gracefully=_ERRORS,
    refused_by_force=_ERRORS,
)
def test_off_keeps_its_promises(
    powered: bool,
    graceful: float,
    timeout: float,
    graceful_takes: float | None,
    forced_takes: float | None,
    call_takes: float,
    dead_at: float,
    refused_gracefully: list[type[PowerError]],
    refused_by_force: list[type[PowerError]],
) -> None:
    found = machine(
        powered=powered,
        graceful_takes=graceful_takes,
        forced_takes=forced_takes,
        call_takes=call_takes,
        dead_at=dead_at,
        refusals={
            "graceful_off": [error("no.") for error in refused_gracefully],
            "forced_off": [error("no.") for error in refused_by_force],
        },
    )
    outcome = off_or_what_was_done(found, graceful, timeout)
    assert outcome.confirmed == (outcome.after is PowerState.OFF)
    if outcome.confirmed:
        assert found.read[-1] == (found.clock.now(), PowerState.OFF)
    assert found.clock.now() <= graceful + timeout + _SLACK
    assert all(when >= graceful for when, action in found.asked if action == "forced_off")
    assert outcome.changed or not found.asked


def off_or_what_was_done(found: FakeMachine, graceful: float, timeout: float) -> Outcome:
    """Return the outcome, also of a failure, which must not say off."""
    try:
        return ensure_off(found, graceful, timeout, found.clock)
    except PowerError as error:
        failed = error.outcome
    assert failed is not None
    assert not failed.confirmed
    return failed
