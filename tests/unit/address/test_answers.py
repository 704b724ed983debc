# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking who has an address, and telling an answer from everything else: layouts of RFC 826, 5227, 4861 and 4862."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._address.answers import (
    Ip,
    probe,
    solicited_node,
    speaker,
)
from ansible_collections.contingency.infra.plugins.module_utils._host.announce import announcements, checksum
from hypothesis import assume, example, given
from hypothesis import strategies as st

OURS = "02:00:00:00:00:0a"
OTHER = "02:00:00:00:00:0b"
OTHER_BYTES = bytes.fromhex("02000000000b")
V4 = IPv4Address("10.9.0.100")
V6 = IPv6Address("fd09::100")

macs = st.binary(min_size=6, max_size=6)
ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address)
ipv6 = st.integers(0, 2**128 - 1).map(IPv6Address)
addresses = st.one_of(ipv4, ipv6)


def written(mac: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in mac)


def arp(operation: int, sender: bytes, sender_ip: IPv4Address, target_ip: IPv4Address) -> bytes:
    """Written out once more, so that the builder is not judged by itself."""
    ethernet = bytes.fromhex("02000000000a") + sender + b"\x08\x06"
    fixed = b"\x00\x01" + b"\x08\x00" + b"\x06" + b"\x04" + operation.to_bytes(2, "big")
    return ethernet + fixed + sender + sender_ip.packed + bytes(6) + target_ip.packed


def advertisement(address: IPv6Address, mac: bytes, option: bytes | None = None) -> bytes:
    """What a host answers to a probe for its address: to all nodes, not solicited, override set."""
    tail = b"\x02\x01" + mac if option is None else option
    body = b"\x20\x00\x00\x00" + address.packed + tail
    group = IPv6Address("ff02::1")
    total = checksum(address, group, b"\x88\x00\x00\x00" + body)
    message = b"\x88\x00" + total.to_bytes(2, "big") + body
    header = b"\x60\x00\x00\x00" + len(message).to_bytes(2, "big") + b"\x3a\xff"
    return b"\x33\x33\x00\x00\x00\x01" + mac + b"\x86\xdd" + header + address.packed + group.packed + message


def test_an_arp_probe_has_no_sender_address() -> None:
    assert probe(OURS, V4) == bytes.fromhex(
        "ffffffffffff02000000000a0806000108000604000102000000000a000000000000000000000a090064"
    )


def test_a_solicitation_comes_from_nobody_without_a_link_layer_option() -> None:
    """RFC 4861 section 4.3: with the unspecified source the option must not be there."""
    frame = probe(OURS, V6)
    group = "ff0200000000000000000001ff000100"
    assert frame[:54] == bytes.fromhex("3333ff00010002000000000a86dd6000000000183aff" + "00" * 16 + group)
    assert frame[54:56] == bytes([135, 0])
    assert frame[58:] == bytes(4) + V6.packed
    assert checksum(IPv6Address("::"), solicited_node(V6), frame[54:]) == 0


@given(address=addresses, mac=macs)
def test_every_holder_is_known_by_its_answer(address: Ip, mac: bytes) -> None:
    answer = arp(2, mac, address, IPv4Address(0)) if isinstance(address, IPv4Address) else advertisement(address, mac)
    assert speaker(answer, address) == written(mac)


@given(address=addresses, mac=macs)
def test_every_announcement_of_another_host_counts(address: Ip, mac: bytes) -> None:
    assert {speaker(frame, address) for frame in announcements(written(mac), str(address))} == {written(mac)}


@given(address=addresses, mac=macs)
def test_another_host_that_asks_for_it_at_the_same_time_counts(address: Ip, mac: bytes) -> None:
    assert speaker(probe(written(mac), address), address) == written(mac)


@given(address=addresses, other=addresses, mac=macs)
@example(address=V4, other=IPv4Address("10.9.0.10"), mac=OTHER_BYTES)
def test_an_answer_for_another_address_never_counts(address: Ip, other: Ip, mac: bytes) -> None:
    assume(address != other and not address.is_unspecified)
    frames = [*announcements(written(mac), str(other)), probe(written(mac), other)]
    assert [speaker(frame, address) for frame in frames] == [None] * len(frames)


@given(sender=ipv4, mac=macs, operation=st.integers(0, 65535))
def test_who_merely_asks_for_the_address_does_not_have_it(sender: IPv4Address, mac: bytes, operation: int) -> None:
    """A client that looks for the service address is no holder of it, whatever the operation."""
    assume(int(sender) != 0 and sender != V4)
    assert speaker(arp(operation, mac, sender, V4), V4) is None


@given(frame=st.binary(max_size=200), address=addresses)
def test_no_frame_breaks_the_reading(frame: bytes, address: Ip) -> None:
    assert speaker(frame, address) is None


@given(address=addresses, mac=macs, at=st.integers(0, 200))
def test_a_truncated_answer_never_counts(address: Ip, mac: bytes, at: int) -> None:
    frame = announcements(written(mac), str(address))[0]
    assume(at < len(frame))
    assert speaker(frame[:at], address) is None


@given(mac=macs, at=st.integers(14, 85), bit=st.integers(0, 7))
def test_a_damaged_advertisement_never_names_the_wrong_host(mac: bytes, at: int, bit: int) -> None:
    """Any flipped bit that the checksum covers is noticed; of the rest only what does not matter passes."""
    frame = bytearray(advertisement(V6, mac))
    frame[at] ^= 1 << bit
    assert speaker(bytes(frame), V6) in (None, written(mac))


def test_an_advertisement_that_was_routed_does_not_count() -> None:
    """RFC 4861 section 7.1.2: a hop limit below 255 comes from another network."""
    frame = bytearray(advertisement(V6, OTHER_BYTES))
    frame[21] = 254
    assert speaker(bytes(frame), V6) is None


@pytest.mark.parametrize(
    "option", [b"", b"\x01\x01" + bytes(6), b"\x02\x00" + bytes(6)], ids=["none", "other", "empty"]
)
def test_without_the_option_the_ethernet_sender_is_named(option: bytes) -> None:
    assert speaker(advertisement(V6, OTHER_BYTES, option), V6) == OTHER


def test_padding_behind_an_answer_is_of_no_interest() -> None:
    assert speaker(arp(2, OTHER_BYTES, V4, IPv4Address(0)) + bytes(18), ip_address("10.9.0.100")) == OTHER
