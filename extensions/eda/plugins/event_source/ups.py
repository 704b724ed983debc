# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source for ansible-rulebook: tells when mains is lost and when it is back.

Arguments:
  sources   UPSes to read, as in contingency.infra.ups_info (required)
  interval  seconds from one reading to the next, 5
  timeout   seconds that reading all UPSes together may take, 5
  debounce  seconds that a change has to hold before it is told, 3
  repeat    seconds after which mains that is not there is told again, since stages become due later; 60, 0 for never

An event is {"ups": {"mains": "on_battery" | "online" | "unclear", "changed": bool, "since_epoch": seconds,
"readings": [as in contingency.infra.ups_info, without raw]}}. The first event says how mains is at the start.

No stale event is ever queued. One that was not taken yet is not followed by another, and what is told after it is
what was read last: mains that went and came back in between is not told. So a flapping UPS costs nothing.

    sources:
      - contingency.infra.ups:
          sources: [{name: ups-a, kind: nut, host: 192.0.2.71, ups: ups-a}]
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Callable

DOCUMENTATION = r"""
module: ups
short_description: Tell when mains is lost and when it is back
description:
  - Reads UPSes as M(contingency.infra.ups_info) does.
  - Tells a change of mains once it has held for O(debounce) seconds.
  - An event that was not taken yet is not followed by another, so none is stale.
options:
  sources:
    description: UPSes to read, as in M(contingency.infra.ups_info).
    type: list
    elements: dict
    required: true
  interval:
    description: Seconds from one reading to the next.
    type: float
    default: 5
  timeout:
    description: Seconds that reading all UPSes together may take.
    type: float
    default: 5
  debounce:
    description: Seconds that a change has to hold before it is told.
    type: float
    default: 3
  repeat:
    description: Seconds after which mains that is not there is told again, as stages become due later; V(0) for never.
    type: float
    default: 60
"""
EXAMPLES = r"""
- contingency.infra.ups:
    sources:
      - {name: ups-a, kind: nut, host: 192.0.2.71, ups: ups-a}
"""

KEPT_READINGS = 60
"""Rounds of readings that are kept for judging the next one, which is what a jump of a figure is seen by."""
Reading = dict[str, Any]
Reader = Callable[[Sequence[Mapping[str, Any]], float, Sequence[Mapping[str, Any]]], list[Reading]]
Judge = Callable[[Sequence[Mapping[str, Any]]], str]


class UpsEventError(Exception):
    """An argument is wrong; the sentence says which one and what it can be."""


@dataclass(frozen=True)
class Arguments:
    """What the rulebook says; times in seconds."""

    sources: Sequence[Mapping[str, Any]]
    interval: float = 5.0
    timeout: float = 5.0
    debounce: float = 3.0
    repeat: float = 60.0

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Arguments:
        """Return the arguments; UpsEventError where one cannot be."""
        unknown = sorted(set(given) - {item.name for item in fields(cls)})
        if unknown:
            raise UpsEventError(f"The event source ups has no argument {', '.join(unknown)}; correct it.")
        if not given.get("sources"):
            raise UpsEventError("The event source ups has no sources; name at least one UPS.")
        times = {name: _seconds(name, value) for name, value in given.items() if name != "sources"}
        return cls(given["sources"], **times)


def _seconds(name: str, value: Any) -> float:
    lowest = 0.0 if name in ("debounce", "repeat") else 0.1
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not lowest <= seconds < float("inf"):
        raise UpsEventError(f"{name} of the event source ups is {value!r}; set seconds from {lowest:g} up.")
    return seconds


@dataclass
class Watch:
    """What was seen and what was told of it; times are seconds of a clock that does not jump."""

    debounce: float
    repeat: float
    seen: str | None = None
    seen_at: float = 0.0
    told: str | None = None
    told_at: float = field(default=0.0)

    def see(self, mains: str, now: float) -> None:
        """Note how mains is now."""
        if mains != self.seen:
            self.seen, self.seen_at = mains, now

    def due(self, now: float) -> bool:
        """Return whether what is seen now has to be told."""
        if self.seen is None or now - self.seen_at < self.debounce:
            return False
        again = self.repeat > 0 and self.seen != "online" and now - self.told_at >= self.repeat
        return self.seen != self.told or again

    def tell(self, now: float) -> bool:
        """Note that it was told; return whether it is another than before."""
        changed = self.seen != self.told
        self.told, self.told_at = self.seen, now
        return changed


def is_taken(queue: Any) -> bool:
    """Return whether nothing waits in the queue; ansible-rulebook may put a queue with filters around it."""
    waiting = getattr(queue, "queue", queue)
    return bool(waiting.empty())


def event(watch: Watch, readings: Sequence[Mapping[str, Any]], now: float, epoch: float) -> dict[str, Any]:
    """Return the event of what is seen now and note that it was told."""
    mains, since = watch.seen, epoch - (now - watch.seen_at)
    shown = [{name: value for name, value in reading.items() if name != "raw"} for reading in readings]
    return {"ups": {"mains": mains, "changed": watch.tell(now), "since_epoch": since, "readings": shown}}


async def follow(queue: Any, arguments: Arguments, read: Reader, judge: Judge) -> None:
    """Read for ever. A reading waits for the network, so it is done in a thread: nothing else is held up by it."""
    watch = Watch(arguments.debounce, arguments.repeat)
    kept: deque[list[Reading]] = deque(maxlen=KEPT_READINGS)
    while True:
        began = time.monotonic()
        previous = [reading for readings in kept for reading in readings]
        readings = await asyncio.to_thread(read, arguments.sources, arguments.timeout, previous)
        kept.append(readings)
        now = time.monotonic()
        watch.see(judge(readings), now)
        if watch.due(now) and is_taken(queue):
            await queue.put(event(watch, readings, now, time.time()))
        await asyncio.sleep(max(arguments.interval - (time.monotonic() - began), 0.0))


def _find_collection() -> None:
    """Make the collection importable: ansible-rulebook runs this file alone, without Ansible's own importer."""
    try:
        found = importlib.util.find_spec("ansible_collections.contingency.infra")
    except ModuleNotFoundError:
        found = None
    if found is None:
        sys.path.append(str(Path(__file__).resolve().parents[7]))


async def main(queue: Any, args: dict[str, Any]) -> None:
    """What ansible-rulebook runs."""
    arguments = Arguments.from_dict(args)
    _find_collection()
    from ansible_collections.contingency.infra.plugins.module_utils._shutdown.course import mains
    from ansible_collections.contingency.infra.plugins.module_utils._ups.source import read_all

    def read(
        sources: Sequence[Mapping[str, Any]], timeout: float, previous: Sequence[Mapping[str, Any]]
    ) -> list[Reading]:
        return [reading.as_dict() for reading in read_all(sources, timeout, previous)]

    await follow(queue, arguments, read, mains)
