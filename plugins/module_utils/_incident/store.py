# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where incidents are kept: one directory each, below the directory of incidents or that of drills.

Every writer holds the record alone, adds what is new, and has it on disk before it goes on. A command that is run
twice, or was killed and is run again, adds nothing that is there already.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.news import news
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import Told, told
from ansible_collections.contingency.infra.plugins.module_utils._incident.state import (
    Line,
    NoIncident,
    event_limitation,
    happened,
    incident_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import zone
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

EVENTS = "events.jsonl"
CLOSED = b'"kind":"closed"'
"""How a line that closes an incident is written (chain.canonical)."""
INCIDENT, DRILL = "INC", "DRILL"
ID = re.compile(r"(INC|DRILL)-\d{8}-\d+")
SAME = ("title", "place")
"""What tells that a second opening is of the incident that is open already."""
AFTERMATH_SECONDS = 14 * 86400.0


class StoreError(Told):
    """The record cannot be found, read or written; the sentence says what to do."""


class Opened(NamedTuple):
    """An incident that was opened, or was open already."""

    id: str
    path: str
    changed: bool


class Appended(NamedTuple):
    """The event as it was written, or the last line of the record where it said nothing new."""

    line: Mapping[str, Any]
    changed: bool


@dataclass(frozen=True)
class Loaded:
    """An incident with the lines that it comes from. ``damage``: the first line that was altered."""

    path: str
    incident: Incident
    lines: Tuple[Line, ...]
    head: str
    damage: Optional[chain.Damage] = None


@dataclass(frozen=True)
class Listed:
    """A directory below that of the incidents; ``problem``, by language, where it could not be read."""

    id: str
    path: str
    incident: Optional[Incident] = None
    problem: Mapping[str, str] = field(default_factory=dict)

    def problem_line(self, language: str) -> str:
        """Return which one could not be read, and why."""
        return f"{self.id}: {self.problem.get(language, '')}"


def open_incident(
    root: str, fields: Mapping[str, Any], *, by: str, now: float, timezone: str, drill: bool = False
) -> Opened:
    """Open an incident below ``root``, or return the one that is open with the same title and place.

    ``fields``: those of `opened` but its id. The id has the local date of the organisation, whose IANA name of a time
    zone is ``timezone``; without one it is this machine's date.
    """
    with _alone(root):
        for each in open_in(root):
            if each.incident is not None and is_same(each.incident, fields, drill):
                return Opened(each.id, each.path, False)
        key, path = _new_directory(root, now, timezone, DRILL if drill else INCIDENT)
        append_event(path, "opened", {**fields, "id": key, "drill": drill}, by=by)
        return Opened(key, path, True)


def is_same(incident: Incident, fields: Mapping[str, Any], drill: bool) -> bool:
    """Pure: whether an opening with these fields means this incident, which is open."""
    alike = all(_spoken(incident.details.get(name)) == _spoken(fields.get(name)) for name in SAME)
    return alike and incident.closed_epoch is None and incident.drill == drill


def _spoken(text: Any) -> str:
    """Return a text as two people say it alike: without spaces too many, and whatever its capitals."""
    return " ".join(str(text or "").split()).casefold()


def append_event(
    path: str, kind: str, fields: Mapping[str, Any], *, by: str, happened_epoch: Optional[float] = None
) -> Appended:
    """Add an event to the incident in ``path``; nothing where it says nothing new. StoreError says why not."""
    given = {name: value for name, value in fields.items() if value is not None or kind == "updated"}
    event = {**given, "by": by}
    if happened_epoch is not None:
        event["happened_epoch"] = happened_epoch
    limitation = event_limitation(kind, event)
    if limitation:
        raise StoreError(told("not_an_event", path=path, why=limitation))
    with writing(path) as writer:
        lines = lines_of(path)
        new = news(lines, kind, event)
        if new is None:
            return Appended(lines[-1], False)
        return Appended(writer.append(kind, new, durable=True), True)


@contextlib.contextmanager
def writing(path: str) -> Iterator[chain.Writer]:
    """Hold an incident's record alone. Not for longer than it takes to write: people at the keyboard wait for it."""
    try:
        with chain.locked(os.path.join(path, EVENTS)) as writer:
            yield writer
    except OSError as error:
        raise StoreError(_not_written(path, error)) from error


@contextlib.contextmanager
def sender(path: str) -> Iterator[bool]:
    """Be the only one who sends an incident's notices; yields False where another one is at it.

    A lock of its own, so that a mail server that takes minutes holds up nobody who writes into the record.
    """
    lock = os.path.join(path, "sender.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreError(_not_written(path, error)) from error
    try:
        yield _taken(handle)
    finally:
        os.close(handle)


def load(path: str) -> Loaded:
    """Return the incident in ``path``; StoreError where there is none that can be read."""
    try:
        reading = chain.read(os.path.join(path, EVENTS))
        return Loaded(path, incident_of(reading.lines), reading.lines, reading.head, reading.damage)
    except FileNotFoundError as error:
        raise StoreError(told("not_there", path=path, file=EVENTS)) from error
    except OSError as error:
        raise StoreError(told("unread", path=path, why=error.strerror)) from error
    except NoIncident as error:
        raise StoreError(told("garbage", path=path, why=error, file=EVENTS)) from error


def ids_in(root: str) -> Tuple[str, ...]:
    """Return the ids of all that lies below the directory of incidents, in their order."""
    try:
        return tuple(sorted((name for name in os.listdir(root) if ID.fullmatch(name)), key=_order))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StoreError(told("all_unread", path=root, why=error.strerror)) from error


def listed_in(root: str) -> Tuple[Listed, ...]:
    """Return all that lies below the directory of incidents, by id; those that cannot be read with their problem."""
    return tuple(listed(root, name) for name in ids_in(root))


def open_in(root: str) -> Tuple[Listed, ...]:
    """Return the incidents that are not closed. Those that cannot be read count as open."""
    return tuple(_left(root, lambda _closed: False))


def open_ids(root: str) -> Tuple[str, ...]:
    """Return the ids of the incidents that are not closed. Those that cannot be read count as open."""
    return tuple(each.id for each in open_in(root))


def watched_in(root: str, now: float) -> Tuple[Listed, ...]:
    """Return those whose notices may still be due: the open ones, and those closed in the last two weeks."""
    return tuple(_left(root, lambda closed: abs(now - closed) <= AFTERMATH_SECONDS))


def _left(root: str, wanted: Callable[[float], bool]) -> Iterator[Listed]:
    """Yield the open ones, and of the closed ones those that are wanted by when they were closed.

    Years of closed incidents must not hold up the one that goes on: of those no more is read than that they are closed.
    """
    for name in ids_in(root):
        closed = closed_epoch_in(os.path.join(root, name))
        if closed is None or wanted(closed):
            yield listed(root, name)


def closed_epoch_in(path: str) -> Optional[float]:
    """Return when the incident in ``path`` was closed, None where it was not, or cannot be read."""
    try:
        with open(os.path.join(path, EVENTS), "rb") as file:
            data = file.read()
    except OSError:
        return None
    # Within a text of somebody its quotes would be escaped.
    place = data.find(CLOSED)
    if place < 0:
        return None
    end = data.find(b"\n", place) + 1
    lines = chain.reading_of(data[data.rfind(b"\n", 0, place) + 1 : end]).lines
    fine = [line for line in lines if line.get("kind") == "closed" and event_limitation("closed", line) is None]
    return happened(fine[0]) if fine else None


def lines_of(path: str) -> Tuple[Line, ...]:
    """Return the lines of an incident's record as they are now."""
    return chain.read(os.path.join(path, EVENTS)).lines


def listed(root: str, key: str) -> Listed:
    """Return one below the directory of incidents; with its problem where it cannot be read."""
    path = os.path.join(root, key)
    try:
        return Listed(key, path, load(path).incident)
    except StoreError as error:
        return Listed(key, path, None, error.said)


def _order(key: str) -> Tuple[str, int]:
    head, _dash, number = key.rpartition("-")
    return head, int(number)


def _new_directory(root: str, now: float, timezone: str, prefix: str) -> Tuple[str, str]:
    """Make the directory of the next id of today. One that a killed opening left empty is taken."""
    day = datetime.fromtimestamp(now, zone(timezone) if timezone else None).strftime("%Y%m%d")
    for number in range(1, 10000):
        key = f"{prefix}-{day}-{number}"
        path = os.path.join(root, key)
        if _made(path) or _left_empty(path):
            return key, path
    raise StoreError(told("too_many", path=root, day=day))


def _made(path: str) -> bool:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(_not_written(path, error)) from error
    return True


def _left_empty(path: str) -> bool:
    try:
        return not [line for line in lines_of(path) if line.get("kind") != chain.TORN]
    except FileNotFoundError:
        return not os.listdir(path)
    except OSError:
        return False


@contextlib.contextmanager
def _alone(root: str) -> Iterator[None]:
    """Let only one open an incident at a time: two people who report the same fault get the same incident."""
    try:
        os.makedirs(root, mode=0o700, exist_ok=True)
        handle = os.open(os.path.join(root, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreError(_not_written(root, error)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _not_written(path: str, error: OSError) -> Mapping[str, str]:
    return told("unwritten", path=path, why=error.strerror or error)
