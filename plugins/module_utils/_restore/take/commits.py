# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which transactions are in WAL before a position, and whether a snapshot sees each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import FrozenSet, List, Set

from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Client
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken

COMMIT = re.compile(r"tx:\s+(\d+), lsn: .* desc: COMMIT ")
PREPARED = re.compile(r"desc: COMMIT_PREPARED (?:\S+ )?(\d+):")
"""Records as pg_waldump of versions 13 to 18 prints them; a prepared transaction is named in the text."""
DATABASE = re.compile(r"rel \d+/(\d+)/\d+")
SCAN_TIMEOUT = 120.0
EPOCH = 1 << 32


@dataclass(frozen=True)
class Sight:
    """A snapshot as pg_current_snapshot() shows it: transactions before ``xmax`` are seen, but those in ``running``."""

    xmax: int
    running: FrozenSet[int]

    @classmethod
    def of(cls, text: str) -> Sight:
        _xmin, xmax, running = text.split(":")
        return cls(int(xmax), frozenset(int(number) for number in running.split(",") if number))

    def sees(self, short: int) -> bool:
        """Does it see this transaction? Its number in WAL is the lower half; it is the one nearest to xmax."""
        base = self.xmax - self.xmax % EPOCH + short
        number = min((base - EPOCH, base, base + EPOCH), key=lambda candidate: abs(candidate - self.xmax))
        return number < self.xmax and number not in self.running


@dataclass(frozen=True)
class Wal:
    """WAL of the server between two positions, read by its own pg_waldump."""

    client: Client
    directory: str
    timeline: int
    start: str
    end: str

    def commits(self) -> List[int]:
        """Return every transaction with a record of its commit between the positions."""
        return commits_in(self._dumped("--rmgr=Transaction"))

    def databases_of(self, transaction: int) -> Set[int]:
        """Return the databases (oid) whose blocks a transaction changed between the positions."""
        return {int(found) for found in DATABASE.findall(self._dumped(f"--xid={transaction}"))} - {0}

    def _dumped(self, choice: str) -> str:
        address = self.client.address
        answer = self.client.machine.run(
            [
                address.program("pg_waldump"),
                f"--path={self.directory}",
                f"--timeline={self.timeline}",
                f"--start={self.start}",
                f"--end={self.end}",
                choice,
            ],
            user=address.os_user,
            timeout=SCAN_TIMEOUT,
        )
        if answer.status != 0:
            raise NotTaken(f"pg_waldump could not read WAL from {self.start} to {self.end} ({answer.complaint}).")
        return answer.output


def commits_in(text: str) -> List[int]:
    """Pure: the transactions that commit in the output of pg_waldump."""
    lines = text.splitlines()
    plain = [found.group(1) for found in map(COMMIT.search, lines) if found]
    prepared = [found.group(1) for found in map(PREPARED.search, lines) if found]
    return [int(number) for number in [*plain, *prepared]]
