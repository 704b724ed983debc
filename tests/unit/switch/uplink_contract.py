# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every platform must hold against its fake device, over real SSH: subclass it and name the platform."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch import line, rollback
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import (
    CheckFailed,
    CommandRejected,
    Refused,
    SaveFailed,
    StateUnknown,
    Unparsable,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.info import SUBSETS, gather, texts
from ansible_collections.contingency.infra.plugins.module_utils._switch.outcome import Outcome
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Request, Verify
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from ansible_collections.contingency.infra.plugins.module_utils._switch.uplink import UplinkTransaction

from lab.fakes import Cut, Fake, FakeNetwork, Handle, Timings

CORES = ("core-a.datacentre.first-hospital.example", "core-b.datacentre.first-hospital.example")
READS = ("show ", "display ", "ping ", "terminal ", "screen-length ", "enable")


class Bench:
    """One fake switch and the means to work on it."""

    def __init__(self, network: FakeNetwork, known_hosts: Path) -> None:
        self.handle: Handle = network["sw1"]
        self.network = network
        self.platform: Platform = platform_named("sw1", self.handle.device.platform)
        self.old, self.new = self.handle.fake.uplinks().values()
        self._known_hosts = known_hosts

    def target(self, **changes: Any) -> Target:
        credentials = self.handle.device.credentials
        values = {
            "name": "sw1",
            "host": self.handle.host,
            "port": self.handle.port,
            "user": credentials.user,
            "password": credentials.password,
            "enable_secret": credentials.enable_secret,
            "known_hosts": (str(self._known_hosts),),
            "connect_timeout": 3.0,
            "command_timeout": 3.0,
        }
        return Target(**{**values, **changes})

    def request(self, **changes: Any) -> Request:
        values = {
            "active": self.new,
            "standby": (self.old,),
            "expect_neighbor": CORES[1],
            "verify": Verify(reachable=("10.9.0.1",), timeout=2.0),
        }
        return Request(**{**values, **changes})

    def move(self, check_mode: bool = False, **changes: Any) -> Outcome:
        return self.transaction(**changes).run(check_mode)

    def transaction(self, **changes: Any) -> UplinkTransaction:
        return UplinkTransaction(self.target(), self.platform, self.request(**changes))

    def enabled(self) -> list[str]:
        return [name for name in (self.old, self.new) if not self.handle.device.running.ports[name].shutdown]

    def changes_received(self) -> list[str]:
        """Return the lines that came in, without those that only read and without answers to questions."""
        return [
            entry.line
            for entry in self.handle.received
            if entry.mode != "question" and entry.line.strip() and not entry.line.startswith(READS)
        ]

    def uplinks_over_time(self) -> list[tuple[str, ...]]:
        return [names for _when, names in self.handle.device.history]


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Netmiko and the reconnection wait less: a fake answers at once."""
    hasty = SimpleNamespace(**vars(time))
    hasty.sleep = lambda seconds: time.sleep(min(seconds, 0.01))
    for module in ("netmiko.base_connection", "netmiko.huawei.huawei", "netmiko.cisco_base_connection"):
        monkeypatch.setattr(f"{module}.time", hasty)
    monkeypatch.setattr(line, "_LEAST_PATIENCE", 0.4)
    monkeypatch.setattr(line, "_PAUSE", 0.05)
    monkeypatch.setattr(rollback, "_PAUSE", 0.05)


def benches(platform: str, directory: Path, stack: ExitStack) -> Callable[..., Bench]:
    """Return a function that starts a fake of the platform; it is stopped with the stack."""

    def started(**settings: Any) -> Bench:
        network = stack.enter_context(FakeNetwork([Fake("sw1", platform, **{"cores": CORES, **settings})]))
        network.write_known_hosts(directory / "known_hosts")
        return Bench(network, directory / "known_hosts")

    return started


class UplinkContract:
    """The tests; ``platform`` and the patterns of lines that differ between vendors are set by subclasses."""

    platform: ClassVar[str]
    ports_command: ClassVar[str]
    shut_line: ClassVar[str] = "shutdown"
    has_net: ClassVar[bool] = True
    minute: ClassVar[float] = 60.0
    """What the fake takes for a minute where a test has to wait for its safety net."""

    @pytest.fixture
    def start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        """Return a function that starts the platform's fake."""
        hurry(monkeypatch)
        with ExitStack() as stack:
            yield benches(self.platform, tmp_path, stack)

    def test_reads_everything(self, start: Any) -> None:
        bench = start()
        session = bench.platform.open(bench.target())
        found = gather(bench.platform, session, SUBSETS)
        stored, missing = texts(bench.platform, session)
        session.close()
        same = bench.platform.same_port
        ports = {port["name"]: port for port in found["ports"]}
        old = next(port for name, port in ports.items() if same(name, bench.old))
        new = next(port for name, port in ports.items() if same(name, bench.new))
        assert (old["enabled"], old["link"]) == (True, True)
        assert (new["enabled"], new["link"]) == (False, False)
        assert [each["name"] for each in found["neighbors"] if same(each["port"], bench.old)] == [CORES[0]]
        assert "00005e000101" in [each["mac"] for each in found["macs"] if same(each["port"], bench.old)]
        assert {"10.9.0.1", "10.9.0.31"} <= {each["address"] for each in found["arp"]}
        carrier = found["addresses"][bench.handle.host]
        assert not bench.platform.is_virtual(carrier)
        assert [each["forwarding"] for each in found["spanning_tree"] if same(each["port"], bench.old)] == [True]
        assert missing == {}
        assert set(stored) == {"running", "startup", "log", "version", "interfaces", "neighbors"}
        assert all(text.strip() for text in stored.values())

    def test_a_text_that_did_not_change_compares_equal(self, start: Any) -> None:
        bench = start()
        seen = []
        for _turn in range(2):
            session = bench.platform.open(bench.target())
            stored, _missing = texts(bench.platform, session)
            session.close()
            seen.append({name: bench.platform.comparable(text) for name, text in stored.items() if name != "log"})
        assert seen[0] == seen[1]

    def test_make_before_break_never_leaves_the_switch_without_uplink(self, start: Any) -> None:
        bench = start()
        outcome = bench.move()
        assert outcome.strategy == "make_before_break"
        assert bench.enabled() == [bench.new]
        assert () not in bench.uplinks_over_time()
        assert outcome.saved
        assert bench.handle.startup_config() == bench.handle.running_config()
        assert {check["check"] for check in outcome.verified} >= {"link", "neighbor", "mac_learned", "reachable"}
        assert all(check["passed"] for check in outcome.verified)

    def test_break_before_make_never_has_two_uplinks(self, start: Any) -> None:
        bench = start(spanning_tree=False)
        outcome = bench.move()
        assert outcome.strategy == "break_before_make"
        assert bench.enabled() == [bench.new]
        assert all(len(names) < 2 for names in bench.uplinks_over_time())

    def test_two_uplinks_without_spanning_tree_are_refused(self, start: Any) -> None:
        bench = start(spanning_tree=False)
        with pytest.raises(Refused, match="would be a loop"):
            bench.move(strategy="make_before_break")
        assert bench.changes_received() == []

    def test_the_second_run_changes_nothing(self, start: Any) -> None:
        bench = start()
        bench.move()
        before = bench.changes_received()
        outcome = bench.move()
        assert (outcome.changed, outcome.commands) == (False, [])
        assert bench.changes_received() == before

    @pytest.mark.parametrize("spanning_tree", [True, False])
    def test_check_mode_shows_what_a_run_sends(self, start: Any, spanning_tree: bool) -> None:
        bench = start(spanning_tree=spanning_tree)
        predicted = bench.move(check_mode=True)
        assert bench.changes_received() == []
        done = bench.move()
        assert predicted.commands == done.commands == bench.changes_received()
        assert predicted.changed

    def test_a_rejected_line_is_rolled_back(self, start: Any) -> None:
        bench = start()
        bench.handle.faults.reject = {f"interface*{bench.old}": ""}
        with pytest.raises(CommandRejected, match="put back and proven"):
            bench.move()
        assert bench.enabled() == [bench.old]

    def test_the_wrong_neighbor_is_rolled_back(self, start: Any) -> None:
        bench = start()
        bench.handle.faults.neighbor = {bench.new: "core-x"}
        with pytest.raises(CheckFailed, match=r"saw core-x.*put back and proven"):
            bench.move(verify=Verify(timeout=0.3))
        assert bench.enabled() == [bench.old]
        assert bench.handle.startup_config() == bench.handle.running_config()

    @pytest.mark.parametrize("refusal", ["permission", "full"])
    def test_a_refused_save_is_an_error(self, start: Any, refusal: str) -> None:
        bench = start()
        bench.handle.faults.refuse_save = refusal
        with pytest.raises(SaveFailed, match="moved and working, but NOT SAVED, do not restart it"):
            bench.move()
        assert bench.enabled() == [bench.new]

    def test_a_save_that_stored_something_else_is_an_error(self, start: Any) -> None:
        bench = start()
        bench.handle.faults.save_stores = "previous"
        with pytest.raises(SaveFailed, match="differs from the running one"):
            bench.move()

    def test_a_run_finishes_what_a_killed_run_left_pending(self, start: Any) -> None:
        if not self.has_net:
            return
        bench = start(timings=Timings(minute=self.minute))
        session = bench.platform.open(bench.target())
        assert bench.platform.safety_net(session)
        session.change(bench.platform.change([(bench.new, True), (bench.old, False)], 60))
        session.close()
        outcome = bench.move()
        assert bench.enabled() == [bench.new]
        assert outcome.saved
        session = bench.platform.open(bench.target())
        assert not bench.platform.read_uplinks(session, [bench.new, bench.old]).pending_revert
        session.close()
        self.no_timer_runs(bench)

    def no_timer_runs(self, bench: Bench) -> None:
        """Fail where the switch would still undo the change."""
        device = bench.handle.device
        assert [name for name in device._timers if device.timer_left(name) is not None] == []

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_session_cut_in_mid_change_is_resumed(self, start: Any, when: str) -> None:
        bench = start(spanning_tree=False)
        bench.handle.faults.cut = [Cut(self.shut_line, when)]
        outcome = bench.move()
        assert outcome.reconnected == 1
        assert bench.enabled() == [bench.new]
        assert outcome.saved
        self.no_timer_runs(bench)

    def test_a_switch_that_stays_away_is_state_unknown(self, start: Any) -> None:
        bench = start()
        bench.handle.faults.cut = [Cut(self.shut_line, "after", refuse_for=30.0)]
        transaction = bench.transaction(verify=Verify(timeout=0.4))
        with pytest.raises(StateUnknown, match=r"state unknown: .*look at its console"):
            transaction.run(False)
        assert self.shut_line in transaction.outcome.commands

    def test_an_unparsable_output_changes_nothing(self, start: Any) -> None:
        bench = start()
        bench.handle.faults.garbage = {self.ports_command: ""}
        with pytest.raises(Unparsable, match="was not understood"):
            bench.move()
        assert bench.changes_received() == []

    def test_the_port_that_carries_the_session_is_not_shut(self, start: Any) -> None:
        bench = start(management="uplink")
        with pytest.raises(Refused, match=r"carries this session|cannot be told through which port"):
            bench.move()
        assert bench.changes_received() == []
