# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Juniper Junos: against the fake device, and outputs of other releases and models."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import CommandRejected, Unparsable
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS

from tests.unit.switch.platforms.behaviour import RevertingSafetyNet, Switches, states
from tests.unit.switch.platforms.recorded import Recorded

JUNOS = PLATFORMS["juniper_junos"]

TERSE = """\
Interface               Admin Link Proto    Local                 Remote
xe-0/0/48               up    up
xe-0/0/48.0             up    up   eth-switch
xe-0/0/49               down  down
xe-0/0/49.0             up    down eth-switch
ge-0/0/7                up    down
irb                     up    up
irb.10                  up    up   inet     10.9.0.21/16
                                            10.9.1.21/16
me0                     up    up
me0.0                   up    up   inet     192.0.2.21/24
lo0                     up    up
lo0.0                   up    up   inet     10.255.0.21         --> 0/0
                                   inet6    fe80::205:8600:271:c100

{master:0}
"""

TREE = """\

Spanning tree interface parameters for instance 0

Interface                  Port ID    Designated         Designated         Port    State  Role
                                       port ID           bridge ID          Cost
ge-0/0/0                  128:490      128:490      32768.0019e2503fe0     20000    FWD    DESG
xe-0/0/48.0               128:538      128:112       4096.005056c00001      2000    FWD    ROOT
xe-0/0/49                 128:539      128:112       8192.005056c00002      2000    BLK    ALT
ge-0/0/7                  128:497      128:497      32768.0019e2503fe0     20000    BLK    DIS
"""


class TestJuniperJunos(RevertingSafetyNet):
    """The common behaviour."""

    name = "juniper_junos"
    own_port = "me0.0"
    rejected_line = "delete interfaces xe-0/0/49 disable"
    cut_line = "commit confirmed*"

    def test_refused_commit_changes_nothing(self, switches: Switches) -> None:
        handle = switches.start()
        config = handle.running_config()
        handle.faults.refuse_save = "full"
        with pytest.raises(CommandRejected, match=r"No space left on device.*put back and proven"):
            switches.move(handle)
        assert handle.running_config() == config

    def test_half_done_work_of_somebody_else_is_not_committed(self, switches: Switches) -> None:
        handle = switches.start()
        other = switches.session(handle)
        other.change([Send("configure"), Send("set system host-name half-done")])
        with pytest.raises(CommandRejected, match="configuration database modified"):
            switches.move(handle)
        assert handle.device.hostname == "access-ward"
        assert states(handle) == [(self.uplinks[0],)]

    def test_configuration_locked_by_somebody_else_is_left_alone(self, switches: Switches) -> None:
        handle = switches.start()
        other = switches.session(handle)
        other.change([Send("configure exclusive")])
        with pytest.raises(CommandRejected, match="configuration database locked by"):
            switches.move(handle)
        assert states(handle) == [(self.uplinks[0],)]


def test_ports_are_physical_and_addresses_are_on_them() -> None:
    session = Recorded("juniper_junos", {"show interfaces terse": TERSE})
    ports = JUNOS.read_ports(session)
    assert {name: (port.enabled, port.link) for name, port in ports.items()} == {
        "xe-0/0/48": (True, True),
        "xe-0/0/49": (False, False),
        "ge-0/0/7": (True, False),
        "irb": (True, True),
        "me0": (True, True),
        "lo0": (True, True),
    }
    assert JUNOS.read_addresses(session) == {
        "10.9.0.21": "irb.10",
        "10.9.1.21": "irb.10",
        "192.0.2.21": "me0",
        "10.255.0.21": "lo0.0",
    }


def test_units_mean_their_port_except_virtual_ones() -> None:
    assert JUNOS.same_port("xe-0/0/48.0", "xe-0/0/48")
    assert JUNOS.same_port("ae1.0", "ae1")
    assert not JUNOS.same_port("xe-0/0/4", "xe-0/0/48")
    assert not JUNOS.same_port("irb.10", "irb.20")
    assert JUNOS.is_virtual("irb.10")
    assert JUNOS.is_virtual("ae1")
    assert not JUNOS.is_virtual("me0")


def test_neighbor_name_is_not_taken_from_a_port_description() -> None:
    shown = (
        "Local Interface    Parent Interface    Chassis Id          Port info          System Name\n"
        "xe-0/0/48          -                   00:50:56:c0:00:01   uplink to ward 7   core-a.hospital.example\n"
        "xe-0/0/49.0        ae1                 00:50:56:c0:00:02   xe-0/0/12          core-b\n"
        "ge-0/0/3           -                   00:50:56:c0:00:09   not to core-b\n"
    )
    found = JUNOS.read_neighbors(Recorded("juniper_junos", {"show lldp neighbors": shown})) or []
    assert [(each.port, each.name) for each in found] == [
        ("xe-0/0/48", "core-a.hospital.example"),
        ("xe-0/0/49", "core-b"),
        ("ge-0/0/3", ""),
    ]


@pytest.mark.parametrize(
    "shown",
    [
        "Ethernet switching table : 3 entries, 3 learned\nRouting instance : default-switch\n"
        "    Vlan                MAC                 MAC         Age    Logical\n"
        "    name                address             flags              interface\n"
        "    outpatients         00:00:5e:00:01:01   D             -   xe-0/0/48.0\n"
        "    outpatients         00:00:5e:00:01:02   S             -   ge-0/0/1.0\n",
        "Ethernet-switching table: 3 entries, 1 learned\n"
        "  VLAN              MAC address       Type         Age Interfaces\n"
        "  outpatients       *                 Flood          - All-members\n"
        "  outpatients       00:00:5e:00:01:01 Learn          0 xe-0/0/48.0\n"
        "  outpatients       00:19:e2:50:3f:e0 Static         - Router\n",
    ],
    ids=["ELS", "before ELS"],
)
def test_learned_addresses(shown: str) -> None:
    macs = JUNOS.read_macs(Recorded("juniper_junos", {"show ethernet-switching table": shown})) or []
    assert [(entry.mac, entry.port, entry.vlan) for entry in macs] == [("00005e000101", "xe-0/0/48", "outpatients")]


def test_spanning_tree_roles() -> None:
    rows = JUNOS.read_tree(Recorded("juniper_junos", {"show spanning-tree interface": TREE})) or []
    assert [(row.port, row.role, row.forwarding, row.settled) for row in rows] == [
        ("ge-0/0/0", "designated", True, True),
        ("xe-0/0/48", "root", True, True),
        ("xe-0/0/49", "alternate", False, True),
        ("ge-0/0/7", "disabled", False, False),
    ]


@pytest.mark.parametrize(
    ("shown", "pending"),
    [
        (
            "0   2026-11-21 21:51:46 UTC by admin via cli commit confirmed, rollback in 2mins\n    rollback pending\n"
            "1   2026-11-20 08:00:12 UTC by admin via cli\n",
            True,
        ),
        (
            "0   2026-11-21 21:52:10 UTC by admin via cli\n"
            "1   2026-11-21 21:51:46 UTC by admin via cli commit confirmed, rollback in 2mins\n",
            False,
        ),
        ("0   2026-11-21 21:51:46 UTC by admin via cli commit confirmed, rollback in 2mins\n", False),
        ("0   2026-11-21 21:53:46 UTC by root via other\n", False),
    ],
    ids=["running", "confirmed by a commit", "confirmed by commit check", "rolled back"],
)
def test_commit_that_waits_is_told_from_one_that_did(shown: str, pending: bool) -> None:
    assert JUNOS.read_pending(Recorded("juniper_junos", {"show system commit": shown})) is pending


def test_saved_is_what_the_committed_file_says() -> None:
    running = (
        "## Last commit: 2026-11-21 21:51:46 UTC by admin\nversion 20.4R3;\ninterfaces {\n"
        "    xe-0/0/48 {\n        description core-a;\n        disable;\n        unit 0 {\n"
        "            family ethernet-switching;\n        }\n    }\n    xe-0/0/49 {\n        unit 0;\n    }\n}\n"
        "protocols {\n    rstp {\n        interface xe-0/0/49;\n    }\n}\n"
    )
    outputs = {
        "show configuration": running,
        "show system rollback 0": running.replace("        disable;\n", ""),
        "show system commit": "0   2026-11-21 21:53:46 UTC by admin via cli\n",
    }
    assert JUNOS.unsaved(Recorded("juniper_junos", outputs), ["xe-0/0/48", "xe-0/0/49"]) == ["xe-0/0/48"]
    assert JUNOS.stanza(running, "xe-0/0/48") == [
        "description core-a;",
        "disable;",
        "unit 0 family ethernet-switching;",
    ]


@pytest.mark.parametrize("command", ["show interfaces terse", "show ethernet-switching table"])
def test_noise_is_not_taken_for_an_empty_table(command: str) -> None:
    session = Recorded("juniper_junos", {command: "~}!#\n"})
    with pytest.raises(Unparsable):
        _read = JUNOS.read_ports(session) if "terse" in command else JUNOS.read_macs(session)


def test_commands_of_a_change() -> None:
    sends = JUNOS.change([("xe-0/0/49", True), ("xe-0/0/48", False)], 90)
    assert [send.command for send in sends] == [
        "configure exclusive",
        "delete interfaces xe-0/0/49 disable",
        "set interfaces xe-0/0/48 disable",
        "commit confirmed 2 and-quit",
    ]
