# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every platform must do with a device: the tests of one platform are a subclass that names it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import asyncssh
import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch import line, rollback
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import (
    CheckFailed,
    CommandRejected,
    SaveFailed,
    Unparsable,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.outcome import Outcome
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Request, Verify
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from ansible_collections.contingency.infra.plugins.module_utils._switch.uplink import UplinkTransaction

from lab.fakes import Cut, Fake, FakeNetwork, Handle, Timings
from lab.fakes.model import NAMES

HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")


def target_of(handle: Handle) -> Target:
    """Return the way to a fake device."""
    credentials = handle.device.credentials
    return Target(
        name=handle.fake.name,
        host=handle.host,
        port=handle.port,
        user=credentials.user,
        password=credentials.password,
        enable_secret=credentials.enable_secret,
        host_key_checking=False,
        command_timeout=10,
    )


class Switches:
    """Starts fake devices of one platform, and opens sessions to them; ends all of them with the test."""

    def __init__(self, platform: str, stack: ExitStack) -> None:
        self.platform = PLATFORMS[platform]
        self._stack = stack

    def start(self, **options: Any) -> Handle:
        """Return a running device."""
        network = FakeNetwork([Fake("access-ward", self.platform.name, **options)], key=HOST_KEY)
        return self._stack.enter_context(network)["access-ward"]

    def session(self, handle: Handle) -> Session:
        """Return an open session."""
        session = self.platform.open(target_of(handle))
        self._stack.callback(session.close)
        return session

    def transaction(self, handle: Handle, **options: Any) -> UplinkTransaction:
        """Return the transaction that moves the uplink from core-a to core-b."""
        old, new = NAMES[self.platform.name].uplinks
        wanted: dict[str, Any] = {"active": new, "standby": (old,), "expect_neighbor": "core-b"}
        request = Request(**{**wanted, "verify": Verify(timeout=5), **options})
        return UplinkTransaction(target_of(handle), self.platform, request)

    def move(self, handle: Handle, check_mode: bool = False, **options: Any) -> Outcome:
        """Move the uplink from core-a to core-b."""
        return self.transaction(handle, **options).run(check_mode)


def states(handle: Handle) -> list[tuple[str, ...]]:
    """Return the uplinks with a link, each time that changed."""
    return [names for _when, names in handle.device.history]


def shut(handle: Handle) -> tuple[bool, ...]:
    """Return for each uplink whether the running configuration shuts it."""
    return tuple(handle.device.config_of(name).shutdown for name in NAMES[handle.device.platform].uplinks)


class Behaviour:
    """The tests; a platform's subclass gives what is its own."""

    name = ""
    net_seconds = 0
    """For how long a safety net is asked for."""
    own_port = ""
    """The port that carries the session, as the switch names it."""
    rejected_line = ""
    """The line of a break before make that is refused, after the old uplink was shut."""
    cut_line = ""
    """The line of a change at which the session is cut."""

    @pytest.fixture(autouse=True)
    def _hasty_netmiko(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let Netmiko look again sooner: it waits for slow devices, and the fake ones answer at once."""
        hasty = SimpleNamespace(**vars(time))
        hasty.sleep = lambda seconds: time.sleep(seconds / 10)
        monkeypatch.setattr("netmiko.base_connection.time", hasty)
        monkeypatch.setattr(line, "_PAUSE", 0.05)
        monkeypatch.setattr(rollback, "_PAUSE", 0.05)

    @pytest.fixture
    def switches(self) -> Iterator[Switches]:
        """Return the starter of devices."""
        with ExitStack() as stack:
            yield Switches(self.name, stack)

    @property
    def platform(self) -> Platform:
        """Return the platform."""
        return PLATFORMS[self.name]

    @property
    def uplinks(self) -> tuple[str, str]:
        """Return the names of the uplinks to core-a and core-b."""
        return NAMES[self.name].uplinks

    # -- reading -----------------------------------------------------------------------------------

    def test_reads_ports_with_administrative_state_and_link(self, switches: Switches) -> None:
        old, new = self.uplinks
        dead = NAMES[self.name].access[-1]
        session = switches.session(switches.start())
        ports = self.platform.read_ports(session)
        found = {name: ports[self.platform.known_port(session, name, ports)] for name in (old, new, dead)}
        assert {name: (port.enabled, port.link) for name, port in found.items()} == {
            old: (True, True),
            new: (False, False),
            dead: (True, False),
        }

    def test_reads_tables(self, switches: Switches) -> None:
        old, _new = self.uplinks
        handle = switches.start()
        session = switches.session(handle)
        platform = self.platform
        assert [(each.name, platform.same_port(each.port, old)) for each in platform.read_neighbors(session) or []] == [
            ("core-a", True)
        ]
        macs = platform.read_macs(session) or []
        gateway = [entry for entry in macs if entry.mac == "00005e000101"]
        assert [platform.same_port(entry.port, old) for entry in gateway] == [True]
        assert {entry.address: entry.mac for entry in platform.read_arp(session)}["10.9.0.1"] == "00005e000101"
        addresses = platform.read_addresses(session)
        assert platform.same_port(addresses["127.0.0.1"], self.own_port)
        assert platform.is_virtual(addresses["10.9.0.21"])
        assert not platform.is_virtual(addresses["127.0.0.1"])
        assert not platform.read_pending(session)
        assert session.read(platform.version_command)

    def test_reads_spanning_tree(self, switches: Switches) -> None:
        old, new = self.uplinks
        session = switches.session(switches.start(active=-1))
        tree = self.platform.read_tree(session) or []
        roles = {name: [row for row in tree if self.platform.same_port(row.port, name)] for name in (old, new)}
        assert [(row.role, row.forwarding) for row in roles[old]] == [("root", True)]
        assert [(row.role, row.forwarding) for row in roles[new]] == [("alternate", False)]
        assert self.platform.read_uplinks(session, (old, new)).spanning_tree is True

    def test_no_spanning_tree_is_not_taken_for_one(self, switches: Switches) -> None:
        session = switches.session(switches.start(spanning_tree=False))
        assert not self.platform.read_uplinks(session, self.uplinks).spanning_tree

    def test_noise_instead_of_ports_is_an_error(self, switches: Switches) -> None:
        handle = switches.start()
        handle.faults.garbage = {"show interface*": ""}
        with pytest.raises(Unparsable):
            switches.move(handle)
        assert shut(handle) == (False, True)

    def test_pings(self, switches: Switches) -> None:
        handle = switches.start()
        session = switches.session(handle)
        assert self.platform.ping(session, "10.9.0.1")
        handle.faults.ping_fails = {"10.9.0.1"}
        assert not self.platform.ping(session, "10.9.0.1")

    def test_backup_commands_are_answered_and_settle(self, switches: Switches) -> None:
        session = switches.session(switches.start())
        for command in (self.platform.running_command, self.platform.startup_command):
            assert session.read(command).strip()
        for command in self.platform.backup_commands().values():
            first, second = session.read(command), session.read(command)
            assert self.platform.comparable(first) == self.platform.comparable(second)

    # -- moving ------------------------------------------------------------------------------------

    def test_moves_make_before_break(self, switches: Switches) -> None:
        handle = switches.start()
        outcome = switches.move(handle)
        assert outcome.strategy == "make_before_break"
        assert shut(handle) == (True, False)
        assert () not in states(handle), "there was a moment without an uplink"
        assert outcome.changed
        assert outcome.saved
        assert all(check["passed"] for check in outcome.verified)
        assert {check["check"] for check in outcome.verified} >= {"link", "standby_shut", "neighbor", "mac_learned"}
        session = switches.session(handle)
        assert self.platform.unsaved(session, self.uplinks) == []
        assert not self.platform.read_pending(session)

    def test_moves_break_before_make_without_spanning_tree(self, switches: Switches) -> None:
        handle = switches.start(spanning_tree=False)
        outcome = switches.move(handle)
        assert outcome.strategy == "break_before_make"
        assert shut(handle) == (True, False)
        assert not [names for names in states(handle) if len(names) > 1], "two uplinks were active without a tree"
        assert outcome.saved

    def test_second_run_changes_nothing(self, switches: Switches) -> None:
        handle = switches.start()
        switches.move(handle)
        config, moment = handle.running_config(), states(handle)
        outcome = switches.move(handle)
        assert not outcome.changed
        assert outcome.commands == []
        assert (handle.running_config(), states(handle)) == (config, moment)

    @pytest.mark.parametrize("spanning_tree", [True, False])
    def test_check_mode_tells_what_a_run_sends(self, switches: Switches, spanning_tree: bool) -> None:
        self.check_and_move(switches, switches.start(spanning_tree=spanning_tree), safety_net=True)

    def check_and_move(self, switches: Switches, handle: Handle, safety_net: bool) -> None:
        """Compare what check mode tells with what a run sends and what the device received."""
        config = handle.running_config()
        predicted = switches.move(handle, check_mode=True, safety_net=safety_net)
        assert predicted.changed
        assert handle.running_config() == config
        assert set(handle.lines()).isdisjoint(predicted.commands), "check mode sent a change"
        done = switches.move(handle, safety_net=safety_net)
        assert done.commands == predicted.commands
        assert [line for line in handle.lines() if line in set(predicted.commands)] == predicted.commands

    # -- when it goes wrong ------------------------------------------------------------------------

    def test_rejected_line_is_rolled_back(self, switches: Switches) -> None:
        self.move_with_rejected_line(switches, safety_net=True)

    def move_with_rejected_line(self, switches: Switches, safety_net: bool) -> None:
        """Refuse a line after the old uplink was shut, and compare what is put back."""
        handle = switches.start(spanning_tree=False)
        config = handle.running_config()
        handle.faults.reject = {self.rejected_line: ""}
        transaction = switches.transaction(handle, safety_net=safety_net)
        with pytest.raises(CommandRejected, match="put back and proven"):
            transaction.run(check_mode=False)
        assert transaction.outcome.rolled_back
        assert handle.running_config() == config
        assert states(handle)[-1] == (self.uplinks[0],)

    @pytest.mark.parametrize("spanning_tree", [True, False])
    def test_failed_check_is_rolled_back(self, switches: Switches, spanning_tree: bool) -> None:
        handle = switches.start(spanning_tree=spanning_tree)
        config = handle.running_config()
        handle.faults.neighbor = {self.uplinks[1]: "core-c"}
        transaction = switches.transaction(handle, verify=Verify(timeout=0.2))
        with pytest.raises(CheckFailed, match=r"expected core-b, saw core-c.*put back and proven"):
            transaction.run(check_mode=False)
        assert handle.running_config() == config
        assert not self.platform.read_pending(switches.session(handle))

    def test_run_killed_before_its_change_was_applied_leaves_nothing_behind(self, switches: Switches) -> None:
        handle = switches.start()
        session = switches.session(handle)
        sends = self.platform.change(((self.uplinks[0], False), (self.uplinks[1], True)), self.net_seconds)
        session.change(sends[:2])
        session.close()
        outcome = switches.move(handle)
        assert shut(handle) == (True, False)
        assert outcome.saved

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_cut_session_is_resumed(self, switches: Switches, when: str) -> None:
        handle = switches.start()
        handle.faults.cut = [Cut(self.cut_line, when=when, refuse_for=0.2)]
        outcome = switches.move(handle)
        assert outcome.reconnected == 1
        assert shut(handle) == (True, False)
        assert () not in states(handle)
        assert outcome.saved
        assert not self.platform.read_pending(switches.session(handle))


class Saving(Behaviour):
    """A platform with a startup configuration beside the running one."""

    def test_refused_save_is_an_error(self, switches: Switches) -> None:
        handle = switches.start()
        startup = handle.startup_config()
        for refusal in ("permission", "full"):
            handle.faults.refuse_save = refusal
            with pytest.raises(SaveFailed, match="moved and working, but NOT SAVED, do not restart it"):
                switches.move(handle)
        assert handle.startup_config() == startup
        assert shut(handle) == (True, False)
        handle.faults.refuse_save = ""
        assert switches.move(handle).saved, "the next run did not finish what was left unsaved"
        assert handle.startup_config() != startup

    def test_save_that_stores_nothing_is_an_error(self, switches: Switches) -> None:
        handle = switches.start()
        handle.faults.save_stores = "previous"
        with pytest.raises(SaveFailed, match="differs"):
            switches.move(handle)


class SafetyNet(Behaviour):
    """A platform that can undo a change that is not confirmed."""

    net_seconds = 90

    def test_run_after_a_killed_one_finishes(self, switches: Switches) -> None:
        handle = switches.start()
        session = switches.session(handle)
        assert self.platform.safety_net(session)
        session.change(self.platform.change(((self.uplinks[1], True),), 90))
        session.close()
        assert self.platform.read_pending(switches.session(handle))
        predicted = switches.move(handle, check_mode=True)
        outcome = switches.move(handle)
        assert outcome.commands == predicted.commands
        assert shut(handle) == (True, False)
        assert outcome.saved
        assert not self.platform.read_pending(switches.session(handle))

    def test_failed_check_is_cancelled_before_it_is_kept(self, switches: Switches) -> None:
        handle = switches.start()
        handle.faults.neighbor = {self.uplinks[1]: "core-c"}
        transaction = switches.transaction(handle, verify=Verify(timeout=0.2))
        with pytest.raises(CheckFailed):
            transaction.run(check_mode=False)
        undoing = {send.command for send in self.platform.cancel()} - {send.command for send in self.platform.confirm()}
        assert undoing
        assert undoing <= set(handle.lines()), "the switch was not told to undo what it would still have undone itself"

    def test_check_mode_tells_what_a_run_without_the_net_sends(self, switches: Switches) -> None:
        self.check_and_move(switches, switches.start(), safety_net=False)

    def test_rejected_line_is_rolled_back_without_the_net(self, switches: Switches) -> None:
        self.move_with_rejected_line(switches, safety_net=False)


class RevertingSafetyNet(SafetyNet):
    """A platform that undoes such a change by itself, after a while."""

    def test_switch_undoes_what_a_killed_run_left(self, switches: Switches) -> None:
        handle = switches.start(timings=Timings(minute=0.05))
        session = switches.session(handle)
        session.change(self.platform.change(((self.uplinks[0], False), (self.uplinks[1], True)), 90))
        assert shut(handle) == (True, False)
        session.close()
        time.sleep(0.3)
        assert shut(handle) == (False, True)
        assert not self.platform.read_pending(switches.session(handle))
