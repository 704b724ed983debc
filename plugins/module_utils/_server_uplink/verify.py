# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking: each check says what was expected and what was seen."""

from __future__ import annotations

import ipaddress
import re
from typing import Callable

from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.bond import Bond
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import Host
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import (
    BondState,
    Check,
    ServerUplinkError,
    Wanted,
)

Checks = tuple[Check, ...]

PAUSE = 0.1
PING_SECONDS = "1"


def failed(checks: Checks) -> Checks:
    return tuple(check for check in checks if not check.passed)


def active_check(state: BondState, member: str) -> Check:
    return Check("active", member, state.active or "none", state.active == member)


def carrier_check(state: BondState, member: str) -> Check:
    found = state.member(member)
    if found is None:
        return Check("carrier", "up", "not a member any more", False)
    if found.carrier and not found.enabled:
        return Check("carrier", "up", "up, but the bond holds the member disabled", False)
    return Check("carrier", "up", "up" if found.carrier else "down", found.usable)


def aggregator_check(state: BondState, member: str) -> Check:
    found = state.member(member)
    inside = found is not None and bool(found.aggregated)
    return Check("aggregator", "in the active aggregator", "in it" if inside else "not in it", inside)


def state_checks(state: BondState, wanted: Wanted) -> Checks:
    """What the bond itself tells."""
    checks: list[Check] = []
    if not state.moves_by_itself:
        checks.append(active_check(state, wanted.active))
    if wanted.carrier:
        checks.append(carrier_check(state, wanted.active))
    if state.aggregates:
        checks.append(aggregator_check(state, wanted.active))
    return tuple(checks)


def same_system(seen: str, expected: str) -> bool:
    """Switches announce their name with or without the domain, in either case."""
    seen, expected = seen.lower(), expected.lower()
    return seen == expected or ("." not in expected and seen.split(".")[0] == expected)


class Verifier:
    """Asks the bond, lldpd and the network what they see."""

    def __init__(self, host: Host, bond: Bond, wanted: Wanted) -> None:
        self.host = host
        self.bond = bond
        self.wanted = wanted

    @property
    def wants_neighbor(self) -> bool:
        return bool(self.wanted.expect_neighbor) and self.wanted.neighbor

    @property
    def can_see_neighbor(self) -> bool:
        return self.host.has_program("lldpcli")

    def warnings(self) -> tuple[str, ...]:
        if not self.wants_neighbor or self.can_see_neighbor:
            return ()
        return (
            f"That {self.wanted.expect_neighbor} is behind {self.wanted.active} was not checked, as lldpcli is "
            "not on this host; install lldpd.",
        )

    def before_the_move(self) -> Checks:
        """What can be known of the wanted member while it does not carry the traffic."""
        return self._until_passed(self.neighbor_checks)

    def after_the_move(self) -> Checks:
        return self._until_passed(self.all_checks)

    def all_checks(self) -> Checks:
        checks = state_checks(self.bond.read(), self.wanted) + self.neighbor_checks()
        if failed(checks):
            return checks
        return checks + tuple(self.reachable_check(address) for address in self.wanted.reachable)

    def neighbor_checks(self) -> Checks:
        if not self.wants_neighbor or not self.can_see_neighbor:
            return ()
        expected = str(self.wanted.expect_neighbor)
        names = self._neighbors(self.wanted.active)
        seen = ", ".join(names) or "no neighbor"
        return (Check("neighbor", expected, seen, any(same_system(name, expected) for name in names)),)

    def reachable_check(self, address: str) -> Check:
        command = ["ping", "-n", "-q", "-c", "1", "-W", PING_SECONDS]
        answer = self.host.run([*command, "-I", self.device_towards(address), address])
        if answer.status == 127:
            raise ServerUplinkError("ping is not on this host; install iputils-ping or leave verify.reachable empty.")
        return Check(
            f"reachable {address}", "answers", "answers" if not answer.status else "no answer", not answer.status
        )

    def reason_against_addresses(self) -> str | None:
        """Why asking these addresses would prove nothing about the bond, or None."""
        reasons = (self._reason_against(address) for address in self.wanted.reachable)
        return next((reason for reason in reasons if reason), None)

    def device_towards(self, address: str) -> str:
        family = "-6" if ipaddress.ip_address(address).version == 6 else "-4"
        answer = self.host.run(["ip", "-o", family, "route", "get", address])
        match = re.search(r"\bdev (\S+)", answer.output)
        if answer.status or not match:
            raise ServerUplinkError(
                f"This host has no route to {address} ({answer.complaint}); correct verify.reachable or the "
                "host's routes."
            )
        return match.group(1)

    def _reason_against(self, address: str) -> str | None:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return f"{address} in verify.reachable is no IP address; give addresses, not names."
        device = self.device_towards(address)
        if self.bond.carries(device):
            return None
        return (
            f"{address} is reached over {device}, not over {self.bond.name}, so its answer would prove nothing; "
            f"name an address behind {self.bond.name}."
        )

    def _neighbors(self, member: str) -> tuple[str, ...]:
        answer = self.host.run(["lldpcli", "-f", "keyvalue", "show", "neighbors", "ports", member])
        if answer.status:
            raise ServerUplinkError(
                f"lldpcli cannot ask lldpd for the neighbors ({answer.complaint}); start lldpd, or set "
                "verify.neighbor to false."
            )
        key = f"lldp.{member}.chassis.name="
        lines = answer.output.splitlines()
        return tuple(dict.fromkeys(line[len(key) :].strip() for line in lines if line.startswith(key)))

    def _until_passed(self, look: Callable[[], Checks]) -> Checks:
        deadline = self.host.now() + self.wanted.timeout
        checks = look()
        while failed(checks) and self.host.now() < deadline:
            self.host.sleep(PAUSE)
            checks = look()
        return checks
