# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Global transaction ids as MariaDB counts them: domain-server-sequence, one position for each domain."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import MariadbError


class Gtid(NamedTuple):
    """One transaction's id."""

    domain: int
    server: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.domain}-{self.server}-{self.sequence}"


def parse(text: str) -> Tuple[Gtid, ...]:
    """Return the ids of a position or of a binary log's state; MariadbError where it is neither."""
    return tuple(_one(word.strip()) for word in text.split(",") if word.strip())


def _one(word: str) -> Gtid:
    parts = word.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise MariadbError(f"{word!r} is no transaction id of MariaDB, which looks like 0-1-42.")
    return Gtid(*(int(part) for part in parts))


def covers(position: str, wanted: str) -> bool:
    """Does a position hold everything up to another one, in each of its domains?"""
    reached = {gtid.domain: gtid.sequence for gtid in parse(position)}
    return all(reached.get(gtid.domain, -1) >= gtid.sequence for gtid in parse(wanted))


def merged(*positions: str) -> str:
    """Return the position that is the furthest in each domain."""
    furthest: Dict[int, Gtid] = {}
    for gtid in (gtid for position in positions for gtid in parse(position)):
        if gtid.domain not in furthest or gtid.sequence > furthest[gtid.domain].sequence:
            furthest[gtid.domain] = gtid
    return ",".join(str(furthest[domain]) for domain in sorted(furthest))


def errant(binlog_position: str, slave_position: str, server: int) -> Tuple[Gtid, ...]:
    """Return the last transactions that a replica wrote by itself, beyond what it got from its primary."""
    received = {gtid.domain: gtid.sequence for gtid in parse(slave_position)}
    return tuple(
        gtid
        for gtid in parse(binlog_position)
        if gtid.server == server and gtid.sequence > received.get(gtid.domain, -1)
    )


class Extra(NamedTuple):
    """What one server wrote in one domain beyond what another server has."""

    last: Gtid
    known: Optional[int]

    def __str__(self) -> str:
        if self.known is None or self.known + 1 == self.last.sequence:
            return str(self.last)
        return f"{self.last._replace(sequence=self.known + 1)} to {self.last}"


def extra(own: str, other: str) -> Tuple[Extra, ...]:
    """Return the transactions that ``own`` has and ``other`` has not.

    Both are the ids of a binary log's state and of all positions together: the last one of each server in each domain.
    Where the other server knows nothing of a server, its history began as a copy: then only the newest transaction
    of the domain tells, since all before it came the same way.
    """
    held = _last_by_server(other)
    newest = parse(merged(own))
    found: List[Extra] = []
    for (domain, server), sequence in sorted(_last_by_server(own).items()):
        gtid = Gtid(domain, server, sequence)
        known = held.get((domain, server))
        if (known is None and gtid in newest) or (known is not None and sequence > known):
            found.append(Extra(gtid, known))
    return tuple(found)


def _last_by_server(text: str) -> Dict[Tuple[int, int], int]:
    last: Dict[Tuple[int, int], int] = {}
    for gtid in parse(text):
        key = (gtid.domain, gtid.server)
        last[key] = max(last.get(key, 0), gtid.sequence)
    return last
