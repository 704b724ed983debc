# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding what to change, and when to refuse."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import (
    BondState,
    Change,
    Member,
    ServerUplinkError,
    Wanted,
)
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.plan import (
    make_plan,
    make_rollback,
    predict,
    warnings,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("eth0", "eth1", "eth2")

members = st.builds(
    Member,
    name=st.sampled_from(NAMES),
    carrier=st.booleans(),
    enabled=st.booleans(),
    speed=st.sampled_from([-1, 1000, 10000]),
    duplex=st.sampled_from(["full", "half", "unknown"]),
)


@st.composite
def states(draw: st.DrawFn) -> BondState:
    found = tuple(draw(st.lists(members, unique_by=lambda member: member.name, max_size=3)))
    names = [member.name for member in found]
    return BondState(
        name="bond0",
        kind=draw(st.sampled_from(["kernel", "openvswitch"])),
        mode=draw(st.sampled_from(["active-backup", "active-backup", "802.3ad", "balance-xor"])),
        up=draw(st.booleans()),
        active=draw(st.sampled_from([None, *names])),
        members=found,
        primary=draw(st.sampled_from([None, *names])),
        primary_reselect=draw(st.sampled_from(["always", "better", "failure"])),
        fail_over_mac=draw(st.sampled_from(["none", "active", "follow"])),
        gratuitous_arp=draw(st.integers(0, 2)),
    )


wishes = st.builds(
    Wanted, bond=st.just("bond0"), active=st.sampled_from(NAMES), primary=st.sampled_from(["refuse", "move"])
)


@given(states(), wishes)
def test_a_plan_leads_to_the_wanted_member_and_then_to_nothing(state: BondState, wanted: Wanted) -> None:
    try:
        changes = make_plan(state, wanted)
    except ServerUplinkError:
        return
    after = predict(state, changes)
    assert state.moves_by_itself or after.active == wanted.active
    assert make_plan(after, wanted) == ()


@given(states(), wishes)
def test_nothing_is_moved_to_a_member_that_cannot_carry_traffic(state: BondState, wanted: Wanted) -> None:
    try:
        changes = make_plan(state, wanted)
    except ServerUplinkError:
        return
    target = state.member(wanted.active)
    assert not changes or (target is not None and target.usable and state.up and not state.moves_by_itself)


@given(states(), wishes)
def test_a_bond_is_never_moved_away_from_a_primary_that_would_take_it_back(state: BondState, wanted: Wanted) -> None:
    try:
        changes = make_plan(state, wanted)
    except ServerUplinkError:
        return
    after = predict(state, changes)
    if changes and after.primary not in (None, wanted.active):
        assert state.primary_reselect != "always"


@given(states(), wishes)
def test_a_roll_back_restores_all_that_still_has_carrier(state: BondState, wanted: Wanted) -> None:
    try:
        changes = make_plan(state, wanted)
    except ServerUplinkError:
        return
    moved = predict(state, changes)
    restored = predict(moved, make_rollback(state, moved))
    former = moved.member(state.active or "")
    assert restored.primary == state.primary
    assert restored.active == (state.active if former and former.usable else moved.active)


@given(states(), states())
def test_a_roll_back_never_chooses_a_member_without_carrier(before: BondState, now: BondState) -> None:
    for change in make_rollback(before, now):
        target = now.member(change.member)
        assert change.setting == "primary" or (target is not None and target.usable)


def bond(**settings: object) -> BondState:
    two = (Member("eth0", carrier=True, enabled=True), Member("eth1", carrier=True, enabled=True))
    usual: dict[str, object] = {
        "name": "bond0",
        "kind": "kernel",
        "mode": "active-backup",
        "up": True,
        "active": "eth0",
        "members": two,
    }
    return BondState(**{**usual, **settings})  # type: ignore[arg-type]


def refusal(state: BondState, wanted: Wanted) -> str:
    with pytest.raises(ServerUplinkError) as refused:
        make_plan(state, wanted)
    return str(refused.value)


def test_a_stranger_is_refused_with_the_names_of_the_members() -> None:
    sentence = refusal(bond(), Wanted("bond0", "eth9"))
    assert "eth9 is not a member of bond0 (members: eth0, eth1)" in sentence


def test_a_member_without_carrier_is_refused() -> None:
    dead = (Member("eth0", carrier=True, enabled=True), Member("eth1", carrier=False, enabled=False))
    sentence = refusal(bond(members=dead), Wanted("bond0", "eth1"))
    assert "eth1 of bond0 has no carrier" in sentence
    assert "switch port" in sentence


def test_a_bond_that_is_down_is_refused() -> None:
    assert "ip link set bond0 up" in refusal(bond(up=False), Wanted("bond0", "eth1"))


def test_a_primary_that_would_take_the_bond_back_is_refused_with_the_way_out() -> None:
    state = bond(primary="eth0", primary_reselect="always")
    assert "primary: move" in refusal(state, Wanted("bond0", "eth1"))
    assert make_plan(state, Wanted("bond0", "eth1", primary="move")) == (
        Change("primary", "eth1"),
        Change("active", "eth1"),
    )


@pytest.mark.parametrize(
    ("speeds", "refused"), [((10000, 1000), True), ((1000, 10000), False), ((1000, 1000), False), ((-1, -1), False)]
)
def test_a_primary_that_is_chosen_when_better_matters_only_when_it_is(speeds: tuple[int, int], refused: bool) -> None:
    two = tuple(
        Member(name, carrier=True, enabled=True, speed=speed, duplex="full")
        for name, speed in zip(("eth0", "eth1"), speeds, strict=True)
    )
    state = bond(members=two, primary="eth0", primary_reselect="better")
    if refused:
        assert "primary" in refusal(state, Wanted("bond0", "eth1"))
    else:
        assert make_plan(state, Wanted("bond0", "eth1")) == (Change("active", "eth1"),)


def test_a_primary_that_waits_for_a_failure_does_not_matter() -> None:
    state = bond(primary="eth0", primary_reselect="failure")
    assert make_plan(state, Wanted("bond0", "eth1")) == (Change("active", "eth1"),)


def test_a_bond_that_already_left_its_failed_primary_is_left_there_with_a_warning() -> None:
    state = bond(active="eth1", primary="eth0", primary_reselect="always")
    wanted = Wanted("bond0", "eth1")
    assert make_plan(state, wanted) == ()
    (warning,) = warnings(state, wanted)
    assert "goes back to its primary eth0" in warning


def test_a_mac_address_that_moves_unannounced_is_warned_of() -> None:
    (warning,) = warnings(bond(fail_over_mac="active", gratuitous_arp=0), Wanted("bond0", "eth1"))
    assert "num_grat_arp" in warning
    assert not warnings(bond(fail_over_mac="active", gratuitous_arp=1), Wanted("bond0", "eth1"))


def test_a_bond_that_moves_by_itself_is_not_moved() -> None:
    assert make_plan(bond(mode="802.3ad", active=None), Wanted("bond0", "eth1")) == ()
