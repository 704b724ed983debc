# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the start after an outage, in a world that is made up: in order, each healthy before the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.staged_shutdown import planner as shutdown_planner
from ansible_collections.contingency.infra.plugins.action.staged_startup import planner
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    FAILED,
    MAINS,
    OFF,
    PENDING,
    PLANNED,
    SHUTTING,
    STARTING,
    UP,
    Moment,
    NodeState,
    Outage,
    Store,
)
from ansible_collections.contingency.infra.plugins.plugin_utils import outage_run
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Outcome, Report, Site
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_run import ShutdownRun
from ansible_collections.contingency.infra.plugins.plugin_utils.start_run import StartRun, looked_at

POLICY: dict[str, Any] = {
    "stages": [{"name": "all", "after_seconds": 600}],
    "stable_seconds": 300,
    "concurrency": 2,
    "minimum_charge_percent": 50,
    "reserve_seconds": 60,
    "poll_seconds": 60,
}
UPSES = [{"name": "ups-a", "nominal_watts": 1000, "runtime_table": [[10, 200], [100, 60]]}]
AFTER: dict[str, list[str]] = {"web-1": [], "web-2": [], "app-1": ["web-1", "web-2"], "db-1": ["app-1"]}
NODES: list[dict[str, Any]] = [
    {
        "name": name,
        "kind": "host",
        "stage": "all",
        "duration_seconds": 20,
        "power_watts": 100,
        "feeds": ["ups-a"],
        "after": after,
    }
    for name, after in AFTER.items()
]
SITE = Site(NODES, UPSES, POLICY)


@pytest.fixture(autouse=True)
def always_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage_run, "FRESH_SECONDS", 0.0)


class Fake:
    """Hosts that come up when they are told to."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reading: dict[str, Any] = {"name": "ups-a", "status": "online", "charge_percent": 95.0, "age_seconds": 0.0}
        self.up: list[str] = []
        self.refuses: set[str] = set()
        self.at_start: Callable[[str], None] = lambda _name: None
        self._lock = threading.Lock()

    def now(self) -> Moment:
        return Moment.now()

    def read(self, previous: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        told = {**self.reading, "read_at_epoch": Moment.now().epoch, "runtime_seconds": 6000.0, "load_percent": 10.0}
        return [{**told, "marks": [], "raw": {}}]

    def give_up(self, name: str) -> None:
        raise AssertionError(f"{name} was given up")

    def order(self, node: Mapping[str, Any], hurried: bool) -> Callable[[], Outcome]:
        raise AssertionError(f"{node['name']} was to be shut down")

    def start(self, node: Mapping[str, Any]) -> Callable[[], Outcome]:
        return lambda: self._started(node["name"])

    def _started(self, name: str) -> Outcome:
        with self._lock:
            self.at_start(name)
            if name in self.refuses:
                return Outcome(name, "failed", "NOT healthy", 1.0, "tcp 192.0.2.1:5432 refuses")
            self.up.append(name)
            return Outcome(name, UP, "up and healthy", 1.0)

    def say(self, line: str) -> None:
        """Nobody reads this."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture
def world(store: Store) -> Fake:
    store.save(shut())
    return Fake(store)


def moment(ago: float) -> Moment:
    now = Moment.now()
    return replace(now, epoch=now.epoch - ago, boottime=now.boottime - ago)


def shut(names: Sequence[str] = tuple(AFTER), online_for: float = 400) -> Outage:
    outage = replace(Outage.begin(moment(4000)), online_since=moment(online_for))
    for name in names:
        outage = outage.with_node(name, NodeState(OFF, moment(2000), moment(1980), "graceful"))
    return outage


def run(world: Fake, over: bool = False) -> Report:
    return StartRun(SITE, world, world.store, planner).run(over)


def limitation(report: Report) -> str:
    assert report.plan is not None
    return str(report.plan["limitation"])


def test_all_come_up_in_the_reverse_order_and_the_outage_is_closed(world: Fake) -> None:
    def look(name: str) -> None:
        outage = world.store.load()
        assert outage is not None
        assert outage.nodes[name].state == STARTING

    world.at_start = look
    report = run(world)
    assert world.up[:2] == ["db-1", "app-1"]
    assert set(world.up[2:]) == {"web-1", "web-2"}
    assert report.closed
    assert world.store.load() is None
    assert run(world).outage is None, "a second run finds nothing to do"
    assert len(world.up) == len(AFTER)


def test_only_what_was_shut_is_started(world: Fake) -> None:
    world.store.save(shut(["web-1"]))
    report = run(world)
    assert world.up == ["web-1"]
    assert report.closed


@pytest.mark.parametrize(
    ("reading", "online_for", "why"),
    [
        ({"status": "on_battery"}, 400.0, "on battery"),
        ({"status": "unknown"}, 400.0, "ups-a"),
        ({"charge_percent": 31.0}, 400.0, "charged to 31% and needs 50 %"),
        ({}, 20.0, "has to be for 300 s"),
    ],
)
def test_it_waits_and_says_for_what(world: Fake, reading: dict[str, Any], online_for: float, why: str) -> None:
    world.store.save(shut(online_for=online_for))
    world.reading |= reading
    report = run(world)
    assert world.up == []
    assert why in limitation(report)
    assert not report.closed
    assert report.next_look_epoch is not None


def test_mains_lost_again_stops_the_start(world: Fake) -> None:
    def dark(name: str) -> None:
        world.reading["status"] = "on_battery"

    world.at_start = dark
    report = run(world)
    assert world.up == ["db-1"]
    assert not report.closed
    outage = world.store.load()
    assert outage is not None
    assert {name: state.state for name, state in outage.nodes.items()}["db-1"] == UP


def test_a_host_that_is_not_healthy_keeps_those_after_it_off_and_is_tried_by_the_next_run(world: Fake) -> None:
    world.refuses = {"app-1"}
    report = run(world)
    assert world.up == ["db-1"]
    assert [each.name for each in report.failed] == ["app-1"]
    world.refuses = set()
    assert run(world).closed
    assert world.up[1] == "app-1"


def test_what_a_killed_run_had_in_hand_is_gone_on_with(world: Fake) -> None:
    done = shut().with_node("db-1", NodeState(UP, moment(30))).with_node("app-1", NodeState(STARTING, moment(10)))
    world.store.save(done)
    assert run(world).closed
    assert world.up[0] == "app-1"
    assert "db-1" not in world.up


def test_a_shutdown_that_was_broken_off_is_finished_first(world: Fake) -> None:
    world.store.save(shut().with_node("web-1", NodeState(SHUTTING, moment(10))))
    assert "run staged_shutdown first" in limitation(run(world))
    assert world.up == []


@pytest.mark.parametrize("state", [SHUTTING, STARTING, FAILED])
def test_what_the_watch_took_over_from_a_killed_run_is_started_too(world: Fake, state: str) -> None:
    world.store.save(replace(shut(), online_since=None).with_node("db-1", NodeState(state, moment(10))))
    ShutdownRun(SITE, world, world.store, shutdown_planner).run()
    watched = world.store.load()
    assert watched is not None
    assert watched.nodes["db-1"].state == PENDING
    stable = replace(watched, online_since=moment(400))
    readings = world.read(())
    looked = looked_at(planner, SITE, readings, stable, Moment.now(), False)
    assert looked["due"] == ["db-1"]
    world.store.save(stable)
    assert run(world).closed
    assert world.up[0] == "db-1"


def test_a_host_that_is_renamed_in_the_inventory_after_it_is_up_keeps_nobody_from_the_start(world: Fake) -> None:
    world.store.save(shut().with_node("db-old", NodeState(UP, moment(30))))
    assert run(world).closed
    assert set(world.up) == set(AFTER)


def test_what_was_shut_and_is_not_in_the_inventory_any_more_is_named_before_the_outage_is_closed(world: Fake) -> None:
    world.store.save(shut([*AFTER, "db-old", "db-old: dump"]))
    report = run(world)
    assert report.closed
    assert [each.name for each in report.failed] == ["db-old"]
    assert "not in the inventory" in report.failed[0].message


def test_a_planned_outage_ends_when_somebody_says_so(world: Fake) -> None:
    world.store.save(replace(shut(), cause=PLANNED))
    assert "-e outage=over" in limitation(run(world))
    assert world.up == []
    assert run(world, over=True).closed


def test_what_was_said_to_be_over_stays_over_while_the_start_still_waits(world: Fake) -> None:
    world.store.save(replace(shut(online_for=1), cause=PLANNED))
    assert "Mains has been back for" in limitation(run(world, over=True))
    outage = world.store.load()
    assert outage is not None
    assert outage.cause == MAINS


def test_after_a_damaged_record_no_host_is_forgotten(world: Fake) -> None:
    world.store.path.write_text('{"id": "2026', encoding="utf-8")
    ShutdownRun(SITE, world, world.store, shutdown_planner).run()
    watched = world.store.load()
    assert watched is not None
    assert set(watched.nodes) == set(AFTER)
    world.store.save(replace(watched, online_since=moment(400)))
    assert run(world).closed
    assert sorted(world.up) == sorted(AFTER)
