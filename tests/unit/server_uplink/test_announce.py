# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses are announced for a bond of Open vSwitch."""

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
