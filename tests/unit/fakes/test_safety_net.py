# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendors' own safety nets: what is not confirmed in time is undone by the device."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from lab.fakes import Fake, FakeNetwork, Timings
from lab.fakes.model import NAMES

Start = Callable[..., FakeNetwork]
Connect = Callable[..., Any]
Send = Callable[..., str]


@dataclass(frozen=True)
class Net:
    """How a change is made that the device undoes by itself, and how it is confirmed."""

    change: tuple[str, ...]
    confirm: tuple[str, ...]
    said: str
    minute: float = 0.6


NETS = {
    "cisco_ios": Net(
        ("configure terminal revert timer 2", "int te1/0/2", "no shut", "end"),
        ("configure confirm",),
        "Rollback Confirmed Change: Backing up current running config to flash:backup-",
        0.3,
    ),
    "arista_eos": Net(
        ("configure session swap", "interface et50", "no shutdown", "commit timer 00:01:00"),
        ("configure session swap commit",),
        "(config-s-swap-if-Et50)#",
    ),
    "juniper_junos": Net(
        ("configure", "delete interfaces xe-0/0/49 disable", "commit confirmed 1"),
        ("commit",),
        "commit confirmed will be automatically rolled back in 1 minutes unless confirmed",
    ),
    "huawei_vrpv8": Net(
        ("system-view", "interface 10GE1/0/2", "undo shutdown", "commit trial 60"),
        ("commit",),
        "if the trial configuration is not confirmed in 60 seconds.",
    ),
    "hp_comware": Net(
        ("system-view", "configuration commit delay 1", "interface XGE1/0/50", "undo shutdown", "quit"),
        ("configuration commit",),
        "[sw-Ten-GigabitEthernet1/0/50]",
    ),
}


@pytest.mark.parametrize("platform", sorted(NETS))
def test_a_change_that_is_not_confirmed_is_undone_by_the_device(
    net: Start, connect: Connect, send: Send, platform: str
) -> None:
    way = NETS[platform]
    handle = net(Fake("sw", platform, timings=Timings(minute=way.minute)))["sw"]
    connection = connect(handle)
    before = handle.running_config()
    assert way.said in send(connection, *way.change)
    deadline = time.monotonic() + 5
    while handle.running_config() != before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert handle.running_config() == before
    first, second = NAMES[platform].uplinks
    assert [names for _when, names in handle.device.history] == [(first,), (first, second), (first,)]


@pytest.mark.parametrize("platform", sorted(NETS))
def test_a_change_that_is_confirmed_stays(net: Start, connect: Connect, send: Send, platform: str) -> None:
    handle = net(Fake("sw", platform))["sw"]
    connection = connect(handle)
    send(connection, *NETS[platform].change)
    assert handle.device.has_timer()
    answer = send(connection, *NETS[platform].confirm)
    assert "rror" not in answer
    assert "% " not in answer
    assert not handle.device.has_timer()
    assert handle.device.uplinks_with_link() == NAMES[platform].uplinks


def test_ios_without_an_archive_has_no_revert_timer(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "cisco_ios", archive=""))["sw"]
    connection = connect(handle)
    refused = "%Please turn config archive on before using Rollback Confirmed Change"
    assert refused in send(connection, "configure terminal revert timer 5")
    assert "%No Rollback Confirmed Change pending" in send(connection, "configure confirm")
    send(connection, "conf t", "archive", "path flash:kept", "end")
    assert refused not in send(connection, "configure terminal revert timer 5")


def test_ios_reverts_at_once_when_told_to(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    connection = connect(handle)
    before = handle.running_config()
    send(connection, "configure terminal revert timer 5", "int te1/0/2", "no shut", "end")
    assert "Timer value: 5 min" in send(connection, "show archive config rollback timer")
    assert "Rollback Done" in send(connection, "configure revert now")
    assert handle.running_config() == before


def test_an_eos_session_is_aborted(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "arista_eos"))["sw"]
    connection = connect(handle)
    before = handle.running_config()
    send(connection, "configure session swap", "int et50", "no shut", "abort")
    assert handle.running_config() == before
    send(connection, "configure session swap", "int et50", "no shut", "commit timer 00:05:00")
    assert "pendingCommitTimer" in send(connection, "show configuration sessions detail")
    send(connection, "configure session swap abort")
    assert handle.running_config() == before


def test_nxos_rolls_back_to_a_checkpoint(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "cisco_nxos"))["sw"]
    connection = connect(handle)
    before = handle.running_config()
    send(connection, "checkpoint before-swap", "conf t", "int eth1/50", "no shut", "end")
    assert handle.running_config() != before
    answer = send(connection, "rollback running-config checkpoint before-swap")
    assert "Rollback completed successfully." in answer
    assert handle.running_config() == before
    assert "ERROR" in send(connection, "rollback running-config checkpoint nothing")


def test_vrp8_asks_about_what_is_not_committed(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "huawei_vrpv8"))["sw"]
    connection = connect(handle)
    before = handle.running_config()
    answer = send(connection, "system-view", "interface 10GE1/0/2", "undo shutdown", "return", "n")
    assert "[~sw-10GE1/0/2]" in answer
    assert "[*sw-10GE1/0/2]" in answer
    assert "Uncommitted configurations found" in answer
    assert handle.running_config() == before
    answer = send(
        connection, "system-view", "interface 10GE1/0/2", "undo shutdown", "commit trial 600", "abort trial", "y"
    )
    assert "The trial configuration rollback succeeded." in answer
    assert handle.running_config() == before


def test_junos_compares_checks_and_rolls_back(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "juniper_junos"))["sw"]
    connection = connect(handle)
    before = handle.running_config()
    answer = send(connection, "configure", "delete interfaces xe-0/0/49 disable", "show | compare", "commit check")
    assert "[edit interfaces xe-0/0/49]\n-   disable;" in answer
    assert "configuration check succeeds" in answer
    assert handle.running_config() == before
    send(connection, "commit", "rollback 1", "commit")
    assert handle.running_config() == before == handle.startup_config()
    answer = send(connection, "set interfaces xe-0/0/48 disable", "exit", "yes")
    assert "Exit with uncommitted changes? [yes,no] (yes)" in answer
