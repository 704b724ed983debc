# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proofs: what each asks, what it says, and how long it waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.checks import (
    Verification,
    Verifier,
    complaint,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Request, Verify

from tests.unit.switch.fake_switch import GATEWAY, TARGET, FakePlatform, FakeSwitch

NOW = Verify(reachable=(GATEWAY,), timeout=10)


class Host:
    """A host that reaches everything after some questions."""

    def __init__(self, name: str, unanswered: int = 0) -> None:
        self.name = name
        self.unanswered = unanswered
        self.asked: list[str] = []

    def prepare(self) -> None:
        pass

    def reaches(self, address: str) -> bool:
        self.asked.append(address)
        return len(self.asked) > self.unanswered


def moved(**states: bool) -> FakeSwitch:
    return FakeSwitch(states or {"swp49": False, "swp50": True})


def verify(
    switch: FakeSwitch,
    verify: Verify = NOW,
    neighbor: str | None = "core-b",
    probes: tuple[Host, ...] = (),
    ask: Callable[[Verifier], Callable[..., Verification]] = lambda verifier: verifier.after,
) -> tuple[Verification, float]:
    """What was proven, and after how many seconds."""
    platform = FakePlatform(switch)
    session = platform.open(TARGET)
    request = Request("swp50", ("swp49",), expect_neighbor=neighbor, verify=verify)
    started = switch.clock.now
    with switch.clock.installed():
        done = ask(Verifier(platform, request, probes))(session)
    return done, switch.clock.now - started


def seen(verification: Verification) -> dict[str, tuple[str, str, str, bool]]:
    return {check.name: (check.subject, check.expected, check.seen, check.passed) for check in verification.checks}


def test_every_check_says_what_it_expected_and_saw() -> None:
    done, _seconds = verify(moved())
    assert seen(done) == {
        "link": ("swp50", "up", "up", True),
        "standby_shut": ("swp49", "shut", "shut", True),
        "neighbor": ("swp50", "core-b", "core-b", True),
        "reachable": (GATEWAY, "an answer to access-ward", "answers", True),
        "mac_learned": ("swp50", "1 or more", "1", True),
    }
    assert done.failed == []
    assert done.unproven == []


def test_what_passes_at_once_costs_no_waiting() -> None:
    assert verify(moved())[1] < 0.2


def test_it_waits_for_a_link_that_comes_up_late() -> None:
    switch = moved()
    switch.ready_after, switch.changed_at = 4.0, switch.clock.now
    done, seconds = verify(switch)
    assert done.failed == []
    assert 4.0 <= seconds < 5.3


def test_it_gives_up_in_time_and_names_every_failed_check() -> None:
    switch = moved()
    switch.cable["swp50"] = False
    done, seconds = verify(switch)
    assert {check.name for check in done.failed} == {"link", "neighbor", "reachable", "mac_learned"}
    assert 8.9 < seconds <= 10.3


def test_where_there_is_no_link_the_complaint_is_about_the_link_only() -> None:
    switch = moved()
    switch.cable["swp50"] = False
    done, _seconds = verify(switch)
    assert len(done.failed) > 1
    assert complaint(done) == (
        "swp50: check link expected up, saw down (look at its cable, its transceiver and the far end)"
    )


def test_where_there_is_a_link_the_complaint_names_every_failed_check() -> None:
    switch = moved()
    switch.neighbor["swp50"] = "core-c"
    done, _seconds = verify(switch, verify=Verify(reachable=(GATEWAY,), timeout=1), probes=(Host("client-lab", 10**6),))
    assert complaint(done) == (
        "swp50: check neighbor expected core-b, saw core-c; "
        f"{GATEWAY}: check reachable expected an answer to client-lab, saw no answer"
    )


def test_a_check_that_has_passed_is_not_asked_again() -> None:
    fast, slow = Host("client-ward"), Host("client-lab", unanswered=3)
    switch = moved()
    switch.neighbor["swp50"] = "core-b.hospital.example"
    done, _seconds = verify(switch, probes=(fast, slow))
    assert done.failed == []
    both = Host("client-ward")
    switch.ready_after, switch.changed_at = 4.0, switch.clock.now
    verify(switch, probes=(both,))
    assert len(both.asked) == 1


def test_every_probe_host_has_to_answer_for_every_address() -> None:
    deaf = Host("client-lab", unanswered=10**6)
    done, _seconds = verify(
        moved(), verify=Verify(reachable=(GATEWAY, "10.9.0.31"), timeout=2), probes=(Host("c"), deaf)
    )
    assert [(check.subject, check.expected) for check in done.failed] == [
        (GATEWAY, "an answer to client-lab"),
        ("10.9.0.31", "an answer to client-lab"),
    ]


@pytest.mark.parametrize(
    ("expected", "neighbor", "passed"),
    [
        ("core-b", "core-b", True),
        ("core-b", "CORE-B.hospital.example", True),
        ("core-b.hospital.example", "core-b", True),
        ("core-b", "core-bb", False),
        ("core-b", "core-a", False),
    ],
)
def test_a_neighbor_is_known_with_and_without_its_domain(expected: str, neighbor: str, passed: bool) -> None:
    switch = moved()
    switch.neighbor["swp50"] = neighbor
    done, _seconds = verify(switch, verify=Verify(timeout=1), neighbor=expected)
    assert seen(done)["neighbor"] == ("swp50", expected, neighbor, passed)


def test_a_neighbor_behind_another_port_is_nobody() -> None:
    switch = moved(swp49=True, swp50=True)
    switch.neighbor = {"swp49": "core-b"}
    done, _seconds = verify(switch, verify=Verify(timeout=1))
    assert seen(done)["neighbor"][2:] == ("nobody", False)


def test_a_second_enabled_uplink_is_no_success() -> None:
    done, _seconds = verify(moved(swp49=True, swp50=True), verify=Verify(timeout=1))
    assert [(check.name, check.subject, check.seen) for check in done.failed] == [("standby_shut", "swp49", "enabled")]


def test_what_the_platform_cannot_tell_is_unproven_and_not_passed() -> None:
    switch = moved()
    switch.macs = None
    done, _seconds = verify(switch)
    assert done.unproven == ["mac_learned"]
    assert "mac_learned" not in seen(done)


def test_checks_that_are_off_are_not_made() -> None:
    switch = moved()
    switch.cable["swp50"] = False
    done, seconds = verify(switch, verify=Verify(link=False, neighbor=False, mac_learned=False))
    assert set(seen(done)) == {"standby_shut"}
    assert seconds < 0.2


def test_before_the_break_spanning_tree_has_to_be_settled() -> None:
    switch = moved(swp49=True, swp50=True)
    switch.spanning_tree = True
    switch.ready_after, switch.changed_at = 3.0, switch.clock.now
    done, seconds = verify(switch, ask=lambda verifier: verifier.before_break)
    assert seen(done)["spanning_tree"] == (
        "swp50",
        "root, alternate or forwarding",
        "alternate not forwarding",
        True,
    )
    assert "standby_shut" not in seen(done)
    assert seconds >= 3.0


def test_before_the_break_a_port_that_spanning_tree_does_not_know_fails() -> None:
    done, _seconds = verify(moved(), verify=Verify(timeout=1), ask=lambda verifier: verifier.before_break)
    assert [(check.name, check.seen) for check in done.failed] == [("spanning_tree", "no state")]


def test_what_was_learned_and_forgotten_again_is_learned_again_by_asking_again() -> None:
    switch = moved()
    platform = FakePlatform(switch)
    learned = platform.read_macs
    host = Host("pc-ward")
    platform.read_macs = lambda session: learned(session) if len(host.asked) > 1 else []  # type: ignore[method-assign]
    request = Request("swp50", ("swp49",), expect_neighbor="core-b", verify=NOW)
    with switch.clock.installed():
        done = Verifier(platform, request, (host,)).after(platform.open(TARGET))
    assert done.failed == []
