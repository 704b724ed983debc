# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source tells each change of mains once, no change that did not last, and nothing stale."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.contingency.infra.extensions.eda.plugins.event_source import ups
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.course import mains
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import UpsError

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [{"name": "ups-a", "kind": "nut", "host": "192.0.2.71", "ups": "ups-a"}]
QUICK = {"sources": SOURCES, "interval": 0.1, "timeout": 1, "debounce": 0, "repeat": 0}


def reading(status: str) -> dict[str, Any]:
    return {"name": "ups-a", "status": status, "runtime_seconds": 900.0, "raw": {"ups.status": "OB"}}


class Ups:
    """Gives the statuses in turn, then the last one again and again; counts its readings."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.readings = 0
        self.previous: list[int] = []

    def read(
        self, sources: Sequence[Mapping[str, Any]], timeout: float, previous: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        status = self.statuses[min(self.readings, len(self.statuses) - 1)]
        self.readings += 1
        self.previous.append(len(previous))
        return [reading(status)]


def changes(watch: ups.Watch, seen: Sequence[tuple[float, str]]) -> list[tuple[float, str, bool]]:
    """What is told of what is seen, when each event is taken at once."""
    told = []
    for now, status in seen:
        watch.see(status, now)
        if watch.due(now):
            told.append((now, status, watch.tell(now)))
    return told


def follow(fake: Ups, take: Callable[[asyncio.Queue[Any]], Any], **more: Any) -> list[dict[str, Any]]:
    """Follow the UPS, as fast as it goes, while `take` takes events; what it returned."""

    async def both() -> list[dict[str, Any]]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        arguments = ups.Arguments(SOURCES, **{"interval": 0.0, "debounce": 0.0, "repeat": 0.0, **more})
        task = asyncio.create_task(ups.follow(queue, arguments, fake.read, mains))
        try:
            taken: list[dict[str, Any]] = await asyncio.wait_for(take(queue), 20)
        finally:
            task.cancel()
        return taken

    return asyncio.run(both())


def test_a_change_is_told_once_when_it_has_held() -> None:
    seen = [(0.0, "online"), (3.0, "online"), (5.0, "on_battery"), (7.0, "on_battery"), (8.0, "on_battery")]
    told = changes(ups.Watch(3, 0), [*seen, (20.0, "on_battery"), (500.0, "on_battery")])
    assert told == [(3.0, "online", True), (8.0, "on_battery", True)]


def test_flapping_mains_is_not_told() -> None:
    flapping = [(10.0 + second, "on_battery" if second % 4 < 2 else "online") for second in range(60)]
    assert changes(ups.Watch(3, 0), [(0.0, "online"), (3.0, "online"), *flapping]) == [(3.0, "online", True)]


def test_lost_mains_is_told_again_and_mains_is_not() -> None:
    lost = [(float(second), "on_battery") for second in range(0, 131, 5)]
    back = [(float(second), "online") for second in range(135, 400, 5)]
    told = changes(ups.Watch(3, 60), [*lost, *back])
    assert told == [
        (5.0, "on_battery", True),
        (65.0, "on_battery", False),
        (125.0, "on_battery", False),
        (140.0, "online", True),
    ]


def test_events_carry_what_was_read() -> None:
    async def take(queue: asyncio.Queue[Any]) -> list[Any]:
        return [await queue.get(), await queue.get(), await queue.get()]

    before = time.time()
    events = follow(Ups("online", "on_battery", "unknown"), take)
    assert [each["ups"]["mains"] for each in events] == ["online", "on_battery", "unclear"]
    assert all(each["ups"]["changed"] for each in events)
    assert events[1]["ups"]["readings"] == [{"name": "ups-a", "status": "on_battery", "runtime_seconds": 900.0}]
    assert before - 1 <= events[1]["ups"]["since_epoch"] <= time.time()


def test_nothing_is_queued_behind_an_event_that_was_not_taken() -> None:
    fake = Ups("online", *(["on_battery", "online"] * 10), "on_battery")

    async def take(queue: asyncio.Queue[Any]) -> list[Any]:
        most = 0
        while fake.readings < 40:
            most = max(most, queue.qsize())
            await asyncio.sleep(0)
        assert most == 1
        first = await queue.get()
        return [first, await queue.get()]

    events = follow(fake, take)
    assert [each["ups"]["mains"] for each in events] == ["online", "on_battery"]


def test_a_change_that_was_undone_before_it_was_taken_is_never_told() -> None:
    fake = Ups("online", "on_battery", "on_battery", "online")

    async def take(queue: asyncio.Queue[Any]) -> list[Any]:
        while fake.readings < 10:
            await asyncio.sleep(0)
        first = await queue.get()
        until = fake.readings + 10
        while fake.readings < until:
            await asyncio.sleep(0)
        return [first, *(queue.get_nowait() for _each in range(queue.qsize()))]

    assert [each["ups"]["mains"] for each in follow(fake, take)] == ["online"]


def test_a_queue_with_filters_around_it_is_looked_into() -> None:
    class Filtered:
        def __init__(self) -> None:
            self.queue: asyncio.Queue[Any] = asyncio.Queue()

    filtered = Filtered()
    assert ups.is_taken(filtered)
    filtered.queue.put_nowait({})
    assert not ups.is_taken(filtered)


def test_a_slow_ups_does_not_hold_up_the_rulebook() -> None:
    class Slow(Ups):
        def read(self, *arguments: Any) -> list[dict[str, Any]]:
            time.sleep(0.3)
            return super().read(*arguments)

    async def take(queue: asyncio.Queue[Any]) -> list[Any]:
        began = time.monotonic()
        await asyncio.sleep(0.01)
        assert time.monotonic() - began < 0.2
        return [await queue.get()]

    assert follow(Slow("on_battery"), take)


def test_earlier_readings_are_given_and_do_not_grow_for_ever() -> None:
    fake = Ups("online")

    async def take(queue: asyncio.Queue[Any]) -> list[Any]:
        while fake.readings < ups.KEPT_READINGS + 20:
            await asyncio.sleep(0)
        return []

    follow(fake, take)
    assert fake.previous[:3] == [0, 1, 2]
    assert max(fake.previous) == ups.KEPT_READINGS


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "has no sources"),
        ({"sources": SOURCES, "debouncing": 3}, "no argument debouncing"),
        ({"sources": SOURCES, "interval": 0}, "interval of the event source ups is 0"),
        ({"sources": SOURCES, "debounce": "soon"}, "debounce of the event source ups is 'soon'"),
        ({"sources": SOURCES, "repeat": float("nan")}, "repeat of the event source ups is nan"),
    ],
)
def test_wrong_arguments_are_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ups.UpsEventError, match=said):
        asyncio.run(ups.main(asyncio.Queue(), given))


def test_a_wrong_source_ends_it_with_what_is_wrong() -> None:
    wrong = [{"name": "ups-a", "kind": "serial", "host": "192.0.2.71"}]
    with pytest.raises(UpsError, match="kind of ups-a cannot be 'serial'"):
        asyncio.run(ups.main(asyncio.Queue(), {**QUICK, "sources": wrong}))


def test_a_ups_that_cannot_be_read_is_told_as_unclear() -> None:
    """With the real reader; nobody listens at the port."""
    nobody = [{"name": "ups-a", "kind": "nut", "host": "127.0.0.1", "port": 1, "ups": "ups-a"}]

    async def first() -> Any:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.create_task(ups.main(queue, {**QUICK, "sources": nobody}))
        try:
            return await asyncio.wait_for(queue.get(), 20)
        finally:
            task.cancel()

    found = asyncio.run(first())["ups"]
    assert found["mains"] == "unclear"
    assert "127.0.0.1:1" in found["readings"][0]["why"]
    assert "raw" not in found["readings"][0]


def test_the_installed_file_alone_finds_its_collection(tmp_path: Path) -> None:
    """As ansible-rulebook runs it: with nothing of Ansible's, out of a directory of collections."""
    installed = tmp_path / "ansible_collections/contingency/infra"
    shutil.copytree(ROOT / "plugins/module_utils", installed / "plugins/module_utils")
    shutil.copytree(ROOT / "extensions", installed / "extensions")
    path = installed / "extensions/eda/plugins/event_source/ups.py"
    script = f"import asyncio, runpy; asyncio.run(runpy.run_path({str(path)!r})['main'](None, {{'sources': [{{}}]}}))"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
    assert "A UPS source has no name" in done.stderr


def test_the_rulebook_gives_the_source_what_it_takes_and_never_lets_events_wait() -> None:
    text = (ROOT / "extensions/eda/rulebooks/staged_shutdown.yml").read_text(encoding="utf-8")
    (ruleset,) = yaml.safe_load(text)
    arguments = ups.Arguments.from_dict({**ruleset["sources"][0]["contingency.infra.ups"], "sources": SOURCES})
    assert arguments.repeat <= 60
    assert ruleset["execution_strategy"] == "parallel"
    playbook = ruleset["rules"][0]["action"]["run_playbook"]["name"].rpartition(".")[2]
    assert (ROOT / f"playbooks/{playbook}.yml").is_file()
