# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arista EOS: against the fake device, and outputs of other releases."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import (
    PrivilegeMissing,
    Refused,
    Unparsable,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS

from lab.fakes import Credentials
from tests.unit.switch.platforms.behaviour import RevertingSafetyNet, Saving, Switches, target_of
from tests.unit.switch.platforms.recorded import Recorded

EOS = PLATFORMS["arista_eos"]
SESSIONS = "show configuration sessions detail | json"


class TestAristaEos(RevertingSafetyNet, Saving):
    """The common behaviour."""

    name = "arista_eos"
    own_port = "Management1"
    rejected_line = "interface Ethernet50"
    cut_line = "commit timer*"

    def test_enables_without_a_password_where_none_is_set(self, switches: Switches) -> None:
        handle = switches.start(credentials=Credentials(enable_secret="", privileged_login=False))
        assert switches.move(handle).saved

    def test_missing_enable_password_is_told(self, switches: Switches) -> None:
        handle = switches.start(credentials=Credentials(privileged_login=False))
        target = replace(target_of(handle), enable_secret=None)
        with pytest.raises(PrivilegeMissing, match="an enable password is needed"):
            EOS.open(target)

    def test_lines_that_a_killed_run_left_in_its_session_are_not_committed(self, switches: Switches) -> None:
        handle = switches.start()
        session = switches.session(handle)
        lines = ("configure session contingency-uplink", "interface Ethernet1", "shutdown")
        session.change([Send(line) for line in lines])
        session.close()
        assert switches.move(handle).saved
        assert not handle.device.config_of("Ethernet1").shutdown


@pytest.mark.parametrize(
    ("shown", "pending"),
    [
        ({"sessions": {"contingency-uplink": {"state": "pendingCommitTimer"}}}, True),
        ({"sessions": {"contingency-uplink": {"state": "completed"}}}, False),
        ({"sessions": {"other": {"state": "pending"}}}, False),
        ({"sessions": {}}, False),
        (
            {
                "sessions": {"contingency-uplink": {"state": "committed"}},
                "commitTimerSessionName": "contingency-uplink",
                "commitTimerExpireTime": 1739835851.8,
            },
            True,
        ),
        ({"sessions": {"contingency-uplink": {"state": "committed"}}}, False),
    ],
    ids=["4.31", "4.31 confirmed", "4.31 other, not committed", "none", "4.32", "4.32 confirmed"],
)
def test_running_commit_timer_is_seen(shown: dict[str, object], pending: bool) -> None:
    assert EOS.read_pending(Recorded("arista_eos", {SESSIONS: json.dumps(shown)})) is pending


@pytest.mark.parametrize(
    "shown",
    [{"sessions": {"bgp": {"state": "pendingCommitTimer"}}}, {"sessions": {}, "commitTimerSessionName": "bgp"}],
)
def test_timer_of_somebody_else_stops_the_run(shown: dict[str, object]) -> None:
    with pytest.raises(Refused, match="'bgp' waits for its commit timer"):
        EOS.read_pending(Recorded("arista_eos", {SESSIONS: json.dumps(shown)}))


@pytest.mark.parametrize("shown", ["garbage", "[]", '{"sessions": []}', '{"sessions": {"a": {}}}'])
def test_unreadable_sessions_are_not_taken_for_none(shown: str) -> None:
    with pytest.raises(Unparsable):
        EOS.read_pending(Recorded("arista_eos", {SESSIONS: shown}))


def test_release_without_sessions_has_no_safety_net() -> None:
    assert not EOS.safety_net(Recorded("arista_eos", {}))
    assert not EOS.read_pending(Recorded("arista_eos", {}))


def test_ports_of_modular_chassis_in_mac_table() -> None:
    table = (
        "          Mac Address Table\n"
        "------------------------------------------------------------------\n\n"
        "Vlan    Mac Address       Type        Ports      Moves   Last Move\n"
        "----    -----------       ----        -----      -----   ---------\n"
        "  10    0000.5e00.0101    DYNAMIC     Et3/1/1    1       0:12:08 ago\n"
        "  10    0000.5e00.0102    STATIC      Cpu\n"
    )
    macs = EOS.read_macs(Recorded("arista_eos", {"show mac address-table dynamic": table})) or []
    assert [(entry.mac, entry.port, entry.vlan) for entry in macs] == [("00005e000101", "Et3/1/1", "10")]


def test_error_disabled_port_is_enabled_without_link() -> None:
    shown = (
        "Port       Name              Status       Vlan     Duplex Speed  Type            Flags Encapsulation\n"
        "Et49       to core-a         errdisabled  trunk    full   10G    10GBASE-SR                         \n"
        "Et50                         disabled     trunk    full   10G    10GBASE-SR                         \n"
    )
    ports = EOS.read_ports(Recorded("arista_eos", {"show interfaces status": shown}))
    assert {name: (port.enabled, port.link, port.detail) for name, port in ports.items()} == {
        "Et49": (True, False, "errdisabled"),
        "Et50": (False, False, "disabled"),
    }
