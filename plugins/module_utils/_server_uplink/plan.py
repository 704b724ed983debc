# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding: from what was read to the list of changes, without touching anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Optional

from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import (
    BondState,
    Change,
    Member,
    ServerUplinkError,
    Wanted,
)

Changes = tuple[Change, ...]
Guard = Callable[[BondState, Wanted], Optional[str]]

DUPLEX_RANK = {"half": 1, "full": 2}


def not_a_member(state: BondState, wanted: Wanted) -> str | None:
    if state.member(wanted.active) is not None:
        return None
    return (
        f"{wanted.active} is not a member of {state.name} (members: {state.member_names()}); name one of them in "
        "`active`."
    )


def bond_is_down(state: BondState, _wanted: Wanted) -> str | None:
    if state.up:
        return None
    return (
        f"{state.name} is administratively down, so no member can carry its traffic; set it up first (ip link set "
        f"{state.name} up)."
    )


def member_is_unusable(state: BondState, wanted: Wanted) -> str | None:
    """A bond that moves by itself is not told where to go: there the check waits for the member instead."""
    member = state.member(wanted.active)
    if state.moves_by_itself or member is None or member.usable:
        return None
    seen = "has carrier, but the bond holds it disabled" if member.carrier else "has no carrier"
    return (
        f"{wanted.active} of {state.name} {seen}; look at its cable and at the switch port behind it. "
        "Nothing was changed."
    )


def primary_pulls_back(state: BondState, wanted: Wanted) -> str | None:
    """A primary that is, or comes, up takes the bond back, so the move would not last."""
    primary = state.member(state.primary or "")
    if state.moves_by_itself or primary is None or wanted.primary == "move":
        return None
    if not takes_over(primary, state.member(wanted.active), state.primary_reselect):
        return None
    if state.active == wanted.active:
        return None
    return (
        f"{state.name} has the primary {primary.name} (primary_reselect {state.primary_reselect}), which would "
        f"take the bond back from {wanted.active}; "
        f"set `primary: move` to make {wanted.active} the primary as well, or take the primary out of the bond's "
        "configuration."
    )


GUARDS: tuple[Guard, ...] = (not_a_member, bond_is_down, member_is_unusable, primary_pulls_back)


def reason_against(state: BondState, wanted: Wanted) -> str | None:
    """The first reason why the wanted member must not be made active, or None."""
    return next((reason for reason in (guard(state, wanted) for guard in GUARDS) if reason), None)


def takes_over(primary: Member, current: Member | None, reselect: str | None) -> bool:
    """Whether the bond would leave its current member for the primary."""
    if current is None or current.name == primary.name or reselect == "failure":
        return False
    if reselect == "better":
        return quality(primary) > quality(current)
    return True


def quality(member: Member) -> tuple[int, int]:
    return member.speed, DUPLEX_RANK.get(member.duplex, 0)


def make_plan(state: BondState, wanted: Wanted) -> Changes:
    """The changes that make the wanted member carry the traffic; ServerUplinkError where that must not be."""
    reason = reason_against(state, wanted)
    if reason:
        raise ServerUplinkError(reason)
    if state.moves_by_itself:
        return ()
    changes = []
    if wanted.primary == "move" and state.primary not in (None, wanted.active):
        changes.append(Change("primary", wanted.active))
    if state.active != wanted.active:
        changes.append(Change("active", wanted.active))
    return tuple(changes)


def predict(state: BondState, changes: Changes) -> BondState:
    """The bond as it will be after the changes."""
    for change in changes:
        if change.setting == "primary":
            state = replace(state, primary=change.member)
        else:
            state = replace(state, active=change.member)
    return state


def make_rollback(before: BondState, now: BondState) -> Changes:
    """The changes that put back what was there, as far as the members still can.

    A former member without carrier is left alone: the bond's own choice stands.
    """
    changes = []
    if before.primary is not None and now.primary != before.primary:
        changes.append(Change("primary", before.primary))
    former = now.member(before.active or "")
    if former is not None and former.usable and now.active != former.name:
        changes.append(Change("active", former.name))
    return tuple(changes)


def warnings(state: BondState, wanted: Wanted) -> tuple[str, ...]:
    """What the engineer should know although nothing forbids the move."""
    found = []
    if state.fail_over_mac == "active" and state.gratuitous_arp == 0:
        found.append(
            f"{state.name} takes another MAC address when it moves (fail_over_mac active) and announces it to nobody "
            "(num_grat_arp 0); neighbors find it again only when their ARP entries expire: set num_grat_arp to 1 "
            "or more."
        )
    primary = state.member(state.primary or "")
    if (
        primary is not None
        and wanted.primary != "move"
        and state.active == wanted.active
        and not state.moves_by_itself
        and takes_over(primary, state.member(wanted.active), state.primary_reselect)
    ):
        found.append(
            f"{state.name} is on {wanted.active}, but goes back to its primary {primary.name} as soon as that has "
            "carrier again; "
            f"set `primary: move` to keep it on {wanted.active}."
        )
    return tuple(found)
