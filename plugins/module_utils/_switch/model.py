# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a switch, in one shape for every platform."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, Optional, Tuple


@dataclass(frozen=True)
class Port:
    """A port: ``enabled`` is the administrative state, ``link`` the state on the wire."""

    name: str
    enabled: bool
    link: bool
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Neighbor:
    """Who LLDP or CDP says is behind a port."""

    port: str
    name: str
    remote_port: str = ""


@dataclass(frozen=True)
class MacEntry:
    """A learned address; ``mac`` is twelve lower-case hex digits."""

    mac: str
    port: str
    vlan: str = ""


@dataclass(frozen=True)
class ArpEntry:
    """An address resolved by the switch; ``mac`` is twelve lower-case hex digits."""

    address: str
    mac: str
    interface: str = ""


@dataclass(frozen=True)
class TreePort:
    """Spanning tree on a port: ``role`` root, alternate, designated, backup, disabled; ``forwarding``."""

    port: str
    role: str
    forwarding: bool

    @property
    def settled(self) -> bool:
        """Has the port heard its neighbor, so that it can take over at once?"""
        return self.role in ("root", "alternate") or (self.role == "designated" and self.forwarding)


@dataclass(frozen=True)
class Uplinks:
    """The uplink ports of one switch at one moment.

    ``spanning_tree`` is True where it runs, False where it does not, None where it cannot be told.
    ``pending_revert`` is True while the switch's own safety net would still undo a change.
    ``addresses`` are the switch's own with the port of each, where they came with the same reading.
    """

    ports: Dict[str, Port]
    spanning_tree: Optional[bool] = None
    pending_revert: bool = False
    addresses: Optional[Dict[str, str]] = None

    def enabled(self) -> Tuple[str, ...]:
        """Return the names of the ports that are administratively up."""
        return tuple(name for name, port in self.ports.items() if port.enabled)

    def as_dict(self) -> dict[str, Any]:
        return {name: port.as_dict() for name, port in self.ports.items()}


@dataclass(frozen=True)
class Check:
    """One proof: what was expected, what was seen."""

    name: str
    subject: str
    expected: str
    seen: str
    passed: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "check": self.name,
            "subject": self.subject,
            "expected": self.expected,
            "seen": self.seen,
            "passed": self.passed,
        }


@dataclass(frozen=True)
class Send:
    """One line for the switch.

    ``answers`` are (pattern, reply) pairs for questions that it may ask; ``success`` is a pattern
    that the output must hold; ``failure`` are patterns that mean an error beside the platform's own.
    An ``optional`` line may be refused: it removes what an earlier run may have left.
    The output of a ``free_text`` command holds what people wrote, such as a banner with a line like a prompt.
    ``end`` is a pattern of the output's own end: a prompt behind it is the prompt.
    """

    command: str
    answers: Tuple[Tuple[str, str], ...] = ()
    success: str = ""
    failure: Tuple[str, ...] = field(default=())
    timeout: float = 0.0
    optional: bool = False
    free_text: bool = False
    end: str = ""


def plain_mac(mac: str) -> str:
    """Return a MAC address as twelve lower-case hex digits."""
    return "".join(char for char in mac.lower() if char in "0123456789abcdef")
