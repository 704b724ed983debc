# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing one run's journal: as it happens, never in the way of the procedure.

A line that cannot be written (a full disk) is told once, loudly, and again at the end; the next one that can be is
preceded by a line that says how many are missing.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional

from .._record import chain
from .place import BEGUN, ENDED, MARK, Place, adopt_broken_off
from .sync import Sync

GAP = "gap"
"""Kind of the line that tells how many could not be written before it."""
Tell = Callable[[str, OSError], None]


class Recorder:
    """The journal of one run. ``tell`` is called with what could not be written, and why; nothing is raised."""

    def __init__(self, place: Place, tell: Tell) -> None:
        self.place = place
        self._tell = tell
        self._writer: Optional[chain.Writer] = None
        self._sync: Optional[Sync] = None
        self._lines = 0
        self._first = chain.FIRST
        self._opening: Mapping[str, Any] = {}
        self.lost = 0
        self.quiet = place.quiet

    @property
    def head(self) -> str:
        return self._writer.head if self._writer else chain.FIRST

    def begin(self, fields: Mapping[str, Any]) -> bool:
        """Make the run's directory and write its first line; False where nothing can be written."""
        try:
            self._writer = self.place.made()
        except OSError as error:
            self._tell(self.place.directory, error)
            return False
        self._sync = Sync(self._writer.sync)
        self._opening = fields
        self.write("run_begun", fields)
        if self.quiet:
            self._tried(lambda: adopt_broken_off(self.place.evidence))
        return True

    def write(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Write a line."""
        if self._writer is None:
            return
        try:
            if self.lost and not self._lines:
                # A disk that was full from the first line on: without it nobody knows whose journal this is.
                self._append("run_begun", self._opening)
                self.lost -= 1
            if self.lost:
                self._append(GAP, {"missing": self.lost})
                self.lost = 0
            self._append(kind, fields)
        except OSError as error:
            self.lost += 1
            self._tell(self.place.journal, error)

    def _append(self, kind: str, fields: Mapping[str, Any]) -> None:
        if self._writer is not None and self._sync is not None:
            self._writer.append(kind, fields)
            self._lines += 1
            if self._lines == 1:
                self._first = self.head
                self._begun()
            self._sync.asked()

    def _begun(self) -> None:
        if not self.quiet and self._lines:
            self._index(BEGUN, {"first": self._first})

    def keep(self) -> None:
        """Say that this run is worth to be kept."""
        if not self.quiet or self._writer is None:
            return
        self.quiet = False
        if self._tried(self._kept):
            self._begun()

    def _kept(self) -> None:
        self.place = self.place.kept()

    def mark(self) -> None:
        """Have the index say how far the journal is: what is cut off from a run that goes on is seen up to here."""
        if not self.quiet and self._lines:
            self._index(MARK, {"head": self.head, "lines": self._lines})

    def end(self, fields: Mapping[str, Any]) -> None:
        """Write the last line; a quiet run that came to nothing is taken away."""
        if self._writer is None or self._sync is None:
            return
        self.write("run_ended", fields)
        head = self.head
        self._tried(self._sync.finished, self.place.journal)
        self._writer.close()
        self._writer = None
        if self.quiet:
            self._tried(self.place.gone)
        elif self._lines:
            self._index(ENDED, {"head": head, "lines": self._lines, "status": fields.get("status")}, durable=True)

    def _index(self, kind: str, fields: Mapping[str, Any], *, durable: bool = False) -> None:
        self._tried(lambda: self.place.told(kind, fields, durable=durable), self.place.index)

    def _tried(self, work: Callable[[], object], what: str = "") -> bool:
        try:
            work()
        except OSError as error:
            self._tell(what or self.place.directory, error)
            return False
        return True


class Complaints:
    """Keeps what could not be written: each place once for the screen, all of it for the end."""

    def __init__(self, show: Callable[[str, str], None]) -> None:
        self._show = show
        self.found: Dict[str, str] = {}

    def __call__(self, path: str, error: OSError) -> None:
        why = error.strerror or str(error) or type(error).__name__
        if path not in self.found:
            self._show(path, why)
        self.found[path] = why
