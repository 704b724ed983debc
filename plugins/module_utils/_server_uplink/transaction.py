# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task is one transaction: read, plan, apply, verify, and on failure put back what was there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.bond import Bond
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import Host
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.kernel import KernelBond
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import (
    BondNotFound,
    BondState,
    Change,
    Check,
    ServerUplinkError,
    Wanted,
)
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.openvswitch import OpenVswitchBond
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.plan import (
    Changes,
    make_plan,
    make_rollback,
    predict,
    warnings,
)
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.verify import (
    Checks,
    Verifier,
    failed,
)


@dataclass
class Outcome:
    """What the task did and saw; ``problem`` is the sentence of a task that failed."""

    before: BondState | None = None
    after: BondState | None = None
    planned: BondState | None = None
    commands: tuple[str, ...] = ()
    verified: Checks = ()
    warnings: tuple[str, ...] = ()
    changed: bool = False
    rolled_back: bool = False
    seconds: float = 0.0
    problem: str | None = None

    def as_result(self) -> dict[str, Any]:
        return {
            "changed": self.changed,
            "before": self.before.as_dict() if self.before else {},
            "after": self.after.as_dict() if self.after else {},
            "commands": list(self.commands),
            "verified": [check.as_dict() for check in self.verified],
            "rolled_back": self.rolled_back,
            "seconds": round(self.seconds, 3),
            "diff": self._diff(),
        }

    def _diff(self) -> dict[str, str]:
        if self.before is None or self.planned is None:
            return {"before": "", "after": ""}
        return {
            "before_header": self.before.name,
            "after_header": self.before.name,
            "before": describe(self.before),
            "after": describe(self.planned),
        }


def describe(state: BondState) -> str:
    return "active: {}\nprimary: {}\n".format(state.active or "none", state.primary or "none")


def find_bond(host: Host, name: str) -> Bond:
    """The bond of that name, of whichever kind has it."""
    absent: list[str] = []
    kinds: tuple[Bond, ...] = (KernelBond(host, name), OpenVswitchBond(host, name))
    for bond in kinds:
        try:
            bond.read()
        except BondNotFound as error:
            absent.append(str(error))
        else:
            return bond
    known = host.read("/sys/class/net/bonding_masters") or "none"
    raise ServerUplinkError(
        "This host has no bond {} ({}); the kernel's bonds are: {}. Name the bond as `bond`.".format(
            name, "; ".join(absent), known
        )
    )


class Transaction:
    """Makes one member of one bond carry the traffic."""

    def __init__(self, host: Host, wanted: Wanted, check_mode: bool = False) -> None:
        self.host = host
        self.wanted = wanted
        self.check_mode = check_mode
        self.outcome = Outcome()
        self._sent: list[str] = []

    def run(self) -> Outcome:
        started = self.host.now()
        try:
            self._run()
        except ServerUplinkError as error:
            self.outcome.problem = str(error)
        self.outcome.seconds = self.host.now() - started
        return self.outcome

    def _run(self) -> None:
        bond = find_bond(self.host, self.wanted.bond)
        verifier = Verifier(self.host, bond, self.wanted)
        self._read(bond)
        self._before_the_move(verifier)
        before = self._read(bond)
        changes = make_plan(before, self.wanted)
        self.outcome.warnings = warnings(before, self.wanted) + verifier.warnings()
        self.outcome.planned = self.outcome.after = predict(before, changes)
        self.outcome.commands = tuple(bond.command(change) for change in changes)
        self.outcome.changed = bool(changes)
        if changes and self.check_mode:
            return
        self._apply_and_verify(bond, verifier, before, changes)

    def _read(self, bond: Bond) -> BondState:
        """Read, and refuse at once what no waiting will make possible."""
        state = bond.read()
        self.outcome.before = self.outcome.after = state
        make_plan(state, self.wanted)
        return state

    def _before_the_move(self, verifier: Verifier) -> None:
        reason = verifier.reason_against_addresses()
        if reason:
            raise ServerUplinkError(reason)
        self.outcome.verified = verifier.before_the_move()
        wrong = failed(self.outcome.verified)
        if wrong:
            raise ServerUplinkError(f"{self._complaint(wrong[0])} Nothing was changed.")

    def _apply_and_verify(self, bond: Bond, verifier: Verifier, before: BondState, changes: Changes) -> None:
        try:
            self._apply(bond, changes)
            self.outcome.verified = verifier.after_the_move()
        except ServerUplinkError as error:
            self._undo(bond, before, str(error))
            return
        self.outcome.after = bond.read()
        wrong = failed(self.outcome.verified)
        if wrong:
            self._undo(bond, before, self._complaint(wrong[0]))
        if changes:
            # Once more: the first announcement may have met a port that was not yet forwarding.
            bond.announce()

    def _apply(self, bond: Bond, changes: Changes) -> None:
        for change in changes:
            self._send(bond, change)
        if changes:
            bond.announce()

    def _send(self, bond: Bond, change: Change) -> None:
        self._sent.append(bond.command(change))
        self.outcome.commands = tuple(self._sent)
        bond.apply(change)

    def _undo(self, bond: Bond, before: BondState, problem: str) -> None:
        """Put back what was there, prove it, and tell what was found either way."""
        if not self._sent:
            raise ServerUplinkError(f"{problem} Nothing was changed.")
        if not self.wanted.rollback:
            self.outcome.after = bond.read()
            raise ServerUplinkError(f"{problem} It was left as it is, as `rollback` is false.")
        try:
            self._apply(bond, make_rollback(before, bond.read()))
            after = bond.read()
        except ServerUplinkError as error:
            raise ServerUplinkError(
                f"{problem} Putting {before.active} back failed as well: {error} The state of {before.name} is "
                "unknown, look at it by hand."
            ) from error
        self.outcome.after = self.outcome.planned = after
        self.outcome.rolled_back = (after.active, after.primary) == (before.active, before.primary)
        self.outcome.changed = not self.outcome.rolled_back
        raise ServerUplinkError(f"{problem} {self._what_is_there(before, after)}")

    def _what_is_there(self, before: BondState, after: BondState) -> str:
        if self.outcome.rolled_back:
            return "{} is on {}, as it was before.".format(after.name, after.active or "no member")
        former = after.member(before.active or "")
        why = "has no carrier any more" if former is None or not former.usable else "did not take it"
        return "{} could not be put back: {} {}; it is on {} now.".format(
            after.name,
            before.active or "the former member",
            why,
            after.active or "no member",
        )

    def _complaint(self, check: Check) -> str:
        return (
            f"{self.wanted.bond} on {self.wanted.active}: check {check.check} saw {check.seen}, expected "
            f"{check.expected}."
        )
