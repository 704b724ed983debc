# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What switches and neighbors learn from: the frames that tell where an address is now, byte by byte."""

from __future__ import annotations

from ipaddress import IPv6Address

from ansible_collections.contingency.infra.plugins.module_utils._host.announce import (
    announcement,
    announcements,
    checksum,
    multicast_hardware,
)

MAC = "02:00:00:00:00:0a"


def test_an_arp_announcement_asks_for_its_own_address() -> None:
    frame = announcement(MAC, "10.9.0.31")
    hardware = bytes.fromhex("02000000000a")
    assert frame[:14] == b"\xff" * 6 + hardware + b"\x08\x06"
    assert frame[14:22] == bytes.fromhex("0001080006040001")
    assert frame[22:] == hardware + bytes([10, 9, 0, 31]) + bytes(6) + bytes([10, 9, 0, 31])


def test_a_neighbor_advertisement_has_a_right_checksum() -> None:
    """The checksum over pseudo header and message adds up to all ones (RFC 1071)."""
    frame = announcement(MAC, "fd00::31")
    assert frame[:6] == bytes.fromhex("333300000001")
    packet = frame[14:]
    source, target, message = packet[8:24], packet[24:40], packet[40:]
    assert packet[6:8] == bytes([58, 255])
    assert message[0] == 136
    assert message[8:24] == source
    data = source + target + len(message).to_bytes(4, "big") + bytes([0, 0, 0, 58]) + message
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF


def test_a_burst_for_ipv4_has_a_reply_that_linux_takes_as_gratuitous() -> None:
    """Sender and target are the same, both address and hardware; RFC 826 layout, operation 2."""
    request, reply = announcements(MAC, "10.9.0.100")
    assert request == announcement(MAC, "10.9.0.100")
    assert reply == bytes.fromhex(
        "ffffffffffff02000000000a0806000108000604000202000000000a0a09006402000000000a0a090064"
    )


def test_an_unsolicited_advertisement_overrides_what_neighbors_know() -> None:
    (frame,) = announcements(MAC, "fd09::100")
    address = "fd090000000000000000000000000100"
    assert frame[:54] == bytes.fromhex(
        "33330000000102000000000a86dd6000000000203aff" + address + "ff020000000000000000000000000001"
    )
    assert frame[54:56] == bytes([136, 0])
    assert frame[58:] == bytes.fromhex("20000000" + address + "020102000000000a")
    assert checksum(IPv6Address(frame[22:38]), IPv6Address(frame[38:54]), frame[54:]) == 0


def test_a_group_is_reached_by_its_last_four_bytes() -> None:
    """RFC 2464 section 7."""
    assert multicast_hardware(IPv6Address("ff02::1:ff00:1234")) == bytes.fromhex("3333ff001234")
