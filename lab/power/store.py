# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the state of a UPS is kept: the model, the lab's faults and the machines that it feeds all look here."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from lab.errors import LabError
from lab.instance import Instance
from lab.power.battery import State

DEFAULT_PACE = 30.0


class Store:
    """One file, changed by one process at a time and replaced as a whole."""

    def __init__(self, instance: Instance, ups: str) -> None:
        self.path = instance.machine_state(ups) / "supply.json"

    def exists(self) -> bool:
        return self.path.exists()

    def read(self) -> State:
        fields = json.loads(self.path.read_text(encoding="utf-8"))
        return State(**{**fields, "lies": tuple(fields["lies"])})

    def write_new(self) -> None:
        """On mains, with a full battery."""
        self._write(State(updated=time.monotonic()))

    def update(self, change: Callable[[State], State]) -> State:
        """Replace the state by what `change` makes of it, and return that."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            changed = change(self.read())
            self._write(changed)
            return changed

    def set(self, **fields: object) -> State:
        """Replace some fields of the state."""
        return self.update(lambda state: replace(state, **fields))  # type: ignore[arg-type]

    def _write(self, state: State) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(asdict(state)), encoding="utf-8")
        new.rename(self.path)


def has_output(instance: Instance, ups: str) -> bool:
    return Store(instance, ups).read().output


def pace(instance: Instance) -> float:
    """How many seconds of the batteries pass in one second of the clock."""
    try:
        return float(_pace_file(instance).read_text(encoding="ascii"))
    except FileNotFoundError:
        return DEFAULT_PACE


def write_pace(instance: Instance, factor: float) -> None:
    if not 0.1 <= factor <= 10000:
        raise LabError(f"A pace of {factor:g} is not possible: use 1 for real time, up to 10000.")
    new = _pace_file(instance).with_suffix(".new")
    new.write_text(f"{factor:g}\n", encoding="ascii")
    new.rename(_pace_file(instance))


def _pace_file(instance: Instance) -> Path:
    return instance.state / "pace"
