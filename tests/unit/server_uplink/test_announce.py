# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a switch learns from: the frames that tell where an address is now."""

from __future__ import annotations

import json

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.announce import announcement
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import Answer
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import ServerUplinkError
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.openvswitch import OpenVswitchBond

from tests.unit.server_uplink.fake_host import FakeHost

VSCTL = ("ovs-vsctl", "--timeout=5")
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


def _server() -> FakeHost:
    link = {"address": MAC, "addr_info": [{"local": "10.9.0.31"}, {"local": "fd00::31"}]}
    return FakeHost(
        answers={
            (*VSCTL, "port-to-br"): Answer(0, "br0\n", ""),
            (*VSCTL, "br-to-parent"): Answer(0, "br0\n", ""),
            (*VSCTL, "list-ports"): Answer(0, "bond0\n", ""),
            ("ip", "-json", "addr", "show", "dev", "br0"): Answer(0, json.dumps([link]), ""),
            ("ip", "-json", "addr", "show", "dev", "bond0"): Answer(1, "", 'Device "bond0" does not exist.\n'),
        }
    )


def test_every_address_of_the_bridge_is_announced() -> None:
    server = _server()
    OpenVswitchBond(server, "bond0").announce()
    assert server.frames == [("br0", announcement(MAC, "10.9.0.31")), ("br0", announcement(MAC, "fd00::31"))]


def test_without_the_right_to_send_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    server = _server()

    def refuse(device: str, frame: bytes) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(server, "send_frame", refuse)
    with pytest.raises(ServerUplinkError, match=r"become: true"):
        OpenVswitchBond(server, "bond0").announce()
