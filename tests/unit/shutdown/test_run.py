# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a staged shutdown, in a world that is made up: what is due is shut, written down first, and only once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Problem
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import Moment, OutageBusy, Store
from ansible_collections.contingency.infra.plugins.plugin_utils import outage_run
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Outcome, Report, Site
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_run import ShutdownRun

POLICY = {"stable_seconds": 300, "concurrency": 2}
NODES: list[dict[str, Any]] = [
    {"name": "web-1", "kind": "host", "after": []},
    {"name": "web-2", "kind": "host", "after": []},
    {"name": "app-1", "kind": "host", "after": ["web-1", "web-2"]},
    {"name": "db-1", "kind": "host", "after": ["app-1"]},
]
SITE = Site(NODES, [], POLICY)
ALL = {node["name"] for node in NODES}


@pytest.fixture(autouse=True)
def always_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage_run, "FRESH_SECONDS", 0.0)


class Fake:
    """Hosts that go off when they are told to."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.status = "on_battery"
        self.off: list[str] = []
        self.orders: list[str] = []
        self.given_up: list[str] = []
        self.reads = 0
        self.said: list[str] = []
        self.at_order: Callable[[str], None] = lambda _name: None
        self.refuses: set[str] = set()
        self._lock = threading.Lock()

    def now(self) -> Moment:
        return Moment.now()

    def read(self, previous: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        self.reads += 1
        return [{"name": "ups-a", "status": self.status, "raw": {"x": "y"}}]

    def order(self, node: Mapping[str, Any], hurried: bool) -> Callable[[], Outcome]:
        return lambda: self.shut(node["name"])

    def give_up(self, name: str) -> None:
        self.given_up.append(name)

    def start(self, node: Mapping[str, Any]) -> Callable[[], Outcome]:
        raise AssertionError(f"{node['name']} was to be started")

    def shut(self, name: str) -> Outcome:
        with self._lock:
            self.orders.append(name)
            self.at_order(name)
            if name in self.refuses:
                return Outcome(name, "failed", "not confirmed off", 1.0, "its BMC does not answer")
            self.off.append(name)
            return Outcome(name, "off", "graceful", 1.0)

    def say(self, line: str) -> None:
        self.said.append(line)


def plan(site: Site, readings: Sequence[Any], outage: Mapping[str, Any] | None, now: float) -> dict[str, Any]:
    """What is due: everything whose predecessors are off, while a UPS is on battery."""
    states = {name: state["state"] for name, state in (outage or {"nodes": {}})["nodes"].items()}
    due = [
        node["name"]
        for node in site.nodes
        if states.get(node["name"], "pending") == "pending" and all(states.get(each) == "off" for each in node["after"])
    ]
    dark = readings[0]["status"] == "on_battery"
    return {
        "due": due if dark else [],
        "dropped": [],
        "stages_due": ["all"] if dark else [],
        "hard": False,
        "hard_upses": [],
        "next_look_seconds": 60,
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture
def world(store: Store) -> Fake:
    return Fake(store)


def run(world: Fake, planned: bool = False) -> Report:
    return ShutdownRun(SITE, world, world.store, plan).run(planned)


def test_nothing_happens_and_nothing_is_written_while_mains_is_there(world: Fake) -> None:
    world.status = "online"
    report = run(world)
    assert (report.outage, report.mains, world.orders) == (None, "online", [])
    assert world.store.load() is None


def test_all_go_off_in_order_and_a_second_run_does_nothing(world: Fake) -> None:
    report = run(world)
    assert set(world.off) == ALL
    assert world.off.index("db-1") > world.off.index("app-1") > max(map(world.off.index, ("web-1", "web-2")))
    assert report.outage is not None
    assert {state.state for state in report.outage.nodes.values()} == {"off"}
    assert report.next_look_epoch is not None
    orders = list(world.orders)
    again = run(world)
    assert world.orders == orders
    assert again.outcomes == []


def test_each_step_is_on_disk_before_it_is_done_and_the_ups_was_read_before_each(world: Fake) -> None:
    reads: list[int] = []

    def look(name: str) -> None:
        outage = world.store.load()
        assert outage is not None
        assert outage.nodes[name].state == "shutting"
        assert outage.due_stages == ("all",)
        reads.append(world.reads)

    world.at_order = look
    run(world)
    assert len(reads) == len(ALL)
    assert len(set(reads)) >= 3, "read again between the hosts"


def test_when_mains_is_back_no_new_host_goes_and_those_in_flight_are_finished(world: Fake) -> None:
    def back(name: str) -> None:
        world.status = "online"

    world.at_order = back
    report = run(world)
    assert set(world.off) <= {"web-1", "web-2"}
    assert report.mains == "online"
    assert report.outage is not None
    assert {state.state for state in report.outage.nodes.values()} == {"off"}


def test_a_host_that_does_not_go_off_is_named_not_tried_again_at_once_and_tried_by_the_next_run(world: Fake) -> None:
    world.refuses = {"web-2"}
    report = run(world)
    assert [outcome.name for outcome in report.failed] == ["web-2"]
    assert world.orders.count("web-2") == 1
    assert "app-1" not in world.orders
    world.refuses = set()
    again = run(world)
    assert again.failed == []
    assert set(world.off) == ALL
    assert world.orders.count("web-1") == 1


def test_an_unforeseen_error_is_the_failure_of_one_host(world: Fake) -> None:
    def broken(name: str) -> None:
        if name == "web-1":
            raise ZeroDivisionError("boom")

    world.at_order = broken
    report = run(world)
    assert [(each.name, "boom" in each.message) for each in report.failed] == [("web-1", True)]
    assert "web-2" in world.off


def test_what_cannot_even_be_begun_is_the_failure_of_one_host(world: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    real = world.order

    def order(node: Mapping[str, Any], hurried: bool) -> Callable[[], Outcome]:
        if node["name"] == "web-1":
            raise TypeError("'int' object is not iterable")
        return real(node, hurried)

    monkeypatch.setattr(world, "order", order)
    report = run(world)
    assert world.off == ["web-2"]
    assert [(each.name, each.message) for each in report.failed] == [
        ("web-1", "TypeError: 'int' object is not iterable")
    ]


def test_a_run_that_is_killed_in_the_middle_is_gone_on_with(world: Fake) -> None:
    class Killed(BaseException):
        pass

    reads = world.read

    def killed(previous: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        if world.reads == 3:
            raise Killed
        return reads(previous)

    world.read = killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        run(world)
    before = world.store.load()
    assert before is not None
    assert before.nodes
    world.read = reads  # type: ignore[method-assign]
    after = run(world)
    assert set(world.off) == ALL
    assert after.outage is not None
    assert after.outage.id == before.id
    assert after.outage.began == before.began


def test_a_planned_outage_is_done_while_mains_is_there(world: Fake) -> None:
    world.status = "online"
    seen: list[str] = []

    def of_planned(site: Site, readings: Sequence[Any], outage: Mapping[str, Any], now: float) -> dict[str, Any]:
        seen.append(outage["cause"])
        return plan(site, [{"status": "on_battery"}], outage, now)

    report = ShutdownRun(SITE, world, world.store, of_planned).run(planned=True)
    assert set(seen) == {"planned"}
    assert report.outage is not None
    assert set(world.off) == ALL


def test_what_the_plan_leaves_out_is_noted_and_a_ups_that_falls_silent_is_judged_by_what_it_told(world: Fake) -> None:
    seen: list[Sequence[Any]] = []

    def leaves_out(site: Site, readings: Sequence[Any], outage: Mapping[str, Any], now: float) -> dict[str, Any]:
        seen.append(readings)
        return {**plan(site, readings[-1:], outage, now), "due": [], "dropped": ["web-1"], "hard_upses": ["ups-a"]}

    first = ShutdownRun(SITE, world, world.store, leaves_out).run()
    assert first.outage is not None
    assert first.outage.nodes["web-1"].state == "dropped"
    assert first.outage.hard_upses == ("ups-a",)
    told: dict[str, Any] = {"name": "ups-a", "status": "on_battery", "runtime_seconds": 900.0, "raw": {}}
    silent: dict[str, Any] = {"name": "ups-a", "status": "unknown", "runtime_seconds": None, "raw": {}}
    answers: list[dict[str, Any]] = [told, silent, silent]
    world.read = lambda previous: [answers.pop(0)]  # type: ignore[method-assign]
    ShutdownRun(SITE, world, world.store, leaves_out).run()
    ShutdownRun(SITE, Fake(world.store), world.store, leaves_out).run()
    assert [told, silent] in [list(each) for each in seen]
    assert any(told in each for each in seen[-2:]), "also by the next run"


def test_a_save_in_hand_that_the_plan_drops_holds_up_nothing_and_no_slot(world: Fake) -> None:
    nodes = [{"name": "core-a: configuration", "kind": "save", "after": []}, *NODES]
    begun, never = threading.Event(), threading.Event()

    def hangs(name: str) -> Outcome:
        if name != "core-a: configuration":
            return world.shut(name)
        begun.set()
        never.wait(60)
        return Outcome(name, "off", "saved", 60.0)

    def pressed(site: Site, readings: Sequence[Any], outage: Mapping[str, Any], now: float) -> dict[str, Any]:
        found = plan(site, readings, outage, now)
        if outage["nodes"].get("core-a: configuration", {}).get("state") != "shutting" or not begun.wait(5):
            return found
        return {**found, "dropped": ["core-a: configuration"], "hard": True, "hard_upses": ["ups-a"]}

    world.order = lambda node, hurried: lambda: hangs(node["name"])  # type: ignore[method-assign]
    site = Site(nodes, [], {**POLICY, "concurrency": 1})
    report = ShutdownRun(site, world, world.store, pressed).run()
    assert set(world.off) == ALL
    assert world.given_up == ["core-a: configuration"]
    assert report.outage is not None
    assert report.outage.nodes["core-a: configuration"].state == "dropped"
    assert report.outage.nodes["core-a: configuration"].how == "broken off for lack of time"
    assert not never.is_set()
    assert "core-a: configuration" not in [outcome.name for outcome in report.outcomes]


def test_saves_begin_before_the_hosts_that_are_due_with_them(world: Fake) -> None:
    site = Site([*NODES, {"name": "core-a: configuration", "kind": "save", "after": []}], [], POLICY)
    ShutdownRun(site, world, world.store, plan).run()
    assert next(line for line in world.said if line.endswith("ing")) == "core-a: configuration: saving"


def test_the_controller_is_left_to_the_very_end_of_the_run(world: Fake) -> None:
    own = {"name": "duty-1", "kind": "controller", "after": sorted(ALL)}
    report = ShutdownRun(Site([*NODES, own], [], POLICY), world, world.store, plan).run()
    assert report.controller_due == "duty-1"
    assert set(world.off) == ALL


def test_a_second_run_at_the_same_time_is_refused(world: Fake) -> None:
    refused: list[Exception] = []

    def second(name: str) -> None:
        try:
            run(Fake(Store(str(world.store.path.parent))))
        except OutageBusy as error:
            refused.append(error)

    world.at_order = second
    run(world)
    assert len(refused) == len(ALL)


def test_hosts_go_off_also_when_the_disk_is_full_and_that_is_said(world: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        "ansible_collections.contingency.infra.plugins.module_utils._host.run.LocalHost.write_atomically", full
    )
    report = run(world)
    assert set(world.off) == ALL
    assert "No space left" in report.trouble
    assert sum("No space left" in line for line in world.said) == 1


def test_a_plan_that_cannot_be_made_is_told_while_mains_is_there_and_lets_the_outage_age(world: Fake) -> None:
    def refused(*_given: object) -> dict[str, Any]:
        raise Problem("The node web-1 is fed by ups-z, which is not among the UPSes; add it or correct the name.")

    refusing = ShutdownRun(SITE, world, world.store, refused)
    world.status = "online"
    with pytest.raises(Problem, match="ups-z"):
        refusing.run()
    assert world.store.load() is None
    world.status = "on_battery"
    with pytest.raises(Problem, match="ups-z"):
        refusing.run()
    begun = world.store.load()
    assert begun is not None
    with pytest.raises(Problem, match="ups-z"):
        refusing.run()
    assert world.store.load() == begun


def test_samples_of_an_outage_are_kept_without_what_is_raw_and_a_cut_line_is_left_out(world: Fake) -> None:
    report = run(world)
    assert report.outage is not None
    samples = world.store.samples(report.outage)
    assert samples
    assert samples[0]["readings"] == [{"name": "ups-a", "status": "on_battery"}]
    path = next(world.store.path.parent.glob("samples-*.jsonl"))
    path.write_text(path.read_text(encoding="utf-8") + '{}\n{"epoch": 17', encoding="utf-8")
    assert world.store.samples(report.outage) == samples


@pytest.mark.parametrize("jump", [7200.0, -7200.0])
@pytest.mark.parametrize("moment", ["while hosts go", "while UPSes are read"])
def test_a_clock_that_is_set_within_a_run_makes_no_reading_old(world: Fake, jump: float, moment: str) -> None:
    """The planner is asked once more with readings of a moment ago, which by the new clock would be of hours ago."""
    ages: list[float] = []
    ahead = [0.0]

    def now() -> Moment:
        real = Moment.now()
        return Moment(real.epoch + ahead[0], real.boottime, real.boot)

    def read(_previous: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        told = {"name": "ups-a", "status": "on_battery", "charge_percent": 50.0, "read_at_epoch": now().epoch}
        world.reads += 1
        if moment == "while UPSes are read" and world.reads == 2:
            ahead[0] = jump
        return [told]

    def planned(site: Site, readings: Sequence[Any], outage: Mapping[str, Any], at: float) -> dict[str, Any]:
        ages.extend(at - reading["read_at_epoch"] for reading in readings)
        return plan(site, readings, outage, at)

    def set_clock(_name: str) -> None:
        ahead[0] = jump

    world.now, world.read = now, read  # type: ignore[method-assign, assignment]
    world.at_order = set_clock if moment == "while hosts go" else lambda _name: None
    ShutdownRun(SITE, world, world.store, planned).run()
    assert set(world.off) == ALL
    assert all(-1 < age < 10 for age in ages), ages
