# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a service address, what an interface has, and what came of it."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Optional, Tuple, Union

Cidr = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]

PRESENT = "present"
ABSENT = "absent"


class AddressError(Exception):
    """One sentence that says what happened and what to do; ``evidence`` goes into the result as it is."""

    def __init__(self, message: str, **evidence: Any) -> None:
        super().__init__(message)
        self.message = message
        self.evidence: Dict[str, Any] = evidence


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    ``claim_timeout`` is how long other hosts may take to say that they have an address, ``announcements`` how often
    it is announced again after the first burst, and ``force`` takes an address for which another host answers.
    """

    interface: str
    addresses: Tuple[str, ...]
    state: str = PRESENT
    claim_timeout: float = 0.3
    announcements: int = 4
    force: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "addresses", tuple(self.addresses))


@dataclass(frozen=True)
class Address:
    """One address of an interface, ``cidr`` as iproute2 writes it."""

    cidr: str
    secondary: bool = False
    usable: bool = True

    @property
    def host(self) -> str:
        return self.cidr.partition("/")[0]


@dataclass(frozen=True)
class Interface:
    """An interface as it was read at one moment. ``resolves`` tells whether neighbors are found on it by ARP."""

    name: str
    mac: str
    up: bool
    carrier: bool
    resolves: bool
    addresses: Tuple[Address, ...] = ()

    def address(self, host: str) -> Optional[Address]:
        return next((address for address in self.addresses if address.host == host), None)

    def as_dict(self) -> Dict[str, Any]:
        return {**asdict(self), "addresses": [address.cidr for address in self.addresses]}


@dataclass(frozen=True)
class Outcome:
    """What came of it; the same in check mode, without the doing."""

    changed: bool
    before: Dict[str, Any]
    after: Dict[str, Any]
    steps: List[str] = field(default_factory=list)
    proven: List[Dict[str, Any]] = field(default_factory=list)
    warnings: List[str] = field(default_factory=list)
    seconds: Dict[str, float] = field(default_factory=dict)

    def as_result(self) -> Dict[str, Any]:
        return asdict(self)


def proof(check: str, expected: str, seen: str, passed: bool) -> Dict[str, Any]:
    return {"check": check, "expected": expected, "seen": seen, "passed": passed}


def parsed(text: str) -> Cidr:
    """Return an address with its prefix length; AddressError for what no host can have."""
    try:
        address = ipaddress.ip_interface(text)
    except ValueError:
        raise AddressError(f"{text!r} is not an address; write it with its prefix length: 10.9.0.100/24.") from None
    if "/" not in text:
        raise AddressError(f"{text} has no prefix length; write it with the one of its network: {text}/24.")
    if address.is_multicast or address.is_unspecified or address.is_loopback:
        raise AddressError(f"{text} cannot be a service address; name an address of one host.")
    network = address.network
    if network.version == 4 and network.prefixlen < 31 and address.ip in (network[0], network[-1]):
        raise AddressError(f"{text} is the address of the network or of all its hosts; name an address of one host.")
    return address
