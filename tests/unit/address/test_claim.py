# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking and giving up a service address, with the network replaced."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._address import claim
from ansible_collections.contingency.infra.plugins.module_utils._address.claim import absent, present
from ansible_collections.contingency.infra.plugins.module_utils._address.model import AddressError, Wanted
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer

from tests.unit.address.fake_host import FakeHost, entry, interface

VIP = "10.9.0.100/24"
OTHER = "02:00:00:00:00:0b"
ADD = ["ip", "address", "add", VIP, "dev", "eth0"]
DELETE = ["ip", "address", "del", VIP, "dev", "eth0"]


class Network:
    """Who answers for what, what was asked and what was announced."""

    def __init__(self) -> None:
        self.holders: dict[str, str] = {}
        self.asked: list[tuple[str, ...]] = []
        self.frames: list[bytes] = []
        self.broken = False

    def ask(self, name: str, addresses: tuple[str, ...], timeout: float) -> dict[str, str]:
        self.asked.append(tuple(addresses))
        return self.holders

    def send(self, name: str, frames: list[bytes]) -> None:
        if self.broken:
            raise PermissionError(1, "Operation not permitted")
        self.frames += frames


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    network = Network()
    monkeypatch.setattr(claim, "holders", network.ask)
    monkeypatch.setattr(claim, "send_frames", network.send)
    return network


def host(*addresses: str, **more: Any) -> FakeHost:
    return FakeHost(interface("eth0", *addresses, **more))


def wanted(*addresses: str, **more: Any) -> Wanted:
    return Wanted("eth0", addresses or (VIP,), **more)


def refusal(machine: FakeHost, asked: Wanted) -> str:
    """Return the sentence, and see that nothing was done."""
    with pytest.raises(AddressError) as refused:
        present(machine, asked)
    assert machine.commands == []
    json.dumps(refused.value.evidence)
    assert refused.value.message.endswith(".")
    return refused.value.message


def test_it_is_asked_for_then_added_then_announced(network: Network) -> None:
    machine = host("10.9.0.12/24")
    outcome = present(machine, wanted())
    assert outcome.changed
    assert machine.commands[0] == ADD
    assert network.asked == [(VIP,)]
    assert len(network.frames) == 2
    assert outcome.before["addresses"] == ["10.9.0.12/24"]
    assert outcome.after["addresses"] == ["10.9.0.12/24", VIP]
    assert all(one["passed"] for one in outcome.proven)
    assert outcome.warnings == []
    json.dumps(outcome.as_result())


def test_a_second_run_adds_nothing_but_tells_the_network_once_more(network: Network) -> None:
    machine = host("10.9.0.12/24", VIP)
    outcome = present(machine, wanted())
    assert not outcome.changed
    assert outcome.steps == []
    assert machine.commands == []
    assert len(network.frames) == 2, "a run that was killed between adding and announcing is made good"


def test_check_mode_asks_and_does_nothing(network: Network) -> None:
    machine = host("10.9.0.12/24")
    outcome = present(machine, wanted(), check_mode=True)
    assert (outcome.changed, outcome.steps) == (True, [" ".join(ADD)])
    assert outcome.after["addresses"] == ["10.9.0.12/24", VIP]
    assert (network.asked, machine.commands, network.frames) == ([(VIP,)], [], [])


def test_what_the_caller_has_checked_is_not_asked_again(network: Network) -> None:
    assert present(host("10.9.0.12/24"), wanted(), checked=True).changed
    assert network.asked == []


def test_an_address_in_use_is_refused_with_who_has_it(network: Network) -> None:
    network.holders = {"10.9.0.100": OTHER}
    said = refusal(host("10.9.0.12/24"), wanted())
    assert f"10.9.0.100 is in use: {OTHER} answers for it on eth0" in said
    assert "fence" in said


def test_an_address_that_two_hosts_have_is_found(network: Network) -> None:
    network.holders = {"10.9.0.100": OTHER}
    assert "and this host has it too" in refusal(host("10.9.0.12/24", VIP), wanted())
    assert network.frames == []


def test_force_takes_it_and_says_so(network: Network) -> None:
    network.holders = {"10.9.0.100": OTHER}
    outcome = present(host("10.9.0.12/24"), wanted(force=True))
    assert outcome.changed
    assert OTHER in outcome.warnings[0]
    assert not outcome.proven[0]["passed"]


def test_of_two_addresses_both_or_none_are_taken() -> None:
    machine = host("10.9.0.12/24")
    machine.answers["ip address add 10.9.0.101/24"] = Answer(2, "", "RTNETLINK answers: No buffer space available\n")
    with pytest.raises(AddressError, match="No buffer space available"):
        present(machine, wanted(VIP, "10.9.0.101/24"))
    assert machine.commands == [ADD, DELETE]


def test_an_address_that_cannot_be_announced_is_taken_off_again(network: Network) -> None:
    network.broken = True
    machine = host("10.9.0.12/24")
    with pytest.raises(AddressError, match=r"could not be announced .* taken off again; .*become: true"):
        present(machine, wanted())
    assert machine.commands == [ADD, DELETE]


def test_an_address_that_something_takes_off_at_once_is_no_success() -> None:
    machine = host("10.9.0.12/24")
    machine.answers["ip address add"] = Answer(0, "", "")
    with pytest.raises(AddressError, match=r"seen absent after the change, expected present; .*keepalived"):
        present(machine, wanted())


def test_a_missing_repetition_is_a_warning_since_the_address_is_taken() -> None:
    machine = host("10.9.0.12/24")
    machine.answers["sh -c"] = Answer(127, "", "sh is not on this host")
    outcome = present(machine, wanted())
    assert outcome.warnings == ["10.9.0.100 was announced once on eth0, not repeatedly: sh is not on this host."]


def test_an_ipv6_address_is_usable_at_once_and_no_source_of_own_connections() -> None:
    machine = host("fd09::12/64")
    present(machine, wanted("fd09::100/64"))
    assert machine.commands[0][6:] == ["nodad", "valid_lft", "forever", "preferred_lft", "0"]


def test_an_address_that_the_kernel_found_to_be_double_is_added_anew() -> None:
    machine = host()
    machine.interfaces["eth0"]["addr_info"] = [entry("fd09::12/64"), entry("fd09::100/64", dadfailed=True)]
    outcome = present(machine, wanted("fd09::100/64"))
    assert [step.split()[2] for step in outcome.steps] == ["del", "add"]


def test_a_stranger_to_the_network_is_told() -> None:
    outcome = present(host("192.0.2.5/24"), wanted())
    assert outcome.warnings == ["10.9.0.100/24 is in no network in which eth0 has an address (it has: 192.0.2.5/24)."]


@pytest.mark.parametrize(
    ("machine", "asked", "said"),
    [
        (FakeHost(interface("eth1")), wanted(), "This host has no interface eth0 (it has: eth1)."),
        (host(flags=["BROADCAST"]), wanted(), "eth0 is down; bring it up"),
        (host(flags=["NO-CARRIER", "UP"]), wanted(), "eth0 has no carrier; plug in"),
        (host(link_type="none"), wanted(), "eth0 is not an Ethernet interface with ARP"),
        (host(flags=["UP", "LOWER_UP", "NOARP"]), wanted(), "eth0 is not an Ethernet interface with ARP"),
        (
            FakeHost(interface("eth0"), interface("eth1", VIP)),
            wanted(),
            "10.9.0.100 is on eth1 of this host, not on eth0; name eth1",
        ),
        (host("10.9.0.100/32"), wanted(), "eth0 has 10.9.0.100/32, not 10.9.0.100/24; ask for 10.9.0.100/32"),
        (host(), wanted(VIP, "10.9.0.100/32"), "10.9.0.100 is asked for twice"),
        (host(), wanted("10.9.0.300/24"), "'10.9.0.300/24' is not an address"),
        (host(), wanted("10.9.0.100"), "10.9.0.100 has no prefix length"),
        (host(), wanted("10.9.0.255/24"), "10.9.0.255/24 is the address of the network or of all its hosts"),
        (host(), wanted("224.0.0.5/24"), "224.0.0.5/24 cannot be a service address"),
        (
            FakeHost(interface(), files={"/proc/sys/net/ipv6/conf/eth0/disable_ipv6": "1\n"}),
            wanted("fd09::100/64"),
            "IPv6 is switched off on eth0",
        ),
    ],
)
def test_every_guard_refuses_with_its_reason(machine: FakeHost, asked: Wanted, said: str) -> None:
    assert refusal(machine, asked).startswith(said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(127, "", "ip is not on this host"), "install iproute2"),
        (Answer(0, "1: lo: <LOOPBACK>", ""), "must work"),
        (Answer(255, "", 'Option "-json" is unknown'), 'Option "-json" is unknown'),
    ],
)
def test_an_unreadable_host_is_told(answer: Answer, said: str) -> None:
    machine = host()
    machine.answers["ip -json"] = answer
    assert said in refusal(machine, wanted())


def test_giving_up_leaves_the_other_addresses() -> None:
    machine = host("10.9.0.12/24", VIP)
    outcome = absent(machine, wanted())
    assert outcome.changed
    assert machine.commands == [DELETE]
    assert outcome.after["addresses"] == ["10.9.0.12/24"]
    again = absent(machine, wanted())
    assert (again.changed, again.steps) == (False, [])
    assert machine.commands == [DELETE]


def test_giving_up_in_check_mode_only_tells() -> None:
    machine = host("10.9.0.12/24", VIP)
    outcome = absent(machine, wanted(), check_mode=True)
    assert (outcome.changed, outcome.after["addresses"]) == (True, ["10.9.0.12/24"])
    assert machine.commands == []


def test_giving_up_takes_it_off_with_whatever_prefix_length_it_has() -> None:
    machine = host("10.9.0.12/24", "10.9.0.100/32")
    assert absent(machine, wanted()).steps == ["ip address del 10.9.0.100/32 dev eth0"]


def test_giving_up_what_is_on_another_interface_is_no_success() -> None:
    with pytest.raises(AddressError, match=r"is on eth1 of this host, not on eth0"):
        absent(FakeHost(interface("eth0"), interface("eth1", VIP)), wanted())


@pytest.mark.parametrize("promotes", ["all", "eth0", ""])
def test_giving_up_a_primary_address_keeps_its_secondary_ones(promotes: str) -> None:
    """Without promotion the kernel drops the host's own address together with the one that came first."""
    machine = FakeHost(
        interface(), files={f"/proc/sys/net/ipv4/conf/{name}/promote_secondaries": "1\n" for name in [promotes] if name}
    )
    machine.interfaces["eth0"]["addr_info"] = [entry(VIP), entry("10.9.0.12/24", secondary=True)]
    setting = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries"
    plain = [" ".join(DELETE)]
    assert absent(machine, wanted()).steps == (
        plain if promotes else [f"echo 1 > {setting}", *plain, f"echo 0 > {setting}"]
    )
