# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does another host have this address? A duplicate address detection that takes a fraction of a second.

RFC 5227 and RFC 4862 wait for seconds because they run unattended at every start. Here a failover waits, and the
network is one where hosts answer within a millisecond: three probes within the time, and the last of them still has
four tenths of it for its answer. What does not answer at all (its link down, its port not yet forwarding) is not seen
by any such check: fencing is what proves that the former primary is away.

Needs no Host, so it can run in a thread beside other work.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import ipaddress
import select
import socket
import struct
import time
from typing import Dict, List, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._address.answers import (
    Ip,
    probe,
    solicited_node,
    speaker,
)
from ansible_collections.contingency.infra.plugins.module_utils._address.model import AddressError
from ansible_collections.contingency.infra.plugins.module_utils._host.announce import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV6,
    ICMPV6,
    multicast_hardware,
)

PROBES_AT = (0.0, 0.3, 0.6)
LONGEST_FRAME = 2048
GET_HARDWARE = 0x8927
SOL_PACKET = 263
ADD_MEMBERSHIP = 1
MULTICAST = 0
ATTACH_FILTER = 26

# Berkeley packet filter: only ICMPv6 of types 135 and 136, so that other traffic does not fill the socket.
LOAD_BYTE, EQUAL, RETURN = 0x30, 0x15, 0x06
ONLY_DISCOVERY = (
    (LOAD_BYTE, 0, 0, 20),
    (EQUAL, 0, 4, ICMPV6),
    (LOAD_BYTE, 0, 0, 54),
    (EQUAL, 1, 0, 135),
    (EQUAL, 0, 1, 136),
    (RETURN, 0, 0, LONGEST_FRAME),
    (RETURN, 0, 0, 0),
)


def holder(interface: str, address: str, timeout: float = 0.3) -> Optional[str]:
    """Return the MAC address of another host that has this address, None where none answers within the time."""
    return holders(interface, [address], timeout).get(_host_part(address))


def holders(interface: str, addresses: Sequence[str], timeout: float = 0.3) -> Dict[str, str]:
    """Return who else has which of these addresses; as soon as one is known, or when the time is over."""
    own = own_hardware()
    if interface not in own:
        raise AddressError(f"This host has no interface {interface} (it has: {', '.join(sorted(own)) or 'none'}).")
    wanted = [ipaddress.ip_address(_host_part(address)) for address in addresses]
    try:
        return _asked(interface, own[interface], frozenset(own.values()), wanted, timeout)
    except PermissionError as error:
        raise AddressError(
            f"Who has {', '.join(map(str, wanted))} cannot be asked on {interface} ({error.strerror}); "
            "run the task as root (become: true)."
        ) from error
    except OSError as error:
        raise AddressError(
            f"Who has {', '.join(map(str, wanted))} cannot be asked on {interface} ({error.strerror}); "
            "bring the interface up."
        ) from error


def own_hardware() -> Dict[str, str]:
    """Return the MAC address of each Ethernet-like interface, asked of the kernel without starting a program."""
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _index, name in socket.if_nameindex():
            # An interface can be gone between its listing and this question.
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(asking, GET_HARDWARE, struct.pack("256s", name.encode()))
                found[name] = ":".join(f"{byte:02x}" for byte in answer[18:24])
    return found


def _host_part(address: str) -> str:
    return address.partition("/")[0]


def _asked(interface: str, mac: str, own: frozenset[str], wanted: List[Ip], timeout: float) -> Dict[str, str]:
    with contextlib.ExitStack() as stack:
        ears = {}
        poll = select.poll()
        for address in wanted:
            ear = stack.enter_context(_listening(interface, address))
            ears[ear.fileno()] = (ear, address)
            poll.register(ear, select.POLLIN)
        began = time.monotonic()
        due = [began + part * timeout for part in PROBES_AT]
        while True:
            now = time.monotonic()
            if now >= began + timeout:
                return {}
            if due and now >= due[0]:
                due.pop(0)
                for ear, address in ears.values():
                    ear.send(probe(mac, address))
            until = due[0] if due else began + timeout
            heard: Dict[str, str] = {}
            for number, _event in poll.poll(max(0.0, until - time.monotonic()) * 1000):
                ear, address = ears[number]
                other = _heard(ear, interface, address)
                if other is not None and other not in own:
                    heard[str(address)] = other
            if heard:
                return heard


def _heard(ear: socket.socket, interface: str, address: Ip) -> Optional[str]:
    """Return who speaks for the address in the next frame; frames of a VLAN on top of the interface don't count."""
    frame, source = ear.recvfrom(LONGEST_FRAME)
    return speaker(frame, address) if source[0] == interface else None


def _listening(interface: str, address: Ip) -> socket.socket:
    # Without a protocol it hears nothing until its filter is in place.
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        if isinstance(address, ipaddress.IPv4Address):
            ear.bind((interface, ETHERTYPE_ARP))
            return ear
        _filter(ear)
        ear.bind((interface, ETHERTYPE_IPV6))
        index = socket.if_nametoindex(interface)
        group = multicast_hardware(solicited_node(address))
        ear.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, struct.pack("iHH8s", index, MULTICAST, len(group), group))
    except BaseException:
        ear.close()
        raise
    return ear


def _filter(ear: socket.socket) -> None:
    program = array.array("B", b"".join(struct.pack("HBBI", *step) for step in ONLY_DISCOVERY))
    where, _length = program.buffer_info()
    ear.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, struct.pack("HP", len(ONLY_DISCOVERY), where))
