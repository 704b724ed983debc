# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which transactions are in WAL before a position, and whether a snapshot sees each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Sequence, Set, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Client
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken

COMMIT = re.compile(r"tx:\s+(\d+), lsn: ([0-9A-F/]+), .* desc: COMMIT ")
PREPARED = re.compile(r"lsn: ([0-9A-F/]+), .* desc: COMMIT_PREPARED (?:\S+ )?(\d+):")
"""Records as pg_waldump of versions 13 to 18 prints them; a prepared transaction is named in the text."""
DATABASE = re.compile(r"rel \d+/(\d+)/\d+")
SCAN_TIMEOUT = 120.0
EPOCH = 1 << 32


class Commit(NamedTuple):
    """A transaction, by the lower half of its number, and where in WAL its commit is recorded."""

    place: int
    transaction: int


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

    def commits(self) -> List[Commit]:
        """Return every record of a commit between the positions, in their order."""
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


def commits_in(text: str) -> List[Commit]:
    """Pure: the commits in the output of pg_waldump, in the order of WAL."""
    lines = text.splitlines()
    plain = [Commit(place_of(found.group(2)), int(found.group(1))) for found in map(COMMIT.search, lines) if found]
    prepared = [Commit(place_of(found.group(1)), int(found.group(2))) for found in map(PREPARED.search, lines) if found]
    return sorted([*plain, *prepared])


def place_of(lsn: str) -> int:
    """Pure: a position in WAL, as the server writes it, as a number."""
    high, _slash, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def same_moments(
    places: Sequence[int], sights: Sequence[Sight], commits: Sequence[Commit]
) -> Iterator[Tuple[int, int]]:
    """Pure: which restore points and which snapshots (by number) are the same moment, the earliest point first.

    ``commits``: all that any of the snapshots may not see, in the order of WAL. A snapshot is the moment of a point if
    it sees the commits before it and no others.
    """
    before = [sum(commit.place < place for commit in commits) for place in places]
    known: Dict[int, int] = {}
    for number, sight in enumerate(sights):
        seen = [sight.sees(commit.transaction) for commit in commits]
        if seen == sorted(seen, reverse=True):
            known.setdefault(sum(seen), number)
    return ((point, known[count]) for point, count in enumerate(before) if count in known)
