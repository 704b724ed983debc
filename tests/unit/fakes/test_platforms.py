# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each platform, driven with Netmiko: what it shows, how it changes, how it saves."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from ntc_templates.parse import parse_output

from lab.fakes import Credentials, Fake, FakeNetwork, Timings
from lab.fakes.model import NAMES
from tests.unit.fakes.conftest import VENDORS, Vendor

Start = Callable[..., FakeNetwork]
Connect = Callable[..., Any]
Send = Callable[..., str]
PAGING_OFF = {
    "hp_comware": "screen-length disable",
    "huawei_vrp": "screen-length 0 temporary",
    "huawei_vrpv8": "screen-length 0 temporary",
    "juniper_junos": "set cli screen-length 0",
    "cisco_ios": "terminal length 0",
    "cisco_nxos": "terminal length 0",
    "arista_eos": "terminal length 0",
    "ruijie_os": "terminal length 0",
}


def rows(connection: Any, platform: str, command: str) -> list[dict[str, Any]]:
    """Run a command and parse it with ntc-templates, which refuses what is not the vendor's format."""
    templates = VENDORS[platform].templates
    output = connection.send_command(command)
    return list(parse_output(platform=platform if templates == "same" else templates, command=command, data=output))


@pytest.mark.parametrize("platform", sorted(set(VENDORS) - {"ruijie_os", "juniper_junos"}))
def test_port_tables_are_in_the_vendors_format(
    looking: Any, platform: str, vendor: Vendor, uplinks: tuple[str, str]
) -> None:
    status = {row[vendor.port]: vendor.is_up(row) for row in rows(looking, platform, vendor.status)}
    names = [name for name in uplinks if name in status] or list(vendor.shorts)
    assert [status[name] for name in names] == [True, False]


@pytest.mark.parametrize("platform", sorted(set(VENDORS) - {"ruijie_os"}))
def test_tables_are_in_the_vendors_format_and_tell_the_same_story(
    looking: Any, platform: str, vendor: Vendor, uplinks: tuple[str, str]
) -> None:
    neighbors = rows(looking, platform, vendor.neighbors)
    assert [row["neighbor_name"] for row in neighbors] == ["core-a"]
    assert neighbors[0]["local_interface"] in (uplinks[0], vendor.shorts[0])
    assert [row["neighbor_name"] for row in rows(looking, platform, vendor.detail)] == ["core-a"]

    macs = {row[vendor.mac]: row[vendor.mac_port] for row in rows(looking, platform, vendor.macs)}
    server = next(place for mac, place in macs.items() if mac.translate({45: "", 46: "", 58: ""}).endswith("56400031"))
    assert server in (uplinks[0], vendor.shorts[0], [vendor.shorts[0]])

    addresses = [row["ip_address"] for row in rows(looking, platform, vendor.arp)]
    assert {"10.9.0.1", "10.9.0.31"} <= set(addresses)

    for command in vendor.parsed:
        assert rows(looking, platform, command), command


@pytest.mark.parametrize("platform", ["juniper_junos", "ruijie_os"])
def test_tables_without_a_template_follow_the_vendors_manual(
    looking: Any, platform: str, vendor: Vendor, uplinks: tuple[str, str]
) -> None:
    status = looking.send_command(vendor.status)
    neighbors = looking.send_command(vendor.neighbors)
    shown = {
        "ruijie_os": (
            r"^TenGigabitEthernet 0/49 +up +trunk +Full +10G +fiber\s*$",
            r"^TenGigabitEthernet 0/50 +disabled +trunk ",
            r"^core-a +TenGigabitEthernet 0/49 +\S",
        ),
        "juniper_junos": (
            r"^xe-0/0/48 +up +up\s*$",
            r"^xe-0/0/49 +down +down\s*$",
            r"^xe-0/0/48 +- +00:50:56:c0:00:01 +\S+ +core-a",
        ),
    }[platform]
    for pattern, text in zip(shown, (status, status, neighbors), strict=True):
        assert re.search(pattern, text, re.MULTILINE), pattern


def test_a_change_moves_what_is_seen_and_a_save_stores_it(
    net: Start, connect: Connect, send: Send, platform: str, vendor: Vendor, uplinks: tuple[str, str]
) -> None:
    handle = net(Fake("access-ward", platform))["access-ward"]
    connection = connect(handle)
    before = handle.startup_config()
    assert vendor.reply in connection.send_command(vendor.ping.format("10.9.0.1"))
    assert vendor.reply not in connection.send_command(vendor.ping.format("10.9.0.99"))

    send(connection, *vendor.swap)
    assert handle.device.uplinks_with_link() == (uplinks[1],)
    assert "core-b" in (seen := connection.send_command(vendor.neighbors))
    assert "core-a" not in seen
    assert handle.running_config() != before
    if vendor.save:
        assert handle.startup_config() == before

    send(connection, *vendor.save)
    assert handle.startup_config() == handle.running_config()
    shown = [connection.send_command(command, expect_string=r"[>#\]]\s*$") for command in vendor.shown]
    assert all(uplinks[1] in text for text in shown)
    assert not any(re.search(r"(?i)error|invalid|unrecognized", text) for text in shown)

    if vendor.save:
        handle.faults.refuse_save = "permission"
        handle.device.startup = before
        assert vendor.denied in send(connection, *vendor.save[: 2 if platform != "hp_comware" else 4])
        assert handle.startup_config() == before

    handle.set_peer(uplinks[1], False)
    assert vendor.reply not in connection.send_command(vendor.ping.format("10.9.0.1"))


def test_an_unknown_word_gets_the_vendors_error(looking: Any, vendor: Vendor) -> None:
    word = "display" if vendor.status.startswith("display") else "show"
    answer = looking.send_command(f"{word} nonsense", strip_prompt=False, strip_command=False)
    assert vendor.unknown in answer
    lines = answer.splitlines()
    caret = next((line.index("^") for line in lines if line.strip() == "^"), None)
    if caret is not None:
        assert caret == len(lines[-1]) + len(word) + 1


def test_output_is_paged_until_the_client_says_otherwise(
    looking: Any, send: Send, platform: str, vendor: Vendor
) -> None:
    whole = looking.send_command(vendor.shown[0])
    send(looking, vendor.paging)
    looking.write_channel(vendor.shown[0] + "\n")
    pages = [looking.read_until_pattern("[Mm]ore")]
    while pages[-1].lower().endswith("more"):
        looking.write_channel(" ")
        pages.append(looking.read_until_pattern(r"[Mm]ore(?=\W*-)|[#>]\s*$"))
    looking.disable_paging(PAGING_OFF[platform])
    assert len(pages) > 2
    assert all(len(page.splitlines()) <= 26 for page in pages)
    assert whole.split()[-1] in pages[-1]


@pytest.mark.parametrize("platform", ["cisco_ios", "arista_eos"])
def test_an_account_without_privilege_needs_the_enable_secret(
    net: Start, connect: Connect, send: Send, platform: str
) -> None:
    handle = net(Fake("sw", platform, credentials=Credentials(privileged_login=False)))["sw"]
    connection = connect(handle)
    assert connection.find_prompt() == "sw>"
    assert "% Invalid input" in connection.send_command("show running-config")
    connection.enable()
    assert connection.find_prompt() == "sw#"
    assert "lab-enable" not in handle.lines()

    send(connection, "disable", "enable", "guess", "guess", "guess")
    assert connection.find_prompt() == "sw>"


def test_two_uplinks_without_spanning_tree_are_a_loop(net: Start, platform: str) -> None:
    network = net(
        Fake("flat", platform, spanning_tree=False, active=-1), Fake("tree", platform, spanning_tree=True, active=-1)
    )
    assert network["flat"].device.has_loop()
    assert not network["tree"].device.has_loop()
    assert network["tree"].device.is_blocked(network["tree"].fake.uplinks()["core-b"])


def test_neighbors_and_addresses_may_take_their_time(net: Start) -> None:
    device = net(Fake("sw", "cisco_ios", timings=Timings(link=0.05, lldp=0.3, mac=0.15)))["sw"].device
    first, second = NAMES["cisco_ios"].uplinks
    device.config_of(first).shutdown, device.config_of(second).shutdown = True, False
    device.refresh()
    start = time.monotonic()
    seen: dict[str, float] = {}
    while "neighbor" not in seen:
        now = time.monotonic() - start
        if device.is_up(second):
            seen.setdefault("link", now)
        if any(name == second for _host, name in device.learned()):
            seen.setdefault("mac", now)
        if device.neighbors():
            seen.setdefault("neighbor", now)
        time.sleep(0.005)
    assert list(seen) == ["link", "mac", "neighbor"]
    assert seen["link"] >= 0.04
    assert seen["mac"] >= 0.14
    assert seen["neighbor"] >= 0.29


def test_ios_without_lldp_knows_its_neighbor_by_cdp(net: Start, connect: Connect) -> None:
    connection = connect(net(Fake("sw", "cisco_ios", lldp=False, active=1))["sw"])
    assert connection.send_command("show lldp neighbors") == "% LLDP is not enabled"
    (brief,) = rows(connection, "cisco_ios", "show cdp neighbors")
    (detail,) = rows(connection, "cisco_ios", "show cdp neighbors detail")
    assert (brief["neighbor_name"], brief["local_interface"]) == ("core-b", "Ten 1/0/2")
    assert (detail["neighbor_name"], detail["local_interface"]) == ("core-b", "TenGigabitEthernet1/0/2")
