# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving that an uplink carries traffic: read until every check passes or the time is over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Protocol, Sequence

from .model import Check, Port
from .plan import Request
from .platforms.base import Platform
from .session import Session

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


class Probe(Protocol):
    """A host that can be asked whether it reaches an address."""

    name: str

    def prepare(self) -> None:
        """Make sure that the host can be asked; SwitchError where it cannot."""

    def reaches(self, address: str) -> bool:
        """Does the host get an answer from the address? A host that cannot be asked any more gets none."""


@dataclass
class Verification:
    """The checks of one run; ``unproven`` names those that this platform cannot make."""

    checks: List[Check]
    unproven: List[str]
    ports: Dict[str, Port]

    @property
    def failed(self) -> List[Check]:
        return [check for check in self.checks if not check.passed]

    def as_list(self) -> List[Dict[str, object]]:
        return [check.as_dict() for check in self.checks]


def complaint(verification: Verification) -> str:
    """Return what failed, in words; where there is no link, all else follows from that."""
    failed = verification.failed
    links = [check for check in failed if check.name == "link"]
    text = "; ".join(
        f"{check.subject}: check {check.name} expected {check.expected}, saw {check.seen}" for check in links or failed
    )
    return text + (" (look at its cable, its transceiver and the far end)" if links else "")


class Verifier:
    """Asks the switch, and hosts, for the proofs that the request names."""

    def __init__(self, platform: Platform, request: Request, probes: Sequence[Probe]) -> None:
        self._platform = platform
        self._request = request
        self._probes = probes
        self._seen: Dict[str, Port] = {}

    def before_break(self, session: Session) -> Verification:
        """Wait until the new uplink could take over: link, spanning tree settled, right neighbor."""
        return self._until_passed(session, [self._link, self._tree, self._neighbor])

    def after(self, session: Session) -> Verification:
        """Wait until the new uplink carries the traffic and the others are shut.

        Reachability is asked before learned addresses: its answers are what a quiet switch learns from.
        """
        return self._until_passed(session, [self._link_and_shut, self._neighbor, self._reachable, self._mac_learned])

    def _until_passed(
        self, session: Session, asks: Sequence[Callable[[Session], Optional[List[Check]]]]
    ) -> Verification:
        deadline = time.monotonic() + self._request.verify.timeout
        results: Dict[str, Optional[List[Check]]] = {}
        pause = _FIRST_PAUSE
        while True:
            for ask in asks:
                known = results.get(ask.__name__)
                if ask.__name__ not in results or (known and not all(check.passed for check in known)):
                    results[ask.__name__] = ask(session)
            missing = [name for name, checks in results.items() if not all(check.passed for check in checks or [])]
            if not missing or time.monotonic() + pause > deadline:
                return _verification(results, self._seen)
            if missing == [self._mac_learned.__name__]:
                # What was learned from the answers may be forgotten since, when spanning tree moved: ask again.
                results.pop(self._reachable.__name__, None)
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _link(self, session: Session) -> List[Check]:
        self._seen = self._platform.read_states(session, self._request.ports)
        port = self._seen[self._request.active]
        if not self._request.verify.link:
            return []
        seen = "up" if port.link else f"down{' (' + port.detail + ')' if port.detail else ''}"
        return [Check("link", self._request.active, "up", seen, port.link and port.enabled)]

    def _link_and_shut(self, session: Session) -> List[Check]:
        link = self._link(session)
        return link + [
            Check("standby_shut", name, "shut", "enabled" if port.enabled else "shut", not port.enabled)
            for name, port in self._seen.items()
            if name != self._request.active
        ]

    def _tree(self, session: Session) -> Optional[List[Check]]:
        rows = self._platform.read_tree(session)
        if rows is None:
            return None
        mine = [row for row in rows if self._platform.same_port(row.port, self._request.active)]
        seen = ", ".join(f"{row.role} {'forwarding' if row.forwarding else 'not forwarding'}" for row in mine)
        passed = bool(mine) and all(row.settled for row in mine)
        return [
            Check("spanning_tree", self._request.active, "root, alternate or forwarding", seen or "no state", passed)
        ]

    def _neighbor(self, session: Session) -> Optional[List[Check]]:
        expected = self._request.expect_neighbor
        if not expected or not self._request.verify.neighbor:
            return []
        neighbors = self._platform.read_neighbors(session)
        if neighbors is None:
            return None
        seen = [each.name for each in neighbors if self._platform.same_port(each.port, self._request.active)]
        return [
            Check("neighbor", self._request.active, expected, ", ".join(seen) or "nobody", _same_host(expected, seen))
        ]

    def _mac_learned(self, session: Session) -> Optional[List[Check]]:
        if not self._request.verify.mac_learned:
            return []
        macs = self._platform.read_macs(session)
        if macs is None:
            return None
        count = sum(self._platform.same_port(entry.port, self._request.active) for entry in macs)
        return [Check("mac_learned", self._request.active, "1 or more", str(count), count > 0)]

    def _reachable(self, session: Session) -> Optional[List[Check]]:
        return [check for address in self._request.verify.reachable for check in self._reached(session, address)]

    def _reached(self, session: Session, address: str) -> List[Check]:
        if not self._probes:
            return [_answer(address, session.target.name, self._platform.ping(session, address))]
        return [_answer(address, probe.name, probe.reaches(address)) for probe in self._probes]


def _answer(address: str, asked: str, answered: bool) -> Check:
    return Check("reachable", address, f"an answer to {asked}", "answers" if answered else "no answer", answered)


def _same_host(expected: str, seen: Sequence[str]) -> bool:
    """Is the expected name among those seen? A domain on either side does not matter."""
    short = expected.partition(".")[0].lower()
    return any(name.lower() == expected.lower() or name.partition(".")[0].lower() == short for name in seen)


def _verification(results: Dict[str, Optional[List[Check]]], ports: Dict[str, Port]) -> Verification:
    checks = [check for each in results.values() if each for check in each]
    return Verification(checks, [name.lstrip("_") for name, each in results.items() if each is None], dict(ports))
