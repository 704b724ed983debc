# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where runs lie below the directory of the evidence, and what the index of all runs says of them.

runs/RUN/journal.jsonl is one run's; runs/index.jsonl is a chain of its own with the head of each, so that a journal
that was cut off, or a run that was taken away, is seen. A quiet run (one of a timer that so far only looked) lies in
runs/.quiet-RUN until something is worth to be kept; the kernel's lock on its journal says whether it still goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping

from .._record import chain

RUNS = "runs"
JOURNAL = "journal.jsonl"
INDEX = "index.jsonl"
QUIET = ".quiet-"
NEW = ".new-"
"""A quiet run that does not hold the lock of its journal yet, by which others see that it goes on."""
BEGUN, MARK, ENDED = "begun", "mark", "ended"
"""Kinds of the index: a run began; so far its journal's head was this; it ended with this head."""
PATIENCE = 2.0
"""Seconds that a run waits for another one's line of the index; a procedure waits behind it."""
_STRANGE = re.compile(r"[^A-Za-z0-9_.]+")


def run_name(playbook: str, epoch: float) -> str:
    """Return a name for a run that no other has, in the order of time: 20261122T020000Z-core_switch_failover-1a2b3c."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch))
    return f"{stamp}-{_STRANGE.sub('_', playbook).strip('._') or 'run'}-{secrets.token_hex(3)}"


@dataclass(frozen=True)
class Place:
    """The directory of one run. ``evidence``: the directory of all evidence."""

    evidence: str
    run: str
    quiet: bool = False

    @property
    def directory(self) -> str:
        return os.path.join(self.evidence, RUNS, f"{QUIET if self.quiet else ''}{self.run}")

    @property
    def journal(self) -> str:
        return os.path.join(self.directory, JOURNAL)

    @property
    def index(self) -> str:
        return index_of(self.evidence)

    def made(self) -> chain.Writer:
        """Make the directory, for its owner only, and return its journal; OSError as the kernel gives it."""
        for directory in (self.evidence, os.path.join(self.evidence, RUNS)):
            os.makedirs(directory, mode=0o700, exist_ok=True)
        draft = os.path.join(self.evidence, RUNS, NEW + self.run) if self.quiet else self.directory
        os.mkdir(draft, 0o700)
        writer = chain.Writer(os.path.join(draft, JOURNAL), PATIENCE)
        if self.quiet:
            os.rename(draft, self.directory)
        return writer

    def kept(self) -> Place:
        """Return where a quiet run lies once it is worth to be kept, and bring it there."""
        loud = Place(self.evidence, self.run)
        os.rename(self.directory, loud.directory)
        return loud

    def told(self, kind: str, fields: Mapping[str, Any], *, durable: bool = False) -> None:
        """Write a line of the index; OSError where it cannot be written, or another process holds it for too long."""
        with chain.locked(self.index, PATIENCE) as writer:
            writer.append(kind, {"run": self.run, **fields}, durable=durable)

    def gone(self) -> None:
        """Take a quiet run away that came to nothing."""
        shutil.rmtree(self.directory)


def index_of(evidence: str) -> str:
    return os.path.join(evidence, RUNS, INDEX)


def runs_in(evidence: str) -> List[str]:
    """Return the directories of all runs, the oldest first; none where there are none."""
    try:
        names = sorted(os.listdir(os.path.join(evidence, RUNS)))
    except FileNotFoundError:
        return []
    paths = [os.path.join(evidence, RUNS, name) for name in names if not name.startswith(".")]
    return [path for path in paths if os.path.isdir(path)]


def adopt_broken_off(evidence: str) -> List[str]:
    """Bring quiet runs that were killed among the others, and return their names: what they began is to be seen."""
    directory = os.path.join(evidence, RUNS)
    adopted = []
    for name in sorted(os.listdir(directory)):
        if name.startswith(QUIET) and not _goes_on(os.path.join(directory, name, JOURNAL)):
            place = Place(evidence, name[len(QUIET) :], quiet=True)
            with contextlib.suppress(FileNotFoundError):
                # Another run may be at the same; one of both finds it.
                loud = place.kept()
                loud.told(BEGUN, {"adopted": True, **_so_far(loud.journal)})
                adopted.append(place.run)
    return adopted


def _so_far(journal: str) -> Dict[str, Any]:
    """Return how far a journal is, nothing where it cannot be read: that is told when it is verified."""
    try:
        reading = chain.read(journal)
    except OSError:
        return {}
    return {"head": reading.head, "lines": len(reading.lines)} if not reading.damage else {}


def _goes_on(journal: str) -> bool:
    """Does a process hold the lock of a journal?"""
    try:
        handle = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def index_by_run(reading: chain.Reading) -> Dict[str, List[Mapping[str, Any]]]:
    """Pure: the lines that an index has of each run, in their order."""
    found: Dict[str, List[Mapping[str, Any]]] = {}
    for line in reading.lines:
        if isinstance(line.get("run"), str):
            found.setdefault(line["run"], []).append(line)
    return found
