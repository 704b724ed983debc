# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a journal names: are they still what they were when it was written?"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from .._record import chain
from .findings import Finding, of_kind
from .place import JOURNAL, runs_in
from .secrets import HIDDEN

File = Mapping[str, Any]


class Writings:
    """What the runs of an evidence have written to files: read once, and only where a file is not as a run left it.

    Their order is that of the index: clocks jump, and of two runs at the same time the later one may have begun first.
    """

    def __init__(self, evidence: str, index: Mapping[str, Sequence[File]]) -> None:
        self._evidence = evidence
        self._index = index
        self._last: Optional[Dict[str, str]] = None

    def last(self, path: str) -> Optional[str]:
        """Return the hash that a file had when a run last wrote it."""
        if self._last is None:
            found = sorted(each for run in runs_in(self._evidence) for each in self._of(run))
            self._last = {path: sha256 for _order, path, sha256 in found}
        return self._last.get(path)

    def _of(self, directory: str) -> Iterator[Tuple[Tuple[int, str, int], str, str]]:
        run = os.path.basename(directory)
        try:
            lines = chain.read(os.path.join(directory, JOURNAL)).lines
        except OSError:
            # Told where this run itself is verified.
            return
        then = evidence_then(lines)
        for line in lines:
            if line.get("kind") == "file" and line.get("sha256"):
                number = line["n"] if isinstance(line.get("n"), int) else 0
                path = moved(str(line.get("path")), then, self._evidence)
                yield (self._place(run, number), run, number), path, str(line["sha256"])

    def _place(self, run: str, number: int) -> int:
        """Return the number of the line of the index by which a line of a journal was there; 0 without any."""
        known = [line for line in self._index.get(run, ()) if isinstance(line.get("n"), int)]
        marks = [line["n"] for line in known if isinstance(line.get("lines"), int) and line["lines"] >= number]
        return min(marks) if marks else max((line["n"] for line in known), default=0)


def files_in(lines: Sequence[Mapping[str, Any]], evidence: str, writings: Writings) -> Tuple[List[File], List[Finding]]:
    """Return the files of a run, each {path, sha256, bytes, intact}, and what is not as it was.

    One that a later run has written anew, or that lies outside of the evidence, where other rules may apply to it,
    is not an alteration of the evidence.
    """
    last = {str(line["path"]): line for line in lines if line.get("kind") == "file" and "path" in line}
    then = evidence_then(lines)
    files: List[File] = []
    findings: List[Finding] = []
    for path, line in last.items():
        place = _place_of(path, then, evidence)
        finding = _finding(place, line, evidence, then, writings)
        intact = finding is None
        files.append({"path": place, "sha256": line.get("sha256"), "bytes": line.get("bytes"), "intact": intact})
        findings += [finding] if finding else []
    return files, findings


def evidence_then(lines: Iterable[Mapping[str, Any]]) -> str:
    """Pure: where the evidence lay when a journal was written."""
    return str((of_kind(lines, "run_begun") or {}).get("evidence") or "")


def _place_of(path: str, then: str, evidence: str) -> str:
    """Return where a file lies: where it came with the evidence, or where it was, if only the journals were moved."""
    place = moved(path, then, evidence)
    return path if not os.path.exists(place) and os.path.exists(path) else place


def _finding(path: str, told: File, evidence: str, then: str, writings: Writings) -> Optional[Finding]:
    if not told.get("sha256"):
        return Finding("not_hashed", path, told.get("n"), False, {"why": told.get("why") or "?"})
    if HIDDEN in path:
        return Finding("file_hidden", path, told.get("n"), False)
    inside = path.startswith(os.path.join(evidence, ""))
    try:
        seen = sha256_of(path)
    except FileNotFoundError as error:
        if inside and then != evidence:
            return Finding("file_left", path, told.get("n"), False)
        return Finding("file_unread", path, told.get("n"), inside, {"why": error.strerror})
    except OSError as error:
        return Finding("file_unread", path, told.get("n"), inside, {"why": error.strerror})
    if seen == told["sha256"]:
        return None
    if writings.last(path) == seen:
        return Finding("file_anew", path, told.get("n"), False)
    return Finding("file_changed", path, told.get("n"), inside)


def moved(path: str, then: str, now: str) -> str:
    """Pure: where a file of the evidence lies now, if the whole of it was copied elsewhere."""
    within = then and path.startswith(os.path.join(then, ""))
    return os.path.join(now, os.path.relpath(path, then)) if within else path


def sha256_of(path: str) -> str:
    """Return the hash of a file; OSError where it cannot be read."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            found.update(block)
    return found.hexdigest()
