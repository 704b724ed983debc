# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service address on real interfaces: who has it, how fast it moves, and what clients believe."""

from __future__ import annotations

import contextlib
import json
import statistics
from collections.abc import Iterator

import pytest

from tests.lab.address.network import Machine, Network, network, run, until

V4 = "10.9.0.100/24"
V6 = "fd09::100/64"
BOTH = pytest.mark.parametrize("address", [V4, V6], ids=["IPv4", "IPv6"])
CLAIM = 0.3


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    with network() as made:
        yield made


@pytest.fixture
def a(net: Network) -> Iterator[Machine]:
    yield from _machine(net, "server-a")


@pytest.fixture
def b(net: Network) -> Iterator[Machine]:
    yield from _machine(net, "server-b")


@pytest.fixture
def client(net: Network) -> Iterator[Machine]:
    yield from _machine(net, "client")


def _machine(net: Network, name: str) -> Iterator[Machine]:
    machine = net.machine(name)
    yield machine
    for address in (V4, V6):
        if address in machine.addresses():
            machine.ip("address", "del", address, "dev", "eth0")
    machine.cable(plugged=True)
    machine.forwarding(on=True)
    machine.ip("neigh", "flush", "dev", "eth0")
    assert until(lambda: not machine.processes(), 8), "something is left running"


def host(address: str) -> str:
    return address.partition("/")[0]


@contextlib.contextmanager
def echoing(*machines: Machine) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for machine in machines:
            process = stack.enter_context(machine.start("echo", machine.name))
            stack.callback(process.terminate)
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        yield


def first_answer(client: Machine, address: str, server: Machine, **more: object) -> tuple[float, dict[str, object]]:
    """Return seconds from the call to the client's first answer, and what the call returned."""
    with client.start("watch", host(address), server.name, "10") as watching:
        assert watching.stdout
        assert watching.stdout.readline() == "ready\n"
        outcome = server.present(address, **more)
        answered = json.loads(watching.stdout.readline())["answered"]
    assert not outcome["failed"], outcome
    assert answered is not None, f"the client never reached {server.name}"
    return answered - outcome["began"], outcome


@BOTH
def test_an_address_that_another_host_has_is_refused_at_once(a: Machine, b: Machine, address: str) -> None:
    assert a.present(address)["changed"]
    refused = b.present(address)
    assert refused["failed"]
    assert f"{host(address)} is in use: {a.mac} answers for it on eth0" in refused["msg"]
    assert refused["holder"] == {"address": host(address), "mac": a.mac}
    assert refused["took"] < CLAIM, "an answer ends the waiting"
    assert address not in b.addresses()
    assert b.present(address, check_mode=True)["failed"], "check mode asks as well"


@BOTH
def test_the_clients_stale_entry_is_replaced_at_once(a: Machine, b: Machine, client: Machine, address: str) -> None:
    """The former server loses power: its link is gone, and its client goes on sending to its MAC address."""
    with echoing(a, b):
        first_answer(client, address, a)
        assert client.neighbor(host(address)) == a.mac
        a.cable(plugged=False)
        seconds, outcome = first_answer(client, address, b, claim_timeout=CLAIM, announcements=1)
        assert client.neighbor(host(address)) == b.mac
    print(f"{address}: first answer after {seconds:.3f} s, {CLAIM} s of them for the claim; {outcome['seconds']}")
    assert seconds < CLAIM + 0.3


@BOTH
def test_without_announcement_the_client_keeps_the_stale_entry(
    a: Machine, b: Machine, client: Machine, address: str
) -> None:
    """What the announcement is for; were this to fail, the test above would prove nothing."""
    with echoing(a, b):
        first_answer(client, address, a)
        a.cable(plugged=False)
        b.ip("address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        assert client.result("watch", host(address), b.name, "1.5")["answered"] is None
        assert client.neighbor(host(address)) == a.mac


@BOTH
def test_a_move_that_was_checked_already_takes_some_tens_of_milliseconds(
    a: Machine, b: Machine, client: Machine, address: str
) -> None:
    taken = []
    with echoing(a, b):
        for there, here in [(a, b), (b, a)] * 5:
            there.absent(address)
            seconds, _more = first_answer(client, address, here, checked=True)
            taken.append(seconds * 1000)
    told = f"{min(taken):.0f} / {statistics.median(taken):.0f} / {max(taken):.0f} ms"
    print(f"{address}: from the call to the client's first answer, min / median / max of {len(taken)}: {told}")
    assert statistics.median(taken) < 70


@BOTH
def test_a_client_that_missed_the_first_burst_learns_from_the_next(
    a: Machine, b: Machine, client: Machine, address: str
) -> None:
    with echoing(a, b):
        first_answer(client, address, a)
        a.absent(address)
        client.forwarding(on=False)
        assert b.present(address, announcements=4)["took"] < 2, "nobody waits for the repetition"
        assert client.neighbor(host(address)) == a.mac
        client.forwarding(on=True)
        assert until(lambda: client.neighbor(host(address)) == b.mac, 4), "the repetition was not heard"


def test_the_repetition_says_nothing_for_an_address_that_has_left(a: Machine, b: Machine, client: Machine) -> None:
    with echoing(a, b):
        first_answer(client, V4, a, announcements=4)
        assert a.absent(V4)["changed"]
        first_answer(client, V4, b)
        assert not until(lambda: client.neighbor(host(V4)) != b.mac, 5), "the former holder went on announcing"


def test_of_two_that_claim_at_the_same_moment_at_most_one_gets_it(a: Machine, b: Machine) -> None:
    asked = json.dumps({"interface": "eth0", "addresses": [V4, V6], "announcements": 0})
    with a.start("present", asked) as one, b.start("present", asked) as other:
        results = [json.loads(process.communicate()[0]) for process in (one, other)]
    assert sum(not result["failed"] for result in results) <= 1, results
    assert sum(V4 in machine.addresses() for machine in (a, b)) <= 1


def test_an_address_that_two_hosts_have_is_found_by_the_next_run(a: Machine, b: Machine) -> None:
    for machine in (a, b):
        machine.ip("address", "add", V4, "dev", "eth0")
    found = b.present(V4)
    assert found["failed"]
    assert f"{a.mac} answers for it on eth0, and this host has it too" in found["msg"]


def test_the_hosts_own_second_interface_is_no_other_host(net: Network, a: Machine) -> None:
    """Linux answers for an address on each of its interfaces; on one network that is another MAC address."""
    a.present(V4)
    run("ip", "-n", net.bridge, "link", "add", "second", "type", "veth", "peer", "name", "eth1", "netns", a.namespace)
    try:
        run("ip", "-n", net.bridge, "link", "set", "second", "master", "lan", "up")
        a.ip("link", "set", "eth1", "up")
        again = a.present(V4)
    finally:
        run("ip", "-n", net.bridge, "link", "del", "second")
    assert not again["failed"], again
    assert not again["changed"]


def test_who_looks_for_the_address_does_not_have_it(b: Machine, client: Machine) -> None:
    """The service is down, so clients ask for its address all the time."""
    with client.start("watch", host(V4), "nobody", "3") as watching:
        assert watching.stdout
        watching.stdout.readline()
        outcome = b.present(V4)
        watching.terminate()
    assert not outcome["failed"], outcome


def test_a_second_run_changes_nothing_and_giving_up_leaves_the_rest(a: Machine) -> None:
    own = a.addresses()
    assert a.present(V4, V6, check_mode=True)["changed"]
    assert a.addresses() == own, "check mode took them"
    assert a.present(V4, V6)["changed"]
    assert sorted(a.addresses()) == sorted([*own, V4, V6])
    again = a.present(V4, V6)
    assert not again["failed"], again
    assert (again["changed"], again["steps"]) == (False, [])
    assert a.absent(V4, V6)["changed"]
    assert a.addresses() == own
    assert not a.absent(V4, V6)["changed"]


def test_an_own_connection_does_not_start_from_the_ipv6_service_address(a: Machine) -> None:
    a.present(V6)
    route = json.loads(a.ip("-json", "route", "get", "fd09::13"))[0]
    assert route["prefsrc"] == "fd09::11"


def test_an_address_that_came_first_goes_without_the_hosts_own(a: Machine) -> None:
    a.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/all/promote_secondaries")
    a.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries")
    a.ip("address", "del", "10.9.0.11/24", "dev", "eth0")
    try:
        a.ip("address", "add", V4, "dev", "eth0")
        a.ip("address", "add", "10.9.0.11/24", "dev", "eth0")
        assert a.absent(V4)["changed"]
        assert "10.9.0.11/24" in a.addresses()
        assert a.run("cat", "/proc/sys/net/ipv4/conf/eth0/promote_secondaries").strip() == "0"
    finally:
        if "10.9.0.11/24" not in a.addresses():
            a.ip("address", "add", "10.9.0.11/24", "dev", "eth0")


def test_what_cannot_be_is_told(a: Machine, b: Machine) -> None:
    assert a.present(V4, interface="eth7")["msg"] == "This host has no interface eth7 (it has: eth0, lo)."
    assert "lo is not an Ethernet interface" in a.present(V4, interface="lo")["msg"]
    b.cable(plugged=False)
    assert "eth0 has no carrier" in b.present(V4)["msg"]
    b.cable(plugged=True)
    b.ip("link", "set", "eth0", "down")
    assert "eth0 is down" in b.present(V4)["msg"]
    b.ip("link", "set", "eth0", "up")
    b.ip("address", "add", "fd09::12/64", "dev", "eth0", "nodad")
    told = a.present("192.0.2.7/24")["warnings"]
    assert told == ["192.0.2.7/24 is in no network in which eth0 has an address (it has: 10.9.0.11/24)."]
    a.absent("192.0.2.7/24")


def test_without_root_the_sentence_says_what_to_do(a: Machine) -> None:
    asked = {"interface": "eth0", "addresses": [V4]}
    for more in ({}, {"checked": True}):
        refused = a.result("present", json.dumps({**asked, **more}), user="nobody")
        assert refused["failed"]
        assert "run the task as root (become: true)" in refused["msg"]
    assert V4 not in a.addresses()
