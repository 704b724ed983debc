# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a service address and giving it up: read, plan, ask the others, change, announce, verify.

The address is a run-time state of the kernel and no more: no configuration is written, so a host that boots again
comes up without it. A former primary that was fenced can never take it back by itself.
"""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._address.guards import (
    elsewhere_limitation,
    ipv6_limitation,
    link_limitation,
    prefix_limitation,
    stranger_note,
    twice_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._address.holder import holder, holders
from ansible_collections.contingency.infra.plugins.module_utils._address.interfaces import named, read, read_all
from ansible_collections.contingency.infra.plugins.module_utils._address.model import (
    AddressError,
    Cidr,
    Interface,
    Outcome,
    Wanted,
    parsed,
    proof,
)
from ansible_collections.contingency.infra.plugins.module_utils._address.plan import (
    Step,
    claim_plan,
    promotion_setting,
    release_plan,
)
from ansible_collections.contingency.infra.plugins.module_utils._address.repeat import repeat
from ansible_collections.contingency.infra.plugins.module_utils._host.announce import announcements, send_frames
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host

__all__ = ["absent", "holder", "holders", "present", "read"]


class Clock:
    """How long each part took."""

    def __init__(self, host: Host) -> None:
        self.seconds: Dict[str, float] = {}
        self._host = host

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = self._host.now()
        try:
            yield
        finally:
            self.seconds[name] = round(self._host.now() - began, 4)


def present(host: Host, wanted: Wanted, check_mode: bool = False, checked: bool = False) -> Outcome:
    """Put the addresses on the interface and tell the network.

    ``checked``: the caller has asked with ``holder`` just now that nobody else has them.
    """
    clock = Clock(host)
    cidrs = [parsed(text) for text in wanted.addresses]
    with clock.part("read"):
        before = _ready(host, wanted, cidrs)
    warnings = [note for note in (stranger_note(before, address) for address in cidrs) if note]
    steps = claim_plan(before, cidrs)
    proven: List[Dict[str, Any]] = []
    if not checked:
        with clock.part("claim"):
            others = holders(wanted.interface, wanted.addresses, wanted.claim_timeout)
        warnings += _judged(wanted, before, others)
        proven = [_asked(address, others, wanted) for address in cidrs]
    after = _with(before, cidrs)
    if not check_mode:
        with clock.part("change"):
            warnings += _taken(host, wanted, before, cidrs, steps)
        with clock.part("verify"):
            after, seen = _verified(host, wanted, cidrs, True)
        proven += seen
    return _outcome(steps, before, after, proven, warnings, clock)


def absent(host: Host, wanted: Wanted, check_mode: bool = False) -> Outcome:
    """Take the addresses off the interface; what else it has stays."""
    clock = Clock(host)
    cidrs = [parsed(text) for text in wanted.addresses]
    with clock.part("read"):
        interfaces = read_all(host)
        before = named(interfaces, wanted.interface)
        _refuse(twice_limitation(cidrs), before)
        _refuse(elsewhere_limitation(interfaces, wanted.interface, cidrs), before)
        steps = release_plan(before, cidrs, _promotes(host, wanted.interface))
    after = _without(before, cidrs)
    proven: List[Dict[str, Any]] = []
    if not check_mode:
        with clock.part("change"):
            _apply(host, steps)
        with clock.part("verify"):
            after, proven = _verified(host, wanted, cidrs, False)
    return _outcome(steps, before, after, proven, [], clock)


def _ready(host: Host, wanted: Wanted, cidrs: Sequence[Cidr]) -> Interface:
    interfaces = read_all(host)
    interface = named(interfaces, wanted.interface)
    _refuse(twice_limitation(cidrs), interface)
    _refuse(elsewhere_limitation(interfaces, interface.name, cidrs), interface)
    _refuse(prefix_limitation(interface, cidrs), interface)
    _refuse(link_limitation(interface), interface)
    _refuse(ipv6_limitation(host, interface, cidrs), interface)
    return interface


def _refuse(reason: Optional[str], before: Interface) -> None:
    if reason:
        raise AddressError(reason, before=before.as_dict())


def _judged(wanted: Wanted, before: Interface, others: Dict[str, str]) -> List[str]:
    """Refuse an address that another host has; where that is forced, return what is being overridden."""
    told = []
    for address, mac in others.items():
        seen = f"{address} is in use: {mac} answers for it on {wanted.interface}"
        if wanted.force:
            told.append(f"{seen}; it is taken all the same, as force asks for.")
            continue
        also = ", and this host has it too" if before.address(address) else ""
        raise AddressError(
            f"{seen}{also}; fence the host with that MAC address or take the address off it (state absent), "
            "then run the task again.",
            before=before.as_dict(),
            holder={"address": address, "mac": mac},
        )
    return told


def _asked(address: Cidr, others: Dict[str, str], wanted: Wanted) -> Dict[str, Any]:
    mac = others.get(str(address.ip))
    seen = f"{mac} answers" if mac else f"no answer within {wanted.claim_timeout:g} s"
    return proof(f"another host has {address.ip}", "no answer", seen, mac is None)


def _taken(host: Host, wanted: Wanted, before: Interface, cidrs: Sequence[Cidr], steps: Sequence[Step]) -> List[str]:
    """Add and announce. What was there already is announced once: a run that was broken off may not have told."""
    _apply(host, steps)
    frames = {str(address.ip): announcements(before.mac, str(address.ip)) for address in cidrs}
    try:
        send_frames(wanted.interface, [frame for burst in frames.values() for frame in burst])
    except OSError as error:
        _undo(host, steps)
        raise AddressError(
            f"{', '.join(frames)} could not be announced on {wanted.interface} ({error.strerror}), so it was taken off "
            "again; run the task as root (become: true) on an interface that is up."
        ) from error
    if not steps or wanted.announcements <= 0:
        return []
    warning = repeat(host, wanted.interface, frames, wanted.announcements)
    return [warning] if warning else []


def _apply(host: Host, steps: Sequence[Step]) -> None:
    for number, step in enumerate(steps):
        answer = host.run(step.command, timeout=10)
        if answer.status != 0:
            _undo(host, steps[:number])
            raise AddressError(
                f"'{step}' failed ({answer.complaint}) and what was done before it was undone; "
                "run the task as root (become: true), or see ip address show."
            )


def _undo(host: Host, steps: Sequence[Step]) -> None:
    for step in reversed(steps):
        if step.undo:
            host.run(step.undo, timeout=10)


def _verified(
    host: Host, wanted: Wanted, cidrs: Sequence[Cidr], there: bool
) -> Tuple[Dict[str, Any], List[Dict[str, Any]]]:
    after = read(host, wanted.interface)
    proven = []
    for address in cidrs:
        found = after.address(str(address.ip))
        seen = "absent" if found is None else "present" if found.usable else "not usable yet"
        expected = "present" if there else "absent"
        proven.append(proof(f"{address.ip} on {wanted.interface}", expected, seen, seen == expected))
    failed = next((one for one in proven if not one["passed"]), None)
    if failed:
        raise AddressError(
            f"{failed['check']} was seen {failed['seen']} after the change, expected {failed['expected']}; "
            "something else on this host manages the address, such as keepalived or a network service.",
            after=after.as_dict(),
            proven=proven,
        )
    return after.as_dict(), proven


def _promotes(host: Host, interface: str) -> bool:
    """The kernel takes either setting, of all interfaces or of this one."""
    return any((host.read(promotion_setting(name)) or "").strip() == "1" for name in ("all", interface))


def _with(before: Interface, cidrs: Sequence[Cidr]) -> Dict[str, Any]:
    kept = before.as_dict()
    kept["addresses"] += [str(address) for address in cidrs if str(address) not in kept["addresses"]]
    return kept


def _without(before: Interface, cidrs: Sequence[Cidr]) -> Dict[str, Any]:
    gone = {str(address.ip) for address in cidrs}
    return {
        **before.as_dict(),
        "addresses": [address.cidr for address in before.addresses if address.host not in gone],
    }


def _outcome(
    steps: Sequence[Step],
    before: Interface,
    after: Dict[str, Any],
    proven: List[Dict[str, Any]],
    warnings: List[str],
    clock: Clock,
) -> Outcome:
    return Outcome(
        changed=bool(steps),
        before=before.as_dict(),
        after=after,
        steps=[str(step) for step in steps],
        proven=proven,
        warnings=warnings,
        seconds=clock.seconds,
    )
