# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A writer through the service address that counts exactly: what was acknowledged, and what of it is gone.

with Writer(lab) as writer:
    ...                                    # power loss, failover
    writer.accepted_after(moment)          # waits for the first row that was sent and accepted after a moment
report = writer.report("his-db-2")         # acknowledged, missing, outage
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from lab import postgresql
from lab.errors import LabError
from lab.kinds.layered import LayeredMachine

if TYPE_CHECKING:
    from lab.engine import Lab

GUEST = Path(__file__).with_name("guest")
PROGRAM = "/lab/writer.py"
BEGINS_WITHIN = 10.0
POLL = 0.01


@dataclass(frozen=True)
class Row:
    """A row that was acknowledged; times are seconds since the epoch."""

    number: int
    sent: float
    accepted: float


@dataclass(frozen=True)
class Report:
    """`outage` is the longest time between two acknowledgements, `missing` the exact loss."""

    acknowledged: int
    missing: tuple[int, ...]
    outage: float
    outage_start: float
    outage_end: float


class Writer:
    """Runs on a machine until it is stopped; every row it writes has its name as the source."""

    def __init__(self, lab: Lab, machine: str = "his-app-1", interval_ms: float = 5, answer_ms: float = 250) -> None:
        self.lab = lab
        self.machine = machine
        self.source = f"writer-{os.getpid()}-{time.monotonic_ns()}"
        self._options = (interval_ms / 1000, answer_ms / 1000)
        self._log = lab.instance.state / f"{self.source}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Writer:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when the first row was acknowledged."""
        machine = self.lab.machine(self.machine)
        service = self.lab.topology.hospital.service
        if not isinstance(machine, LayeredMachine) or service is None:
            raise LabError(f"A writer needs a service address and a machine with a disk, and {self.machine} is none.")
        for name in ("impatient.py", "writer.py"):
            machine.inside(f"lab/{name}").write_text((GUEST / name).read_text("utf-8"), encoding="utf-8")
        interval, answer = self._options
        argv = machine.command(["python3", PROGRAM, service, self.source, str(interval), str(answer)])
        with self._log.open("wb") as log, self._log.with_suffix(".errors").open("wb") as errors:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=errors, start_new_session=True
            )
        self.accepted_after(0.0, BEGINS_WITHIN)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            # nsenter and, within the machine, its child.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def acknowledged(self) -> list[Row]:
        return parse(self._log.read_text(encoding="ascii"))

    def accepted_after(self, moment: float, within: float = 60.0) -> float:
        """When the first row was accepted that was sent after a moment (seconds since the epoch).

        Take the moment when the fault has struck: while it strikes, rows are still accepted.
        """
        deadline = time.monotonic() + within
        while True:
            for row in self.acknowledged():
                if row.sent > moment:
                    return row.accepted
            if time.monotonic() > deadline:
                raise LabError(f"No row was accepted within {within:g} s; the writer says: {self._last_error()}.")
            time.sleep(POLL)

    def _last_error(self) -> str:
        lines = self._log.with_suffix(".errors").read_text(encoding="utf-8").splitlines()
        return lines[-1] if lines else "nothing"

    def missing(self, machine: str) -> tuple[int, ...]:
        """The rows that were acknowledged and that the database of a machine does not have."""
        acknowledged = {row.number for row in self.acknowledged()}
        question = f"SELECT number FROM {postgresql.TABLE} WHERE source = '{self.source}'"
        return tuple(sorted(acknowledged - {int(line) for line in postgresql.sql(self.lab, machine, question).split()}))

    def report(self, machine: str) -> Report:
        """What was lost, compared with the machine that has the service now."""
        rows = self.acknowledged()
        before, after = longest_gap(rows)
        return Report(len(rows), self.missing(machine), after - before, before, after)


def longest_gap(rows: Sequence[Row]) -> tuple[float, float]:
    """Between which two acknowledgements the most time passed."""
    pairs = itertools.pairwise(rows)
    return max(((one.accepted, other.accepted) for one, other in pairs), key=lambda gap: gap[1] - gap[0])


def parse(text: str) -> list[Row]:
    """What a writer has printed; a line that is being written does not count yet."""
    words = (line.split() for line in text.splitlines(keepends=True) if line.endswith("\n"))
    return [Row(int(number), float(sent), float(accepted)) for number, sent, accepted in words]
