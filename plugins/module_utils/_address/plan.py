# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what an interface has to what it shall have: the steps, in order, each with what undoes it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._address.guards import dependents
from ansible_collections.contingency.infra.plugins.module_utils._address.model import Cidr, Interface


@dataclass(frozen=True)
class Step:
    """One command; ``shown`` is how a person would type it."""

    command: Tuple[str, ...]
    undo: Optional[Tuple[str, ...]] = None
    shown: str = ""

    def __str__(self) -> str:
        return self.shown or " ".join(self.command)


def claim_plan(interface: Interface, addresses: Sequence[Cidr]) -> List[Step]:
    steps: List[Step] = []
    for address in addresses:
        found = interface.address(str(address.ip))
        if found is not None and found.usable:
            continue
        if found is not None:
            steps.append(Step(_delete(interface.name, found.cidr)))
        steps.append(Step(_add(interface.name, address), _delete(interface.name, str(address))))
    return steps


def release_plan(interface: Interface, addresses: Sequence[Cidr], promotes: bool) -> List[Step]:
    """``promotes``: the kernel keeps the secondary addresses of a network whose primary goes."""
    given_up = [found for found in (interface.address(str(address.ip)) for address in addresses) if found is not None]
    names = {found.cidr for found in given_up}
    loses = any(other.cidr not in names for found in given_up for other in dependents(interface, found))
    # Secondary ones first: they would go with their primary, and taking them off afterwards would fail.
    ordered = sorted(given_up, key=lambda found: not found.secondary)
    steps = [Step(_delete(interface.name, found.cidr), _again(interface.name, found.cidr)) for found in ordered]
    if loses and not promotes:
        return [_promotion(interface.name, "1"), *steps, _promotion(interface.name, "0")]
    return steps


def promotion_setting(interface: str) -> str:
    return f"/proc/sys/net/ipv4/conf/{interface}/promote_secondaries"


def _promotion(interface: str, value: str) -> Step:
    path = promotion_setting(interface)
    write = ("sh", "-c", 'echo "$1" > "$2"', "sh")
    other = "0" if value == "1" else "1"
    return Step((*write, value, path), (*write, other, path), f"echo {value} > {path}")


def _add(interface: str, address: Cidr) -> Tuple[str, ...]:
    """An IPv6 address is usable at once (this area has asked the others itself) and no source of own connections."""
    version_6 = ("nodad", "valid_lft", "forever", "preferred_lft", "0") if address.version == 6 else ()
    return ("ip", "address", "add", str(address), "dev", interface, *version_6)


def _again(interface: str, cidr: str) -> Tuple[str, ...]:
    nodad = ("nodad",) if ":" in cidr else ()
    return ("ip", "address", "add", cidr, "dev", interface, *nodad)


def _delete(interface: str, cidr: str) -> Tuple[str, ...]:
    return ("ip", "address", "del", cidr, "dev", interface)
