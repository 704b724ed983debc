# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and changing bonds of the kernel."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.kernel import KernelBond
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import (
    BondNotFound,
    Change,
    Member,
    ServerUplinkError,
)

from tests.unit.server_uplink.fake_host import BONDING, FakeHost
from tests.unit.server_uplink.recorded import ACTIVE_BACKUP, LACP


def host(status: str, **attributes: str) -> FakeHost:
    bonding = {f"{BONDING}/{name}": text + "\n" for name, text in attributes.items()}
    return FakeHost(
        files={
            "/proc/net/bonding/bond0": status,
            "/sys/class/net/bond0/flags": "0x1443\n",
            "/sys/class/net/eth0/carrier": "1\n",
            "/sys/class/net/eth1/carrier": "1\n",
            **bonding,
        }
    )


def test_everything_of_an_active_backup_bond_is_read() -> None:
    state = KernelBond(
        host(
            ACTIVE_BACKUP,
            mode="active-backup 1",
            primary="eth0",
            primary_reselect="better 1",
            fail_over_mac="active 1",
            num_grat_arp="1",
        ),
        "bond0",
    ).read()
    assert (state.mode, state.active, state.up) == ("active-backup", "eth0", True)
    assert (state.primary, state.primary_reselect) == ("eth0", "better")
    assert (state.fail_over_mac, state.gratuitous_arp) == ("active", 1)
    assert not state.moves_by_itself


def test_a_member_that_waits_for_its_updelay_is_not_usable() -> None:
    state = KernelBond(host(ACTIVE_BACKUP, mode="active-backup 1"), "bond0").read()
    assert state.members == (
        Member("eth0", carrier=True, enabled=True, speed=10000, duplex="full"),
        Member("eth1", carrier=True, enabled=False, speed=-1, duplex="unknown"),
    )


def test_a_member_outside_the_active_aggregator_is_told_apart() -> None:
    state = KernelBond(host(LACP, mode="802.3ad 4"), "bond0").read()
    assert [member.aggregated for member in state.members] == [True, False]
    assert state.moves_by_itself
    assert state.active is None


def test_an_aggregator_without_a_switch_behind_it_carries_nothing() -> None:
    alone = LACP.replace("5c:db:09:00:00:02", "00:00:00:00:00:00")
    state = KernelBond(host(alone, mode="802.3ad 4"), "bond0").read()
    assert [member.aggregated for member in state.members] == [False, False]


def test_a_bond_without_an_active_member_has_none() -> None:
    nobody = ACTIVE_BACKUP.replace("Currently Active Slave: eth0", "Currently Active Slave: None")
    assert KernelBond(host(nobody, mode="active-backup 1"), "bond0").read().active is None


def test_an_ordinary_network_card_is_no_bond() -> None:
    with pytest.raises(BondNotFound):
        KernelBond(FakeHost(files={"/sys/class/net/bond0/flags": "0x1003"}), "bond0").read()


def test_a_bond_that_cannot_be_read_is_unknown() -> None:
    with pytest.raises(ServerUplinkError, match=r"unknown.*become"):
        KernelBond(FakeHost(files={f"{BONDING}/mode": "active-backup 1"}), "bond0").read()


def test_the_command_shown_is_the_write_that_is_done() -> None:
    server = host(ACTIVE_BACKUP, mode="active-backup 1")
    bond = KernelBond(server, "bond0")
    bond.apply(Change("active", "eth1"))
    ((path, text),) = server.writes
    assert bond.command(Change("active", "eth1")) == f"echo {text} > {path}"
    assert path == "/sys/class/net/bond0/bonding/active_slave"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "become: true"),
        (OSError(errno.EINVAL, "Invalid argument"), "Invalid argument.*kernel's log"),
    ],
)
def test_a_refused_write_says_what_to_do(error: OSError, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = host(ACTIVE_BACKUP, mode="active-backup 1")

    def refuse(path: str, text: str) -> None:
        raise error

    monkeypatch.setattr(server, "write", refuse)
    with pytest.raises(ServerUplinkError, match=sentence):
        KernelBond(server, "bond0").apply(Change("active", "eth1"))


def test_a_vlan_or_bridge_above_the_bond_is_carried_by_it() -> None:
    server = FakeHost(
        files={
            "/sys/class/net/br10/lower_bond0.10": "",
            "/sys/class/net/bond0.10/lower_bond0": "",
            "/sys/class/net/mgmt0/carrier": "1",
        }
    )
    bond = KernelBond(server, "bond0")
    assert bond.carries("bond0")
    assert bond.carries("br10")
    assert not bond.carries("mgmt0")
