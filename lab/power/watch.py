# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching the part power: which hosts really run, and what their batteries really hold, several times a second.

with Watch(lab) as watch:
    ...
watch.went_off()["lis-web-1"].after.at      # when its processes were gone
watch.dark()                                # where a UPS carried nothing, and just before something ran
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType

from lab.engine import Lab
from lab.power import control
from lab.power.battery import State

INTERVAL_SECONDS = 0.2


@dataclass(frozen=True)
class Sample:
    """One look: ``at`` in seconds since the epoch, the hosts with running processes, the UPSes by name."""

    at: float
    on: frozenset[str]
    upses: Mapping[str, State]

    @property
    def runtime_seconds(self) -> float:
        """How long the battery lasts that is empty first, in seconds of the clock."""
        return min(state.runtime_seconds for state in self.upses.values())

    @property
    def carried(self) -> bool:
        """Whether every UPS carries what is behind it."""
        return all(state.output and (state.on_mains or state.charge > 0) for state in self.upses.values())


@dataclass(frozen=True)
class Turn:
    """A host went on or off after one look, and before or at the next."""

    before: Sample
    after: Sample


class Watch:
    """Looks until it is left."""

    def __init__(self, lab: Lab) -> None:
        self._hosts = control.hosts(lab)
        self._upses = control.upses(lab)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self.samples: list[Sample] = []

    def __enter__(self) -> Watch:
        self.samples.append(self._sample())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            self.samples.append(self._sample())

    def _sample(self) -> Sample:
        on = frozenset(host.name for host in self._hosts if host.running())
        return Sample(time.time(), on, {ups.name: ups.store.read() for ups in self._upses})

    @property
    def on(self) -> frozenset[str]:
        """What ran at the last look."""
        return self.samples[-1].on

    def went_off(self) -> dict[str, Turn]:
        """When each host went off, by the last time that it did."""
        return self._turns(lambda before, after: before - after)

    def went_on(self) -> dict[str, Turn]:
        """When each host was switched on, by the last time that it was."""
        return self._turns(lambda before, after: after - before)

    def _turns(self, turned: Callable[[frozenset[str], frozenset[str]], frozenset[str]]) -> dict[str, Turn]:
        return {
            name: Turn(before, after)
            for before, after in pairwise(self.samples)
            for name in turned(before.on, after.on)
        }

    def dark(self) -> list[Turn]:
        """Where a UPS carried nothing any more, and just before something still ran."""
        turns = [Turn(before, after) for before, after in pairwise(self.samples)]
        return [turn for turn in turns if turn.before.on and not turn.after.carried]
